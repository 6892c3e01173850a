//! Jobs: work to be done later, at least once. Claimed by a guarded update with a lease, retried with growing pauses,
//! safe with several instances. An idle queue never takes the write lock.

use crate::db::Tx;
use crate::refusal::Result;
use crate::{Keel, args, ids, mail, sql};
use keel_types::time::{MINUTE, SECOND};
use keel_types::{Instant, JobId};

/// How long a claimed job is nobody else's, in milliseconds.
const LEASE: i64 = 2 * MINUTE;
/// Tries before a job or an event is left for people to look at: about thirty hours of [`pause`]s.
pub(crate) const TRIES: i64 = 40;
const BATCH: u32 = 20;

sql! {
    ADD = "INSERT INTO jobs (id, kind, subject, state, due_at, created_at) VALUES ($1, $2, $3, 'due', $4, $4) ON CONFLICT (kind, subject) DO NOTHING";
    LIST_DUE = "SELECT id, kind, subject, tries FROM jobs WHERE state = 'due' AND due_at <= $1 AND leased_until < $1 ORDER BY due_at LIMIT 0 + $2";
    CLAIM = "UPDATE jobs SET leased_until = $2, tries = tries + 1 WHERE id = $1 AND state = 'due' AND tries = $3 AND leased_until < $4";
    FINISH = "UPDATE jobs SET state = 'done', leased_until = 0, error = NULL WHERE id = $1 AND tries = $2";
    POSTPONE = "UPDATE jobs SET state = $3, due_at = $4, leased_until = 0, error = $5 WHERE id = $1 AND tries = $2";
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sends a mail of the outbox; the subject is its id.
    Mail,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Mail].into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(sqlx::FromRow)]
struct JobRow {
    #[sqlx(try_from = "String")]
    id: JobId,
    kind: String,
    subject: String,
    tries: i64,
}

/// Adds a job; a second one of the same kind and subject is the first.
pub(crate) async fn add(tx: &mut Tx, kind: Kind, subject: &str, now: Instant) -> Result<()> {
    tx.run(ADD, args![&ids::new::<JobId>(), kind.as_str(), subject, now]).await?;
    Ok(())
}

/// Does what is due, at most a batch. True when there was something.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let due: Vec<JobRow> = keel.db().read().list(LIST_DUE, args![keel.now(), BATCH]).await?;
    let any = !due.is_empty();
    for job in due {
        if claim(keel, &job).await? {
            let done = perform(keel, &job).await;
            settle(keel, &job, done).await?;
        }
    }
    Ok(any)
}

async fn claim(keel: &Keel, job: &JobRow) -> Result<bool> {
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    let claimed = tx.ran(CLAIM, args![&job.id, now.plus(LEASE), job.tries, now]).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn perform(keel: &Keel, job: &JobRow) -> std::result::Result<(), String> {
    match Kind::parse(&job.kind) {
        Some(Kind::Mail) => mail::deliver(keel, &job.subject).await,
        None => Err(format!("nobody knows jobs of the kind {}", job.kind)),
    }
}

async fn settle(keel: &Keel, job: &JobRow, done: std::result::Result<(), String>) -> Result<()> {
    let tries = job.tries + 1;
    keel.metrics().job(Kind::parse(&job.kind).map_or("unknown", Kind::as_str), done.is_ok());
    let mut tx = keel.db().begin().await?;
    match done {
        Ok(()) => tx.run(FINISH, args![&job.id, tries]).await?,
        Err(error) => {
            tracing::warn!(job = %job.id, kind = job.kind, tries, error, "a job failed");
            let state = if tries >= TRIES { "failed" } else { "due" };
            if tries >= TRIES && Kind::parse(&job.kind) == Some(Kind::Mail) {
                mail::empty(keel, &mut tx, &job.subject).await?;
            }
            tx.run(POSTPONE, args![&job.id, tries, state, keel.now().plus(pause(tries)), error]).await?
        }
    };
    Ok(tx.commit().await?)
}

/// Milliseconds until the next try: 2 s, 4 s, 8 s … at most an hour.
pub(crate) fn pause(tries: i64) -> i64 {
    let doublings = u32::try_from(tries.clamp(1, 12)).unwrap_or(12);
    (SECOND << doublings).min(60 * MINUTE)
}
