//! Jobs, and the mail they send: once in effect, again when it failed, under the same id.

use crate::both;
use crate::support::{App, Mailroom, Mood};
use keel_types::time::{DAY, HOUR, MINUTE};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const OLIVIA: &str = "olivia@acme.example";

fn mailroom(app: &App) -> Arc<Mailroom> {
    Mailroom::at(app.keel.settings().smtp_url.as_deref().expect("a mail server"))
}

/// Asks to sign in, which writes a mail.
async fn asks(app: &App, email: &str) {
    app.browser().form("/api/auth/request-link", &[("email", email)]).await.leads_to("/verify");
}

/// The text of a header of a mail, unfolded.
fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\n\n").next()?.replace("\n ", " ");
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

both! {
    async fn under_several_workers_a_mail_leaves_once(app: App, with &[("SMTP_URL", &Mailroom::open())]) {
        let workers = app.with_workers(2).await;
        for number in 0..20 {
            asks(&app, &format!("person{number}@acme.example")).await;
        }
        app.settles("SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NOT NULL", 20).await;
        app.settles("SELECT COUNT(*) FROM jobs WHERE state = 'done'", 20).await;
        workers.stop().await;
        let mut ids: BTreeMap<String, usize> = BTreeMap::new();
        for mail in mailroom(&app).taken() {
            *ids.entry(header(&mail, "Message-ID").expect("an id")).or_default() += 1;
        }
        assert_eq!(ids.len(), 20);
        assert!(ids.values().all(|times| *times == 1), "{ids:?}");
        assert_eq!(app.db.number("SELECT MAX(tries) FROM jobs").await, 1);
    }

    async fn a_mail_that_did_not_leave_is_sent_again_later_under_the_same_id(app: App, with &[("SMTP_URL", &Mailroom::open())]) {
        let mailroom = mailroom(&app);
        mailroom.is(Mood::TakesAndDies);
        asks(&app, OLIVIA).await;
        let mut paused = 0;
        for tries in 1..=4 {
            app.settles("SELECT COUNT(*) FROM jobs WHERE state = 'due' AND error IS NOT NULL AND leased_until = 0", 1).await;
            app.settles("SELECT tries FROM jobs", tries).await;
            let pause = app.db.number("SELECT due_at FROM jobs").await - app.keel.now().0;
            assert!(pause > paused, "{pause} ms after {paused} ms");
            paused = pause;
            mailroom.is(if tries < 3 { Mood::Refuses } else { Mood::Takes });
            assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NOT NULL").await, 0);
            app.db.run("UPDATE jobs SET error = NULL").await;
            app.advance(pause + 1).await;
            if tries == 3 {
                break;
            }
        }
        app.settles("SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NOT NULL", 1).await;
        app.settles("SELECT COUNT(*) FROM jobs WHERE state = 'done' AND tries = 4", 1).await;
        let taken = mailroom.taken();
        assert_eq!(taken.len(), 2, "the first try and the last");
        let id = header(&taken[0], "Message-ID").expect("an id");
        assert_eq!(header(&taken[1], "Message-ID"), Some(id.clone()));
        assert!(id.contains(&app.db.text("SELECT id FROM mail_outbox").await), "{id}");
        for mail in &taken {
            assert!(mail.contains(&format!("RCPT TO:<{OLIVIA}>")) && mail.contains("text/plain") && mail.contains("text/html"), "{mail}");
        }
    }

    async fn a_mail_that_never_leaves_fails_visibly(app: App, with &[("SMTP_URL", &Mailroom::open())]) {
        mailroom(&app).is(Mood::Refuses);
        asks(&app, OLIVIA).await;
        for tries in 1..=40 {
            app.settles("SELECT COUNT(*) FROM jobs WHERE error IS NOT NULL AND leased_until = 0", 1).await;
            assert_eq!(app.db.number("SELECT tries FROM jobs").await, tries);
            if tries < 40 {
                app.db.run("UPDATE jobs SET error = NULL").await;
                app.advance(HOUR + MINUTE).await;
            }
        }
        assert_eq!(app.db.text("SELECT state FROM jobs").await, "failed");
        assert!(app.db.text("SELECT error FROM jobs").await.contains("not now"));
        mailroom(&app).is(Mood::Takes);
        asks(&app, "adam@acme.example").await;
        app.settles("SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NOT NULL", 1).await;
        app.advance(31 * DAY).await;
        app.settles("SELECT COUNT(*) FROM mail_outbox", 0).await;
    }

    async fn a_job_whose_worker_died_is_done_after_its_lease(app: App, with &[("SMTP_URL", &Mailroom::open())]) {
        let mailroom = mailroom(&app);
        mailroom.is(Mood::Refuses);
        asks(&app, OLIVIA).await;
        app.settles("SELECT COUNT(*) FROM jobs WHERE tries = 1 AND leased_until = 0 AND error IS NOT NULL", 1).await;
        let lease = app.keel.now().plus(2 * MINUTE).0;
        app.db.run(&format!("UPDATE jobs SET tries = 2, due_at = 0, leased_until = {lease}")).await;
        mailroom.is(Mood::Takes);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(mailroom.taken().len(), 0, "the holder may still be at work");
        app.advance(2 * MINUTE).await;
        app.settles("SELECT COUNT(*) FROM jobs WHERE state = 'done' AND tries = 3", 1).await;
        assert_eq!(mailroom.taken().len(), 1);
    }

    async fn no_text_becomes_a_header_and_no_address_two(app: App, with &[("SMTP_URL", &Mailroom::open())]) {
        let mailroom = mailroom(&app);
        for email in ["a@b.example\r\nBcc: eve@evil.example", "a@b.example,eve@evil.example", "a@b.example eve@evil.example", "<a@b.example>", "a@b.example\0"] {
            let answer = app.browser().json("/api/auth/request-link", &json!({ "email": email })).await;
            assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{email:?}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox").await, 0);
        mailroom.is(Mood::Refuses);
        asks(&app, OLIVIA).await;
        app.settles("SELECT COUNT(*) FROM jobs WHERE tries = 1 AND error IS NOT NULL", 1).await;
        app.db.run("UPDATE mail_outbox SET subject = 'Hello\r\nBcc: eve@evil.example\r\n\r\n<script>é'").await;
        mailroom.is(Mood::Takes);
        app.advance(MINUTE).await;
        app.settles("SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NOT NULL", 1).await;
        let taken = mailroom.taken();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].matches("RCPT TO:").count(), 1, "{}", taken[0]);
        assert_eq!(header(&taken[0], "Bcc"), None, "{}", taken[0]);
        assert!(header(&taken[0], "Subject").is_some_and(|subject| !subject.contains("Bcc")), "{}", taken[0]);
    }

    async fn a_slow_stripe_keeps_no_mail_waiting(app: App, with &[("SMTP_URL", &Mailroom::open())]) {
        app.trouble(json!({ "path": "/v1/", "method": "GET", "delay_ms": 8_000, "count": 100 })).await;
        let object = json!({ "id": "sub_slow", "object": "subscription", "customer": "cus_slow" });
        let event = json!({ "id": "evt_slow", "object": "event", "type": "customer.subscription.updated", "created": 1, "livemode": false,
            "data": { "object": object } });
        assert_eq!(app.webhook(&event).await.status, 200);
        app.settles("SELECT COUNT(*) FROM stripe_lanes WHERE leased_until > 0", 1).await;
        let started = Instant::now();
        asks(&app, OLIVIA).await;
        app.settles("SELECT COUNT(*) FROM mail_outbox WHERE sent_at IS NOT NULL", 1).await;
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE tries > 0").await, 0, "Stripe was asked all the while");
    }
    async fn an_instance_told_to_stop_does_not_wait_for_a_slow_stripe(app: App) {
        app.trouble(json!({ "path": "/v1/", "method": "GET", "delay_ms": 9_500, "count": 100 })).await;
        let another = app.another().await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let working = tokio::spawn(keel::worker::run(another.clone(), async move { drop(stopped.await) }));
        for number in 0..4 {
            let object = json!({ "id": format!("sub_{number}"), "object": "subscription", "customer": format!("cus_{number}") });
            let event = json!({ "id": format!("evt_{number}"), "object": "event", "type": "customer.subscription.updated", "created": 1,
                "livemode": false, "data": { "object": object } });
            assert_eq!(app.webhook(&event).await.status, 200);
        }
        app.settles("SELECT COUNT(*) FROM stripe_lanes WHERE leased_until > 0", 4).await;
        let told = Instant::now();
        drop(stop);
        working.await.unwrap();
        assert!(told.elapsed() < Duration::from_secs(8), "{:?}", told.elapsed());
        another.close().await;
    }
}
