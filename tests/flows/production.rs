//! What is only there for developers is not there in production, and what production insists on is insisted on.

use crate::on_both;
use crate::support::{Alone, Database, Engine, Mailroom, Mood, free_address};
use http::{Method, header};
use keel::http::endpoints;
use std::process::Command;
use std::time::Duration;

const OLIVIA: &str = "olivia@acme.example";
const READABLE: &str = "SELECT subject || plain || html || links || COALESCE(unsubscribe, '') FROM mail_outbox";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_nothing_of_development_is_known() {
    let (_keel, browser) = Alone::in_production().await;
    let routes: Vec<_> = endpoints().into_iter().filter(|route| route.path.starts_with("/dev/")).collect();
    assert!(routes.len() >= 5, "{routes:?}");
    let unknown = browser.get("/nothing-like-it").await;
    for route in routes {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = browser.send(browser.request(method, route.path).header(header::ACCEPT, "application/json")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (unknown.status, Some("NOT_FOUND")), "{}", route.path);
    }
}

#[test]
fn a_start_that_would_send_secrets_in_the_clear_is_refused_and_tells_none() {
    let dir = std::env::temp_dir().join(format!("keel-refused-{}", keel_domain::secrets::reference()));
    let mut keel = Command::new(env!("CARGO_BIN_EXE_keel"));
    keel.env_clear().env("KEEL_DATA_DIR", &dir).env("KEEL_LISTEN", free_address()).envs([
        ("KEEL_ENV", "production"),
        ("KEEL_BASE_URL", "https://keel.example"),
        ("KEEL_SECRET", "s3same"),
        ("KEEL_MAIL_FROM", "Keel <keel@keel.example>"),
        ("SMTP_URL", "smtp://keel:s3same@mail.example"),
        ("DATABASE_URL", "postgres://keel:s3same@db.example/keel"),
        ("STRIPE_SECRET_KEY", "sk_test_s3same"),
        ("STRIPE_WEBHOOK_SECRET", "s3same"),
        ("STRIPE_API_BASE", "http://stripe.example"),
    ]);
    let ended = keel.output().unwrap();
    let _ = std::fs::remove_dir_all(&dir);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && ended.stdout.is_empty(), "{said}");
    for name in ["KEEL_SECRET", "SMTP_URL", "DATABASE_URL", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE"] {
        assert!(said.contains(&format!("{name}: ")), "{name} in {said}");
    }
    assert!(!said.contains("s3same"), "{said}");
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
    let (keel, browser) = Alone::in_production_with(&[("DATABASE_URL", &db.url), ("SMTP_URL", &smtp)]).await;
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
