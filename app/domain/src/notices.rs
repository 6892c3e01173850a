//! Notices: mails people can do without, each of a kind that they turn off for themselves. What becomes of somebody's own
//! access, their safety and the money they answer for are no notices: those mails are always sent.
//! Tested in `tests/flows/notices.rs`.

use crate::access::{Read, SignedIn, Visitor, Write};
use crate::db::{Conn, locks};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::UserId;
use serde::{Deserialize, Serialize};

/// Seals the link in a mail. It says whose it is, only to them, and opens nothing but this.
const PURPOSE: &str = "unsubscribe";

sql! {
    FIND_MUTED = "SELECT muted FROM user_profiles WHERE user_id = $1";
    SET_MUTED = "UPDATE user_profiles SET muted = $2 WHERE user_id = $1";
}

macro_rules! notices {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// A kind of notices.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Notice { $($(#[$doc])* #[serde(rename = $word)] $name,)* }

        impl Notice {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word as kept.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

notices! {
    /// Who comes and goes.
    Members = "members";
    /// What happens in projects.
    Projects = "projects";
    /// That credits run low.
    Credits = "credits";
    /// What is new. Nobody gets it who did not ask for it.
    Product = "product";
}

/// The kinds a person does without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Muted(String);

impl Muted {
    /// As kept: words separated by spaces.
    pub fn kept(words: String) -> Self {
        Self(words)
    }

    pub fn has(&self, notice: Notice) -> bool {
        self.0.split(' ').any(|word| word == notice.as_str())
    }

    fn of(kinds: impl Iterator<Item = Notice>) -> Self {
        Self(kinds.map(Notice::as_str).collect::<Vec<_>>().join(" "))
    }
}

/// The kinds the caller gets.
pub async fn list(call: &mut Read<SignedIn>) -> Result<Vec<Notice>> {
    let user = call.proof().user.clone();
    let muted = find(call.conn(), &user).await?.unwrap_or_default();
    Ok(Notice::ALL.iter().copied().filter(|notice| !muted.has(*notice)).collect())
}

/// Lets the caller have these kinds and no others, from the next mail on.
pub async fn choose(call: &mut Write<SignedIn>, wanted: &[Notice]) -> Result<()> {
    let user = call.proof().user.clone();
    let muted = Muted::of(Notice::ALL.iter().copied().filter(|notice| !wanted.contains(notice)));
    let tx = call.tx()?;
    locks::lock_user(tx, &user).await?;
    tx.run(SET_MUTED, args![&user, muted.0]).await?;
    Ok(())
}

/// The page behind the link that ends notices of a kind.
pub(crate) fn link(keel: &Keel, user: &UserId, notice: Notice) -> String {
    format!("/unsubscribe/{}", keel.settings().secret.seal(PURPOSE, &(user, notice)))
}

/// The kind of notices that a link ends, and whether they are still sent. Looking ends nothing.
///
/// # Errors
/// `NotFound` for a link that was not made here, and for one of somebody who is gone.
pub async fn get(call: &mut Read<Visitor>, link: &str) -> Result<(Notice, bool)> {
    let (user, notice) = open(call.keel(), link)?;
    let muted = find(call.conn(), &user).await?.ok_or(Refusal::NotFound)?;
    Ok((notice, !muted.has(notice)))
}

/// Ends the notices of a link's kind for the person it was mailed to, whoever is signed in. However often: they stay ended.
///
/// # Errors
/// As [`get`].
pub async fn end(call: &mut Write<Visitor>, link: &str) -> Result<()> {
    let (user, notice) = open(call.keel(), link)?;
    let tx = call.tx()?;
    // Two links at the same instant: neither forgets what the other ended.
    locks::lock_user(tx, &user).await?;
    let muted = find(tx, &user).await?.ok_or(Refusal::NotFound)?;
    let muted = Muted::of(Notice::ALL.iter().copied().filter(|kind| *kind == notice || muted.has(*kind)));
    tx.run(SET_MUTED, args![&user, muted.0]).await?;
    Ok(())
}

fn open(keel: &Keel, link: &str) -> Result<(UserId, Notice)> {
    keel.settings().secret.open(PURPOSE, link).ok_or(Refusal::NotFound)
}

async fn find(conn: &mut Conn, user: &UserId) -> Result<Option<Muted>> {
    let row: Option<(String,)> = conn.find(FIND_MUTED, args![user]).await?;
    Ok(row.map(|(words,)| Muted::kept(words)))
}
