//! Passkeys at the same instant.

use super::*;
use crate::support::{scaled, together};

both! {
    async fn one_assertion_posted_fifty_times_at_once_starts_one_session(app: App, with AT_A_NAME) {
        let mut device = added(&app.sign_in(OLIVIA).await).await;
        let browser = app.browser();
        let signed = device.signs(&asked(&browser, "sign-in").await);
        let posts = (0..50).map(|_| (browser.copy(), signed.clone()));
        let answers = together(posts.map(|(browser, signed)| async move { signs_in(&browser, &signed).await }).collect::<Vec<_>>()).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| fault(answer) == "passkey_expired"));
        assert_eq!(app.db.number(SESSIONS).await, 1);
    }

    async fn one_proof_posted_at_once_counts_once(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        let mut device = added(&olivia).await;
        let signed = device.signs(&asked(&olivia, "second-factor").await);
        let posts = (0..20).map(|_| (olivia.copy(), signed.clone()));
        let answers = together(posts.map(|(browser, signed)| async move { confirms(&browser, &signed).await }).collect::<Vec<_>>()).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.stepped_up'").await, 1);
    }

    async fn a_passkey_that_is_removed_meanwhile_signs_nobody_in(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        for round in 0..scaled(3, 30) {
            let mut device = added(&olivia).await;
            let id = json!({ "passkey_id": app.db.text("SELECT id FROM passkeys").await });
            let browser = app.browser();
            let signed = device.signs(&asked(&browser, "sign-in").await);
            let before = app.db.number(SESSIONS).await;
            let (removed, signed_in) = tokio::join!(olivia.json("/api/passkeys/remove", &id), signs_in(&browser, &signed));
            assert_eq!(removed.status, 200, "{}", removed.body);
            let came_in = signed_in.status == 200;
            assert!(came_in || fault(&signed_in) == "passkey_unknown", "{}", signed_in.body);
            assert_eq!(app.db.number(SESSIONS).await - before, i64::from(came_in), "round {round}");
            let late = app.browser();
            assert_eq!(fault(&signs_in(&late, &device.signs(&asked(&late, "sign-in").await)).await), "passkey_unknown");
        }
    }

    async fn one_passkey_becomes_one_persons_and_nobody_has_more_than_twenty(app: App, with AT_A_NAME) {
        let (olivia, max) = (app.sign_in(OLIVIA).await, app.sign_in(MAX).await);
        for _ in 0..scaled(3, 15) {
            let device = Device::at(ORIGIN);
            let (for_olivia, for_max) = (device.clone().registers(&begun(&olivia).await), device.clone().registers(&begun(&max).await));
            let (one, other) = tokio::join!(adds(&olivia, &for_olivia, "Shared"), adds(&max, &for_max, "Shared"));
            let faults = [&one, &other].map(|answer| if answer.status == 200 { "added".to_owned() } else { fault(answer) });
            assert!(faults.contains(&"added".to_owned()) && faults.contains(&"passkey_known".to_owned()), "{faults:?}");
        }

        while app.db.number("SELECT COUNT(*) FROM passkeys p JOIN users u ON u.id = p.user_id WHERE u.email = 'olivia@acme.example'").await < 18 {
            added(&olivia).await;
        }
        let mut several = vec![];
        for _ in 0..5 {
            let session = app.sign_in(OLIVIA).await;
            let made = Device::at(ORIGIN).registers(&begun(&session).await);
            several.push((session, made));
        }
        let several = several.into_iter().map(|(session, made)| async move { adds(&session, &made, "Many").await });
        let answers = together(several.collect::<Vec<_>>()).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
        assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| fault(answer) == "too_many_passkeys"));
        assert_eq!(fault(&olivia.json("/api/passkeys/begin", &json!({})).await), "too_many_passkeys");
        assert!(olivia.get(SECURITY).await.body.contains("You have 20 passkeys"));
    }
}
