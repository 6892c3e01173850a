//! The time the sandbox lives in. Everything with a date reads it here; only webhook retries run by real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of time in unix milliseconds, shared by all its clones.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
    offset: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// A clock that asks `now`, which answers unix milliseconds and never runs backwards.
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), offset: None }
    }

    /// The machine's clock.
    pub fn wall() -> Self {
        Self::new(wall_ms)
    }

    /// The machine's clock until [`Clock::advance`] moves it ahead.
    pub fn own() -> Self {
        let offset = Arc::new(AtomicI64::new(0));
        let ahead = Arc::clone(&offset);
        Self { now: Arc::new(move || wall_ms() + ahead.load(Ordering::SeqCst)), offset: Some(offset) }
    }

    /// Now, in unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        (self.now)()
    }

    /// Moves an [`own`](Clock::own) clock ahead and answers true; any other clock, and a negative step, is left alone.
    pub fn advance(&self, ms: i64) -> bool {
        match &self.offset {
            Some(offset) if ms >= 0 => {
                offset.fetch_add(ms, Ordering::SeqCst);
                true
            }
            _ => false,
        }
    }

    /// How far an own clock is ahead of the machine's, in milliseconds; nothing for other clocks.
    pub(crate) fn offset_ms(&self) -> Option<i64> {
        self.offset.as_ref().map(|offset| offset.load(Ordering::SeqCst))
    }
}

/// The machine's time in unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "the sandbox shares nothing with Keel, not even its clock")]
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
