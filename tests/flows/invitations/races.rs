//! Invitations at the same instant.

use super::{NINA, accept, act, audited, count, id_of, invite, invited, members, token, without_limit};
use crate::both;
use crate::support::{Browser, Cast, together};
use keel_types::time::MINUTE;

both! {
    async fn one_invitation_gives_one_membership(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "member").await;
        let nina = app.sign_in_to_join(NINA).await;
        let statuses = together((0..20).map(|_| {
            let (browser, token) = (nina.copy(), token.clone());
            async move { accept(&browser, &token).await.status }
        }))
        .await;
        let joined = statuses.iter().filter(|status| **status == 200).count();
        assert!(joined == 1 && statuses.iter().all(|status| [200, 410].contains(status)), "{statuses:?}");
        assert_eq!((members(&app).await, audited(&app, "accepted").await), (6, 1));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%joined%'").await, 1);
    }

    async fn one_address_is_invited_once(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let statuses = together((0..20).map(|number| {
            let browser = if number % 2 == 0 { cast.olivia.copy() } else { cast.adam.copy() };
            async move { invite(&browser, NINA, "member").await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!((count(&app, "TRUE").await, audited(&app, "created").await), (1, 1));
    }

    async fn seats_are_never_overbooked(app: App) {
        let cast = Cast::gather(&app).await;
        for trial in 0..20 {
            app.db.run("DELETE FROM invitations").await;
            app.db.run("DELETE FROM limits").await;
            let taken = members(&app).await;
            app.db.run(&format!("UPDATE accounts SET max_members = {} WHERE slug = 'acme'", taken + 3)).await;
            let joiner = format!("joins{trial}@new.example");
            let link = invited(&app, &cast.olivia, &joiner, "member").await;
            // One that ran out: sent again, it takes a seat once more.
            assert_eq!(invite(&cast.olivia, &format!("late{trial}@new.example"), "member").await.status, 200);
            let late = id_of(&app, &format!("late{trial}@new.example")).await;
            app.db.run(&format!("UPDATE invitations SET expires_at = 1, mailed_at = 1 WHERE id = '{late}'")).await;
            let new = app.sign_in_to_join(&joiner).await;
            let calls = (0..8).map(|number| match number {
                0 => (Call::Accept, new.copy()),
                1 | 2 => (Call::Resend, cast.adam.copy()),
                _ => (Call::Invite(format!("t{trial}n{number}@new.example, t{trial}m{number}@new.example")), cast.olivia.copy()),
            });
            let statuses = together(calls.map(|(call, browser)| {
                let (link, late) = (link.clone(), late.clone());
                async move { call.make(&browser, &link, &late).await }
            }))
            .await;
            assert!(statuses.iter().all(|status| [200, 409, 429].contains(status)), "{statuses:?}");
            assert_eq!(statuses[0], 200, "a reserved seat is the joiner's");
            let now = app.keel.now().0;
            let live = count(&app, &format!("state = 'pending' AND expires_at > {now}")).await;
            assert_eq!((members(&app).await, live), (taken + 1, 2), "trial {trial}: {statuses:?}");
        }
    }

    async fn withdrawn_or_accepted_but_not_both(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let mut accepted = 0;
        for trial in 0..10 {
            let email = format!("p{trial}@new.example");
            let (link, nina, before) = (invited(&app, &cast.olivia, &email, "member").await, app.sign_in_to_join(&email).await, members(&app).await);
            let id = id_of(&app, &email).await;
            let (accepting, revoking) = tokio::join!(accept(&nina, &link), act(&cast.adam, "revoke", &id));
            match (accepting.status, revoking.status) {
                (200, 410) => accepted += 1,
                (410, 200) => {}
                both => panic!("{both:?}"),
            }
            let joined = i64::from(accepting.status == 200);
            assert_eq!((members(&app).await - before, count(&app, &format!("id = '{id}' AND state = 'accepted'")).await), (joined, joined));
        }
        println!("accepted {accepted} of 10");
    }

    async fn accepted_or_declined_but_not_both(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let link = invited(&app, &cast.olivia, NINA, "member").await;
        let nina = app.sign_in_to_join(NINA).await;
        let statuses = together((0..10).map(|number| {
            let (browser, link) = (nina.copy(), link.clone());
            async move {
                let verb = if number % 2 == 0 { "accept" } else { "decline" };
                browser.json(&format!("/api/invitations/{verb}"), &serde_json::json!({ "token": link })).await.status
            }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(audited(&app, "accepted").await + audited(&app, "declined").await, 1);
        assert_eq!(members(&app).await - 5, audited(&app, "accepted").await);
    }

    async fn sent_again_at_once_one_link_works(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        invited(&app, &cast.olivia, NINA, "member").await;
        let id = id_of(&app, NINA).await;
        app.advance(MINUTE).await;
        let statuses = together((0..10).map(|_| {
            let (browser, id) = (cast.olivia.copy(), id.clone());
            async move { act(&browser, "resend", &id).await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM mail_outbox WHERE recipient = '{NINA}'")).await, 2);
        let nina = app.sign_in_to_join(NINA).await;
        assert_eq!(accept(&nina, &token(&app, NINA).await).await.status, 200);
    }
}

/// What somebody does in a race for seats.
enum Call {
    Accept,
    Resend,
    Invite(String),
}

impl Call {
    async fn make(self, browser: &Browser, link: &str, late: &str) -> u16 {
        match self {
            Self::Accept => accept(browser, link).await.status,
            Self::Resend => act(browser, "resend", late).await.status,
            Self::Invite(emails) => invite(browser, &emails, "member").await.status,
        }
    }
}
