//! What is mailed, and that a name in it is a name and nothing else.

use super::{NINA, accept, invite, invited, without_limit};
use crate::both;
use crate::support::{ACME, App, Browser, Cast};
use serde_json::{Value, json};

async fn rename(app: &App, name: &str) {
    app.db.run(&format!("UPDATE accounts SET name = '{}' WHERE slug = 'acme'", name.replace('\'', "''"))).await;
}

/// The mails to somebody, the newest first.
async fn mails(app: &App, to: &str) -> Vec<Value> {
    app.browser().get(&format!("/dev/mailbox.json?to={to}")).await.json().as_array().unwrap().clone()
}

async fn decline(browser: &Browser, token: &str) -> u16 {
    browser.json("/api/invitations/decline", &json!({ "token": token })).await.status
}

both! {
    async fn the_mail_says_who_invites_to_what(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.adam, NINA, "viewer").await;
        let mail = app.mail(NINA).await;
        assert_eq!(mail["subject"], "Adam Example invites you to Acme");
        assert_eq!(mail["links"], json!([format!("{}/invitations/{token}", app.base)]));
        for part in ["text", "html"] {
            let text = mail[part].as_str().unwrap();
            for says in ["Join Acme", "Adam Example (adam@acme.example)", "in the role Viewer", "7 days", &token, NINA, "You get this message because"] {
                assert!(text.contains(says), "{part} {says}: {text}");
            }
        }
    }

    async fn the_inviter_hears_what_became_of_it(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let (first, second) = (invited(&app, &cast.adam, NINA, "member").await, invited(&app, &cast.adam, "no@new.example", "member").await);
        let nina = app.sign_in_to_join(NINA).await;
        assert_eq!(accept(&nina, &first).await.status, 200);
        assert_eq!(app.mail("adam@acme.example").await["subject"], "nina@new.example joined Acme");
        assert_eq!(decline(&app.browser(), &second).await, 200);
        let mail = app.mail("adam@acme.example").await;
        assert_eq!(mail["subject"], "no@new.example declined to join Acme");
        assert!(mail["text"].as_str().unwrap().contains("Their seat is free again."));
        app.leaves("adam").await;
        let about = mails(&app, "olivia@acme.example").await;
        assert!(about.iter().all(|mail| !mail["subject"].as_str().unwrap().contains("Acme")), "nobody else is told");
    }

    async fn names_are_inert_in_mails_and_pages(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        for (number, (name, plain)) in [
            ("evil.example", "evil. example"),
            ("Acme\r\nBcc: eve@evil.example", "AcmeBcc: eve@ evil. example"),
            ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
            ("\u{202e}live\u{2069} Acme", "live Acme"),
            ("Pay at https://evil.example/now", "Pay at https: / / evil. example/ now"),
        ]
        .into_iter()
        .enumerate()
        {
            rename(&app, name).await;
            let email = format!("p{number}@new.example");
            let token = invited(&app, &cast.olivia, &email, "member").await;
            let mail = app.mail(&email).await;
            assert_eq!(mail["subject"], format!("Olivia Example invites you to {plain}"));
            let html = mail["html"].as_str().unwrap();
            assert!(!html.contains("<img") && html.matches("href=").count() == 1, "{html}");
            for part in ["subject", "text", "html"] {
                let text = mail[part].as_str().unwrap();
                assert!(!text.contains("evil.example") && !text.contains(['\u{202e}', '\u{2069}', '\r']), "{part}: {text}");
            }
            let page = app.browser().get(&format!("/invitations/{token}")).await;
            assert!(page.status == 200 && !page.body.contains("<img"), "{}", page.body);
        }
    }

    async fn a_name_in_a_person_is_no_link_either(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let named = [("first_name", "Win"), ("last_name", "www.evil.example")];
        assert_eq!(cast.adam.form("/api/user/onboarding", &named).await.status, 303);
        invited(&app, &cast.adam, NINA, "member").await;
        assert_eq!(app.mail(NINA).await["subject"], "Win www. evil. example invites you to Acme");
        let long = "y".repeat(400);
        assert_eq!(cast.adam.form("/api/user/onboarding", &[("first_name", &long), ("last_name", "X")]).await.status, 422);
    }

    async fn refused_addresses_are_sent_nothing(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET max_members = 5 WHERE slug = 'acme'").await;
        let before = app.db.number("SELECT COUNT(*) FROM mail_outbox").await;
        assert_eq!(invite(&cast.olivia, "a@new.example max@acme.example nonsense", "member").await.status, 409);
        let of_page = [("emails", "a@new.example"), ("role", "owner"), ("account", ACME)];
        assert_eq!(cast.olivia.form("/api/org/invite", &of_page).await.status, 422);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox").await, before);
    }
}
