//! Copies of everything a workspace has: an owner asks, the worker makes a zip of JSON and CSV, and for a day owners download
//! it. It is kept in pieces in the database, so that any instance gives it out; each piece is given out only after a look at who
//! asks. Tested in `tests/flows/exports.rs`.

mod archive;
mod building;
mod csv;
mod tables;

pub(crate) use building::work;

use crate::access::{Asked, Fresh, Owner, Read, Write};
use crate::audit::{self, Action};
use crate::limits::Take;
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, sql};
use keel_types::time::DAY;
use keel_types::{AccountKind, ExportId, Instant};

/// How long it can be downloaded, in milliseconds.
pub const LIFE: i64 = DAY;

sql! {
    INSERT = "INSERT INTO exports (id, account_id, user_id, state, next_at, created_at) VALUES ($1, $2, $3, 'due', $4, $4)";
    FIND_DUE = "SELECT COUNT(*) FROM exports WHERE account_id = $1 AND state = 'due'";
    FIND_NEWEST = "SELECT id, state, expires_at FROM exports WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1";
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
    Take::workspace_export(&account).take(tx, now).await?;
    let id = ids::new::<ExportId>();
    tx.run(INSERT, args![&id, &account, &user, now]).await?;
    audit::record(call, Action::DataExported, Some(&account), id.as_str(), &[("what", "workspace")]).await
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
    Ok(row.and_then(|row| match row.expires_at {
        None if row.state == "due" => Some(Newest::Due),
        Some(until) if until > now.0 => Some(Newest::Ready(row.id, Instant(until))),
        _ => None,
    }))
}

/// A download under way.
pub struct Download {
    keel: Keel,
    asked: Asked,
    export: ExportId,
    attempt: i64,
    next: u32,
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
    audit::record(call, Action::DataDownloaded, Some(&account), export.as_str(), &[("what", "workspace")]).await?;
    Ok(Download { keel, asked, export: export.clone(), attempt, next: 0, size, asked_at: Instant(asked_at) })
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
