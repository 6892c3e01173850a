//! The worker of copies: makes those that are due, removes those that have run out. Whoever makes one holds a lease that each
//! piece renews; a crash is followed by another try, whose pieces are its own.

use super::archive::Archive;
use super::tables::{OF_PERSON, OF_WORKSPACE, PAGE};
use super::{LIFE, csv};
use crate::db::{Record, Sql, Tx};
use crate::jobs::pause;
use crate::mail::letters;
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::time::MINUTE;
use keel_types::{AccountId, Email, ExportId};
use serde_json::Value;

/// How long the next piece may take before somebody else begins anew, in milliseconds.
const LEASE: i64 = 2 * MINUTE;
/// Bytes of a piece, at least.
const PIECE: usize = 256 * 1024;

sql! {
    LIST_NEXT = "SELECT id, next_at FROM exports WHERE next_at <= $1 ORDER BY next_at LIMIT 5";
    CLAIM = "UPDATE exports SET next_at = $3, attempt = CASE WHEN state = 'due' THEN attempt + 1 ELSE attempt END
        WHERE id = $1 AND next_at = $2 RETURNING id, account_id, state, attempt, next_at AS lease";
    RENEW = "UPDATE exports SET next_at = $3 WHERE id = $1 AND next_at = $2";
    KEEP = "INSERT INTO export_chunks (export_id, attempt, number, bytes) VALUES ($1, $2, $3, $4)";
    FORGET_OTHERS = "DELETE FROM export_chunks WHERE export_id = $1 AND attempt <> $2";
    SETTLE = "UPDATE exports SET state = 'ready', size = $3, expires_at = $4, next_at = $4, error = NULL WHERE id = $1 AND next_at = $2";
    FAIL = "UPDATE exports SET next_at = $3, error = $4 WHERE id = $1 AND next_at = $2";
    // A person who asked and is no owner any more is not told.
    FIND_KIND = "SELECT kind = 'personal' FROM accounts WHERE id = $1";
    FIND_ASKER = "SELECT u.email, a.name, a.kind = 'personal' FROM exports e JOIN accounts a ON a.id = e.account_id
        JOIN memberships m ON m.account_id = e.account_id AND m.user_id = e.user_id AND m.role = 'owner'
        JOIN users u ON u.id = e.user_id WHERE e.id = $1 AND NOT a.purging";
    DELETE_CHUNKS = "DELETE FROM export_chunks WHERE export_id = $1 AND number IN
        (SELECT number FROM export_chunks WHERE export_id = $1 ORDER BY number LIMIT 20)";
    DELETE = "DELETE FROM exports WHERE id = $1";
}

#[derive(sqlx::FromRow)]
struct NextRow {
    #[sqlx(try_from = "String")]
    id: ExportId,
    next_at: i64,
}

/// A copy this instance makes, or removes.
#[derive(sqlx::FromRow)]
struct Task {
    #[sqlx(try_from = "String")]
    id: ExportId,
    #[sqlx(try_from = "String")]
    account_id: AccountId,
    state: String,
    attempt: i64,
    /// Until when it is nobody else's.
    lease: i64,
}

/// Makes what is due, and removes what has run out. True when there was something.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let due: Vec<NextRow> = keel.db().read().list(LIST_NEXT, args![keel.now()]).await?;
    let any = !due.is_empty();
    for row in due {
        let lease = keel.now().plus(LEASE);
        let mut tx = keel.db().begin().await?;
        let task: Option<Task> = tx.find(CLAIM, args![&row.id, row.next_at, lease]).await?;
        tx.commit().await?;
        let Some(mut task) = task else { continue };
        let done = if task.state == "due" { Box::pin(make(keel, &mut task)).await } else { remove(keel, &task).await };
        if let Err(refusal) = done {
            fail(keel, &task, &refusal).await?;
        }
    }
    Ok(any)
}

async fn make(keel: &Keel, task: &mut Task) -> Result<()> {
    let mut archive = Archive::new();
    let mut pieces = Pieces::default();
    let (is_own,): (bool,) = keel.db().read().get(FIND_KIND, args![&task.account_id]).await?;
    for &(name, table) in if is_own { OF_PERSON } else { OF_WORKSPACE } {
        archive.file(&format!("{name}.json"))?;
        let mut rows = Rows::of(&task.account_id, table);
        let mut before = "[\n";
        while let Some(page) = rows.next(keel).await? {
            for record in page {
                archive.add(&format!("{before}{}", Value::Object(record.0.into_iter().collect())))?;
                before = ",\n";
            }
            pieces.keep(keel, task, &mut archive).await?;
        }
        archive.add(if before == "[\n" { "[]\n" } else { "\n]\n" })?;

        archive.file(&format!("{name}.csv"))?;
        let mut rows = Rows::of(&task.account_id, table);
        let mut is_first = true;
        while let Some(page) = rows.next(keel).await? {
            for record in page {
                if is_first {
                    let names: Vec<Value> = record.0.iter().map(|(name, _)| Value::from(name.as_str())).collect();
                    archive.add(&csv::line(names.iter()))?;
                    is_first = false;
                }
                archive.add(&csv::line(record.0.iter().map(|(_, value)| value)))?;
            }
            pieces.keep(keel, task, &mut archive).await?;
        }
    }
    let last = archive.end()?;
    settle(keel, task, pieces, last).await
}

/// The rows of a table, a page at a time. Between two no connection is held.
struct Rows {
    account: AccountId,
    table: Sql,
    /// Behind which row it goes on; none behind the last.
    place: Option<(i64, String)>,
}

impl Rows {
    fn of(account: &AccountId, table: Sql) -> Self {
        Self { account: account.clone(), table, place: Some((i64::MIN, String::new())) }
    }

    async fn next(&mut self, keel: &Keel) -> Result<Option<Vec<Record>>> {
        let Some((number, id)) = self.place.take() else { return Ok(None) };
        let page: Vec<Record> = keel.db().read().list(self.table, args![&self.account, number, id]).await?;
        self.place = page.last().filter(|_| page.len() == PAGE).and_then(Record::place);
        Ok(Some(page.into_iter().map(Record::readable).collect()))
    }
}

/// What was kept so far.
#[derive(Default)]
struct Pieces {
    count: u32,
    size: usize,
}

impl Pieces {
    /// Keeps what is finished of the archive, once it is enough for a piece, and holds the task for another lease.
    async fn keep(&mut self, keel: &Keel, task: &mut Task, archive: &mut Archive) -> Result<()> {
        let Some(bytes) = archive.take(PIECE) else { return Ok(()) };
        let lease = keel.now().plus(LEASE).0;
        let mut tx = keel.db().begin().await?;
        if !tx.ran(RENEW, args![&task.id, task.lease, lease]).await? {
            return Err(Refusal::Collision);
        }
        self.add(&mut tx, task, bytes).await?;
        tx.commit().await?;
        task.lease = lease;
        Ok(())
    }

    async fn add(&mut self, tx: &mut Tx, task: &Task, bytes: Vec<u8>) -> Result<()> {
        self.size += bytes.len();
        tx.run(KEEP, args![&task.id, task.attempt, self.count, bytes]).await?;
        self.count += 1;
        Ok(())
    }
}

/// It is there: whoever asked is told, if they still may have it.
async fn settle(keel: &Keel, task: &Task, mut pieces: Pieces, last: Vec<u8>) -> Result<()> {
    let until = keel.now().plus(LIFE);
    let mut tx = keel.db().begin().await?;
    pieces.add(&mut tx, task, last).await?;
    let size = i64::try_from(pieces.size).unwrap_or(i64::MAX);
    if !tx.ran(SETTLE, args![&task.id, task.lease, size, until]).await? {
        return Err(Refusal::Collision);
    }
    tx.run(FORGET_OTHERS, args![&task.id, task.attempt]).await?;
    let asker: Option<(String, String, bool)> = tx.find(FIND_ASKER, args![&task.id]).await?;
    if let Some((email, name, is_own)) = asker
        && let Ok(email) = Email::parse(&email)
    {
        let of = (!is_own).then_some(name.as_str());
        letters::export_ready(&mut tx, keel, &email, of, &task.account_id, &task.id, until).await?;
    }
    tx.commit().await?;
    keel.wake();
    Ok(())
}

/// Removes a batch of its pieces; with the last, the copy.
async fn remove(keel: &Keel, task: &Task) -> Result<()> {
    let mut tx = keel.db().begin().await?;
    if tx.run(DELETE_CHUNKS, args![&task.id]).await? == 0 {
        tx.run(DELETE, args![&task.id]).await?;
    } else {
        tx.run(RENEW, args![&task.id, task.lease, keel.now()]).await?;
    }
    Ok(tx.commit().await?)
}

async fn fail(keel: &Keel, task: &Task, refusal: &Refusal) -> Result<()> {
    let error = format!("{refusal:?}");
    tracing::warn!(export = %task.id, attempt = task.attempt, error, "an export failed");
    let mut tx = keel.db().begin().await?;
    tx.run(FAIL, args![&task.id, task.lease, keel.now().plus(pause(task.attempt)), error]).await?;
    Ok(tx.commit().await?)
}
