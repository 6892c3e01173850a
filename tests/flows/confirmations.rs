//! Renewals that wait for an answer of the card's owner to the bank: told once with the way there, kept until the deadline, and as
//! before as soon as it is given.

use super::ledger::prove;
use crate::both;
use crate::support::{App, Browser};
use keel_types::time::{DAY, MINUTE};
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
/// Its bank asks about every charge.
const ASKING_CARD: &str = "4000002760003184";
const LIVE: &str = "SELECT COUNT(*) FROM subscriptions WHERE live";
const ASKED: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'Confirm a payment for %'";
const DECLINED: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'A payment for % failed'";

/// Olivia's trial of Pro has ended, and the bank asks about the first payment.
async fn asked(app: &App) -> Browser {
    let sandbox = Browser::new(app.sandbox.trim_end_matches('/'));
    assert_eq!(sandbox.json("/_sandbox/settings", &json!({ "after_retries": "past_due" })).await.status, 200);
    let olivia = app.buyer(OLIVIA, "pro", "month").await;
    let page = app.order(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
    let question = app.pay(&page, ASKING_CARD).await.location().to_owned();
    sandbox.form(&question, &[("action", "complete")]).await.location();
    app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'trialing'", 1).await;
    app.digested().await;
    app.advance(14 * DAY + MINUTE).await;
    app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'past_due'", 1).await;
    app.digested().await;
    app.sign_in(OLIVIA).await
}

/// The newest mail that asks for a confirmation: where its button leads.
async fn link(app: &App) -> String {
    let all: Value = app.browser().get(&format!("/dev/mailbox.json?to={OLIVIA}")).await.json();
    let asks = |mail: &&Value| mail["subject"].as_str().unwrap().starts_with("Confirm a payment for ");
    all.as_array().unwrap().iter().find(asks).expect("a mail")["links"][0].as_str().unwrap().to_owned()
}

/// Follows the link and answers the bank.
async fn answer(app: &App, link: &str, action: &str) {
    let (host, path) = link.split_at(link.find("/invoice/").expect("the page of an invoice"));
    assert!(host.starts_with("http://localhost:"), "{link}");
    let payer = Browser::new(app.sandbox.trim_end_matches('/'));
    let question = payer.get(path).await.location().to_owned();
    assert!(payer.get(&question).await.body.contains("$29.00"));
    payer.form(&question, &[("action", action)]).await.leads_to(path);
}

both! {
    async fn a_renewal_that_waits_is_told_once_and_paid_on_the_page_of_the_link(app: App) {
        let olivia = asked(&app).await;
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(ASKED).await, app.db.number(DECLINED).await), (1, 0));
        assert_eq!(app.db.number(LIVE).await, 1, "the plan is kept meanwhile");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'").await, 0);
        let until = app.db.number("SELECT kept_until FROM subscriptions").await;
        let date = keel_text::EN.date(keel_types::Instant(until));
        let page = olivia.get("/org-dashboard").await;
        assert!(page.body.contains("banner-warning") && page.body.contains(&date), "{}", page.body);

        answer(&app, &link(&app).await, "complete").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'active'", 1).await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription' AND amount = 2500", 1).await;
        app.digested().await;
        assert!(!olivia.get("/org-dashboard").await.body.contains("class=\"banner"));
        assert_eq!(app.db.text("SELECT status || ' ' || amount FROM payments").await, "paid 2900");
        assert_eq!(app.db.number(ASKED).await, 1);
        prove(&app).await;
    }

    async fn who_does_not_confirm_is_told_and_asked_again(app: App) {
        asked(&app).await;
        let first = link(&app).await;
        answer(&app, &first, "fail").await;
        app.settles(DECLINED, 1).await;
        app.advance(3 * DAY + MINUTE).await;
        app.settles(ASKED, 2).await;
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(ASKED).await, app.db.number(DECLINED).await, app.db.number(LIVE).await), (2, 1, 1));
        answer(&app, &link(&app).await, "complete").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'active'", 1).await;
        app.digested().await;
        prove(&app).await;
    }

    async fn a_renewal_that_nobody_confirms_ends_with_the_deadline_and_begins_again_with_the_answer(app: App) {
        asked(&app).await;
        let workers = app.with_workers(2).await;
        app.advance(14 * DAY).await;
        app.settles(LIVE, 0).await;
        app.settles("SELECT max_members FROM accounts WHERE kind = 'workspace'", 3).await;
        app.digested().await;
        workers.stop().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%limits of the free plan%'").await, 1);
        answer(&app, &link(&app).await, "complete").await;
        app.settles(LIVE, 1).await;
        app.settles("SELECT max_members FROM accounts WHERE kind = 'workspace'", 10).await;
        app.digested().await;
        prove(&app).await;
    }
}
