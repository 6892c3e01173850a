//! What is only there for developers is not there in production, what production insists on is insisted on, and what is malformed
//! does not get there.

use crate::on_both;
use crate::support::{Alone, Database, Engine, Mailroom, Mood};
use http::{Method, header};
use keel::http::endpoints;
use std::time::Duration;

const OLIVIA: &str = "olivia@acme.example";
const READABLE: &str = "SELECT subject || plain || html || links || COALESCE(unsubscribe, '') FROM mail_outbox";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_nothing_of_development_is_known() {
    let (_keel, browser) = Alone::in_production(&[]).await;
    let routes: Vec<_> = endpoints().into_iter().filter(|route| route.path.starts_with("/dev/")).collect();
    assert!(routes.len() >= 5, "{routes:?}");
    let unknown = browser.get("/nothing-like-it").await;
    for route in routes {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = browser.send(browser.request(method, route.path).header(header::ACCEPT, "application/json")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (unknown.status, Some("NOT_FOUND")), "{}", route.path);
    }
}

on_both! { who_reads_the_database_finds_nothing_that_a_mail_opens }

/// Waits until a number in the database is what it should become.
async fn settles(db: &Database, sql: &str, wanted: i64) {
    for _ in 0..400 {
        if db.number(sql).await == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{sql}: {} instead of {wanted}", db.number(sql).await);
}

async fn who_reads_the_database_finds_nothing_that_a_mail_opens(engine: Engine) {
    let dir = std::env::temp_dir().join(format!("keel-outbox-{}", keel_domain::secrets::reference()));
    std::fs::create_dir_all(&dir).unwrap();
    let (db, smtp) = (Database::create(engine, &dir).await, Mailroom::open());
    let (keel, browser) = Alone::in_production(&[("DATABASE_URL", &db.url), ("SMTP_URL", &smtp)]).await;
    let mailroom = Mailroom::at(&smtp);

    browser.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
    settles(&db, "SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NOT NULL", 1).await;
    let mail = mailroom.taken().remove(0);
    let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("a subject");
    let code = subject.split_whitespace().next().unwrap();
    assert!(code.len() == 6 && mail.contains("text/html"), "it said both: {mail}");
    assert_eq!(db.text(READABLE).await, "", "what has left is kept nowhere");
    assert_eq!(db.text("SELECT recipient FROM mail_outbox").await, OLIVIA, "to whom is");
    browser.form("/api/auth/verify-otp", &[("code", code)]).await.leads_to("/onboarding");

    mailroom.is(Mood::Refuses);
    db.run("DELETE FROM mail_outbox").await;
    browser.form("/api/auth/request-link", &[("email", "adam@acme.example")]).await.leads_to("/verify");
    settles(&db, "SELECT COUNT(*) FROM jobs WHERE state = 'due' AND error IS NOT NULL AND leased_until = 0", 1).await;
    assert!(db.text(READABLE).await.contains("/auth/link"), "what is sent again later has to be there");
    db.run("UPDATE jobs SET tries = 39, due_at = 0 WHERE state = 'due'").await;
    settles(&db, "SELECT COUNT(*) FROM jobs WHERE state = 'failed'", 1).await;
    assert_eq!(db.text(READABLE).await, "", "what never leaves is kept nowhere either");

    drop(keel);
    db.remove().await;
    let _ = std::fs::remove_dir_all(&dir);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_are_malformed_or_would_send_secrets_in_the_clear_stop_the_start_and_are_named_without_their_values() {
    let told = Alone::not_in_production(&[
        ("KEEL_SECRET", "s3same"),
        ("SMTP_URL", "smtp://keel:s3same@mail.example"),
        ("DATABASE_URL", "postgres://keel:s3same@db.example/keel"),
        ("STRIPE_WEBHOOK_SECRET", "s3same"),
        ("STRIPE_API_BASE", "http://stripe.example"),
        ("OAUTH_ACME_CLIENT_SECRET", "a secret with spaces"),
        ("OAUTH_ACME_ISSUER", "http://127.0.0.1:9/hidden"),
        ("OAUTH_GOOGLE_CLIENT_ID", "shown-to-google"),
    ])
    .await;
    let plain = ["KEEL_SECRET", "SMTP_URL", "DATABASE_URL", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE"];
    let of_providers = ["OAUTH_ACME_CLIENT_ID", "OAUTH_ACME_CLIENT_SECRET", "OAUTH_ACME_ISSUER", "OAUTH_GOOGLE_CLIENT_SECRET"];
    for name in [&plain[..], &of_providers].concat() {
        assert!(told.contains(&format!("{name}: ")), "{name} is not named: {told}");
    }
    for value in ["s3same", "a secret with spaces", "hidden", "shown-to-google"] {
        assert!(!told.contains(value), "{value} is told: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_forms_lead_to_stripe_and_nowhere_else_whatever_providers_are_set() {
    let google = [("OAUTH_GOOGLE_CLIENT_ID", "keel"), ("OAUTH_GOOGLE_CLIENT_SECRET", "between-the-two")];
    let (_keel, browser) = Alone::in_production(&google).await;
    let login = browser.get("/login").await;
    assert!(login.body.contains("Continue with Google") && !login.body.contains("GitHub"));
    let policy = login.headers["content-security-policy"].to_str().unwrap().to_owned();
    let forms = policy.split("; ").find(|part| part.starts_with("form-action")).unwrap();
    assert_eq!(forms, "form-action 'self' https://checkout.stripe.com https://billing.stripe.com");
}
