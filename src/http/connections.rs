//! Connections: accepted until it is time to stop, and none of them kept for a client that does not go on.

use super::unread::heard_out;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// How long the head of a request may take to arrive, also after the answer before: longer than proxies keep a connection
/// idle, so that it is they who close it.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How long it accepts nobody after it could not, as when there are too many open files.
const BREATHER: Duration = Duration::from_millis(200);

/// Serves until `stop` is done, then ends idle connections and waits until what is under way is answered.
pub async fn serve(listener: TcpListener, app: Router, patience: Duration, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    let connections = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATHER).await;
                continue;
            }
        };
        // Small answers would wait for the client's acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let app = app.clone();
        let answer = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let app = app.clone();
            heard_out(request, async move |request| app.oneshot(request).await)
        });
        tokio::spawn(connections.watch(http.serve_connection(TokioIo::new(stream), answer)));
    }
    drop(listener);
    connections.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    const SHORT: Duration = Duration::from_millis(300);

    async fn started(patience: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }));
        tokio::spawn(serve(listener, app, patience, std::future::pending()));
        address
    }

    /// What comes until the connection ends.
    async fn all(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        tokio::time::timeout(10 * SHORT, stream.read_to_string(&mut text)).await.expect("it ends").unwrap();
        text
    }

    #[tokio::test]
    async fn who_does_not_go_on_is_not_kept() {
        let address = started(SHORT).await;
        for beginning in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: keel\r\nX-Slow: "] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let said = all(&mut stream).await;
            assert!(!said.contains("200"), "{beginning:?}: {said}");
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: keel\r\n\r\n").await.unwrap();
        let said = all(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("127.0.0.1"), "answered, then ended: {said}");
    }

    #[tokio::test]
    async fn who_still_sends_hears_the_answer_and_goes_on() {
        let mut stream = TcpStream::connect(started(SHORT).await).await.unwrap();
        let half = "x".repeat(300_000);
        stream.write_all(format!("POST / HTTP/1.1\r\nHost: keel\r\nContent-Length: 600000\r\n\r\n{half}").as_bytes()).await.unwrap();
        tokio::time::sleep(SHORT / 2).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: keel\r\n\r\n").await.unwrap();
        let said = all(&mut stream).await;
        let (refused, answered) = said.split_once("HTTP/1.1 200").expect("both are answered");
        assert!(refused.starts_with("HTTP/1.1 405") && answered.ends_with("127.0.0.1"), "{said}");
    }

    #[tokio::test]
    async fn who_sends_too_much_or_too_slowly_hears_the_answer_and_no_more() {
        let address = started(SHORT).await;
        // What is sent beyond the bound still fits into what the system keeps of a connection.
        for (length, body) in [(3_000_000, "x".repeat(1_100_000)), (2, "x".to_owned())] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("POST / HTTP/1.1\r\nHost: keel\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes()).await.unwrap();
            let mut head = vec![0; 300];
            let read = tokio::time::timeout(60 * SHORT, stream.read(&mut head)).await.expect("it is answered").unwrap();
            let said = String::from_utf8_lossy(&head[..read]).to_lowercase();
            assert!(said.starts_with("http/1.1 405") && said.contains("connection: close"), "{length}: {said}");
        }
    }
}
