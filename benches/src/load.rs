//! The client: keep-alive connections on one thread that send a request, read the whole answer, check its status, go on.
//! It speaks as little HTTP as that takes, so that it is faster than what it measures.

use crate::Failure;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections at once, in every measurement.
pub const CONNECTIONS: usize = 32;
/// More headers than any of the servers sends.
const HEADERS: usize = 64;
/// How a body in chunks ends.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(10);

/// A GET as it is sent.
pub fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, b"")
}

/// A POST as it is sent.
pub fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    request("POST", path, headers, body)
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: keel.example\r\ncontent-length: {}\r\n", body.len());
    head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    [head.as_bytes(), b"\r\n", body].concat()
}

/// An answer as it came.
pub struct Answer {
    pub status: u16,
    /// All of it, in bytes.
    pub size: usize,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One request over a connection of its own.
pub async fn ask(server: SocketAddr, request: &[u8]) -> Result<Answer, Failure> {
    let mut connection = Connection::open(server).await?;
    let Answered { status, head, size, .. } = connection.exchange(request).await?;
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    parsed.parse(&connection.buffer)?;
    let text = |header: &httparse::Header<'_>| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned());
    Ok(Answer { status, size, headers: parsed.headers.iter().map(text).collect(), body: connection.buffer[head..size].to_vec() })
}

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer that is whole, in the connection's buffer.
#[derive(Clone, Copy)]
pub struct Answered {
    pub status: u16,
    /// Whether it says when to come back.
    pub retry_after: bool,
    /// The length of its head.
    head: usize,
    /// The length of all of it.
    size: usize,
}

impl Connection {
    pub async fn open(server: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads the whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answered, Failure> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        let mut known = None;
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server hung up".into());
            }
            if known.is_none() {
                known = head(&self.buffer)?;
            }
            let Some((answered, body)) = known else { continue };
            match body {
                Some(body) if self.buffer.len() >= answered.head + body => return Ok(Answered { size: answered.head + body, ..answered }),
                None if self.buffer.ends_with(LAST_CHUNK) => return Ok(Answered { size: self.buffer.len(), ..answered }),
                _ => {}
            }
        }
    }
}

/// The answer without its size, and the length of its body, once the head is complete. What is compressed comes in chunks instead.
fn head(buffer: &[u8]) -> Result<Option<(Answered, Option<usize>)>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(buffer)? else { return Ok(None) };
    let find = |name: &str| answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let length = find("content-length").map(|header| std::str::from_utf8(header.value)).transpose()?.map(str::parse).transpose()?;
    let answered = Answered { status: answer.code.unwrap_or(0), retry_after: find("retry-after").is_some(), head, size: 0 };
    Ok(Some((answered, length)))
}

/// What is sent, and for how long.
#[derive(Clone)]
pub enum Plan {
    /// The same request until this moment.
    Until(Arc<[u8]>, Instant),
    /// Each of these once.
    Once(Arc<[Vec<u8>]>, Arc<AtomicUsize>),
}

impl Plan {
    pub fn once(requests: Vec<Vec<u8>>) -> Self {
        Self::Once(requests.into(), Arc::default())
    }

    fn next(&self) -> Option<&[u8]> {
        match self {
            Self::Until(request, end) => (Instant::now() < *end).then_some(request),
            Self::Once(requests, sent) => requests.get(sent.fetch_add(1, Ordering::Relaxed)).map(Vec::as_slice),
        }
    }
}

/// What a load did.
#[derive(Default)]
pub struct Outcome {
    pub seconds: f64,
    /// How long each answer took, in microseconds, sorted.
    pub latencies: Vec<u32>,
}

impl Outcome {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are small")]
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }

    /// The latency that so many of a hundred do not exceed, in microseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let place = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).copied().map_or(f64::NAN, f64::from)
    }
}

/// Carries a plan out over all connections. Every answer must have this status.
pub async fn run(server: SocketAddr, plan: &Plan, status: u16) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let mut all = JoinSet::new();
    for _ in 0..CONNECTIONS {
        all.spawn(one(server, plan.clone(), status));
    }
    let mut outcome = Outcome::default();
    while let Some(latencies) = all.join_next().await {
        outcome.latencies.extend(latencies??);
    }
    outcome.seconds = started.elapsed().as_secs_f64();
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

async fn one(server: SocketAddr, plan: Plan, status: u16) -> Result<Vec<u32>, Failure> {
    let mut connection = Connection::open(server).await?;
    let mut latencies = Vec::with_capacity(16 * 1024);
    while let Some(request) = plan.next() {
        let sent = Instant::now();
        let Answered { status: answered, head, size, .. } = tokio::time::timeout(PATIENCE, connection.exchange(request)).await??;
        if answered != status {
            let body = String::from_utf8_lossy(&connection.buffer[head..size]).into_owned();
            return Err(format!("an answer was {answered} instead of {status}: {body}").into());
        }
        latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(latencies)
}
