//! Copies of everything a workspace has, or that is kept of a person: an owner or the person asks, the worker makes a zip of JSON and
//! CSV, and for a day it is downloaded by who may ask for it. It is kept in pieces in the database, so that any instance gives it
//! out; each piece is given out only after a look at who asks. Tested in `tests/flows/exports.rs`.

mod archive;
mod building;
mod csv;
mod tables;

pub(crate) use building::work;

use crate::access::{Asked, Fresh, Owner, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::db::{Conn, Tx};
use crate::limits::Take;
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, sql};
use keel_types::time::DAY;
use keel_types::{AccountId, AccountKind, ExportId, Instant, UserId};

/// How long it can be downloaded, in milliseconds.
pub const LIFE: i64 = DAY;

sql! {
    FIND_PERSONAL = "SELECT id FROM accounts WHERE person_id = $1";
    INSERT = "INSERT INTO exports (id, account_id, user_id, state, next_at, created_at) VALUES ($1, $2, $3, 'due', $4, $4)";
    FIND_DUE = "SELECT COUNT(*) FROM exports WHERE account_id = $1 AND state = 'due'";
    FIND_NEWEST = "SELECT id, state, expires_at FROM exports WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1";
    FIND_NEWEST_OF_PERSON = "SELECT e.id, e.state, e.expires_at FROM accounts o JOIN exports e ON e.account_id = o.id
        WHERE o.person_id = $1 ORDER BY e.created_at DESC, e.id DESC LIMIT 1";
    FIND_READY = "SELECT attempt, size, created_at FROM exports WHERE id = $1 AND account_id = $2 AND state = 'ready' AND expires_at > $3";
    FIND_CHUNK = "SELECT c.bytes FROM export_chunks c JOIN exports e ON e.id = c.export_id
        WHERE e.id = $1 AND e.account_id = $2 AND e.expires_at > $3 AND c.attempt = $4 AND c.number = $5";
}

/// Has a copy of the caller's workspace made; they get a mail when it is there. While one is being made, it is that one.
///
/// # Errors
/// `NotFound` for a personal account; `TooMany` in a day.
pub async fn request(call: &mut Write<Fresh<Owner>>) -> Result<()> {
    if call.proof().standing().kind == AccountKind::Personal {
        return Err(Refusal::NotFound);
    }
    call.lock_account().await?;
    let (account, user, now) = (call.proof().account().clone(), call.proof().actor().user.clone(), call.now());
    let tx = call.tx()?;
    let (due,): (i64,) = tx.get(FIND_DUE, args![&account]).await?;
    if due > 0 {
        return Ok(());
    }
    let id = begin(tx, &account, &user, now).await?;
    audit::record(call, Action::DataExported, Some(&account), id.as_str(), &[("what", "workspace")]).await
}

/// Has a copy made of what is kept of the caller; they get a mail when it is there. While one is being made, it is that one.
///
/// # Errors
/// `TooMany` in a day.
pub async fn request_own(call: &mut Write<Fresh<SignedIn>>) -> Result<()> {
    call.lock_caller().await?;
    let (user, now) = (call.proof().user.clone(), call.now());
    let tx = call.tx()?;
    let account = personal(tx, &user).await?;
    let (due,): (i64,) = tx.get(FIND_DUE, args![&account]).await?;
    if due > 0 {
        return Ok(());
    }
    let id = begin(tx, &account, &user, now).await?;
    audit::record(call, Action::DataExported, None, id.as_str(), &[("what", "person")]).await
}

async fn begin(tx: &mut Tx, account: &AccountId, user: &UserId, now: Instant) -> Result<ExportId> {
    Take::copy(account).take(tx, now).await?;
    let id = ids::new::<ExportId>();
    tx.run(INSERT, args![&id, account, user, now]).await?;
    Ok(id)
}

async fn personal(conn: &mut Conn, user: &UserId) -> Result<AccountId> {
    let (account,): (String,) = conn.get(FIND_PERSONAL, args![user]).await?;
    AccountId::parse(&account).map_err(|_| Refusal::internal(&"a person without an account"))
}

/// The newest copy.
#[derive(Clone, Debug)]
pub enum Newest {
    /// It is being made.
    Due,
    /// It can be downloaded until then.
    Ready(ExportId, Instant),
}

#[derive(sqlx::FromRow)]
struct NewestRow {
    #[sqlx(try_from = "String")]
    id: ExportId,
    state: String,
    expires_at: Option<i64>,
}

/// The newest copy of the caller's workspace, unless it has run out.
pub async fn find_newest(call: &mut Read<Owner>) -> Result<Option<Newest>> {
    let (account, now) = (call.proof().account().clone(), call.now());
    let row: Option<NewestRow> = call.conn().find(FIND_NEWEST, args![&account]).await?;
    Ok(row.and_then(|row| row.newest(now)))
}

/// The newest copy of what is kept of the caller, unless it has run out.
pub async fn find_own(call: &mut Read<SignedIn>) -> Result<Option<Newest>> {
    let (user, now) = (call.proof().user.clone(), call.now());
    let row: Option<NewestRow> = call.conn().find(FIND_NEWEST_OF_PERSON, args![&user]).await?;
    Ok(row.and_then(|row| row.newest(now)))
}

impl NewestRow {
    fn newest(self, now: Instant) -> Option<Newest> {
        match self.expires_at {
            None if self.state == "due" => Some(Newest::Due),
            Some(until) if until > now.0 => Some(Newest::Ready(self.id, Instant(until))),
            _ => None,
        }
    }
}

/// A download under way.
pub struct Download {
    keel: Keel,
    asked: Asked,
    export: ExportId,
    attempt: i64,
    next: u32,
    /// Whose data it is: a `person`'s or a `workspace`'s.
    pub what: &'static str,
    /// How many bytes it has.
    pub size: i64,
    /// When it was asked for.
    pub asked_at: Instant,
}

/// Begins a download, and writes it down.
///
/// # Errors
/// `NotFound` for another workspace's, one that has run out, and one that is still being made.
pub async fn download(call: &mut Write<Owner>, export: &ExportId) -> Result<Download> {
    let (keel, account, now) = (call.keel().clone(), call.proof().account().clone(), call.now());
    // The same account for all of it, whichever is the active one by then.
    let asked = Asked { account: Some(account.to_string()), ..call.asked().clone() };
    let found: Option<(i64, i64, i64)> = call.tx()?.find(FIND_READY, args![export, &account, now]).await?;
    let (attempt, size, asked_at) = found.ok_or(Refusal::NotFound)?;
    let what = if call.proof().standing().kind == AccountKind::Personal { "person" } else { "workspace" };
    audit::record(call, Action::DataDownloaded, Some(&account), export.as_str(), &[("what", what)]).await?;
    Ok(Download { keel, asked, export: export.clone(), attempt, next: 0, what, size, asked_at: Instant(asked_at) })
}

impl Download {
    /// The next piece; none after the last.
    ///
    /// # Errors
    /// What the door refuses by now: who is no owner any more gets nothing more.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut call = Read::<Owner>::open(&self.keel, self.asked.clone()).await?;
        let (account, now) = (call.proof().account().clone(), call.now());
        let which = args![&self.export, &account, now, self.attempt, self.next];
        self.next += 1;
        let piece: Option<(Vec<u8>,)> = call.conn().find(FIND_CHUNK, which).await?;
        Ok(piece.map(|(bytes,)| bytes))
    }
}
