//! Webhooks: delivered often, backwards, late or never; forged, old, broken and strange ones; and the success page, which
//! settles without them.

use super::{OLIVIA, PAID, event, pro};
use crate::both;
use crate::support::{Answer, App, Browser, sign};
use keel_domain::billing::inbox;
use keel_types::time::SECOND;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Buys a year of Pro while webhooks are treated so; gives the buyer and the path of the success page.
async fn bought(app: &App, how: &str) -> (Browser, String) {
    let olivia = app.buyer(OLIVIA, "pro", "year").await;
    app.webhooks(how).await;
    let page = app.order(&olivia, pro("pay")).await;
    let back = app.pay_for(&page).await;
    (olivia, back)
}

/// Where the page refreshes itself to.
fn refresh(page: &Answer) -> Option<String> {
    let tag = page.body.split("<meta").find(|tag| tag.contains("http-equiv=\"refresh\""))?;
    let content = tag.split("content=\"").nth(1)?.split('"').next()?;
    Some(content.strip_prefix("2;url=").expect("every two seconds").replace("&amp;", "&"))
}

async fn events(app: &App) -> i64 {
    app.db.number("SELECT COUNT(*) FROM stripe_events").await
}

both! {
    async fn each_webhook_three_times_at_once_counts_once(app: App) {
        bought(&app, "duplicate").await;
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
        app.digested().await;
        assert_eq!(app.books().await, PAID);
        let sandbox = Browser::new(app.sandbox.trim_end_matches('/'));
        let deliveries = sandbox.get("/_sandbox/deliveries").await.json();
        let tripled = |delivery: &&Value| delivery["attempts"].as_array().is_some_and(|tries| tries.len() == 3 && tries.iter().all(|t| t["status"] == 200));
        assert!(deliveries.as_array().unwrap().iter().filter(tripled).count() >= 6, "{deliveries}");
        app.assert_sound_ledger().await;
    }

    async fn webhooks_in_reverse_leave_the_same(app: App) {
        bought(&app, "reverse").await;
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
        app.settles("SELECT COUNT(*) FROM stripe_events WHERE kind = 'customer.subscription.created'", 1).await;
        app.digested().await;
        assert_eq!(app.books().await, PAID);
        app.assert_sound_ledger().await;
    }

    async fn webhooks_kept_back_settle_when_they_come(app: App) {
        bought(&app, "hold").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
        app.webhooks("deliver").await;
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
        app.digested().await;
        assert_eq!(app.books().await, PAID);
    }

    async fn the_success_page_settles_although_every_webhook_is_lost(app: App) {
        let (olivia, back) = bought(&app, "drop").await;
        let page = olivia.get(&back).await;
        assert!(page.status == 200 && page.body.contains("Confirming your payment"), "{}", page.body);
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
        let page = olivia.get(&refresh(&page).expect("it looks again by itself")).await;
        assert!(page.body.contains("Payment received") && refresh(&page).is_none(), "{}", page.body);
        app.digested().await;
        assert_eq!(app.books().await, PAID);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE kind <> 'check'").await, 0);
        app.assert_sound_ledger().await;
    }

    async fn the_success_page_stops_asking_after_thirty_looks(app: App) {
        let (olivia, back) = bought(&app, "drop").await;
        app.trouble(json!({ "path": "/v1/", "status": 503, "count": 10_000 })).await;
        let last = olivia.get(&format!("{back}&looks=30")).await;
        assert!(last.body.contains("longer than usual") && refresh(&last).is_none(), "{}", last.body);
        assert_eq!(events(&app).await, 0);
        for looks in ["29", "0", "-1", "x", "99999999999999999999"] {
            let page = olivia.get(&format!("{back}&looks={looks}")).await;
            assert!(refresh(&page).is_some(), "{looks}");
        }
        assert_eq!(events(&app).await, 1, "asked for often, it is one look");
        app.trouble(Value::Null).await;
        app.advance(5 * SECOND).await;
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
    }

    async fn many_reloads_of_the_success_page_ask_once(app: App) {
        let (olivia, back) = bought(&app, "drop").await;
        app.trouble(json!({ "path": "/v1/", "method": "GET", "delay_ms": 700, "count": 3 })).await;
        let olivia = std::sync::Arc::new(olivia);
        let pages = (0..40).map(|_| {
            let (olivia, back) = (olivia.clone(), back.clone());
            async move { olivia.get(&back).await.status }
        });
        let statuses = crate::support::together(pages).await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
        app.digested().await;
        assert_eq!(app.books().await, PAID);
    }

    async fn a_foreign_or_unknown_session_shows_and_asks_nothing(app: App) {
        let (_, back) = bought(&app, "drop").await;
        let eve = app.sign_in("eve@evil.example").await;
        app.stripe_calls().await;
        let unknown = "/checkout/success?session_id=cs_test_a1nobody";
        let mut told = vec![];
        for path in [back.as_str(), unknown, "/checkout/success?session_id=", "/checkout/success?session_id=%00%27", "/checkout/success"] {
            let page = eve.get(path).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(!page.body.contains("Pro") && refresh(&page).is_none(), "{path}: {}", page.body);
            told.push(page.body.replace(path, ""));
        }
        let nobody = app.browser();
        assert!(nobody.get(&back).await.location().starts_with("/login?"));
        assert_eq!(events(&app).await, 0);
        assert_eq!(app.stripe_calls().await, Vec::<Value>::new());
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
    }

    async fn what_stripe_did_not_sign_just_now_is_refused(app: App) {
        bought(&app, "drop").await;
        let all = app.stripe_events().await;
        let paid = all.iter().find(|event| event["type"] == "invoice.paid").expect("paid");
        let body = paid.to_string().into_bytes();
        let now = app.keel.now();
        let good = app.signature(&body, now);
        let before = app.books().await;
        let tampered = String::from_utf8(body.clone()).unwrap().replace("29000", "1").into_bytes();
        let broken = [&body[..], &[0xff]].concat();
        let cases: Vec<(&str, Option<String>, Vec<u8>, u16)> = vec![
            ("no header", None, body.clone(), 400),
            ("an empty header", Some(String::new()), body.clone(), 400),
            ("no signature", Some(good.split(',').next().unwrap().to_owned()), body.clone(), 400),
            ("no time", Some(good.split(',').nth(1).unwrap().to_owned()), body.clone(), 400),
            ("another scheme", Some(good.replace("v1=", "v0=")), body.clone(), 400),
            ("another secret", Some(sign("whsec_other", &body, now)), body.clone(), 400),
            ("an empty secret", Some(sign("", &body, now)), body.clone(), 400),
            ("too old", Some(app.signature(&body, now.plus(-302 * SECOND))), body.clone(), 400),
            // By so much that it still is when its turn comes.
            ("from the future", Some(app.signature(&body, now.plus(400 * SECOND))), body.clone(), 400),
            ("a tampered body", Some(good.clone()), tampered, 400),
            ("not UTF-8", Some(app.signature(&broken, now)), broken, 400),
            ("no JSON", Some(app.signature(b"paid", now)), b"paid".to_vec(), 400),
            ("no event", Some(app.signature(b"{}", now)), b"{}".to_vec(), 400),
            ("nothing", Some(app.signature(b"", now)), vec![], 400),
            ("very long", None, vec![b' '; 1024 * 1024 + 1], 413),
        ];
        for (what, signature, body, status) in cases {
            assert_eq!(app.webhook_as(signature.as_deref(), body).await.status, status, "{what}");
        }
        assert_eq!(app.browser().get(keel::http::STRIPE_WEBHOOK).await.status, 405);
        assert_eq!(events(&app).await, 0);
        assert_eq!(app.books().await, before);
        assert_eq!(app.webhook_as(Some(&good), body).await.status, 200, "and as it was sent it is taken");
    }

    async fn strange_events_are_kept_and_change_nothing(app: App) {
        let (_, _) = bought(&app, "drop").await;
        let before = app.books().await;
        let customer = app.db.text("SELECT customer_id FROM stripe_customers").await;
        let all = app.stripe_events().await;
        let mut live = all.iter().find(|event| event["type"] == "customer.subscription.created").expect("begun").clone();
        live["livemode"] = json!(true);
        let strange = [
            live,
            event("evt_kind", "something.new", &json!({ "id": "new_1", "object": "novelty", "customer": customer })),
            event("evt_no_id", "invoice.upcoming", &json!({ "object": "invoice" })),
            event("evt_odd", "charge.updated", &json!({ "id": "ch_1", "object": "charge", "customer": { "id": customer, "deleted": true } })),
        ];
        for event in &strange {
            for _ in 0..2 {
                assert_eq!(app.webhook(event).await.status, 200, "{event}");
            }
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE state = 'ignored'").await, 4);
        assert_eq!(events(&app).await, 4);
        let path = json!({ "id": "../charges", "object": "invoice", "customer": customer });
        assert_eq!(app.webhook(&event("evt_path", "invoice.paid", &path)).await.status, 200);
        app.settles("SELECT COUNT(*) FROM stripe_events WHERE id = 'evt_path' AND tries > 0", 1).await;
        assert_eq!(app.books().await, before);
    }

    async fn what_others_sell_to_others_at_the_same_stripe_is_ignored(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("pay")).await;
        let before = app.books().await;
        let customer = app.stripe(Method::POST, "/v1/customers", "email=x%40elsewhere.example").await["id"].as_str().unwrap().to_owned();
        let price = app.db.text("SELECT price_id FROM stripe_prices").await;
        let form = format!("mode=subscription&customer={customer}&line_items[0][price]={price}&line_items[0][quantity]=1&success_url=http%3A%2F%2Felsewhere.example");
        let session = app.stripe(Method::POST, "/v1/checkout/sessions", &form).await;
        app.pay(session["url"].as_str().unwrap(), "4242424242424242").await.location();
        app.settles(&format!("SELECT CAST(CASE WHEN COUNT(*) >= 4 THEN 1 ELSE 0 END AS BIGINT) FROM stripe_events WHERE customer = '{customer}' AND state = 'ignored'"), 1).await;
        app.digested().await;
        assert_eq!(app.books().await, before);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE state = 'failed' OR error IS NOT NULL").await, 0);
    }

    async fn during_a_rotation_both_secrets_are_believed(app: App) {
        let mut settings = app.keel.settings().clone();
        let old = settings.stripe.webhook_secrets[0].clone();
        settings.stripe.webhook_secrets = vec!["whsec_new".to_owned(), old.clone()];
        let rotating = app.another_with(settings.clone()).await;
        settings.stripe.webhook_secrets.pop();
        let rotated = app.another_with(settings).await;
        let now = app.keel.now();
        let body = |id: &str| event(id, "a.b", &json!({ "id": "x_1", "object": "x" })).to_string().into_bytes();
        for (secret, id, taken) in [(old.as_str(), "evt_old", true), ("whsec_new", "evt_new", true), ("whsec_none", "evt_none", false)] {
            let body = body(id);
            assert_eq!(inbox::receive(&rotating, Some(&sign(secret, &body, now)), &body).await.is_ok(), taken, "{id}");
        }
        let body = body("evt_too_late");
        assert!(inbox::receive(&rotated, Some(&sign(&old, &body, now)), &body).await.is_err());
        assert_eq!(events(&app).await, 2);
        rotating.close().await;
        rotated.close().await;
    }
}
