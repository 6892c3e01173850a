//! Who asks: the first statement of every call with a session.

use super::Asked;
use super::sessions::{ABSOLUTE, IDLE, PROOF_LIFE};
use crate::db::Conn;
use crate::refusal::{Refusal, Result};
use crate::staff::PlatformRole;
use crate::{args, sql};
use keel_text::Lang;
use keel_types::{AccountId, AccountKind, BusinessModel, Email, Fault, Instant, MembershipId, Role, SessionId, TimeZone, UserId};

sql! {
    // One row: the session's person, with the account that was named, else the active one, else the oldest workspace,
    // else the personal one. A slug that an account had until lately names it still. Where there are no teams, what was made
    // while there were is asleep; what is being deleted is gone.
    FIND_CALLER = "SELECT s.id AS session, s.user_id, s.last_seen_at, s.proven_at, s.second_factor, u.email, u.platform_role, u.closing_due_at, p.first_name, p.last_name, p.onboarded_at,
            p.language, p.time_zone,
            m.id AS membership, m.role, m.last_active_at, r.name AS role_name, r.permissions,
            a.id AS account, a.kind, a.name AS account_name, a.slug, a.created_at AS account_created_at, a.deletion_due_at, a.kept_until,
            a.two_step_required,
            COALESCE(a.id = s.active_account_id, FALSE) AS is_active,
            COALESCE(a.id = (SELECT f.account_id FROM slugs f WHERE f.slug = $4 AND f.held_until > $6), FALSE) AS was_named,
            $5 AND EXISTS (SELECT 1 FROM memberships w JOIN accounts b ON b.id = w.account_id
                           WHERE w.user_id = s.user_id AND b.kind = 'workspace' AND NOT b.purging) AS has_workspace
        FROM user_sessions s
        JOIN users u ON u.id = s.user_id
        JOIN user_profiles p ON p.user_id = s.user_id
        JOIN memberships m ON m.user_id = s.user_id
        JOIN accounts a ON a.id = m.account_id
        JOIN roles r ON r.id = m.role
        WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.last_seen_at > $2 AND s.created_at > $3
            AND NOT a.purging AND ($5 OR a.kind = 'personal')
        ORDER BY CASE WHEN a.id = $4 OR a.slug = $4 OR (a.kind = 'personal' AND $4 = 'personal')
                           OR a.id = (SELECT f.account_id FROM slugs f WHERE f.slug = $4 AND f.held_until > $6) THEN 0
                      WHEN a.id = s.active_account_id THEN 1
                      WHEN a.kind = 'workspace' THEN 2 ELSE 3 END, m.created_at, m.id
        LIMIT 1";
}

/// A person with a session, and the account the call is about.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub struct Caller {
    /// The session.
    pub session: SessionId,
    /// The person.
    pub user: UserId,
    /// The verified address.
    pub email: Email,
    /// First and last name, once told.
    pub name: Option<(String, String)>,
    /// Whether the person has told the name.
    pub onboarded: bool,
    /// The language the person chose.
    pub lang: Option<Lang>,
    /// The time zone the person chose.
    pub time_zone: Option<TimeZone>,
    /// Whether the person belongs to any workspace.
    pub has_workspace: bool,
    /// What the person is among the platform's staff.
    pub platform_role: Option<PlatformRole>,
    /// When the person's own account will be closed, while that is scheduled.
    pub closing_due: Option<Instant>,
    /// Whether the session was begun with a second factor, or its person has shown one since.
    pub second_factor: bool,
    /// When the session was last seen in the database.
    pub last_seen: Instant,
    /// Whether the person has just proven who they are.
    is_fresh: bool,
    standing: Standing,
    named: Named,
}

/// How the account of a call was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// Another one was, or none.
    Not,
    /// By what it is called.
    Now,
    /// By a slug that it had before.
    Formerly,
}

/// A person's place in an account.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The account.
    pub account: AccountId,
    /// Personal or workspace.
    pub kind: AccountKind,
    /// What it is called; a personal account bears the person's name or address.
    pub name: String,
    /// Its part of URLs; a personal account has none.
    pub slug: Option<String>,
    /// When it was made.
    pub created: Instant,
    /// When it will be deleted, while that is scheduled.
    pub deletion_due: Option<Instant>,
    /// Until when its plan is kept although a payment failed, while one has.
    pub kept_until: Option<Instant>,
    /// Whether it opens only to sessions with a second factor.
    pub two_step_required: bool,
    /// Whether it is the session's active account.
    pub is_active: bool,
    /// The membership.
    pub membership: MembershipId,
    /// The role, as it takes effect under the business model.
    pub role: Role,
    /// When the person was last seen in this account, in the database.
    pub last_active: Option<Instant>,
}

impl Standing {
    /// The account as links name it: the slug, or `personal`.
    pub fn handle(&self) -> &str {
        self.slug.as_deref().unwrap_or(AccountKind::Personal.as_str())
    }

    /// Whether the organization dashboard is this person's: a workspace, and a role that gives more than a member's.
    pub fn is_manager(&self) -> bool {
        self.kind == AccountKind::Workspace && self.role.is_manager()
    }

    /// Refuses what somebody typed to confirm that this account is meant, where it is not its name. Spaces count as one shows
    /// them: several are one.
    pub(crate) fn require_named(&self, typed: &str) -> Result<()> {
        if typed.split_whitespace().eq(self.name.split_whitespace()) {
            Ok(())
        } else {
            Err(Refusal::field("confirmation", if typed.trim().is_empty() { Fault::Required } else { Fault::NotTheName }))
        }
    }

    /// Refuses people the organization dashboard is not for.
    pub fn require_manager(&self) -> Result<()> {
        if self.is_manager() { Ok(()) } else { Err(Refusal::ManagersOnly) }
    }
}

impl Caller {
    /// The account the call is about. Every door into an account comes by here.
    ///
    /// # Errors
    /// `NotFound` when the request named one and the person does not belong to it; `TwoStepNeeded` when it requires a second factor and
    /// the session has none.
    pub fn standing(&self, named: bool) -> Result<&Standing> {
        if named && self.named == Named::Not {
            return Err(Refusal::NotFound);
        }
        if self.standing.two_step_required {
            self.require_second_factor()?;
        }
        Ok(&self.standing)
    }

    /// The account pages are about when the named one is not this person's. What is shown of it must be the person's to know though it
    /// may require a second factor: its name, and their role.
    pub fn usual_standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether the account was named by a slug it has no more: its handle is another one now.
    pub fn names_former_slug(&self) -> bool {
        self.named == Named::Formerly
    }

    /// Refuses a person whose last proof of who they are was too long ago.
    pub(crate) fn require_fresh(&self) -> Result<()> {
        if self.is_fresh { Ok(()) } else { Err(Refusal::StepUpNeeded) }
    }

    /// Refuses a session without a second factor.
    pub(crate) fn require_second_factor(&self) -> Result<()> {
        if self.second_factor { Ok(()) } else { Err(Refusal::TwoStepNeeded) }
    }

    /// What people are shown of this person: the name, else the address.
    pub fn shown_name(&self) -> String {
        self.name.as_ref().map_or_else(|| self.email.to_string(), |(first, last)| format!("{first} {last}"))
    }

    /// The session's person, unless the session is over.
    pub(super) async fn find(conn: &mut Conn, asked: &Asked, model: BusinessModel, now: Instant) -> Result<Option<Self>> {
        let Some(token) = &asked.session else { return Ok(None) };
        let wanted = asked.account.as_deref().unwrap_or_default();
        let args = args![&token.hashed(), now.plus(-IDLE), now.plus(-ABSOLUTE), wanted, model.has_teams(), now];
        let row: Option<CallerRow> = conn.find(FIND_CALLER, args).await?;
        Ok(row.map(|row| row.caller(wanted, model, now)))
    }
}

#[derive(sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column")]
struct CallerRow {
    #[sqlx(try_from = "String")]
    session: SessionId,
    #[sqlx(try_from = "String")]
    user_id: UserId,
    last_seen_at: i64,
    proven_at: i64,
    second_factor: Option<String>,
    #[sqlx(try_from = "String")]
    email: Email,
    platform_role: Option<String>,
    closing_due_at: Option<i64>,
    first_name: Option<String>,
    last_name: Option<String>,
    onboarded_at: Option<i64>,
    language: Option<String>,
    time_zone: Option<String>,
    #[sqlx(try_from = "String")]
    membership: MembershipId,
    last_active_at: Option<i64>,
    role: String,
    role_name: String,
    permissions: String,
    #[sqlx(try_from = "String")]
    account: AccountId,
    kind: String,
    account_name: String,
    slug: Option<String>,
    account_created_at: i64,
    deletion_due_at: Option<i64>,
    kept_until: Option<i64>,
    two_step_required: bool,
    is_active: bool,
    was_named: bool,
    has_workspace: bool,
}

impl CallerRow {
    fn caller(self, wanted: &str, model: BusinessModel, now: Instant) -> Caller {
        let kind = AccountKind::parse(&self.kind).unwrap_or(AccountKind::Personal);
        let is_named = self.account.as_str() == wanted
            || self.slug.as_deref() == Some(wanted)
            || (kind == AccountKind::Personal && wanted == AccountKind::Personal.as_str());
        let named = match (is_named, self.was_named) {
            (true, _) => Named::Now,
            (false, true) => Named::Formerly,
            (false, false) => Named::Not,
        };
        let standing = Standing {
            account: self.account,
            kind,
            name: self.account_name,
            slug: self.slug,
            created: Instant(self.account_created_at),
            deletion_due: self.deletion_due_at.map(Instant),
            kept_until: self.kept_until.map(Instant),
            two_step_required: self.two_step_required,
            is_active: self.is_active,
            membership: self.membership,
            role: Role::of(&self.role, &self.role_name, &self.permissions, model),
            last_active: self.last_active_at.map(Instant),
        };
        Caller {
            session: self.session,
            user: self.user_id,
            email: self.email,
            name: self.first_name.zip(self.last_name),
            onboarded: self.onboarded_at.is_some(),
            lang: self.language.as_deref().and_then(Lang::parse),
            time_zone: self.time_zone.and_then(|zone| TimeZone::parse(&zone).ok()),
            has_workspace: self.has_workspace,
            platform_role: self.platform_role.as_deref().and_then(PlatformRole::parse),
            closing_due: self.closing_due_at.map(Instant),
            second_factor: self.second_factor.is_some(),
            last_seen: Instant(self.last_seen_at),
            is_fresh: now.since(Instant(self.proven_at)) < PROOF_LIFE,
            standing,
            named,
        }
    }
}
