//! Sends webhooks as Stripe does: signed, in order, again until a 2xx. Works through the deliveries in the store.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use url::Url;

use crate::clock::wall_ms;
use crate::json::At;
use crate::shared::Shared;
use crate::store::Cause;

/// Seconds before the second, third, … attempt; after the last the delivery has failed.
const RETRY_SECONDS: [i64; 12] = [1, 3, 10, 60, 300, 900, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400];
const LONGEST_ATTEMPT: Duration = Duration::from_secs(10);
/// How long an unanswered attempt keeps the next delivery waiting.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST_ATTEMPTS_KEPT: usize = 30;

/// Sends what is due until the sandbox stops.
pub async fn run(shared: Arc<Shared>) {
    let busy = Arc::new(Mutex::new(HashSet::new()));
    let mut sending = JoinSet::new();
    loop {
        shared.until_woken(Duration::from_millis(100)).await;
        for id in due(&shared, &busy) {
            lock(&busy).insert(id.clone());
            let (shared, busy) = (Arc::clone(&shared), Arc::clone(&busy));
            let (done, finished) = oneshot::channel::<()>();
            sending.spawn(async move {
                send(&shared, &id).await;
                lock(&busy).remove(&id);
                drop(done);
            });
            // An attempt that hangs goes on in the background; the rest of the queue must not wait for it.
            drop(tokio::time::timeout(PATIENCE, finished).await);
        }
        while sending.try_join_next().is_some() {}
    }
}

fn lock(busy: &Mutex<HashSet<String>>) -> std::sync::MutexGuard<'_, HashSet<String>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The deliveries to send now: oldest first, except that those in reverse go together and newest first.
fn due(shared: &Shared, busy: &Mutex<HashSet<String>>) -> Vec<String> {
    let now = wall_ms();
    shared.read(|store| {
        let busy = lock(busy);
        let collected = |delivery: &Value| delivery.text("fault") == "reverse" && delivery.entries("attempts").is_empty();
        let waiting: Vec<_> = store.pending().filter(|record| !busy.contains(&record.id)).collect();
        let ripe = |delivery: &Value| delivery.integer("next_attempt_ms") <= now;
        let reverse = waiting.iter().any(|record| collected(&record.value) && ripe(&record.value));
        let in_order = waiting.iter().filter(|record| !collected(&record.value) && ripe(&record.value));
        let reversed = waiting.iter().rev().filter(|record| reverse && collected(&record.value));
        in_order.chain(reversed).map(|record| record.id.clone()).collect()
    })
}

/// One attempt, or three at once for a duplicated delivery, with its result on record.
async fn send(shared: &Shared, id: &str) {
    let Some((delivery, event, url, secret)) = shared.read(|store| {
        let delivery = store.record(id)?.value.clone();
        let endpoint = store.record(delivery.text("endpoint"))?;
        let event = store.value(delivery.text("event")).clone();
        Some((delivery, event, endpoint.value.text("url").to_owned(), endpoint.hidden.text("secret").to_owned()))
    }) else {
        give_up(shared, id);
        return;
    };
    let copies = if delivery.text("fault") == "duplicate" { 3 } else { 1 };
    let body = event.to_string();
    let started = wall_ms();
    let timer = Instant::now();
    let moment = shared.clock.now_ms().div_euclid(1_000);
    let (signature, body) = signed(&delivery, &secret, moment, body);
    let attempts: Vec<_> = (0..copies).map(|_| tokio::spawn(attempt(url.clone(), signature.clone(), body.clone()))).collect();
    let mut results = Vec::new();
    for attempt in attempts {
        let result = attempt.await.unwrap_or_else(|error| Err(error.to_string()));
        let (status, error) = match &result {
            Ok(status) => (Some(*status), None),
            Err(error) => (None, Some(error.clone())),
        };
        results.push(json!({ "at_ms": started, "took_ms": timer.elapsed().as_millis(), "status": status, "error": error }));
    }
    let accepted = results.iter().any(|result| (200..300).contains(&result.integer("status")));
    record(shared, id, results, accepted);
}

/// The signature and the body to send: true ones, unless this is the first attempt of a delivery that was tampered with.
fn signed(delivery: &Value, secret: &str, moment: i64, body: String) -> (String, Bytes) {
    let fault = if delivery.integer("tries") == 0 { delivery.text("fault") } else { "" };
    let secret = if fault == "bad_signature" { "whsec_somebody_else" } else { secret };
    let signature = signature(secret, moment, body.as_bytes());
    let body = if fault == "changed_body" { body.replace(delivery.text("event"), "evt_1SomebodyElse") } else { body };
    (signature, body.into())
}

/// Writes down how an attempt ended and when the next one is.
fn record(shared: &Shared, id: &str, results: Vec<Value>, accepted: bool) {
    let event = shared.change(Cause::default(), |tx| {
        let mut event = String::new();
        tx.edit(id, |delivery| {
            delivery.text("event").clone_into(&mut event);
            let mut attempts = delivery.entries("attempts").to_vec();
            let tries = usize::try_from(delivery.integer("tries")).unwrap_or_default();
            attempts.extend(results);
            let surplus = attempts.len().saturating_sub(MOST_ATTEMPTS_KEPT);
            attempts.drain(..surplus);
            delivery.set("attempts", attempts);
            delivery.set("tries", tries + 1);
            match RETRY_SECONDS.get(tries) {
                _ if accepted => delivery.set("status", "delivered"),
                Some(wait) => delivery.set("next_attempt_ms", wall_ms() + wait * 1_000),
                None => delivery.set("status", "failed"),
            }
        });
        if accepted {
            tx.edit(&event, |event| {
                let left = event.integer("pending_webhooks") - 1;
                event.set("pending_webhooks", left.max(0));
            });
        }
        Ok::<_, std::convert::Infallible>(event)
    });
    if let Err(error) = event {
        tracing::error!(%error, delivery = id, "the result of a webhook could not be recorded");
    }
}

/// The endpoint or the event is gone: there is nothing left to send.
fn give_up(shared: &Shared, id: &str) {
    let given_up = shared.change(Cause::default(), |tx| {
        tx.edit(id, |delivery| delivery.set("status", "failed"));
        Ok::<_, std::convert::Infallible>(())
    });
    if let Err(error) = given_up {
        tracing::error!(%error, delivery = id, "a webhook could not be given up");
    }
}

/// The `Stripe-Signature` header: HMAC-SHA256 of `"{t}.{body}"` under the endpoint's secret, in hex.
fn signature(secret: &str, moment: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(moment.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().fold(format!("t={moment},v1="), |header, byte| header + &format!("{byte:02x}"))
}

/// Posts `body` to `url`; answers the status.
async fn attempt(url: String, signature: String, body: Bytes) -> Result<u16, String> {
    match tokio::time::timeout(LONGEST_ATTEMPT, post(&url, signature, body)).await {
        Ok(result) => result,
        Err(_) => Err("timed out".to_owned()),
    }
}

async fn post(url: &str, signature: String, body: Bytes) -> Result<u16, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    if url.scheme() != "http" {
        return Err("the sandbox delivers over plain http only".to_owned());
    }
    let host = url.host_str().ok_or("the address has no host")?.trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let request = hyper::Request::post(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header("host", url.authority().rsplit('@').next().unwrap_or_default())
        .header("user-agent", "billing-sandbox/1.0")
        .header("content-type", "application/json; charset=utf-8")
        .header("accept", "*/*")
        .header("stripe-signature", signature)
        .header("connection", "close")
        .body(Full::new(body))
        .map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    // What the receiver says beyond its status does not matter, but a cut-off answer would look like a fault of ours.
    drop(Limited::new(response.into_body(), 65_536).collect().await);
    connection.abort();
    Ok(status)
}
