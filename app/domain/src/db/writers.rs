//! SQLite's one writer: whose turn it is, and one commit for several turns.
//!
//! A commit waits for the disk. So whoever is done while others wait does not commit: the next one goes on in the same
//! transaction, in a savepoint of its own, and one commit makes everything last that was done so far. Nobody is told before
//! that. What is refused or dropped is rolled back alone. Whoever is alone commits at once.

use super::{Error, PATIENCE, RETURN};
use crate::request;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

/// Turns that share a commit, at most.
const MOST: usize = 32;

/// The one connection that writes, given out in turns, in the order of asking.
#[derive(Clone, Debug)]
pub struct Writer(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    options: SqliteConnectOptions,
    desk: Arc<Mutex<Desk>>,
    waiting: AtomicUsize,
}

/// What whoever has the turn has to itself.
#[derive(Debug, Default)]
struct Desk {
    conn: Option<SqliteConnection>,
    /// Those whose turns are over, and who wait for the commit of the transaction that is under way; it has none while they are none.
    done: Vec<oneshot::Sender<()>>,
}

/// A turn. Dropped without [`Turn::commit`], nothing of it happened.
#[derive(Debug)]
pub(super) struct Turn {
    writer: Writer,
    /// None only once it is over.
    desk: Option<OwnedMutexGuard<Desk>>,
}

/// Somebody who waits for a turn, counted until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Writer {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self(Arc::new(Parts { options, desk: Arc::default(), waiting: AtomicUsize::new(0) }))
    }

    /// Waits for a turn and begins it.
    pub(super) async fn begin(&self) -> Result<Turn, Error> {
        let mut turn = Turn { writer: self.clone(), desk: Some(self.wait().await?) };
        let desk = turn.desk()?;
        if desk.conn.is_none() {
            desk.conn = Some(self.0.options.connect().await?);
        }
        desk.run(if desk.done.is_empty() { "BEGIN IMMEDIATE" } else { "SAVEPOINT turn" }).await?;
        Ok(turn)
    }

    async fn wait(&self) -> Result<OwnedMutexGuard<Desk>, Error> {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.0.waiting);
        timeout(PATIENCE, self.0.desk.clone().lock_owned()).await.map_err(|_| {
            request::lose_database();
            Error::PoolTimedOut
        })
    }

    /// Whether it is nobody's turn.
    pub(super) fn is_idle(&self) -> bool {
        self.0.desk.try_lock().is_ok()
    }

    /// Closes the connection, after the turns that were asked for.
    pub(super) async fn close(&self) {
        let conn = self.0.desk.lock().await.conn.take();
        if let Some(conn) = conn {
            let _ = conn.close().await;
        }
    }
}

impl Desk {
    async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        let conn = self.conn.as_mut().ok_or_else(lost)?;
        conn.execute(sql).await.map(drop)
    }

    /// Makes everything last, and tells those who wait; of a failure they are told by nobody telling them.
    async fn commit(&mut self) -> Result<(), Error> {
        let committed = self.run("COMMIT").await;
        if committed.is_err() {
            self.clear().await;
        }
        for done in self.done.drain(..) {
            let _ = done.send(());
        }
        committed
    }

    /// Nothing of the transaction happened, whoever did it.
    async fn clear(&mut self) {
        self.done.clear();
        // It fails where no transaction is under way any more.
        if timeout(RETURN, self.run("ROLLBACK")).await.is_err() {
            self.conn = None;
        }
    }
}

impl Turn {
    /// The connection.
    pub(super) fn conn(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.desk()?.conn.as_mut().ok_or_else(lost)
    }

    fn desk(&mut self) -> Result<&mut Desk, Error> {
        self.desk.as_deref_mut().ok_or_else(lost)
    }

    /// Ends the turn, at the latest `until`: what was done in it lasts.
    pub(super) async fn commit(mut self, until: Instant) -> Result<(), Error> {
        let (Some(desk), writer) = (self.desk.take(), self.writer.clone()) else { return Err(lost()) };
        // A task of its own: whoever waits for it may hang up, and others wait for the same commit.
        let ended = async {
            match tokio::spawn(hand_on(desk, writer)).await.map_err(|_| lost())?? {
                Some(told) => told.await.map_err(|_| lost()),
                None => Ok(()),
            }
        };
        timeout_at(until, ended).await.unwrap_or_else(|_| {
            request::lose_database();
            Err(lost())
        })
    }
}

/// Commits, unless others wait for a turn: then they go on in the same transaction, and the message is sent when it lasts.
async fn hand_on(mut desk: OwnedMutexGuard<Desk>, writer: Writer) -> Result<Option<oneshot::Receiver<()>>, Error> {
    let is_first = desk.done.is_empty();
    if !is_first && let Err(error) = desk.run("RELEASE turn").await {
        desk.clear().await;
        return Err(error);
    }
    if writer.0.waiting.load(Ordering::Relaxed) == 0 || desk.done.len() + 1 >= MOST {
        return desk.commit().await.map(|()| None);
    }
    let (tell, told) = oneshot::channel();
    desk.done.push(tell);
    drop(desk);
    if is_first {
        tokio::spawn(commit_after_those_waiting(writer));
    }
    Ok(Some(told))
}

/// Commits when everybody who waits now has had their turn.
async fn commit_after_those_waiting(writer: Writer) {
    let mut desk = writer.0.desk.clone().lock_owned().await;
    if !desk.done.is_empty()
        && let Err(error) = desk.commit().await
    {
        tracing::error!(%error, "several transactions could not be committed");
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(desk) = self.desk.take() {
            tokio::spawn(roll_back(desk));
        }
    }
}

/// Nothing of this turn happened. Those before it are not touched by that, as long as its savepoint is there.
async fn roll_back(mut desk: OwnedMutexGuard<Desk>) {
    let back = async {
        let is_alone = desk.done.is_empty();
        !is_alone && desk.run("ROLLBACK TO turn").await.is_ok() && desk.run("RELEASE turn").await.is_ok()
    };
    if !timeout(RETURN, back).await.unwrap_or(false) {
        desk.clear().await;
    }
}

fn lost() -> Error {
    Error::Io(io::ErrorKind::TimedOut.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::Duration;
    use tokio::task::JoinSet;

    /// A database of one table, whose file is removed afterwards.
    struct Numbers {
        file: PathBuf,
        options: SqliteConnectOptions,
        writer: Writer,
    }

    impl Numbers {
        async fn new(name: &str) -> Self {
            let file = std::env::temp_dir().join(format!("keel-writers-{name}-{}.db", std::process::id()));
            let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
            let options = options.journal_mode(sqlx::sqlite::SqliteJournalMode::Wal).busy_timeout(PATIENCE);
            options.connect().await.unwrap().execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY)").await.unwrap();
            Self { writer: Writer::new(options.clone()), file, options }
        }

        async fn kept(&self) -> Vec<i64> {
            let mut conn = self.options.connect().await.unwrap();
            sqlx::query_scalar("SELECT n FROM numbers ORDER BY n").fetch_all(&mut conn).await.unwrap()
        }
    }

    impl Drop for Numbers {
        fn drop(&mut self) {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", self.file.display()));
            }
        }
    }

    async fn insert(turn: &mut Turn, n: i64) {
        sqlx::query("INSERT INTO numbers (n) VALUES ($1)").bind(n).execute(turn.conn().unwrap()).await.unwrap();
    }

    fn soon() -> Instant {
        Instant::now() + PATIENCE
    }

    #[tokio::test]
    async fn what_is_told_lasts_and_what_is_dropped_did_not_happen() {
        let numbers = Arc::new(Numbers::new("together").await);
        let mut first = numbers.writer.begin().await.unwrap();
        insert(&mut first, 0).await;
        let mut others = JoinSet::new();
        for n in 1..100 {
            let numbers = numbers.clone();
            others.spawn(async move {
                let mut turn = numbers.writer.begin().await.unwrap();
                insert(&mut turn, n).await;
                if n % 5 != 0 {
                    turn.commit(soon()).await.unwrap();
                    assert!(numbers.kept().await.contains(&n), "{n} was told before it lasted");
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        first.commit(soon()).await.unwrap();
        while let Some(done) = others.join_next().await {
            done.unwrap();
        }
        // Those that were dropped roll back on their own time.
        numbers.writer.begin().await.unwrap().commit(soon()).await.unwrap();
        let expected: Vec<i64> = (0..100).filter(|n| *n == 0 || n % 5 != 0).collect();
        assert_eq!(numbers.kept().await, expected);
    }

    #[tokio::test]
    async fn nobody_is_told_before_the_commit_that_is_shared() {
        let numbers = Arc::new(Numbers::new("shared").await);
        let mut first = numbers.writer.begin().await.unwrap();
        insert(&mut first, 1).await;
        let waits = tokio::spawn({
            let writer = numbers.writer.clone();
            async move { writer.begin().await.unwrap() }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let first = tokio::spawn(first.commit(soon()));
        let mut second = waits.await.unwrap();
        insert(&mut second, 2).await;
        assert!(!first.is_finished() && numbers.kept().await.is_empty(), "the second one's turn is not over");
        second.commit(soon()).await.unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(numbers.kept().await, [1, 2]);
    }

    #[tokio::test]
    async fn who_is_gone_takes_nobody_along() {
        let numbers = Arc::new(Numbers::new("gone").await);
        let mut told = vec![];
        for round in 0..20 {
            let mut first = numbers.writer.begin().await.unwrap();
            insert(&mut first, round * 10).await;
            let others: Vec<_> = (1..8)
                .map(|i| {
                    let (writer, n) = (numbers.writer.clone(), round * 10 + i);
                    tokio::spawn(async move {
                        let mut turn = writer.begin().await.unwrap();
                        insert(&mut turn, n).await;
                        turn.commit(soon()).await.unwrap();
                        n
                    })
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(2)).await;
            let first = tokio::spawn(first.commit(soon()));
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            first.abort();
            others[0].abort();
            others[3].abort();
            for (i, other) in others.into_iter().enumerate() {
                match other.await {
                    Ok(n) => told.push(n),
                    Err(gone) => assert!(gone.is_cancelled() && [0, 3].contains(&i), "{gone}"),
                }
            }
        }
        let kept = numbers.kept().await;
        assert!(told.len() >= 100 && told.iter().all(|n| kept.contains(n)), "{told:?} was told, {kept:?} is kept");
    }
}
