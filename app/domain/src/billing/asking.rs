//! What Stripe is asked while somebody waits: how long they wait, and how often the people of an account may have it asked, for a
//! look, a preview, the portal, a paper, a change of the plan or of who pays. That is counted in this process, for it bounds a
//! throughput and gives no right. Checkouts, which leave something behind, are counted in the database (`limits`). Tested in
//! `tests/flows/changes/asking.rs`.

use crate::refusal::{Refusal, Result};
use crate::request;
use keel_types::time::{MINUTE, SECOND};
use keel_types::{AccountId, Instant};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long Stripe may take for all that is asked at once: longer than two tries of one call, shorter than people wait.
pub(super) const PATIENCE: Duration = Duration::from_secs(22);
/// So often within so many milliseconds of the first.
const MOST: u32 = 30;
const WINDOW: i64 = MINUTE;
/// So many accounts are remembered before those are forgotten whose window is over.
const MANY: usize = 10_000;

/// Asks in a task of its own, for as long as somebody waits.
///
/// # Errors
/// `Unavailable` when that is over.
pub(super) async fn in_time<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    request::apart(async move { timeout(PATIENCE, work).await.unwrap_or(Err(Refusal::Unavailable)) }).await
}

/// What was asked lately, by account: since when, and how often.
#[derive(Debug, Default)]
pub(crate) struct Asking(Mutex<HashMap<AccountId, (Instant, u32)>>);

impl Asking {
    /// Counts one.
    ///
    /// # Errors
    /// `TooMany`, with the seconds until the window ends.
    pub fn count(&self, account: &AccountId, now: Instant) -> Result<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MANY {
            all.retain(|_, (since, _)| now.since(*since) < WINDOW);
        }
        let (since, taken) = all.entry(account.clone()).or_insert((now, 0));
        if now.since(*since) >= WINDOW {
            (*since, *taken) = (now, 0);
        }
        if *taken == MOST {
            let wait = (WINDOW - now.since(*since)).clamp(SECOND, WINDOW);
            return Err(Refusal::TooMany { retry_after: u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(u32::MAX) });
        }
        *taken += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids;

    #[test]
    fn an_account_is_counted_by_itself_and_anew_after_its_window() {
        let (asking, one, other) = (Asking::default(), ids::new::<AccountId>(), ids::new::<AccountId>());
        let taken = |account: &AccountId, at| (0..100).filter(|_| asking.count(account, Instant(at)).is_ok()).count();
        assert_eq!((taken(&one, 0), taken(&other, 10 * SECOND)), (30, 30));
        assert_eq!(asking.count(&one, Instant(WINDOW - 1)), Err(Refusal::TooMany { retry_after: 1 }));
        assert_eq!(asking.count(&other, Instant(WINDOW - 1)), Err(Refusal::TooMany { retry_after: 11 }));
        assert_eq!((taken(&one, WINDOW), taken(&other, WINDOW)), (30, 0));
    }

    #[test]
    fn those_whose_window_is_over_are_forgotten() {
        let asking = Asking::default();
        for at in [0, WINDOW] {
            for _ in 0..MANY {
                asking.count(&ids::new(), Instant(at)).unwrap();
            }
        }
        assert_eq!(asking.0.lock().unwrap().len(), MANY);
    }
}
