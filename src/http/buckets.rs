//! What stops a flood of sign-ins before it reaches the database: a bucket of tokens for each client, in this process. The
//! limits that security rests on are in the database behind it ([`keel_domain::limits`]); here nothing is remembered that
//! could not be lost.

use super::layers::Asker;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use keel_domain::Refusal;
use keel_domain::limits::client;
use keel_web::arrival::Arrival;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// What it is in front of.
const GUARDED: [&str; 2] = ["/api/auth/", "/auth/oauth/"];
/// Requests one client may send at once: an office behind one address.
const BURST: f64 = 300.0;
/// Requests one client may send each second from then on.
const EACH_SECOND: f64 = 30.0;
/// Buckets there are, 24 bytes each. Clients that fall into the same one share it; which ones do, nobody can know.
const BUCKETS: usize = 1 << 14;

/// The buckets of a process.
#[derive(Clone)]
pub struct Buckets {
    all: Arc<[Mutex<Bucket>]>,
    hasher: RandomState,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Buckets {
    /// Full buckets.
    pub fn new() -> Self {
        let full = Bucket { tokens: BURST, at: Instant::now() };
        Self { all: (0..BUCKETS).map(|_| Mutex::new(full)).collect(), hasher: RandomState::new() }
    }

    /// Takes a token of this client's bucket; without one, the seconds until there is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number, rounded up")]
    fn take(&self, client: &str, now: Instant) -> Result<(), u32> {
        let place = self.hasher.hash_one(client) as usize % BUCKETS;
        let mut bucket = self.all[place].lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        let tokens = (bucket.tokens + since * EACH_SECOND).min(BURST);
        let taken = if tokens >= 1.0 { 1.0 } else { 0.0 };
        *bucket = Bucket { tokens: tokens - taken, at: now };
        if taken > 0.0 { Ok(()) } else { Err(((1.0 - tokens) / EACH_SECOND).ceil() as u32) }
    }
}

/// Answers 429 to a client whose bucket is empty.
pub async fn stop_floods(State(buckets): State<Buckets>, request: Request, next: Next) -> Response {
    let guarded = request.method() == Method::POST && GUARDED.iter().any(|path| request.uri().path().starts_with(path));
    if guarded {
        let address = request.extensions().get::<Arrival>().map(|arrival| client(&arrival.asked.address)).unwrap_or_default();
        if let Err(retry_after) = buckets.take(&address, Instant::now()) {
            return Asker::of(&request).refuse(Refusal::TooMany { retry_after }.into()).await;
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_is_emptied_and_fills_again() {
        let (buckets, start) = (Buckets::new(), Instant::now());
        let taken = (0..1_000).filter(|_| buckets.take("203.0.113.7", start).is_ok()).count();
        assert_eq!(taken, 300);
        assert_eq!(buckets.take("203.0.113.7", start), Err(1));
        assert!(buckets.take("203.0.113.8", start).is_ok(), "others go on");
        let later = start + Duration::from_secs(1);
        let again = (0..1_000).filter(|_| buckets.take("203.0.113.7", later).is_ok()).count();
        assert_eq!(again, 30);
        let full = (0..1_000).filter(|_| buckets.take("203.0.113.7", later + Duration::from_hours(1)).is_ok()).count();
        assert_eq!(full, 300, "it holds no more than a burst");
    }
}
