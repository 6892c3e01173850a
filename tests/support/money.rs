//! Buying, Stripe's side of it, and the books: what tests about money share.

use super::{Answer, App, Browser};
use hmac::{Hmac, KeyInit as _, Mac as _};
use keel_domain::Keel;
use keel_domain::clock::Clock;
use keel_domain::db::Db;
use keel_domain::settings::Settings;
use keel_types::Instant;
use reqwest::{Method, header};
use serde_json::{Value, json};
use sha2::Sha256;
use std::fmt::Write as _;

pub const GOOD_CARD: &str = "4242424242424242";
pub const DECLINED_CARD: &str = "4000000000000002";

impl App {
    /// Signs somebody up in a new browser, with a plan in mind.
    pub async fn buyer(&self, email: &str, plan: &str, interval: &str) -> Browser {
        let browser = self.browser();
        let chosen = browser.form("/api/billing/choose", &[("plan", plan), ("interval", interval)]).await;
        chosen.leads_to("/signup?redirectTo=/checkout");
        assert_eq!(self.sign_in_with(&browser, email).await, "/checkout");
        browser
    }

    /// Orders, and gives the address of the payment page.
    pub async fn order(&self, browser: &Browser, order: Value) -> String {
        let answer = browser.json("/api/billing/checkout", &order).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["next"].as_str().expect("a payment page").to_owned()
    }

    /// Orders, pays with a good card, and waits until everything Stripe said is processed. Gives the path of the success page.
    pub async fn buy(&self, browser: &Browser, order: Value) -> String {
        let page = self.order(browser, order).await;
        let back = self.pay_for(&page).await;
        let session = page.rsplit('/').next().expect("a session");
        self.settles(&format!("SELECT COUNT(*) FROM checkouts WHERE state = 'complete' AND stripe_id = '{session}'"), 1).await;
        self.digested().await;
        back
    }

    /// Pays with a good card; gives the path of the success page.
    pub async fn pay_for(&self, page: &str) -> String {
        let paid = self.pay(page, GOOD_CARD).await;
        paid.location().strip_prefix(&self.base).expect("back to us").to_owned()
    }

    /// Pays by a bank account of the sandbox's, whose bank answers four days later; gives the path of the success page.
    pub async fn debit(&self, page: &str, number: &str) -> String {
        let (host, path) = page.split_at(page.find("/pay/").expect("a payment page"));
        let fields = [("action", "bank"), ("routing_number", "110000000"), ("account_number", number)];
        let paid = Browser::new(host).form(path, &fields).await;
        paid.location().strip_prefix(&self.base).expect("back to us").to_owned()
    }

    /// The id of somebody's account of a kind.
    pub async fn account(&self, email: &str, kind: &str) -> String {
        let account = "SELECT a.id FROM accounts a JOIN memberships m ON m.account_id = a.id JOIN users u ON u.id = m.user_id";
        self.db.text(&format!("{account} WHERE u.email = '{email}' AND a.kind = '{kind}'")).await
    }

    /// Somebody who has just signed up and belongs to this workspace, in this role. Nobody is invited yet: that is written past the doors.
    pub async fn colleague(&self, email: &str, workspace: &str, role: &str) -> Browser {
        let browser = self.sign_in_to_join(email).await;
        let user = self.db.text(&format!("SELECT id FROM users WHERE email = '{email}'")).await;
        let row = format!("'mem_{}', '{workspace}', '{user}', '{role}', 1, '{email}', '{email}'", &user["usr_".len()..]);
        self.db.run(&format!("INSERT INTO memberships (id, account_id, user_id, role, created_at, sort_key, email) VALUES ({row})")).await;
        self.db.run(&format!("UPDATE accounts SET member_count = member_count + 1 WHERE id = '{workspace}'")).await;
        self.db.run(&format!("UPDATE user_sessions SET active_account_id = '{workspace}' WHERE user_id = '{user}'")).await;
        browser
    }

    /// Makes trouble with calls to Stripe, see the sandbox's `ApiFault`.
    pub async fn trouble(&self, fault: Value) {
        let sandbox = Browser::new(self.sandbox.trim_end_matches('/'));
        assert_eq!(sandbox.json("/_sandbox/faults", &json!({ "api_error": fault })).await.status, 200);
    }

    /// Asks Stripe directly, past Keel.
    pub async fn stripe(&self, method: Method, path: &str, form: &str) -> Value {
        let sandbox = Browser::new(self.sandbox.trim_end_matches('/'));
        let request = sandbox.request(method, path).bearer_auth(&self.keel.settings().stripe.secret_key);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        let answer = sandbox.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// Everything that has happened at Stripe, oldest first.
    pub async fn stripe_events(&self) -> Vec<Value> {
        let page = self.stripe(Method::GET, "/v1/events?limit=100", "").await;
        page["data"].as_array().expect("a list").iter().rev().cloned().collect()
    }

    /// Everything Stripe has said, once more, as events of their own.
    pub async fn hears_it_all_again(&self) {
        let known = self.db.number("SELECT COUNT(*) FROM stripe_events").await;
        for (number, mut event) in self.stripe_events().await.into_iter().enumerate() {
            event["id"] = json!(format!("evt_again_{known}_{number}"));
            assert_eq!(self.webhook(&event).await.status, 200);
        }
        self.digested().await;
    }

    /// The signature Stripe would send with `body` at a moment, under the secret in use.
    pub fn signature(&self, body: &[u8], at: Instant) -> String {
        sign(&self.keel.settings().stripe.webhook_secrets[0], body, at)
    }

    /// Posts a webhook that Stripe signed just now.
    pub async fn webhook(&self, event: &Value) -> Answer {
        let body = event.to_string().into_bytes();
        let signature = self.signature(&body, self.keel.now());
        self.webhook_as(Some(&signature), body).await
    }

    /// Posts a webhook with this signature.
    pub async fn webhook_as(&self, signature: Option<&str>, body: Vec<u8>) -> Answer {
        let stripe = self.browser();
        let request = stripe.request(Method::POST, keel::http::STRIPE_WEBHOOK).header(header::CONTENT_TYPE, "application/json").body(body);
        stripe.send(signature.into_iter().fold(request, |request, text| request.header("stripe-signature", text))).await
    }

    /// Another instance on the same database, with connections and a clock of its own. It works only when told to.
    pub async fn another(&self) -> Keel {
        self.another_with(self.keel.settings().clone()).await
    }

    /// Another instance with other settings.
    pub async fn another_with(&self, settings: Settings) -> Keel {
        let db = Db::open(&self.db.url).await.unwrap();
        let another = Keel::start(db, Clock::default(), settings).await.unwrap();
        another.refresh_clock().await.unwrap();
        another
    }

    /// Everything money has left in our tables, for comparing.
    pub async fn books(&self) -> String {
        let counts = [
            ("live", "COUNT(*) FROM subscriptions WHERE live"),
            ("contracts", "COUNT(*) FROM subscriptions"),
            ("paid", "COUNT(*) FROM payments WHERE status = 'paid'"),
            ("payments", "COUNT(*) FROM payments"),
            ("amount", "COALESCE(SUM(amount), 0) FROM payments"),
            ("entries", "COUNT(*) FROM credit_entries"),
            ("lots", "COUNT(*) FROM credit_lots"),
            ("balance", "COALESCE(SUM(balance), 0) FROM credit_balances"),
            ("complete", "COUNT(*) FROM checkouts WHERE state = 'complete'"),
            ("intents", "COUNT(*) FROM user_profiles WHERE intent IS NOT NULL"),
            ("seats", "COALESCE(SUM(max_members), 0) FROM accounts WHERE kind = 'workspace'"),
            ("currencies", "COUNT(*) FROM accounts WHERE currency IS NOT NULL"),
        ];
        let mut books = String::new();
        for (name, sql) in counts {
            let found = self.db.number(&format!("SELECT CAST({}", sql.replacen(" FROM", " AS BIGINT) FROM", 1))).await;
            write!(books, "{name} {found}, ").unwrap();
        }
        books
    }

    /// Asserts what must hold of every ledger at every moment.
    pub async fn assert_sound_ledger(&self) {
        let entries = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM credit_entries e WHERE e.account_id = b.account_id";
        let lots = "SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM credit_lots l WHERE l.account_id = b.account_id";
        let before =
            "SELECT COALESCE(MAX(p.balance_after), 0) FROM credit_entries p WHERE p.account_id = e.account_id AND p.number = e.number - 1";
        let counted = "SELECT COUNT(*) FROM credit_entries p WHERE p.account_id = e.account_id AND p.number <= e.number";
        for (rule, broken) in [
            ("a balance is the sum of its entries", format!("credit_balances b WHERE b.balance <> ({entries})")),
            ("a balance is what is left of its lots", format!("credit_balances b WHERE b.balance <> ({lots})")),
            ("an entry goes on from the one before", format!("credit_entries e WHERE e.balance_after <> e.amount + ({before})")),
            ("entries are numbered without gaps", format!("credit_entries e WHERE e.number <> ({counted})")),
        ] {
            assert_eq!(self.db.number(&format!("SELECT COUNT(*) FROM {broken}")).await, 0, "{rule}");
        }
    }
}

/// Pays on the payment page with a card; gives where the buyer is sent.
pub async fn pay(page: &str, card: &str) -> Answer {
    let (host, path) = page.split_at(page.find("/pay/").expect("a payment page"));
    let payer = Browser::new(host);
    assert_eq!(payer.get(path).await.status, 200);
    payer.form(path, &[("card_number", card), ("expiry", "12/34"), ("cvc", "123")]).await
}

/// The `Stripe-Signature` of `body` at a moment: HMAC-SHA256 of `"{t}.{body}"`, in hex.
pub fn sign(secret: &str, body: &[u8], at: Instant) -> String {
    let seconds = at.0.div_euclid(1_000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().fold(format!("t={seconds},v1="), |mut header, byte| {
        write!(header, "{byte:02x}").unwrap();
        header
    })
}
