//! The ledger under many at once: what is held, charged, given back and taken, checked by a history of its own.

use crate::both;
use crate::support::{App, Browser, scaled, together};
use keel_domain::access::{Asked, Origin, SystemGrant, Write};
use keel_domain::credits::{self, Held, Wanted};
use keel_domain::secrets::PlainToken;
use keel_domain::{Keel, Refusal};
use keel_types::permission::may;
use keel_types::time::{DAY, MINUTE};
use keel_types::{AccountId, Code};
use reqwest::Method;
use serde_json::json;

const FREE: i64 = 100;
const LOW: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%credits left%'";
const ENDS: &str = "SELECT period_end FROM subscriptions WHERE live";

/// Somebody on the free plan: a hundred credits.
pub async fn on_free(app: &App, email: &str) -> (Browser, AccountId) {
    let browser = app.buyer(email, "free", "").await;
    assert_eq!(browser.json("/api/billing/subscribe-free", &json!({})).await.status, 200);
    let account = AccountId::parse(&app.account(email, "workspace").await).unwrap();
    (browser, account)
}

/// What the browser would ask with.
fn asked(browser: &Browser, account: &AccountId) -> Asked {
    asked_with(&browser.cookie("keel_session").unwrap(), account)
}

/// What somebody asks with in this session.
pub fn asked_with(session: &str, account: &AccountId) -> Asked {
    let session = PlainToken::parse(session);
    Asked { session, account: Some(account.to_string()), origin: Origin::Own, ..Asked::default() }
}

pub async fn reserve(keel: &Keel, asked: &Asked, fact: &str, most: i64) -> Result<Held, Refusal> {
    let mut tries = 0;
    loop {
        let done = async {
            let mut call: Write<may::UseAi> = Write::open(keel, asked.clone()).await?;
            let wanted = Wanted { fact: fact.to_owned(), most, lasts: 5 * MINUTE };
            let held = credits::reserve(&mut call, &wanted).await?;
            call.commit().await?;
            Ok(held)
        };
        match done.await {
            // A crowd waits for one row.
            Err(Refusal::Unavailable | Refusal::Collision) if tries < 50 => tries += 1,
            done => return done,
        }
    }
}

pub async fn settle(keel: &Keel, held: &Held, cost: i64) -> i64 {
    for _ in 0..50 {
        match credits::settle(keel, held, cost).await {
            Err(Refusal::Unavailable | Refusal::Collision) => {}
            done => return done.unwrap(),
        }
    }
    panic!("never settled");
}

/// The proof of the whole ledger.
#[expect(clippy::disallowed_methods, reason = "the proof of the ledger is a command's verb")]
pub async fn prove(app: &App) {
    let proof = credits::verify(&SystemGrant::new(&app.keel, "test")).await.unwrap();
    assert!(proof.holds(), "{proof:?}");
    app.assert_sound_ledger().await;
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % end
    }
}

/// What a client did to an account, as it was answered.
#[derive(Default)]
struct History {
    adjusted: i64,
    charged: i64,
}

/// One client of the bank: holds, settles, gives back and adjusts, and remembers what it was answered.
#[expect(clippy::disallowed_methods, reason = "adjustments are made by the operator too")]
async fn client(keel: Keel, accounts: Vec<(Asked, AccountId)>, number: u64, operations: usize) -> Vec<History> {
    let mut dice = Dice(number + 1);
    let mut histories: Vec<History> = accounts.iter().map(|_| History::default()).collect();
    let system = SystemGrant::new(&keel, "test");
    for step in 0..operations {
        let chosen = usize::try_from(dice.below(i64::try_from(accounts.len()).unwrap())).unwrap();
        let ((asked, account), history) = (&accounts[chosen], &mut histories[chosen]);
        let fact = format!("{number}:{step}");
        if dice.below(5) == 0 {
            let amount = dice.below(41) - 20;
            loop {
                match credits::adjust(&system, account, amount, "test", &fact).await {
                    Ok(()) => history.adjusted += amount,
                    Err(Refusal::Unavailable | Refusal::Collision) => continue,
                    Err(refusal) => assert!(matches!(refusal, Refusal::Invalid(_)), "{refusal:?}"),
                }
                break;
            }
            continue;
        }
        let most = dice.below(6) + 1;
        let held = match reserve(&keel, asked, &fact, most).await {
            Ok(held) => held,
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Refused(Code::InsufficientCredits));
                continue;
            }
        };
        match dice.below(4) {
            0 => while credits::release(&keel, &held).await.is_err() {},
            // The same settlement twice is one.
            1 => {
                history.charged += settle(&keel, &held, most + 3).await;
                assert_eq!(settle(&keel, &held, most).await, 0);
            }
            _ => {
                let charged = settle(&keel, &held, dice.below(most + 1)).await;
                assert!(charged <= most);
                history.charged += charged;
            }
        }
    }
    histories
}

both! {
    async fn of_five_hundred_debits_of_a_hundred_credits_a_hundred_succeed(app: App) {
        let (olivia, account) = on_free(&app, "olivia@acme.example").await;
        let asked = asked(&olivia, &account);
        let debits = (0..500).map(|number| {
            let (keel, asked) = (app.keel.clone(), asked.clone());
            async move {
                match reserve(&keel, &asked, &number.to_string(), 1).await {
                    Ok(held) => settle(&keel, &held, 1).await,
                    Err(refusal) => {
                        assert_eq!(refusal, Refusal::Refused(Code::InsufficientCredits));
                        0
                    }
                }
            }
        });
        let charged: i64 = together(debits).await.into_iter().sum();
        assert_eq!(charged, FREE);
        assert_eq!(app.db.number("SELECT balance + held FROM credit_balances").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'ai_request'").await, FREE);
        prove(&app).await;
    }

    async fn a_hold_is_charged_once_and_never_more_than_it_held(app: App) {
        let (olivia, account) = on_free(&app, "olivia@acme.example").await;
        let asked = asked(&olivia, &account);
        let held = reserve(&app.keel, &asked, "one", 60).await.unwrap();
        let again = reserve(&app.keel, &asked, "one", 60).await.unwrap();
        assert_eq!(app.db.number("SELECT held FROM credit_balances").await, 60, "the same request holds once");
        let refused = reserve(&app.keel, &asked, "two", 41).await.unwrap_err();
        assert_eq!(refused, Refusal::Refused(Code::InsufficientCredits), "what is held is not available");
        for most in [0, -1, i64::MIN] {
            assert!(matches!(reserve(&app.keel, &asked, "none", most).await, Err(Refusal::Invalid(_))), "{most}");
        }
        let settled = together((0..20).map(|_| {
            let (keel, asked) = (app.keel.clone(), asked.clone());
            async move {
                let Ok(held) = reserve(&keel, &asked, "one", 60).await else { return 0 };
                settle(&keel, &held, i64::MAX).await
            }
        }));
        assert_eq!(settled.await.into_iter().sum::<i64>(), 60, "capped by the hold, and once");
        assert_eq!(settle(&app.keel, &held, 60).await + settle(&app.keel, &again, 60).await, 0);
        assert_eq!(reserve(&app.keel, &asked, "one", 1).await.unwrap_err(), Refusal::Refused(Code::Used));
        assert_eq!(app.db.number("SELECT balance - held FROM credit_balances").await, 40);
        assert_eq!(app.db.number("SELECT CAST(SUM(ai_requests) AS BIGINT) FROM memberships").await, 1, "one request of hers");
        let members = olivia.get("/org-dashboard/members").await;
        assert!(members.body.contains("AI requests"), "{}", members.body);
        prove(&app).await;
    }

    async fn a_hold_that_nobody_settles_is_given_back_by_the_clock(app: App) {
        let (olivia, account) = on_free(&app, "olivia@acme.example").await;
        let asked = asked(&olivia, &account);
        let held = reserve(&app.keel, &asked, "one", 100).await.unwrap();
        app.advance(4 * MINUTE).await;
        app.works().await;
        assert_eq!(app.db.number("SELECT held FROM credit_balances").await, 100);
        app.advance(MINUTE).await;
        assert_eq!(settle(&app.keel, &held, 100).await, 0, "too late, whether anybody gave it back or not");
        assert_eq!(reserve(&app.keel, &asked, "one", 100).await.unwrap_err(), Refusal::Refused(Code::Used));
        let held = reserve(&app.keel, &asked, "two", 100).await.unwrap();
        credits::release(&app.keel, &held).await.unwrap();
        credits::release(&app.keel, &held).await.unwrap();
        assert_eq!(app.db.number("SELECT balance - held FROM credit_balances").await, 100);
        reserve(&app.keel, &asked, "three", 100).await.unwrap();
        app.advance(5 * MINUTE).await;
        app.settles("SELECT held FROM credit_balances", 0).await;
        prove(&app).await;
    }

    async fn credits_that_run_low_are_told_of_once_for_each_time(app: App) {
        let (olivia, account) = on_free(&app, "olivia@acme.example").await;
        let asked = asked(&olivia, &account);
        for (fact, cost, told) in [("a", 50, 0), ("b", 1, 1), ("c", 9, 1)] {
            let held = reserve(&app.keel, &asked, fact, cost).await.unwrap();
            settle(&app.keel, &held, cost).await;
            assert_eq!(app.db.number(LOW).await, told, "{fact}");
        }
        let mail = app.mail("olivia@acme.example").await;
        assert!(mail["subject"].as_str().unwrap().contains("49 credits left") && mail["unsubscribe"].is_string(), "{mail}");
        adjust(&app, &account, 100, "a").await;
        for (fact, told) in [("d", 1), ("e", 2)] {
            let held = reserve(&app.keel, &asked, fact, 50).await.unwrap();
            settle(&app.keel, &held, 50).await;
            assert_eq!(app.db.number(LOW).await, told, "{fact}");
        }
        app.db.run("UPDATE user_profiles SET muted = 'credits'").await;
        adjust(&app, &account, 100, "b").await;
        let held = reserve(&app.keel, &asked, "f", 100).await.unwrap();
        settle(&app.keel, &held, 100).await;
        assert_eq!(app.db.number(LOW).await, 2, "not to somebody who does without");
    }

    async fn credits_that_are_taken_back_are_told_of_and_those_that_are_renewed_are_not(app: App) {
        let olivia = app.buyer("olivia@acme.example", "pro", "month").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        app.advance(app.db.number(ENDS).await - app.keel.now().0 + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 2).await;
        app.digested().await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'expiry'", 1).await;
        assert_eq!(app.db.number(LOW).await, 0, "new ones came with the month");
        let charge = app.stripe(Method::GET, "/v1/charges?limit=1", "").await["data"][0]["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={charge}&amount=2890")).await;
        app.settles(LOW, 1).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!(app.db.number(LOW).await, 1, "once");
        let account = AccountId::parse(&app.account("olivia@acme.example", "workspace").await).unwrap();
        adjust(&app, &account, 100, "given").await;
        adjust(&app, &account, -100, "taken").await;
        assert_eq!(app.db.number(LOW).await, 2);
        prove(&app).await;
    }

    async fn credits_that_expire_with_their_plan_are_told_of_once(app: App) {
        let olivia = app.buyer("olivia@acme.example", "pro", "month").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::POST, &format!("/v1/subscriptions/{contract}"), "cancel_at_period_end=true").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND cancel_at_period_end", 1).await;
        app.digested().await;
        let workers = app.with_workers(2).await;
        app.advance(app.db.number(ENDS).await - app.keel.now().0 + MINUTE).await;
        app.settles("SELECT balance FROM credit_balances", 0).await;
        app.settles(LOW, 1).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        app.digested().await;
        workers.stop().await;
        assert_eq!(app.db.number(LOW).await, 1);
        prove(&app).await;
    }

    async fn an_adjustment_says_why_and_counts_once(app: App) {
        let (_, account) = on_free(&app, "olivia@acme.example").await;
        together((0..20).map(|_| {
            let (keel, account) = (app.keel.clone(), account.clone());
            async move { while adjusted(&keel, &account, 25, "a").await.is_err() {} }
        }))
        .await;
        adjust(&app, &account, -125, "b").await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 0);
        for amount in [-1, 0, i64::MIN, i64::MAX] {
            assert!(matches!(adjusted(&app.keel, &account, amount, "c").await, Err(Refusal::Invalid(_))), "{amount}");
        }
        let nobody = AccountId::parse("acc_00000000000000000000000000000000").unwrap();
        assert_eq!(adjusted(&app.keel, &nobody, 1, "c").await, Err(Refusal::NotFound));
        assert_eq!(app.db.text("SELECT reason FROM credit_entries WHERE kind = 'adjustment' AND amount = 25").await, "goodwill");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'credits.adjusted'").await, 2);
        prove(&app).await;
    }

    async fn a_bank_of_many_clients_loses_and_makes_nothing(app: App) {
        let mut accounts = vec![];
        for number in 0..10 {
            let (browser, account) = on_free(&app, &format!("client{number}@acme.example")).await;
            adjust(&app, &account, 900, "begin").await;
            accounts.push((asked(&browser, &account), account));
        }
        let operations = scaled(20_000 / 10, 20_000) / 16;
        let clients = (0..16).map(|number| client(app.keel.clone(), accounts.clone(), number, operations));
        let histories = together(clients).await;
        for (place, (_, account)) in accounts.iter().enumerate() {
            let of = |what: fn(&History) -> i64| histories.iter().map(|client| what(&client[place])).sum::<i64>();
            let expected = FREE + 900 + of(|history| history.adjusted) - of(|history| history.charged);
            let found = app.db.number(&format!("SELECT balance FROM credit_balances WHERE account_id = '{account}'")).await;
            assert_eq!(found, expected, "{account}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_balances WHERE held <> 0").await, 0);
        prove(&app).await;
        println!("{} operations of 16 clients on 10 accounts: nothing lost, nothing made", operations * 16);
    }

    async fn credits_that_end_soonest_are_spent_first(app: App) {
        let (olivia, account) = on_free(&app, "olivia@acme.example").await;
        adjust(&app, &account, 50, "pack").await;
        let asked = asked(&olivia, &account);
        let held = reserve(&app.keel, &asked, "a", 80).await.unwrap();
        assert_eq!(settle(&app.keel, &held, 80).await, 80);
        assert_eq!(app.db.number("SELECT CAST(SUM(remaining) AS BIGINT) FROM credit_lots WHERE expires_at IS NOT NULL").await, 20);
        let held = reserve(&app.keel, &asked, "b", 70).await.unwrap();
        app.advance(40 * DAY).await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'free_plan'", 2).await;
        assert_eq!(settle(&app.keel, &held, 70).await, 0, "the hold had run out with its month");
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 150);
        prove(&app).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "adjustments are made by the operator too")]
pub async fn adjusted(keel: &Keel, account: &AccountId, amount: i64, fact: &str) -> Result<(), Refusal> {
    credits::adjust(&SystemGrant::new(keel, "test"), account, amount, "goodwill", fact).await
}

pub async fn adjust(app: &App, account: &AccountId, amount: i64, fact: &str) {
    adjusted(&app.keel, account, amount, fact).await.unwrap();
}
