//! Invitations at the same instant.

use super::{accept, act, audited, count, id_of, invite, invited, members, token, without_limit};
use crate::both;
use crate::support::{App, Browser, Cast, scaled, together};
use keel_types::time::MINUTE;

/// Trials of each race.
const TRIALS: (usize, usize) = (20, 200);

/// The addresses of people to be invited, one for each trial; nobody has used up a limit before theirs.
fn newcomers() -> impl Iterator<Item = String> {
    (0..scaled(TRIALS.0, TRIALS.1)).map(|trial| format!("p{trial}@new.example"))
}

async fn without_limits(app: &App) {
    app.db.run("DELETE FROM limits").await;
    without_limit(app).await;
}

both! {
    async fn one_invitation_gives_one_membership(app: App) {
        let cast = Cast::gather(&app).await;
        for email in newcomers() {
            without_limits(&app).await;
            let (before, accepted) = (members(&app).await, audited(&app, "accepted").await);
            let token = invited(&app, &cast.olivia, &email, "member").await;
            let new = app.sign_in_to_join(&email).await;
            let statuses = together((0..10).map(|_| {
                let (browser, token) = (new.copy(), token.clone());
                async move { accept(&browser, &token).await.status }
            }))
            .await;
            let joined = statuses.iter().filter(|status| **status == 200).count();
            assert!(joined == 1 && statuses.iter().all(|status| [200, 410].contains(status)), "{email}: {statuses:?}");
            assert_eq!((members(&app).await, audited(&app, "accepted").await), (before + 1, accepted + 1), "{email}");
        }
        let told = app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%joined%'").await;
        assert_eq!(told, audited(&app, "accepted").await);
    }

    async fn one_address_is_invited_once(app: App) {
        let cast = Cast::gather(&app).await;
        for (number, email) in newcomers().enumerate() {
            without_limits(&app).await;
            let statuses = together((0..10).map(|caller| {
                let (browser, email) = (if caller % 2 == 0 { cast.olivia.copy() } else { cast.adam.copy() }, email.clone());
                async move { invite(&browser, &email, "member").await.status }
            }))
            .await;
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{email}: {statuses:?}");
            let so_far = i64::try_from(number + 1).unwrap();
            assert_eq!((count(&app, "TRUE").await, audited(&app, "created").await), (so_far, so_far), "{email}");
        }
    }

    async fn seats_are_never_overbooked(app: App) {
        let cast = Cast::gather(&app).await;
        for trial in 0..scaled(TRIALS.0, TRIALS.1) {
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
        let mut accepted = 0;
        for email in newcomers() {
            without_limits(&app).await;
            let (link, new, before) = (invited(&app, &cast.olivia, &email, "member").await, app.sign_in_to_join(&email).await, members(&app).await);
            let id = id_of(&app, &email).await;
            let (accepting, revoking) = tokio::join!(accept(&new, &link), act(&cast.adam, "revoke", &id));
            match (accepting.status, revoking.status) {
                (200, 410) => accepted += 1,
                (410, 200) => {}
                both => panic!("{email}: {both:?}"),
            }
            let joined = i64::from(accepting.status == 200);
            assert_eq!((members(&app).await - before, count(&app, &format!("id = '{id}' AND state = 'accepted'")).await), (joined, joined), "{email}");
        }
        println!("accepted {accepted} of {}", newcomers().count());
    }

    async fn accepted_or_declined_but_not_both(app: App) {
        let cast = Cast::gather(&app).await;
        let before = members(&app).await;
        for (number, email) in newcomers().enumerate() {
            without_limits(&app).await;
            let link = invited(&app, &cast.olivia, &email, "member").await;
            let new = app.sign_in_to_join(&email).await;
            let statuses = together((0..6).map(|caller| {
                let (browser, link) = (new.copy(), link.clone());
                async move {
                    let verb = if caller % 2 == 0 { "accept" } else { "decline" };
                    browser.json(&format!("/api/invitations/{verb}"), &serde_json::json!({ "token": link })).await.status
                }
            }))
            .await;
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{email}: {statuses:?}");
            let (accepted, declined) = (audited(&app, "accepted").await, audited(&app, "declined").await);
            assert_eq!(accepted + declined, i64::try_from(number + 1).unwrap(), "{email}");
            assert_eq!(members(&app).await - before, accepted, "{email}");
        }
    }

    async fn sent_again_at_once_one_link_works(app: App) {
        let cast = Cast::gather(&app).await;
        for email in newcomers() {
            without_limits(&app).await;
            invited(&app, &cast.olivia, &email, "member").await;
            let id = id_of(&app, &email).await;
            app.advance(MINUTE).await;
            let statuses = together((0..6).map(|_| {
                let (browser, id) = (cast.olivia.copy(), id.clone());
                async move { act(&browser, "resend", &id).await.status }
            }))
            .await;
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{email}: {statuses:?}");
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM mail_outbox WHERE recipient = '{email}'")).await, 2, "{email}");
            let new = app.sign_in_to_join(&email).await;
            assert_eq!(accept(&new, &token(&app, &email).await).await.status, 200, "{email}");
        }
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
