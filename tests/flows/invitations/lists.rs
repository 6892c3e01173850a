//! Pasted lists: each address has its own outcome, and nothing that was typed is lost.

use super::{NINA, count, invite, reasons, without_limit};
use crate::both;
use crate::support::{ACME, Cast};
use serde_json::json;

const PASTED: &str = "Ann Other <ann@new.example>, bob@new.example; BOB@new.example\r\nnot-an-address; \"Dee, of Acme\" <dee@new.example>\tmax@acme.example\nwait@new.example <script>@new.example";

both! {
    async fn each_address_has_its_own_outcome(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        assert_eq!(invite(&cast.adam, "wait@new.example", "viewer").await.status, 200);
        let answer = invite(&cast.olivia, PASTED, "member").await;
        assert_eq!(answer.problem(), (422, "INVALID".to_owned()));
        let found = reasons(&answer);
        let found: Vec<(&str, &str)> = found.iter().map(|(typed, code)| (typed.as_str(), code.as_str())).collect();
        assert_eq!(
            found,
            [
                ("BOB@new.example", "twice"),
                ("not-an-address", "not_an_address"),
                ("max@acme.example", "already_member"),
                ("wait@new.example", "already_invited"),
                ("script", "not_an_address"),
                ("@new.example", "not_an_address"),
            ]
        );
        for email in ["ann", "bob", "dee"] {
            assert_eq!(count(&app, &format!("email = '{email}@new.example' AND role = 'member'")).await, 1, "{email}");
        }
        assert_eq!(count(&app, "TRUE").await, 4);
    }

    async fn what_was_not_invited_stays_typed(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        assert_eq!(invite(&cast.adam, "wait@new.example", "viewer").await.status, 200);
        let form = cast.olivia.get("/org-dashboard/members/invite").await.form_to("/api/org/invite");
        let page = cast.olivia.form(&form.action, &form.filled(&[("emails", PASTED), ("role", "viewer")])).await;
        assert_eq!(page.status, 422);
        let typed = page.body.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap().to_owned();
        for stays in ["not-an-address", "max@acme.example", "wait@new.example"] {
            assert!(typed.contains(stays), "{stays}: {typed}");
        }
        for gone in ["ann@new.example", "bob@new.example", "BOB@new.example", "dee@new.example"] {
            assert!(!typed.contains(gone), "{gone}: {typed}");
        }
        for says in ["3 invitations were sent.", "max@acme.example: This person belongs to the workspace already.", "BOB@new.example: This address stands in the list twice.", "<option value=\"viewer\" selected"] {
            assert!(page.body.contains(says), "{says}: {}", page.body);
        }
        assert!(!page.body.contains("<script>") && page.body.contains("ann@new.example"), "those that wait are listed");
        let sent = cast.olivia.form(&form.action, &form.filled(&[("emails", NINA), ("role", "viewer")])).await;
        sent.leads_to("/org-dashboard/members/invite");
        assert!(cast.olivia.get("/org-dashboard/members/invite").await.body.contains("The invitations are on their way."));
    }

    async fn a_list_has_one_to_fifty_addresses(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let list = |count: usize| (0..count).map(|number| format!("p{number}@new.example")).collect::<Vec<_>>().join(", ");
        for (emails, code) in [(String::new(), "required"), (" ,;\n ".to_owned(), "required"), (list(51), "too_many_addresses")] {
            let refused = invite(&cast.olivia, &emails, "member").await;
            assert_eq!(refused.problem(), (422, "INVALID".to_owned()));
            assert_eq!(reasons(&refused), [(String::new(), code.to_owned())]);
        }
        let page = cast.olivia.form("/api/org/invite?at=/org-dashboard/members/invite", &[("emails", &list(51)), ("role", "member"), ("account", ACME)]).await;
        assert!(page.status == 422 && page.body.contains("p50@new.example") && page.body.contains("This is more than 50 addresses."), "{}", page.body);
        assert_eq!(count(&app, "TRUE").await, 0);
        assert_eq!(invite(&cast.olivia, &list(50), "member").await.status, 200);
        assert_eq!(count(&app, "state = 'pending'").await, 50);
        let page = cast.olivia.get("/org-dashboard/members/invite").await;
        assert!(page.body.contains("55 seats used, no limit"), "{}", page.body);
    }

    async fn what_cannot_be_an_address_is_none(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let long = format!("{}@new.example", "x".repeat(400));
        for bad in ["a@b", "@new.example", "a@@new.example", "a@new.example\u{202e}", "ü@new.example", "a\u{0}@new.example", ".a@new.example", long.as_str()] {
            let refused = invite(&cast.olivia, bad, "member").await;
            assert_eq!(refused.problem(), (422, "INVALID".to_owned()), "{bad:?}");
        }
        let injected = json!({ "emails": "a@new.example\r\nBcc: eve@evil.example", "role": "member", "account": ACME });
        let answer = cast.olivia.json("/api/org/invite", &injected).await;
        assert_eq!(reasons(&answer), [("Bcc:".to_owned(), "not_an_address".to_owned())], "a line is another address, not a header");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE recipient LIKE '%bcc%' OR recipient LIKE '%\n%'").await, 0);
    }
}
