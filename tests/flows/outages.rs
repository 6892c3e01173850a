//! The database goes away: whoever asks is told within three seconds, what needs no database goes on, and nothing is left broken
//! when it is back.

use crate::support::{Answer, App, Browser, Engine, Relay, together};
use http::{Method, header};
use keel_web::endpoints::Kind;
use std::time::{Duration, Instant};

const OLIVIA: &str = "olivia@acme.example";
/// In which everybody has to be told.
const AT_MOST: Duration = Duration::from_secs(3);
/// In which everything has to be well again.
const WELL_AGAIN: Duration = Duration::from_secs(5);

/// Pages whose bytes are kept; the rest needs the database.
const KEPT: [&str; 7] = ["/", "/pricing", "/login", "/signup", "/forgot-password", "/legal/terms", "/legal/privacy"];

/// Asks every page and every action at once, as somebody who is signed in, for HTML and for JSON.
async fn everything(olivia: &Browser) -> Vec<(String, Answer, Duration)> {
    let mut asked = vec![];
    for endpoint in keel::http::endpoints().into_iter().filter(|endpoint| endpoint.kind != Kind::Plain) {
        for accept in ["text/html", "application/json"] {
            let (browser, method) = (olivia.copy(), Method::from_bytes(endpoint.method.as_bytes()).unwrap());
            asked.push(async move {
                let request = browser.request(method, endpoint.path).header(header::ACCEPT, accept).header("sec-fetch-site", "same-origin");
                let kind = if accept == "text/html" { "application/x-www-form-urlencoded" } else { accept };
                let body =
                    if kind == accept { r#"{"email":"x@acme.example","code":"123456"}"# } else { "email=x@acme.example&code=123456" };
                let request = if endpoint.method == "GET" { request } else { request.header(header::CONTENT_TYPE, kind).body(body) };
                let started = Instant::now();
                let answer = browser.send(request).await;
                (format!("{} {} {accept}", endpoint.method, endpoint.path), answer, started.elapsed())
            });
        }
    }
    together(asked).await
}

/// Everybody is told in time, and what needs no database answers.
async fn is_away(app: &App, olivia: &Browser) {
    for (what, answer, took) in everything(olivia).await {
        // What is refused by its fields alone never gets as far as the database.
        let unasked = answer.status == 422 || answer.status == 400 || answer.status == 404;
        assert!(unasked || answer.status == 503, "{what}: {} {}", answer.status, answer.body);
        assert!(took < AT_MOST, "{what}: {took:?}");
        if answer.status == 503 {
            assert!(answer.headers.contains_key(header::RETRY_AFTER), "{what}");
            assert!(what.contains("html") || answer.problem().1 == "UNAVAILABLE", "{what}: {}", answer.body);
        }
    }
    let started = Instant::now();
    for path in KEPT.iter().chain(&["/health/live", "/robots.txt"]) {
        assert_eq!(app.browser().get(path).await.status, 200, "{path}");
    }
    assert!(started.elapsed() < AT_MOST, "{:?}", started.elapsed());
    assert_eq!(app.browser().get("/health/ready").await.status, 503);
}

/// All is well within five seconds, and stays so.
async fn is_back(app: &App, olivia: &Browser) {
    let started = Instant::now();
    while app.browser().get("/health/ready").await.status != 200 || olivia.get("/private-dashboard").await.status != 200 {
        assert!(started.elapsed() < WELL_AGAIN, "{:?}", started.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(started.elapsed() < WELL_AGAIN, "{:?}", started.elapsed());
    let pages = together((0..60).map(|_| {
        let olivia = olivia.copy();
        async move { olivia.get("/private-dashboard").await.status }
    }))
    .await;
    assert!(pages.iter().all(|status| *status == 200), "{pages:?}");
    while app.browser().form("/api/auth/request-link", &[("email", "new@acme.example")]).await.status != 303 {
        assert!(started.elapsed() < 2 * WELL_AGAIN, "locks of what was lost are still held");
    }
    app.sign_in("new@acme.example").await;
}

async fn start() -> (App, Relay, Browser) {
    let (app, relay) = App::start_behind_relay().await;
    let olivia = app.sign_in(OLIVIA).await;
    for path in KEPT {
        assert_eq!(app.browser().get(path).await.status, 200, "{path}");
    }
    (app, relay, olivia)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_stalls_is_away_and_comes_back() {
    let (app, relay, olivia) = start().await;
    relay.hold();
    is_away(&app, &olivia).await;
    is_away(&app, &olivia).await;
    relay.open();
    is_back(&app, &olivia).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_refuses_is_away_and_comes_back() {
    let (app, relay, olivia) = start().await;
    relay.close().await;
    is_away(&app, &olivia).await;
    relay.open();
    is_back(&app, &olivia).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_stay_silent_for_ever_are_given_up() {
    let (app, relay, olivia) = start().await;
    together((0..60).map(|_| {
        let olivia = olivia.copy();
        async move { olivia.get("/private-dashboard").await }
    }))
    .await;
    relay.hold();
    is_away(&app, &olivia).await;
    relay.open_anew();
    is_back(&app, &olivia).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_not_answered_is_told_in_time() {
    let (app, relay, _) = start().await;
    for word in ["COMMIT", "BEGIN", "INSERT INTO sign_ins"] {
        // A connection says a statement's text once, so they begin anew.
        relay.close().await;
        relay.open();
        relay.hold_at(word);
        let started = Instant::now();
        let answer = app.browser().form("/api/auth/request-link", &[("email", OLIVIA)]).await;
        assert_eq!(answer.status, 503, "{word}: {}", answer.body);
        assert!(started.elapsed() < AT_MOST, "{word}: {:?}", started.elapsed());
        assert!(answer.headers.contains_key(header::RETRY_AFTER));
        relay.open_anew();
        let back = Instant::now();
        while app.browser().form("/api/auth/request-link", &[("email", OLIVIA)]).await.status != 303 {
            assert!(back.elapsed() < WELL_AGAIN, "{word}: locks of what was lost are still held");
        }
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_hang_up_while_it_stalls_leave_nothing_behind() {
    let (app, relay, olivia) = start().await;
    relay.hold();
    let gone = together((0..100).map(|number| {
        let olivia = olivia.copy();
        async move {
            let request = match number % 2 {
                0 => olivia.request(Method::GET, "/private-dashboard"),
                _ => olivia
                    .request(Method::POST, "/api/auth/sign-out")
                    .header("sec-fetch-site", "same-origin")
                    .header(header::CONTENT_TYPE, "application/json")
                    .body("{}"),
            };
            request.timeout(Duration::from_millis(300)).send().await.is_err()
        }
    }))
    .await;
    assert!(gone.iter().any(|gone| *gone));
    relay.open_anew();
    is_back(&app, &olivia).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_that_another_process_writes_to_is_away_for_writers_and_comes_back() {
    let app = App::start(Engine::Sqlite, &[]).await;
    let olivia = app.sign_in(OLIVIA).await;
    let lock = app.db.lock_for_writing().await;
    let answers = together((0..20).map(|number| {
        let browser = app.browser();
        async move {
            let started = Instant::now();
            (browser.form("/api/auth/request-link", &[("email", &format!("x{number}@acme.example"))]).await, started.elapsed())
        }
    }))
    .await;
    for (answer, took) in answers {
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.headers.contains_key(header::RETRY_AFTER));
        assert!(took < AT_MOST, "{took:?}");
    }
    assert_eq!(olivia.get("/private-dashboard").await.status, 200, "reading goes on");
    assert_eq!(app.browser().get("/health/ready").await.status, 200);
    drop(lock);
    is_back(&app, &olivia).await;
    app.stop().await;
}
