//! The same instant: a slug is one workspace's, or held for one.

use super::{move_to, rename};
use crate::both;
use crate::support::{Cast, scaled, together};

/// Trials of each pairing.
const TRIALS: (usize, usize) = (20, 200);
/// Slugs that are not whose `accounts` says, and accounts whose slug is not theirs.
const AMISS: &str = "SELECT COUNT(*) FROM accounts a WHERE a.kind = 'workspace' AND NOT EXISTS
    (SELECT 1 FROM slugs s WHERE s.slug = a.slug AND s.account_id = a.id AND s.held_until IS NULL)";
const HAVE: &str = "SELECT COUNT(*) FROM slugs WHERE held_until IS NULL";

both! {
    async fn two_workspaces_that_want_one_slug_are_one_with_it(app: App) {
        let cast = Cast::gather(&app).await;
        let (acme, evil) = (app.account("olivia@acme.example", "workspace").await, app.account("eve@evil.example", "workspace").await);
        for trial in 0..scaled(TRIALS.0, TRIALS.1) {
            app.db.run("DELETE FROM limits").await;
            let wanted = format!("wanted-{trial}");
            let calls = [(cast.olivia.copy(), acme.clone()), (cast.eve.copy(), evil.clone()), (cast.adam.copy(), acme.clone())].map(|(browser, account)| {
                let wanted = wanted.clone();
                async move { move_to(&browser, &account, &wanted).await }
            });
            let statuses = together(calls).await;
            assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
            let acmes = [statuses[0], statuses[2]];
            assert!((acmes == [200, 200]) != (statuses[1] == 200), "trial {trial}: {statuses:?}");
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM accounts WHERE slug = '{wanted}'")).await, 1);
            assert_eq!((app.db.number(AMISS).await, app.db.number(HAVE).await), (0, 2), "trial {trial}");
        }
    }

    async fn a_slug_that_is_left_is_never_free_for_an_instant(app: App) {
        let cast = Cast::gather(&app).await;
        let (acme, evil) = (app.account("olivia@acme.example", "workspace").await, app.account("eve@evil.example", "workspace").await);
        for trial in 0..scaled(TRIALS.0, TRIALS.1) {
            app.db.run("DELETE FROM limits").await;
            let (left, next) = (app.db.text(&format!("SELECT slug FROM accounts WHERE id = '{acme}'")).await, format!("next-{trial}"));
            let mut calls = vec![(cast.olivia.copy(), acme.clone(), next)];
            calls.extend((0..5).map(|_| (cast.eve.copy(), evil.clone(), left.clone())));
            let statuses = together(calls.into_iter().map(|(browser, account, slug)| async move { rename(&browser, &account, "Any", &slug).await.status })).await;
            assert_eq!(statuses, [200, 409, 409, 409, 409, 409], "trial {trial}");
            assert_eq!((app.db.number(AMISS).await, app.db.number(HAVE).await), (0, 2), "trial {trial}");
        }
    }

    async fn creating_and_renaming_at_once_never_give_one_slug_twice(app: App) {
        let cast = Cast::gather(&app).await;
        let acme = app.account("olivia@acme.example", "workspace").await;
        for trial in 0..scaled(TRIALS.0, TRIALS.1) {
            app.db.run("DELETE FROM limits").await;
            let wanted = format!("boat-{trial}");
            let creates = (0..4).map(|number| (if number % 2 == 0 { cast.eve.copy() } else { cast.max.copy() }, None));
            let calls: Vec<_> = creates.chain([(cast.olivia.copy(), Some(acme.clone()))]).collect();
            let statuses = together(calls.into_iter().map(|(browser, account)| {
                let wanted = wanted.clone();
                async move {
                    match account {
                        Some(account) => move_to(&browser, &account, &wanted).await,
                        None => browser.form("/api/workspaces/create", &[("name", &wanted)]).await.status,
                    }
                }
            }))
            .await;
            assert!(statuses[..4].iter().all(|status| *status == 303), "whoever comes later gets a number: {statuses:?}");
            assert!([200, 409].contains(&statuses[4]), "{statuses:?}");
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM accounts WHERE slug = '{wanted}'")).await, 1);
            assert_eq!(app.db.number(AMISS).await, 0);
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM slugs s LEFT JOIN accounts a ON a.id = s.account_id WHERE a.id IS NULL").await, 0);
    }
}
