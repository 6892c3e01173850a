//! The one closed error type of the domain: why a call was not answered as asked.

use keel_types::{Code, Fault, Permission};

/// What a domain verb gives.
pub type Result<T> = std::result::Result<T, Refusal>;

/// A field and why it was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// The field's name in the form.
    pub field: &'static str,
    /// Why.
    pub fault: Fault,
}

/// Why not. Texts for people come from the catalogue; nothing inner is in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is signed in.
    SignInNeeded,
    /// The person has to prove anew who they are.
    StepUpNeeded,
    /// It opens only to sessions begun with a second factor.
    TwoStepNeeded,
    /// The role does not hold the permission.
    Forbidden(Permission),
    /// Only an owner may.
    OwnersOnly,
    /// The page is for people who run the workspace.
    ManagersOnly,
    /// Only platform staff who administer may.
    StaffOnly,
    /// Unknown, or not for this person: the two are told alike.
    NotFound,
    /// Some fields were not taken.
    Invalid(Vec<FieldFault>),
    /// Refused for a reason with a code of its own.
    Refused(Code),
    /// People have more seats than there would be.
    SeatsTaken {
        /// Seats that people have, invited ones too.
        used: i64,
    },
    /// Too often; try again after so many seconds.
    TooMany {
        /// Seconds.
        retry_after: u32,
    },
    /// Something Keel needs does not answer.
    Unavailable,
    /// Two calls collided: nothing happened, the same call may be made again.
    Collision,
    /// A fault of ours; the log says what under this reference.
    Internal {
        /// The id of the request, which all its lines in the log carry.
        reference: String,
    },
}

impl Refusal {
    /// One field was not taken.
    pub fn field(field: &'static str, fault: Fault) -> Self {
        Self::Invalid(vec![FieldFault { field, fault }])
    }

    /// Logs what went wrong inside and gives the reference to it.
    pub fn internal(what: &dyn std::fmt::Display) -> Self {
        let reference = crate::request::id();
        tracing::error!(%reference, error = %what, "internal");
        Self::Internal { reference }
    }

    /// The code programs get.
    pub fn code(&self) -> Code {
        match self {
            Self::SignInNeeded => Code::SignInRequired,
            Self::StepUpNeeded => Code::StepUpRequired,
            Self::TwoStepNeeded => Code::TwoStepRequired,
            Self::Forbidden(_) | Self::OwnersOnly | Self::ManagersOnly | Self::StaffOnly => Code::Forbidden,
            Self::NotFound => Code::NotFound,
            Self::Invalid(_) => Code::Invalid,
            Self::Refused(code) => *code,
            Self::SeatsTaken { .. } => Code::SeatLimitReached,
            Self::TooMany { .. } => Code::TooMany,
            Self::Unavailable | Self::Collision => Code::Unavailable,
            Self::Internal { .. } => Code::Internal,
        }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if matches!(e.code().as_deref(), Some("40001" | "40P01")) => Self::Collision,
            // What a row refers to went away at the same instant: looked at again, it is not there.
            sqlx::Error::Database(e) if e.is_foreign_key_violation() => Self::Collision,
            sqlx::Error::Database(e) if e.code().is_some_and(|code| is_passing(&code)) => unavailable(&error),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => unavailable(&error),
            _ => Self::internal(&error),
        }
    }
}

/// Whether a database is only hindered. PostgreSQL: 57P.. it goes down or comes up, 53300 it has no connection left, 57014 and
/// 55P03 a statement or a lock took too long. SQLite: 5 and 261 another process holds the write lock, or puts things right.
fn is_passing(code: &str) -> bool {
    code.starts_with("57P") || matches!(code, "53300" | "57014" | "55P03" | "5" | "261")
}

fn unavailable(error: &sqlx::Error) -> Refusal {
    tracing::warn!(%error, "the database does not answer");
    Refusal::Unavailable
}
