//! The same wish twice, two wishes at once, and people who may not wish.

use super::{CANCEL, CHANGE, END_TRIAL, KEEP, PAGE, PORTAL, RESUME, SYNC, audited, business, charged, plan, pro, subscribed, subscription};
use crate::both;
use crate::support::{ACME, Browser, Cast, together};
use serde_json::{Value, json};

/// Posts each from a copy of a browser at the same instant; gives the statuses, sorted.
async fn at_once(browser: &Browser, wishes: Vec<(&'static str, Value)>) -> Vec<u16> {
    let posts = wishes.into_iter().map(|(path, wish)| {
        let browser = browser.copy();
        async move { browser.json(path, &wish).await.status }
    });
    let mut statuses = together(posts).await;
    statuses.sort_unstable();
    statuses
}

fn seats(seats: i64) -> Value {
    json!({ "plan": "business", "interval": "month", "seats": seats })
}

both! {
    async fn a_double_click_is_charged_once(app: App) {
        let olivia = subscribed(&app, pro()).await;
        app.advance(86_400_000).await;
        assert_eq!(at_once(&olivia, vec![(CHANGE, seats(5)); 8]).await, [200; 8]);
        assert_eq!((plan(&app).await, charged(&app).await.len()), (("business".to_owned(), 5), 2));
        assert_eq!(audited(&app, "subscription.changed").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%is on Business now'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM plan_changes WHERE state = 'open'").await, 0);
    }

    async fn a_trial_that_is_ended_twice_is_paid_once(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        assert_eq!(at_once(&olivia, vec![(END_TRIAL, json!({})); 8]).await, [200; 8]);
        assert_eq!((charged(&app).await, audited(&app, "subscription.trial_ended").await), (vec![2_900], 1));
    }

    async fn of_two_tabs_each_is_told_what_became_of_its_wish(app: App) {
        let olivia = subscribed(&app, business(2)).await;
        for round in 0..4_i64 {
            let (one, other) = (3 + 2 * round, 4 + 2 * round);
            let before = charged(&app).await.len();
            let told = at_once(&olivia, vec![(CHANGE, seats(one)), (CHANGE, seats(other))]).await;
            assert!(told[0] == 200 && matches!(told[1], 200 | 409), "{told:?}");
            let (_, now) = plan(&app).await;
            assert!(now == one || now == other, "{now}");
            let done = told.iter().filter(|status| **status == 200).count();
            assert!(charged(&app).await.len() - before <= done, "no more charges than wishes that came true");
            // The smaller one may come later; nothing of that is left for the next round.
            assert_eq!(olivia.json(KEEP, &json!({})).await.status, 200);
        }
    }

    async fn ending_and_changing_at_once_leave_one_state(app: App) {
        let olivia = subscribed(&app, business(2)).await;
        let wishes = vec![(CANCEL, json!({})), (CHANGE, seats(4)), (CANCEL, json!({})), (CHANGE, seats(4))];
        let told = at_once(&olivia, wishes).await;
        assert!(told.iter().all(|status| matches!(status, 200 | 409)) && told.contains(&200), "{told:?}");
        let ends = subscription(&app).await["cancel_at_period_end"].as_bool().unwrap();
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live AND cancel_at_period_end").await == 1, ends);
        plan(&app).await;
        assert!(charged(&app).await.len() <= 2);
    }

    async fn only_who_answers_for_the_money_changes_it(app: App) {
        let cast = Cast::gather(&app).await;
        for path in [CANCEL, RESUME, KEEP, END_TRIAL, CHANGE, PORTAL, SYNC] {
            let of_acme = json!({ "plan": "pro", "interval": "month", "account": ACME });
            for (browser, status) in [(&cast.adam, 403), (&cast.max, 403), (&cast.vera, 403), (&cast.aude, 403), (&cast.eve, 404), (&cast.rob, 404)] {
                assert_eq!(browser.json(path, &of_acme).await.status, status, "{path}");
            }
            assert_eq!(cast.olivia.json(path, &of_acme).await.problem(), (409, "NOT_SUBSCRIBED".to_owned()), "{path}");
        }
        for page in ["/billing/change", "/billing/end-trial"] {
            assert_eq!(cast.adam.get(page).await.status, 403, "{page}");
            assert_eq!(cast.eve.get(&format!("{page}?account={ACME}")).await.status, 404, "{page}");
            cast.olivia.get(page).await.leads_to(PAGE);
        }
    }

    async fn an_admin_reads_and_changes_nothing(app: App) {
        subscribed(&app, pro()).await;
        let workspace = app.account(super::OLIVIA, "workspace").await;
        let adam = app.colleague("adam@acme.example", &workspace, "admin").await;
        let page = adam.get(PAGE).await;
        assert!(page.status == 200 && page.body.contains("$29 per month") && page.body.contains("Export CSV"), "{}", page.body);
        for path in [CANCEL, RESUME, PORTAL, SYNC, "/billing/change", "#packs"] {
            assert!(!page.body.contains(path), "{path}: {}", page.body);
        }
    }
}
