//! At the payment page: declined cards, and leaving without paying.

use super::{OLIVIA, pro};
use crate::both;
use crate::support::{Answer, Browser, DECLINED_CARD, GOOD_CARD};
use serde_json::{Value, json};

const NOTHING: &str =
    "live 0, contracts 0, paid 0, payments 0, amount 0, entries 0, lots 0, balance 0, complete 0, intents 1, seats 3, currencies 0, ";

both! {
    async fn a_declined_card_stays_on_the_page_with_the_reason_and_another_card_pays(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        let page = app.order(&olivia, pro("year")).await;
        for (card, reason) in [
            (DECLINED_CARD, "Your card was declined."),
            ("4000000000009995", "insufficient funds"),
            ("4000000000000069", "expired"),
            ("4000000000000127", "security code is incorrect"),
        ] {
            let declined = app.pay(&page, card).await;
            assert!(declined.status == 402 && declined.body.contains(reason), "{} {}", declined.status, declined.body);
            assert!(declined.body.contains("name=\"card_number\""), "the form is still there");
        }
        app.digested().await;
        assert_eq!(app.books().await, NOTHING);
        let paid = app.pay(&page, GOOD_CARD).await;
        let back = paid.location().strip_prefix(&app.base).expect("back to us").to_owned();
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
        app.digested().await;
        assert!(olivia.get(&back).await.body.contains("Payment received"));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM payments").await, 1);
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500);
        app.assert_sound_ledger().await;
    }

    async fn leaving_the_payment_page_leads_back_with_the_choice_kept(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        let page = app.order(&olivia, pro("year")).await;
        let (host, path) = page.split_at(page.find("/pay/").expect("a payment page"));
        let left = Browser::new(host).form(path, &[("action", "cancel")]).await;
        let back = left.location().strip_prefix(&app.base).expect("back to us").to_owned();
        assert!(back.starts_with("/checkout?"), "{back}");
        let checkout = olivia.get(&back).await;
        for shown in ["You came back without paying", "Pro", "$290", "Continue to payment"] {
            assert!(checkout.body.contains(shown), "{shown}: {}", checkout.body);
        }
        assert_eq!(app.books().await, NOTHING);
        app.buy(&olivia, pro("year")).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 1);
    }

    async fn a_payment_page_left_to_lapse_says_so_and_sells_nothing(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        let page = app.order(&olivia, pro("year")).await;
        let session = page.rsplit('/').next().expect("a session").to_owned();
        app.advance(25 * 60 * 60 * 1_000).await;
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'expired'", 1).await;
        let (host, path) = page.split_at(page.find("/pay/").expect("a payment page"));
        assert_eq!(Browser::new(host).get(path).await.status, 410);
        let success = olivia.get(&format!("/checkout/success?session_id={session}")).await;
        assert!(success.body.contains("Nothing was paid") && !success.body.contains("http-equiv"), "{}", success.body);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
    }

    async fn nobody_is_led_where_stripe_has_no_pages(app: App) {
        const ELSEWHERE: &str = "https://checkout.stripe.com.evil.example/pay/cs_1";
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        olivia.get("/checkout").await;
        let says = |method: &str, path: &str, pointer: &str| json!({ "path": path, "method": method, "says": { pointer: ELSEWHERE }, "count": 100 });
        let astray = |answer: Answer| {
            assert_eq!((answer.status, answer.headers.get("location")), (500, None), "{}", answer.body);
            assert!(!answer.body.contains("evil"), "{}", answer.body);
        };
        app.trouble(says("POST", "/v1/checkout/sessions", "/url")).await;
        astray(olivia.form("/api/billing/checkout", &[("plan", "pro"), ("interval", "year")]).await);
        astray(olivia.json("/api/billing/checkout", &pro("year")).await);
        app.trouble(Value::Null).await;
        app.buy(&olivia, pro("year")).await;
        app.settles("SELECT COUNT(*) FROM payments", 1).await;

        app.trouble(says("POST", "/v1/billing_portal/sessions", "/url")).await;
        astray(olivia.form("/api/billing/portal", &[]).await);
        app.trouble(says("GET", "/v1/invoices/", "/invoice_pdf")).await;
        let paper = format!("/billing/papers/{}", app.db.text("SELECT id FROM payments").await);
        astray(olivia.get(&paper).await);
        app.trouble(Value::Null).await;
        assert_eq!(olivia.get(&paper).await.status, 303);
    }
}
