//! News that many people are told by mail, a batch at a time: there may be thousands. Whom and what, is written down in the transaction
//! of what happened, a row for each; whoever tells somebody takes their row away.

use crate::Keel;
use crate::args;
use crate::db::{Arg, Row, Sql, Tx};
use crate::refusal::Result;

/// People told in one transaction, three rows each.
const BATCH: u32 = 250;

/// Somebody who is to be told something.
pub(crate) trait News: Row + Sync {
    /// The next who are to be told; its argument says how many.
    const LIST: Sql;
    /// Takes a row away.
    const TAKE: Sql;

    /// Which row.
    fn key(&self) -> Vec<Arg>;

    /// Writes the letter.
    fn write(&self, tx: &mut Tx, keel: &Keel) -> impl Future<Output = Result<()>> + Send;
}

/// Tells the next who are to be told. True when there was somebody.
pub(crate) async fn tell_next<N: News>(keel: &Keel) -> Result<bool> {
    let untold: Vec<N> = keel.db().read().list(N::LIST, args![BATCH]).await?;
    if untold.is_empty() {
        return Ok(false);
    }
    let mut tx = keel.db().begin().await?;
    for news in &untold {
        // Another instance may have told them meanwhile.
        if tx.ran(N::TAKE, news.key()).await? {
            news.write(&mut tx, keel).await?;
        }
    }
    tx.commit().await?;
    keel.wake();
    Ok(true)
}
