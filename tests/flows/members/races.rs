//! The same instant: whatever two owners do to each other, one remains, and who answers for the money is one.

use super::MISCOUNTED;
use crate::both;
use crate::support::{ACME, App, Browser, Cast, scaled, together};
use serde_json::{Value, json};

/// Trials of each pairing.
const TRIALS: (usize, usize) = (20, 200);
/// Trials of all pairings of two owners, one of whom answers for the money.
const PAIRED: (usize, usize) = (25, 200);

/// What one of two owners does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Demotes,
    Removes,
    Leaves,
    Transfers,
    HandsBillingOver,
}
use Deed::{Demotes, HandsBillingOver, Leaves, Removes, Transfers};

impl Deed {
    async fn done(self, browser: &Browser, other: &str) -> u16 {
        let (url, asked): (&str, Value) = match self {
            Demotes => ("/api/members/change-role", json!({ "account": ACME, "member": other, "role": "admin" })),
            Removes => ("/api/members/remove", json!({ "account": ACME, "member": other })),
            Leaves => ("/api/members/leave", json!({ "account": ACME })),
            Transfers => ("/api/members/transfer-ownership", json!({ "account": ACME, "member": other, "confirmation": "Acme" })),
            HandsBillingOver => ("/api/billing/change-owner", json!({ "account": ACME, "member": other })),
        };
        browser.json(url, &asked).await.status
    }
}

const OWNERS: &str = "SELECT COUNT(*) FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.slug = 'acme' AND m.role = 'owner'";

/// Makes these people Acme's only owners, none of whom answers for its money.
async fn owned_by(app: &App, owners: &[&str]) {
    for name in ["olivia", "adam", "max"] {
        if app.role(name).await == "none" {
            app.joins(name, "member").await;
        }
        let role = if owners.contains(&name) { "owner" } else { "member" };
        app.db.run(&format!("UPDATE memberships SET role = '{role}' WHERE id = '{}'", app.member(name).await)).await;
    }
    app.db.run("UPDATE accounts SET billing_owner_id = (SELECT id FROM users WHERE email = 'eve@evil.example') WHERE slug = 'acme'").await;
}

/// Whether who answers for Acme's money owns it.
const BILLING_OWNERS: &str = "SELECT COUNT(*) FROM accounts a JOIN memberships m ON m.account_id = a.id AND m.user_id = a.billing_owner_id
    WHERE a.slug = 'acme' AND m.role = 'owner'";

both! {
    async fn of_two_owners_one_remains_and_answers_for_the_money(app: App) {
        let cast = Cast::gather(&app).await;
        let deeds = [Demotes, Removes, Leaves, Transfers, HandsBillingOver];
        let pairings: Vec<_> = deeds.iter().flat_map(|one| deeds.iter().map(move |other| (*one, *other))).collect();
        for (trial, (one, other)) in pairings.into_iter().cycle().take(scaled(PAIRED.0, PAIRED.1)).enumerate() {
            owned_by(&app, &["olivia", "adam"]).await;
            app.db.run("UPDATE accounts SET billing_owner_id = (SELECT id FROM users WHERE email = 'olivia@acme.example') WHERE slug = 'acme'").await;
            let (olivia, adam) = (app.member("olivia").await, app.member("adam").await);
            let deeds = [(cast.olivia.copy(), one, adam), (cast.adam.copy(), other, olivia)];
            let statuses = together(deeds.map(|(browser, deed, target)| async move { deed.done(&browser, &target).await })).await;
            let seen = format!("{one:?} and {other:?}, trial {trial}: {statuses:?}");
            assert!(app.db.number(OWNERS).await >= 1, "{seen}");
            assert_eq!(app.db.number(BILLING_OWNERS).await, 1, "{seen}");
            assert!(statuses.iter().all(|status| [200, 403, 404, 409, 422].contains(status)), "{seen}");
            assert_eq!(app.db.number(MISCOUNTED).await, 0, "{seen}");
        }
    }

    async fn of_two_owners_one_remains_whatever_they_do(app: App) {
        let cast = Cast::gather(&app).await;
        let pairings = [(Demotes, Demotes), (Demotes, Removes), (Demotes, Leaves), (Removes, Removes), (Removes, Leaves), (Leaves, Leaves)];
        for (one, other) in pairings {
            for trial in 0..scaled(TRIALS.0, TRIALS.1) {
                owned_by(&app, &["olivia", "adam"]).await;
                let (olivia, adam) = (app.member("olivia").await, app.member("adam").await);
                let deeds = [(cast.olivia.copy(), one, adam), (cast.adam.copy(), other, olivia)];
                let statuses = together(deeds.map(|(browser, deed, target)| async move { deed.done(&browser, &target).await })).await;
                let seen = format!("{one:?} and {other:?}, trial {trial}: {statuses:?}");
                assert_eq!(app.db.number(OWNERS).await, 1, "{seen}");
                assert!(statuses.contains(&200), "{seen}");
                assert!(statuses.iter().all(|status| [200, 403, 404, 409].contains(status)), "{seen}");
                assert_eq!(app.db.number(MISCOUNTED).await, 0, "{seen}");
            }
        }
    }

    async fn who_lost_the_right_at_the_same_instant_does_not_use_it(app: App) {
        let cast = Cast::gather(&app).await;
        for deed in [Demotes, Removes] {
            for trial in 0..scaled(TRIALS.0, TRIALS.1) {
                owned_by(&app, &["olivia", "adam", "max"]).await;
                let (olivia, adam) = (app.member("olivia").await, app.member("adam").await);
                let deeds = [(cast.olivia.copy(), adam), (cast.adam.copy(), olivia)];
                let statuses = together(deeds.map(|(browser, target)| async move { deed.done(&browser, &target).await })).await;
                let seen = format!("{deed:?}, trial {trial}: {statuses:?}");
                assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{seen}");
                assert_eq!(app.db.number(OWNERS).await, 2, "{seen}");
            }
        }
    }

    async fn twenty_owners_leave_at_once_and_one_stays(app: App) {
        let cast = Cast::gather(&app).await;
        let acme = app.account("olivia@acme.example", "workspace").await;
        let mut browsers = vec![cast.olivia.copy()];
        for number in 0..19 {
            let address = format!("owner{number}@acme.example");
            browsers.push(app.sign_in_to_join(&address).await);
            app.joins(&format!("owner{number}"), "owner").await;
        }
        app.db.run(&format!("UPDATE accounts SET billing_owner_id = (SELECT id FROM users WHERE email = 'eve@evil.example') WHERE id = '{acme}'")).await;
        let statuses = together(browsers.into_iter().map(|browser| async move { Leaves.done(&browser, "").await })).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19, "{statuses:?}");
        assert_eq!((app.db.number(OWNERS).await, app.db.number(MISCOUNTED).await), (1, 0));
    }

    async fn the_same_removal_fifty_times_is_one(app: App) {
        let cast = Cast::gather(&app).await;
        let max = app.member("max").await;
        let statuses = together((0..50).map(|_| {
            let (browser, max) = (cast.olivia.copy(), max.clone());
            async move { Removes.done(&browser, &max).await }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 49, "{statuses:?}");
        assert_eq!(app.db.number(MISCOUNTED).await, 0);
        for written in ["audit_events WHERE action = 'member.removed'", "mail_outbox WHERE subject = 'You are no longer in Acme'"] {
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM {written}")).await, 1, "{written}");
        }
    }
}
