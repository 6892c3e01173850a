//! What all parts of a running sandbox share.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::faults::Random;
use crate::store::{Cause, Store, Tx};

const MOST_REQUESTS_KEPT: usize = 10_000;

/// A call to the API, as `GET /_sandbox/requests` lists it.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    pub id: String,
    pub at_ms: i64,
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub idempotency_key: Option<String>,
    /// Absent when the line was cut instead.
    pub status: Option<u16>,
}

pub struct Shared {
    store: Mutex<Store>,
    requests: Mutex<VecDeque<Request>>,
    in_flight: Mutex<HashSet<String>>,
    wake: Notify,
    pub clock: Clock,
    pub api_key: String,
    /// Where people reach the pages, without a slash at the end.
    pub pages: String,
}

/// Why a change did not happen.
#[derive(Debug)]
pub enum Failed<E> {
    /// It refused itself.
    Refused(E),
    /// The journal could not be written.
    Journal(io::Error),
}

impl<E: fmt::Debug> fmt::Display for Failed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => write!(f, "{reason:?}"),
            Self::Journal(error) => write!(f, "the journal cannot be written: {error}"),
        }
    }
}

impl Shared {
    pub fn new(store: Store, clock: Clock, api_key: String, pages: String) -> Self {
        let (requests, in_flight) = (Mutex::default(), Mutex::default());
        Self { store: Mutex::new(store), requests, in_flight, wake: Notify::new(), clock, api_key, pages }
    }

    /// Reads the store. Nothing changes meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        look(&lock(&self.store))
    }

    /// Runs one change, alone, and commits it; a refusal leaves everything as it was.
    pub fn change<T, E>(&self, cause: Cause, change: impl FnOnce(&mut Tx) -> Result<T, E>) -> Result<T, Failed<E>> {
        let mut store = lock(&self.store);
        let mut tx = Tx::begin(&mut store, self.clock.now_ms(), &self.pages, cause);
        tx.offset_ms = self.clock.offset_ms();
        let result = change(&mut tx).map_err(Failed::Refused)?;
        let ahead = tx.ahead_ms;
        tx.commit().map_err(Failed::Journal)?;
        self.clock.advance(ahead);
        drop(store);
        self.wake.notify_one();
        Ok(result)
    }

    /// Leaves trouble to chance from now on.
    pub fn set_chance(&self, random: Random) {
        lock(&self.store).faults.random = Some(random);
    }

    /// Waits until something was changed, at most so long.
    pub async fn until_woken(&self, at_most: Duration) {
        drop(tokio::time::timeout(at_most, self.wake.notified()).await);
    }

    /// Notes a call. The oldest are forgotten when there are very many.
    pub fn note(&self, request: Request) {
        let mut requests = lock(&self.requests);
        requests.push_back(request);
        if requests.len() > MOST_REQUESTS_KEPT {
            requests.pop_front();
        }
    }

    /// The calls so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.requests).iter().cloned().collect()
    }

    /// Forgets the calls so far.
    pub fn forget_requests(&self) {
        lock(&self.requests).clear();
    }

    /// Claims an idempotency key for one call, until the claim is dropped; nothing while another call has it.
    pub fn claim(&self, key: &str) -> Option<Claim<'_>> {
        lock(&self.in_flight).insert(key.to_owned()).then(|| Claim { shared: self, key: key.to_owned() })
    }
}

/// A call in progress under its idempotency key.
pub struct Claim<'s> {
    shared: &'s Shared,
    key: String,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        lock(&self.shared.in_flight).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
