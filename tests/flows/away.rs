//! Stripe is down, slow, or answers what nobody can read: every page and every action about money says so in time, and what was asked
//! for is done once when it is back.

use crate::both;
use crate::support::{Answer, App, Browser, together};
use http::{Method, header};
use keel_types::time::MINUTE;
use reqwest::Method as Asked;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OLIVIA: &str = "olivia@acme.example";
const CANCEL: &str = "/api/billing/cancel-plan";
const CHANGE: &str = "/api/billing/change-plan";
/// In which everybody is told; two tries of ten seconds are among it.
const AT_MOST: Duration = Duration::from_secs(28);

/// Olivia, who pays for two seats, Tom in his trial, and Nora, who is about to pay.
struct People {
    olivia: Browser,
    tom: Browser,
    nora: Browser,
    paper: String,
    success: String,
}

impl People {
    async fn gather(app: &App) -> Self {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        let order = json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 2 });
        let success = app.buy(&olivia, order).await;
        let tom = app.buyer("tom@trial.example", "pro", "month").await;
        app.buy(&tom, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        let nora = app.buyer("nora@new.example", "pro", "month").await;
        assert_eq!(nora.get("/checkout").await.status, 200);
        let paper = format!("/billing/papers/{}", app.db.text("SELECT id FROM payments").await);
        Self { olivia, tom, nora, paper, success }
    }

    /// Asks for everything about money, all at once; gives what for, what it is to be answered, and what it was.
    async fn ask(&self) -> Vec<(String, u16, Answer)> {
        let pages = [
            (&self.olivia, "/org-dashboard", 200),
            (&self.olivia, "/org-dashboard/billing", 200),
            (&self.olivia, "/billing/change", 200),
            (&self.olivia, "/billing/change?plan=business&interval=month&seats=9", 200),
            (&self.olivia, "/billing/credits", 200),
            (&self.olivia, "/billing/payments", 200),
            (&self.olivia, self.paper.as_str(), 503),
            (&self.olivia, self.success.as_str(), 200),
            (&self.tom, "/org-dashboard/billing", 200),
            (&self.tom, "/billing/end-trial", 503),
            (&self.nora, "/checkout", 200),
            (&self.nora, "/pricing", 200),
        ];
        let pro = json!({ "plan": "pro", "interval": "month", "currency": "usd" });
        let actions = [
            (&self.olivia, "/api/billing/sync", json!({}), 503),
            (&self.olivia, "/api/billing/portal", json!({}), 503),
            (&self.olivia, "/api/billing/resume-plan", json!({}), 200),
            (&self.olivia, "/api/billing/update-company", json!({ "company_name": "Acme" }), 200),
            (&self.tom, "/api/billing/end-trial", json!({}), 503),
            (&self.nora, "/api/billing/checkout", pro, 503),
            (&self.nora, "/api/billing/license-checkout", json!({ "licence": "prolifetime", "currency": "usd" }), 503),
        ];
        let mut asked: Vec<(String, u16, Browser, String, Option<Value>)> = vec![];
        for (browser, path, status) in pages {
            asked.push((format!("GET {path}"), status, browser.copy(), path.to_owned(), None));
        }
        for (browser, path, fields, status) in actions {
            asked.push((format!("POST {path}"), status, browser.copy(), path.to_owned(), Some(fields)));
        }
        together(asked.into_iter().map(|(what, status, browser, path, fields)| async move {
            let started = Instant::now();
            let answer = match &fields {
                None => browser.send(browser.request(Method::GET, &path).header(header::ACCEPT, "text/html")).await,
                Some(fields) => browser.json(&path, fields).await,
            };
            assert!(started.elapsed() < AT_MOST, "{what}: {:?}", started.elapsed());
            (what, status, answer)
        }))
        .await
    }
}

/// Everybody is told: a page that stands by itself, or a problem, and when to come back.
async fn assert_told(people: &People, trouble: &Value) {
    for (what, wanted, answer) in people.ask().await {
        assert_eq!(answer.status, wanted, "{what} with {trouble}: {}", answer.body);
        if wanted == 503 {
            assert!(answer.headers.contains_key(header::RETRY_AFTER), "{what} with {trouble}");
            let is_clear = if what.starts_with("GET") { answer.body.contains("<h1>") } else { answer.problem().1 == "UNAVAILABLE" };
            assert!(is_clear, "{what} with {trouble}: {}", answer.body);
        }
    }
}

async fn seats_at_stripe(app: &App, account: &str) -> i64 {
    let contract = app.db.text(&format!("SELECT stripe_id FROM subscriptions WHERE live AND account_id = '{account}'")).await;
    app.stripe(Asked::GET, &format!("/v1/subscriptions/{contract}"), "").await["items"]["data"][0]["quantity"].as_i64().unwrap()
}

both! {
    async fn whatever_stripe_answers_people_are_told_and_it_is_done_once_afterwards(app: App) {
        let people = People::gather(&app).await;
        let account = app.account(OLIVIA, "workspace").await;
        // What is answered with garbage took place, so that comes last: then the trial is over.
        let troubles = [json!({ "status": 503 }), json!({ "status": 500 }), json!({ "hang_up": true }), json!({ "garbage": true })];
        for (number, trouble) in (1_i64..).zip(troubles) {
            let mut fault = trouble.clone();
            (fault["path"], fault["count"]) = (json!("/v1/"), json!(100_000));
            app.trouble(fault).await;
            assert_told(&people, &trouble).await;
            let wish = json!({ "plan": "business", "interval": "month", "seats": 2 + number });
            assert_eq!(people.olivia.json(CHANGE, &wish).await.problem(), (503, "UNAVAILABLE".to_owned()), "{trouble}");
            app.trouble(Value::Null).await;
            let again = people.olivia.json(CHANGE, &wish).await;
            // Under a key that failed inside, Stripe goes on failing; the worker finds out what became of it.
            if again.status == 503 {
                app.advance(3 * MINUTE).await;
                app.settles("SELECT COUNT(*) FROM plan_changes WHERE state = 'open'", 0).await;
                app.digested().await;
                assert_eq!(people.olivia.json(CHANGE, &wish).await.status, 200, "{trouble}");
            }
            assert_eq!(seats_at_stripe(&app, &account).await, 2 + number, "{trouble}");
            // The tries of the trial's end that nobody knows the outcome of are over by then.
            app.advance(3 * MINUTE).await;
            app.settles("SELECT COUNT(*) FROM plan_changes WHERE state = 'open'", 0).await;
            app.digested().await;
        }
        app.digested().await;
        let charged = format!("SELECT COUNT(*) FROM payments WHERE status = 'paid' AND account_id = '{account}'");
        app.settles(&charged, 5).await;
        assert_eq!(people.olivia.json(CANCEL, &json!({})).await.status, 200);
        app.assert_sound_ledger().await;
    }

    async fn a_stripe_that_takes_for_ever_keeps_nobody_waiting_long(app: App) {
        let people = People::gather(&app).await;
        app.trouble(json!({ "path": "/v1/", "delay_ms": 60_000, "count": 100_000 })).await;
        assert_told(&people, &json!("slow")).await;
        app.trouble(Value::Null).await;
        assert_eq!(people.olivia.json("/api/billing/sync", &json!({})).await.status, 200);
        app.assert_sound_ledger().await;
    }

    async fn what_stands_on_invoices_reaches_stripe_when_it_is_back(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        let customer = app.db.text("SELECT customer_id FROM stripe_customers").await;
        let told = || async {
            let known = app.stripe(Asked::GET, &format!("/v1/customers/{customer}"), "").await;
            let tax = app.stripe(Asked::GET, &format!("/v1/customers/{customer}/tax_ids"), "").await;
            format!("{}, {}, {}, {}", known["name"], known["email"], known["address"]["line1"], tax["data"][0]["value"])
        };
        let company = |name: &str, tax: &str| {
            json!({ "company_name": name, "address": "Quay 1\n1011 AA Amsterdam", "tax_id": tax, "billing_email": "bills@acme.example" })
        };
        assert_eq!(olivia.json("/api/billing/update-company", &company("Acme B.V.", "NL123456789B01")).await.status, 200);
        assert_eq!(told().await, "\"Acme B.V.\", \"bills@acme.example\", \"Quay 1\", \"NL123456789B01\"");
        for (number, trouble) in [json!({ "status": 503 }), json!({ "garbage": true, "status": 500 }), json!({ "hang_up": true })].into_iter().enumerate() {
            let mut fault = trouble.clone();
            (fault["path"], fault["count"]) = (json!("/v1/customers"), json!(100_000));
            app.trouble(fault).await;
            let name = format!("Acme {number}");
            let answer = olivia.json("/api/billing/update-company", &company(&name, &format!("DE12345678{number}"))).await;
            assert_eq!(answer.status, 200, "it is saved all the same: {}", answer.body);
            assert_eq!(app.db.text("SELECT name FROM companies").await, name);
            app.trouble(Value::Null).await;
            app.advance(3 * MINUTE).await;
            app.settles("SELECT COUNT(*) FROM stripe_customers WHERE told = wanted AND tell_at IS NULL", 1).await;
            assert_eq!(told().await, format!("\"{name}\", \"bills@acme.example\", \"Quay 1\", \"DE12345678{number}\""), "{trouble}");
        }
        let all = together((0..20).map(|number| {
            let (olivia, fields) = (olivia.copy(), company(&format!("Acme at once {number}"), "DE123456789"));
            async move { olivia.json("/api/billing/update-company", &fields).await.status }
        }))
        .await;
        assert!(all.iter().all(|status| *status == 200), "{all:?}");
        app.advance(3 * MINUTE).await;
        app.settles("SELECT COUNT(*) FROM stripe_customers WHERE told = wanted AND tell_at IS NULL", 1).await;
        let kept = app.db.text("SELECT name FROM companies").await;
        assert!(told().await.starts_with(&format!("\"{kept}\"")), "the newest: {kept}, {}", told().await);
    }
}
