//! A sandbox to test, a plain HTTP client, and a receiver of webhooks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use billing_sandbox::{Clock, Options, Sandbox, Webhook};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded::Serializer;

pub const KEY: &str = "sk_test_tests";
pub const SECRET: &str = "whsec_tests";
pub const DAY_MS: i64 = 86_400_000;
pub const SUCCESS: &str = "http://127.0.0.1:3000/checkout/success?session={CHECKOUT_SESSION_ID}";
pub const CANCEL: &str = "http://127.0.0.1:3000/checkout";

/// An answer, read whole.
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// Sends one request over its own connection.
pub async fn send(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let headers: String = headers.iter().fold(String::new(), |all, (name, value)| all + name + ": " + value + "\r\n");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Ok(Answer { status, headers, text: text.to_owned() })
}

pub fn form(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The text in a field.
pub fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object[field].as_str().unwrap()
}

/// A clock that stands still until moved.
pub fn standing(now_ms: i64) -> (Clock, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(now_ms));
    let shown = Arc::clone(&now);
    (Clock::new(move || shown.load(Ordering::SeqCst)), now)
}

/// A running sandbox and where it is.
pub struct Bench {
    pub sandbox: Sandbox,
    pub address: String,
}

impl Bench {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(choose: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            listen: ([127, 0, 0, 1], 0).into(),
            public_host: "localhost".to_owned(),
            data_file: None,
            api_key: KEY.to_owned(),
            webhook: None,
            clock: Clock::own(),
        };
        choose(&mut options);
        let sandbox = Sandbox::start(options).await.unwrap();
        let address = sandbox.api_base().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { sandbox, address }
    }

    /// A call with the right key.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], pairs: &[(&str, &str)]) -> Answer {
        let authorization = format!("Bearer {KEY}");
        let mut all = vec![("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        send(&self.address, method, path, &all, &form(pairs)).await.unwrap()
    }

    /// A call that must succeed.
    pub async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Value {
        let answer = self.call("POST", path, &[], pairs).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// A call that must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, &[], &[]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// The ids, newest first, that a list of up to a hundred holds.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        self.get(&format!("{path}{separator}limit=100")).await["data"].as_array().unwrap().clone()
    }

    /// A control call that must succeed.
    pub async fn control(&self, path: &str, body: &str) -> Value {
        let answer = send(&self.address, "POST", path, &[("content-type", "application/json")], body).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    pub async fn advance(&self, ms: i64) {
        self.control("/_sandbox/clock", &format!("{{\"advance_ms\": {ms}}}")).await;
    }

    pub async fn price(&self, amount: &str, currency: &str, interval: Option<&str>) -> String {
        let mut pairs = vec![("currency", currency), ("unit_amount", amount), ("product_data[name]", "Pro")];
        pairs.extend(interval.map(|interval| ("recurring[interval]", interval)));
        self.post("/v1/prices", &pairs).await["id"].as_str().unwrap().to_owned()
    }

    pub async fn customer(&self) -> String {
        self.post("/v1/customers", &[("email", "olivia@acme.test"), ("name", "Acme")]).await["id"].as_str().unwrap().to_owned()
    }

    /// An open session for one customer; `extra` goes on top.
    pub async fn session(&self, mode: &str, price: &str, extra: &[(&str, &str)]) -> Value {
        let customer = self.customer().await;
        let mut pairs = vec![
            ("mode", mode),
            ("customer", customer.as_str()),
            ("line_items[0][price]", price),
            ("line_items[0][quantity]", "1"),
            ("success_url", SUCCESS),
            ("cancel_url", CANCEL),
        ];
        pairs.extend_from_slice(extra);
        self.post("/v1/checkout/sessions", &pairs).await
    }

    /// A running subscription paid with `card`.
    pub async fn subscription(&self, price: &str, card: &str, extra: &[(&str, &str)]) -> Value {
        let session = self.session("subscription", price, extra).await;
        assert_eq!(self.pay(&session, card).await.status, 303);
        let id = self.get(&format!("/v1/checkout/sessions/{}", text(&session, "id"))).await["subscription"].clone();
        self.get(&format!("/v1/subscriptions/{}", id.as_str().unwrap())).await
    }

    /// The kinds of the events after the first `known`, oldest first.
    pub async fn events_after(&self, known: usize) -> Vec<String> {
        self.events().await.split_off(known)
    }

    /// Types a card into the session's page and presses Pay.
    pub async fn pay(&self, session: &Value, card: &str) -> Answer {
        self.type_in(session, &[("action", "pay"), ("card_number", card), ("expiry", "12 / 40"), ("cvc", "123")]).await
    }

    pub async fn type_in(&self, session: &Value, pairs: &[(&str, &str)]) -> Answer {
        let path = format!("/pay/{}", session["id"].as_str().unwrap());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        send(&self.address, "POST", &path, &headers, &form(pairs)).await.unwrap()
    }

    /// The kinds of all events, oldest first.
    pub async fn events(&self) -> Vec<String> {
        let mut kinds: Vec<String> = self.list("/v1/events").await.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
        kinds.reverse();
        kinds
    }
}

/// One received webhook.
#[derive(Clone, Debug)]
pub struct Received {
    pub signature: String,
    pub body: String,
}

impl Received {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Receives webhooks and answers the statuses it was told to, then 200.
#[derive(Clone)]
pub struct Sink {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?from=sandbox", listener.local_addr().unwrap());
        let sink = Self { url, received: Arc::default(), answers: Arc::default() };
        let here = sink.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(here.clone().receive(stream));
            }
        });
        sink
    }

    async fn receive(self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut buffer = vec![0; 65_536];
        let (head, body) = loop {
            let read = stream.read(&mut buffer).await.unwrap();
            request.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
            if body.len() >= header("content-length:").parse().unwrap() {
                break (header("stripe-signature:"), body.to_owned());
            }
        };
        self.received.lock().unwrap().push(Received { signature: head, body });
        let status = self.answers.lock().unwrap().pop_front().unwrap_or(200);
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    pub fn webhook(&self) -> Webhook {
        Webhook { url: self.url.clone(), secret: SECRET.to_owned() }
    }

    pub fn answer(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.received().iter().map(|received| received.event()["type"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for so many webhooks, at most ten seconds, and a little longer for surplus ones.
    pub async fn settled(&self, count: usize) -> Vec<String> {
        for _ in 0..100 {
            if self.received().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.kinds()
    }
}

/// A sandbox, and the receiver of its webhooks.
pub async fn with_sink() -> (Bench, Sink) {
    let sink = Sink::start().await;
    let webhook = sink.webhook();
    let bench = Bench::with(|options| options.webhook = Some(webhook)).await;
    (bench, sink)
}

/// True when the signature is that of the body under the secret.
pub fn is_signed(received: &Received, secret: &str) -> bool {
    let (time, digest) = received.signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{}", received.body).as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    digest == expected
}
