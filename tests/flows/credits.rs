//! Credits as accounts come by them: bought, tried, free, renewed, ended; against a model that only adds up.
//! Random grants and expiries are in `app/domain/src/credits/tests.rs`.

use crate::both;
use crate::support::App;
use keel_domain::clock;
use keel_types::time::{DAY, HOUR, MINUTE};
use reqwest::Method;
use serde_json::json;

/// A lot as the model has it: what is left, and when it ends.
type Lot = (i64, i64);

/// Takes what is due out of the model; gives how many lots that ended.
fn expire(lots: &mut Vec<Lot>, now: i64) -> usize {
    let before = lots.len();
    lots.retain(|(_, ends)| *ends > now);
    before - lots.len()
}

fn left(lots: &[Lot]) -> i64 {
    lots.iter().map(|(left, _)| left).sum()
}

/// Moves time; afterwards the worker has done what is due by then.
async fn pass(app: &App, days: i64) {
    app.advance(days * DAY).await;
    let now = app.keel.now().0;
    app.settles(&format!("SELECT COUNT(*) FROM credit_lots WHERE remaining > 0 AND expires_at <= {now}"), 0).await;
    let due = "SELECT COUNT(*) FROM credit_months m JOIN subscriptions s ON s.id = m.subscription_id WHERE s.live AND m.due_at <= ";
    app.settles(&format!("{due}{now}"), 0).await;
    app.works().await;
}

async fn compare(app: &App, lots: &[Lot], entries: usize, after: &str) {
    assert_eq!(app.db.number("SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM credit_balances").await, left(lots), "after {after}");
    assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries").await, i64::try_from(entries).unwrap(), "after {after}");
    app.assert_sound_ledger().await;
}

both! {
    async fn a_year_of_free_trial_paid_and_free_again_adds_up(app: App) {
        let olivia = app.buyer("olivia@acme.example", "free", "").await;
        let (mut lots, mut entries): (Vec<Lot>, usize) = (vec![], 0);
        let newest = "SELECT expires_at FROM credit_lots ORDER BY id DESC LIMIT 1";

        assert_eq!(olivia.json("/api/billing/subscribe-free", &json!({})).await.status, 200);
        lots.push((100, app.db.number(newest).await));
        entries += 1;
        compare(&app, &lots, entries, "the free plan").await;

        pass(&app, 10).await;
        app.buy(&olivia, json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 7, "start": "trial" })).await;
        lots.push((7_500, app.db.number(newest).await));
        entries += 1;
        compare(&app, &lots, entries, "the trial").await;

        // The trial ends, seven seats are paid for a month, and the free month ends soon after.
        pass(&app, 15).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid' AND amount = 16800", 1).await;
        app.digested().await;
        entries += expire(&mut lots, app.keel.now().0) + 1;
        lots.push((10_500, app.db.number(newest).await));
        compare(&app, &lots, entries, "the first payment").await;

        for month in 2..=4 {
            pass(&app, 31).await;
            app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", month).await;
            app.digested().await;
            entries += expire(&mut lots, app.keel.now().0) + 1;
            lots.push((10_500, app.db.number(newest).await));
            pass(&app, 0).await;
            compare(&app, &lots, entries, &format!("payment {month}")).await;
        }

        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        compare(&app, &lots, entries, "the end, which takes nothing back").await;
        let olivia = app.sign_in("olivia@acme.example").await;
        assert_eq!(olivia.json("/api/billing/subscribe-free", &json!({})).await.status, 200);
        lots.push((100, app.db.number(newest).await));
        entries += 1;
        compare(&app, &lots, entries, "the free plan in another month").await;

        pass(&app, 40).await;
        entries += expire(&mut lots, app.keel.now().0) + 1;
        lots.push((100, app.db.number(newest).await));
        compare(&app, &lots, entries, "all but the second free month has ended").await;
        let ended = "SELECT COUNT(*) FROM credit_entries WHERE kind = 'expiry'";
        assert_eq!(app.db.number(ended).await * 2 + 1, app.db.number("SELECT COUNT(*) FROM credit_entries").await, "each lot ends once");
    }

    async fn credits_last_as_long_as_the_month_that_was_paid_for(app: App) {
        let year = keel_text::iso(app.keel.now().plus(366 * DAY))[..4].to_owned();
        let january = clock::day(&format!("{year}-01-31")).unwrap();
        app.advance(january.since(app.keel.now()) + 12 * HOUR).await;
        let olivia = app.buyer("olivia@acme.example", "pro", "month").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        let ends = "SELECT period_end FROM subscriptions WHERE live";
        let last = "SELECT MAX(expires_at) FROM credit_lots WHERE remaining > 0";
        assert_eq!(app.db.number(last).await, app.db.number(ends).await, "until the end of February");
        app.advance(app.db.number(ends).await - app.keel.now().0 + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 2).await;
        app.digested().await;
        let march = app.db.number(ends).await;
        assert!(keel_text::iso(keel_types::Instant(march)).starts_with(&format!("{year}-03-31")), "from the last day to the last day");
        assert_eq!(app.db.number(last).await, march, "and not only until the day of March that February ended on");
        app.assert_sound_ledger().await;
    }

    async fn a_renewal_whose_card_fails_grants_nothing(app: App) {
        let olivia = app.buyer("olivia@acme.example", "pro", "month").await;
        let page = app.order(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        app.pay(&page, "4000000000000341").await.location();
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'trialing'", 1).await;
        app.digested().await;
        pass(&app, 15).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND status = 'past_due'", 1).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM payments WHERE status = 'paid'").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'").await, 0);
        pass(&app, 0).await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 0);
        let billing = app.sign_in("olivia@acme.example").await.get("/org-dashboard/billing").await;
        assert!(billing.status == 200 && billing.body.contains("Pending"), "{}", billing.body);
        app.assert_sound_ledger().await;
    }

    async fn the_ledger_says_what_moved_and_why(app: App) {
        let olivia = app.buyer("olivia@acme.example", "pro", "year").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        let facts = app.db.text("SELECT fact FROM credit_entries").await;
        let item = app.db.text("SELECT stripe_item_id FROM subscriptions").await;
        let start = app.db.number("SELECT period_start FROM subscriptions").await;
        assert_eq!(facts, format!("month:{item}:{start}"), "one grant for one paid month of one line");
        let billing = olivia.get("/org-dashboard/billing").await;
        assert!(billing.body.contains("+2,500") && billing.body.contains("Subscription"), "{}", billing.body);
    }

    async fn a_paid_year_grants_twelve_months_and_no_more(app: App) {
        let olivia = app.buyer("olivia@acme.example", "business", "year").await;
        app.buy(&olivia, json!({ "plan": "business", "interval": "year", "currency": "usd", "seats": 3 })).await;
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::POST, &format!("/v1/subscriptions/{contract}"), "cancel_at_period_end=true").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND cancel_at_period_end", 1).await;
        let workers = app.with_workers(2).await;
        let mut ends = app.db.number("SELECT expires_at FROM credit_lots").await;
        for month in 2..=12 {
            pass(&app, (ends - app.keel.now().0) / DAY + 1).await;
            assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription' AND amount = 4500").await, month);
            assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 4_500, "month {month}, without what was left");
            let newest = app.db.number("SELECT MAX(expires_at) FROM credit_lots").await;
            assert!((27 * DAY..=31 * DAY).contains(&(newest - ends)), "a calendar month");
            ends = newest;
        }
        workers.stop().await;
        assert!(app.db.number("SELECT period_end FROM subscriptions WHERE live").await.abs_diff(ends) < 1_000, "the year is used up");
        pass(&app, 40).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'").await, 12);
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 0);
        app.assert_sound_ledger().await;
    }

    async fn a_year_that_ends_early_grants_no_further_month(app: App) {
        let olivia = app.buyer("olivia@acme.example", "pro", "year").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        pass(&app, 65).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE amount > 0").await, 1);
        app.assert_sound_ledger().await;
    }

    async fn the_free_plan_grants_the_present_month_and_none_that_is_over(app: App) {
        let olivia = app.buyer("olivia@acme.example", "free", "").await;
        assert_eq!(olivia.json("/api/billing/subscribe-free", &json!({})).await.status, 200);
        pass(&app, 100).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'free_plan'").await, 2, "the first, and the fourth");
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 100);
        for month in 3..=6 {
            pass(&app, 31).await;
            assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'free_plan'").await, month);
        }
        app.assert_sound_ledger().await;
    }
}
