//! Stopping: not ready at once, what is under way is answered, and nobody who says nothing keeps the process.

use crate::support::{App, Engine};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// In which a process has to be gone.
const AT_MOST: Duration = Duration::from_secs(10);

async fn connect(base: &str) -> TcpStream {
    TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Asks on a connection, and reads the answer's beginning.
async fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: keel\r\n\r\n").as_bytes()).await.unwrap();
    let mut piece = vec![0; 16 * 1024];
    let length = stream.read(&mut piece).await.unwrap();
    String::from_utf8_lossy(&piece[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_nothing_does_not_keep_it() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = App::start(engine, &[]).await;
        let mut idle = connect(&app.base).await;
        assert!(ask(&mut idle, "/robots.txt").await.starts_with("HTTP/1.1 200"));
        let (silent, metrics) = (connect(&app.base).await, connect(&app.metrics).await);
        let mut halfway = connect(&app.base).await;
        halfway.write_all(b"GET / HTTP/1.1\r\nHost: ke").await.unwrap();
        let started = Instant::now();
        app.stop().await;
        println!("stopped after {:?}", started.elapsed());
        assert!(started.elapsed() < AT_MOST, "{:?}", started.elapsed());
        assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0, "it was ended");
        drop((silent, halfway, metrics));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_drains_it_answers_and_is_not_ready() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = App::start(engine, &[("KEEL_DRAIN", "5")]).await;
        let (browser, metrics) = (app.browser(), app.metrics.clone());
        let mut idle = connect(&app.base).await;
        assert!(!ask(&mut idle, "/robots.txt").await.to_ascii_lowercase().contains("connection: close"));
        let started = Instant::now();
        let stopping = tokio::spawn(app.stop());
        while browser.get("/health/ready").await.status != 503 {
            assert!(started.elapsed() < Duration::from_secs(1), "it is told at once");
        }
        assert_eq!(browser.get("/health/live").await.status, 200);
        assert_eq!(browser.get("/verify").await.status, 200);
        assert_eq!(reqwest::get(format!("{metrics}/metrics")).await.unwrap().status(), 200);
        let last = ask(&mut idle, "/robots.txt").await.to_ascii_lowercase();
        assert!(last.starts_with("http/1.1 200") && last.contains("connection: close"), "it sends its clients elsewhere: {last}");
        stopping.await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(5) && started.elapsed() < AT_MOST, "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_is_answered() {
    const BODY: &str = "email=olivia%40acme.example";
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = App::start(engine, &[]).await;
        let mut stream = connect(&app.base).await;
        let head = format!(
            "POST /api/auth/request-link HTTP/1.1\r\nHost: keel\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            BODY.len()
        );
        // It is under way until its body has come, and only then needs the database.
        stream.write_all(head.as_bytes()).await.unwrap();
        app.is_busy_with(1).await;
        let stopping = tokio::spawn(app.stop());
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!stopping.is_finished());
        stream.write_all(BODY.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 303") && answer.to_ascii_lowercase().contains("\r\nlocation: /verify\r\n"), "{answer}");
        stopping.await.unwrap();
    }
}
