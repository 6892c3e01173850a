//! Addresses that are changed at the same instant: at most once each.

use super::{CHANGED, NEW, OLIVIA, asked, asks, confirms, mails_about, people_at};
use crate::both;
use crate::support::{scaled, together};
use serde_json::json;

fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

both! {
    async fn one_link_fifty_times_at_once_changes_the_address_once(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let token = asked(&app, &olivia, NEW).await;
        let statuses = together((0..50).map(|_| {
            let (browser, token) = (olivia.copy(), token.clone());
            async move { confirms(&browser, &token).await.status }
        }))
        .await;
        assert_eq!(count(&statuses, 200), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 401, 410].contains(status)), "{statuses:?}");
        assert_eq!((people_at(&app, OLIVIA).await, people_at(&app, NEW).await), (0, 1));
        assert_eq!(mails_about(&app, OLIVIA, CHANGED).await.len(), 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'user.email_changed'").await, 1);
    }

    async fn of_three_who_want_one_address_one_gets_it(app: App) {
        for round in 0..scaled(5, 50) {
            app.db.run("DELETE FROM limits").await;
            let wanted = format!("wanted{round}@new.example");
            let (one, other) = (app.sign_in(&format!("one{round}@acme.example")).await, app.sign_in(&format!("other{round}@acme.example")).await);
            let tokens = [asked(&app, &one, &wanted).await, asked(&app, &other, &wanted).await];
            let newcomer = app.browser();
            newcomer.form("/api/auth/request-link", &[("email", &wanted)]).await.leads_to("/verify");
            let code = app.code(&wanted).await;
            let (first, second, third) = tokio::join!(
                async { confirms(&one, &tokens[0]).await.status },
                async { confirms(&other, &tokens[1]).await.status },
                // Whoever proves the mailbox signs in, as the person who has the address by then.
                async { newcomer.json("/api/auth/verify-otp", &json!({ "code": code })).await.status },
            );
            let statuses = [first, second];
            assert!(count(&statuses, 200) <= 1 && statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
            assert_eq!(third, 200);
            assert_eq!(people_at(&app, &wanted).await, 1);
            let changed = format!("SELECT COUNT(*) FROM audit_events WHERE action = 'user.email_changed' AND metadata LIKE '%{wanted}%'");
            assert_eq!(app.db.number(&changed).await, i64::try_from(count(&statuses, 200)).unwrap());
        }
    }

    async fn a_newer_wish_at_the_same_instant_leaves_one_address(app: App) {
        for round in 0..scaled(5, 50) {
            app.db.run("DELETE FROM limits").await;
            let email = format!("wish{round}@acme.example");
            let (olivia, names) = (app.sign_in(&email).await, [format!("first{round}@new.example"), format!("second{round}@new.example")]);
            let token = asked(&app, &olivia, &names[0]).await;
            let copy = olivia.copy();
            let (confirmed, asked_again) =
                tokio::join!(async { confirms(&olivia, &token).await.status }, async { asks(&copy, &names[1]).await.status });
            assert!([200, 404].contains(&confirmed) && [200, 401].contains(&asked_again), "{confirmed} {asked_again}");
            let has = if confirmed == 200 { &names[0] } else { &email };
            assert_eq!((people_at(&app, has).await, people_at(&app, &names[1]).await), (1, 0));
        }
    }

    async fn who_comes_by_the_old_address_at_the_same_instant_does_not_stay(app: App) {
        for round in 0..scaled(6, 60) {
            app.db.run("DELETE FROM limits").await;
            let (email, wanted) = (format!("old{round}@acme.example"), format!("moved{round}@new.example"));
            let (olivia, thief) = (app.sign_in(&email).await, app.browser());
            thief.form("/api/auth/request-link", &[("email", &email)]).await.leads_to("/verify");
            let code = app.code(&email).await;
            let token = asked(&app, &olivia, &wanted).await;
            let (changed, signed_in) = tokio::join!(
                async { confirms(&olivia, &token).await.status },
                async { thief.json("/api/auth/verify-otp", &json!({ "code": code })).await.status },
            );
            assert!(changed == 200 && [200, 404, 422].contains(&signed_in), "{changed} {signed_in}");
            let sessions = "SELECT COUNT(*) FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.revoked_at IS NULL AND u.email";
            assert_eq!(app.db.number(&format!("{sessions} = '{wanted}'")).await, 1, "the one that changed it");
            assert_eq!(people_at(&app, &email).await, 0);
        }
    }
}
