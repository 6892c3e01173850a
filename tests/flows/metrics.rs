//! What Prometheus is told: that it counts, that its labels are few, and that nobody else is told.

use crate::both;
use crate::support::{Alone, App, free_address};
use http::{Method, header};
use serde_json::json;

const WITH_MAIL_LOST: &[(&str, &str)] = &[("SMTP_URL", "smtp://127.0.0.1:9")];

both! {
    async fn answers_are_counted_by_route_method_and_status(app: App) {
        let olivia = app.sign_in("olivia@acme.example").await;
        for _ in 0..3 {
            olivia.get("/private-dashboard?note=secret-note").await;
        }
        for number in 0..50 {
            let browser = app.browser();
            browser.get(&format!("/made-up/{number}")).await;
            browser.send(browser.request(Method::from_bytes(format!("M{number}").as_bytes()).unwrap(), "/pricing")).await;
        }
        app.browser().get("/assets/none").await;
        let text = app.metrics_text().await;
        let count = |labels: &str| metric_in(&text, &format!("keel_http_request_duration_seconds_count{{{labels}}}"));
        assert_eq!(count(r#"route="/private-dashboard",method="GET",status="2xx""#), 3);
        assert_eq!(count(r#"route="/api/auth/verify-otp",method="POST",status="3xx""#), 1);
        assert_eq!(count(r#"route="unknown",method="GET",status="4xx""#), 50);
        assert_eq!(count(r#"route="/pricing",method="other",status="4xx""#), 50);
        assert_eq!(count(r#"route="/assets/{file}",method="GET",status="4xx""#), 1);
        assert_eq!(metric_in(&text, "keel_http_requests_under_way"), 0);
        for hidden in ["made-up", "M7", "secret-note", "olivia"] {
            assert!(!text.contains(hidden), "{hidden}");
        }
        assert!(text.lines().count() < 1_000 && text.ends_with("# EOF\n"));
    }

    async fn work_is_counted(app: App) {
        app.sign_in("olivia@acme.example").await;
        let event = json!({
            "id": "evt_1", "type": "customer.updated", "created": 1, "livemode": false, "api_version": "x",
            "data": { "object": { "id": "sub_none", "object": "subscription", "customer": "cus_none" } },
        });
        assert_eq!(app.webhook(&event).await.status, 200);
        app.counts(r#"keel_stripe_events_total{result="failed"}"#, 1).await;
        app.counts(r#"keel_jobs_total{kind="mail",result="done"}"#, 1).await;
        app.counts(r#"keel_mails_total{result="done"}"#, 1).await;
        // A try is counted before what became of it is written down.
        app.settles("SELECT COUNT(*) FROM jobs WHERE state = 'due'", 0).await;
        let text = app.metrics_text().await;
        assert_eq!(metric_in(&text, "keel_database_up"), 1);
        assert_eq!(metric_in(&text, r#"keel_queue_waiting{queue="jobs"}"#), 0);
        assert!(metric_in(&text, "process_resident_memory_bytes") > 1_000_000);
        assert!(metric_in(&text, "process_start_time_seconds") > 1_700_000_000);
        let idle: i64 = text.lines().filter(|line| line.starts_with("keel_database_connections{") && line.contains("idle")).map(value).sum();
        assert!(idle >= 1, "{text}");
    }

    async fn mail_that_does_not_leave_is_seen(app: App, with WITH_MAIL_LOST) {
        app.browser().form("/api/auth/request-link", &[("email", "olivia@acme.example")]).await.leads_to("/verify");
        app.counts(r#"keel_mails_total{result="failed"}"#, 1).await;
        app.counts(r#"keel_jobs_total{kind="mail",result="failed"}"#, 1).await;
        app.settles("SELECT COUNT(*) FROM jobs WHERE state = 'due' AND error IS NOT NULL AND leased_until = 0", 1).await;
        // Its next try is due, and nobody looks: it has waited for a while.
        app.db.run("UPDATE jobs SET due_at = due_at - 90000, leased_until = 9000000000000000").await;
        let text = app.metrics_text().await;
        assert_eq!(metric_in(&text, r#"keel_queue_waiting{queue="jobs"}"#), 1);
        assert!((60..=120).contains(&metric_in(&text, r#"keel_queue_oldest_seconds{queue="jobs"}"#)), "{text}");
    }

    async fn they_are_nowhere_but_on_their_own_address(app: App) {
        assert_eq!(app.browser().get("/metrics").await.status, 404);
        let metrics = &app.metrics;
        for path in ["/", "/health/live", "/pricing"] {
            assert_eq!(reqwest::get(format!("{metrics}{path}")).await.unwrap().status(), 404, "{path}");
        }
        let answer = reqwest::get(format!("{metrics}/metrics")).await.unwrap();
        assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/openmetrics-text; version=1.0.0"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_they_say_so() {
    let (app, relay) = App::start_behind_relay().await;
    assert_eq!(app.metric("keel_database_up").await, 1);
    relay.hold();
    let text = app.metrics_text().await;
    assert_eq!(metric_in(&text, "keel_database_up"), 0);
    assert!(!text.contains("keel_queue_waiting{"), "what is not known is not told");
    relay.open();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_tells_them_too() {
    let metrics = free_address();
    let settings = [
        ("KEEL_METRICS_LISTEN", metrics.as_str()),
        ("STRIPE_SECRET_KEY", "sk_test_none"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_none"),
        ("STRIPE_API_BASE", "http://127.0.0.1:9"),
    ];
    let worker = Alone::start("work", &free_address(), &settings);
    let url = format!("http://{metrics}/metrics");
    worker.answers(&url).await;
    let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
    assert_eq!(metric_in(&text, "keel_database_up"), 1);
    assert!(!text.contains("keel_http_"), "it serves nobody");
}

impl App {
    /// Everything that is told.
    async fn metrics_text(&self) -> String {
        reqwest::get(format!("{}/metrics", self.metrics)).await.unwrap().text().await.unwrap()
    }

    /// What one metric says, with its labels as they are written.
    pub(super) async fn metric(&self, name: &str) -> i64 {
        metric_in(&self.metrics_text().await, name)
    }

    /// Waits until a counter has come so far.
    async fn counts(&self, name: &str, wanted: i64) {
        for _ in 0..200 {
            if self.metrics_text().await.contains(&format!("{name} ")) && self.metric(name).await >= wanted {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{name}: {}", self.metrics_text().await);
    }
}

fn metric_in(text: &str, name: &str) -> i64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    value(line.unwrap_or_else(|| panic!("{name} is not in {text}")))
}

fn value(line: &str) -> i64 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}
