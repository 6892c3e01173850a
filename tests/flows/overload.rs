//! Too much at once: what is too much is turned away at once, and what needs no waiting goes on.

use crate::both;
use crate::support::App;
use http::{Method, header};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Requests of one family under way at once.
const AT_ONCE: usize = 512;
const TOO_MANY: usize = 100;

both! {
    async fn what_is_too_much_is_turned_away_at_once(app: App) {
        assert_eq!(app.browser().get("/pricing").await.status, 200);
        let host = app.base.strip_prefix("http://").unwrap();
        let head = format!(
            "POST /api/billing/choose HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n"
        );
        // Each is under way until its body has come.
        let mut slow = vec![];
        for _ in 0..AT_ONCE {
            let mut stream = TcpStream::connect(host).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            slow.push(stream);
        }
        app.is_busy_with(AT_ONCE).await;
        let (mut took, browser) = (vec![], app.browser());
        for number in 0..TOO_MANY {
            let accept = if number % 2 == 0 { "text/html" } else { "application/json" };
            let started = Instant::now();
            let answer = browser.send(browser.request(Method::GET, "/verify").header(header::ACCEPT, accept)).await;
            took.push(started.elapsed());
            assert_eq!(answer.status, 503);
            assert_eq!(answer.headers[header::RETRY_AFTER], "5");
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
            assert!(answer.headers.contains_key("x-request-id") && answer.headers.contains_key(header::CONTENT_SECURITY_POLICY));
            assert!(if number % 2 == 0 { answer.body.contains("<h1>") } else { answer.problem().1 == "UNAVAILABLE" });
        }
        took.sort_unstable();
        println!("the middle one is turned away in {:?}, the last in {:?}", took[TOO_MANY / 2], took[TOO_MANY - 1]);
        assert!(took[TOO_MANY / 2] < Duration::from_millis(50), "{took:?}");
        assert_eq!(app.metric("keel_http_requests_shed_total").await, i64::try_from(TOO_MANY).unwrap());
        for path in ["/health/live", "/health/ready", "/pricing", "/robots.txt"] {
            assert_eq!(browser.get(path).await.status, 200, "{path}");
        }
        let unsigned = browser.send(browser.request(Method::POST, "/api/stripe/webhook").body("{}")).await;
        assert_eq!(unsigned.status, 400, "the family of webhooks has room of its own");
        for stream in &mut slow {
            stream.write_all(b"plan=none").await.unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 400", "who was let in is answered");
        }
        assert_eq!(browser.get("/verify").await.status, 200);
    }
}

impl App {
    /// Waits until so many requests are under way.
    pub(super) async fn is_busy_with(&self, wanted: usize) {
        let started = Instant::now();
        loop {
            let found = self.metric("keel_http_requests_under_way").await;
            if found >= i64::try_from(wanted).unwrap() {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{found} under way");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
