//! HTTP by hand: to be exact about what was answered, and to hang up in the middle.

use crate::support::Browser;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A whole answer with this status.
    Whole(u16),
    /// A part of an answer.
    Cut,
    /// Taken, and not one byte.
    Nothing,
    /// Nobody listens.
    Refused,
}

/// The bytes of a request for a page.
pub fn page(browser: &Browser, path: &str) -> Vec<u8> {
    request(&format!("GET {path} HTTP/1.1\r\nCookie: {}\r\n", browser.cookies()), "")
}

/// The bytes of a form as a browser of ours posts it.
pub fn form(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let head = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let body = serde_urlencoded::to_string(fields).unwrap();
    request(&format!("POST {path} HTTP/1.1\r\nCookie: {}\r\n{head}", browser.cookies()), &body)
}

/// The bytes of JSON as a program with this browser's session sends it by any method.
pub fn program(browser: &Browser, method: &str, path: &str, body: &str) -> Vec<u8> {
    let head = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n";
    request(&format!("{method} {path} HTTP/1.1\r\nCookie: {}\r\n{head}", browser.cookies()), body)
}

/// The bytes of JSON as a program posts it, with a header more.
pub fn json(path: &str, header: &str, body: &str) -> Vec<u8> {
    request(&format!("POST {path} HTTP/1.1\r\n{header}\r\nContent-Type: application/json\r\n"), body)
}

/// A request whose connection ends after the answer.
fn request(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{head}Host: keel\r\nConnection: close\r\nAccept: text/html\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// Asks over a connection of its own.
pub async fn ask(to: SocketAddr, request: &[u8]) -> Answered {
    let Ok(mut stream) = TcpStream::connect(to).await else { return Answered::Refused };
    // Whether it could all be sent shows in the answer.
    let _ = stream.write_all(request).await;
    read(&mut stream).await
}

/// Reads one answer.
pub async fn read(stream: &mut TcpStream) -> Answered {
    let mut answer = vec![];
    loop {
        if let Some(status) = whole(&answer) {
            return Answered::Whole(status);
        }
        match stream.read_buf(&mut answer).await {
            Ok(more) if more > 0 => {}
            _ if answer.is_empty() => return Answered::Nothing,
            _ => return Answered::Cut,
        }
    }
}

/// The status of an answer that is complete by what its own head says.
fn whole(answer: &[u8]) -> Option<u16> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&answer[..end]).ok()?.to_ascii_lowercase(), &answer[end + 4..]);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let complete = match length {
        Some(length) => body.len() >= length.parse().ok()?,
        None => !head.contains("transfer-encoding: chunked") || body.ends_with(b"0\r\n\r\n"),
    };
    complete.then(|| head.split(' ').nth(1).and_then(|status| status.parse().ok())).flatten()
}
