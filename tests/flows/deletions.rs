//! The end of a workspace: who schedules it, who is told, what is stopped and taken up again, and what is left.

mod purge;
mod races;
mod renewals;

use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast};
use keel_types::time::{DAY, MINUTE};
use serde_json::json;

const OLIVIA: &str = "olivia@acme.example";
const DONE: &str = "SELECT COUNT(*) FROM deletions WHERE state = 'done'";
const AT_REST: &str = "SELECT COUNT(*) FROM deletions WHERE renewal_open OR notice IS NOT NULL";

async fn schedule(browser: &Browser) -> Answer {
    browser.json("/api/org/schedule-deletion", &json!({ "account": ACME, "confirmation": "Acme" })).await
}

async fn cancel(browser: &Browser) -> Answer {
    browser.json("/api/org/cancel-deletion", &json!({ "account": ACME })).await
}

/// How many mails with this subject there are, and to how many people.
async fn mailed(app: &App, subject: &str) -> (i64, i64) {
    let of = format!("FROM mail_outbox WHERE subject LIKE '{subject}'");
    (app.db.number(&format!("SELECT COUNT(*) {of}")).await, app.db.number(&format!("SELECT COUNT(DISTINCT recipient) {of}")).await)
}

async fn audited(app: &App, action: &str) -> i64 {
    app.db.number(&format!("SELECT COUNT(*) FROM audit_events WHERE action = '{action}'")).await
}

both! {
    async fn everybody_is_told_and_sees_it_until_it_is_taken_back(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(schedule(&cast.olivia).await.status, 200);
        assert_eq!(schedule(&cast.olivia).await.status, 200, "a second time it is the first");
        app.settles(AT_REST, 0).await;
        assert_eq!(mailed(&app, "Acme will be deleted on %").await, (5, 5));
        let mail = app.mail("max@acme.example").await;
        assert!(mail["text"].as_str().unwrap().contains("Olivia Example scheduled the deletion of Acme."), "{mail}");
        for (browser, page, link) in [
            (&cast.max, "/private-dashboard", false),
            (&cast.vera, "/private-dashboard", false),
            (&cast.adam, "/org-dashboard/members", false),
            (&cast.adam, "/org-dashboard/settings", false),
            (&cast.olivia, "/org-dashboard", true),
            (&cast.olivia, "/org-dashboard/billing", true),
        ] {
            let shown = browser.get(page).await;
            assert!(shown.body.contains("Acme will be deleted on "), "{page}");
            assert_eq!(shown.body.contains("See settings"), link, "{page}");
        }
        assert!(!cast.olivia.get("/private-dashboard?account=personal").await.body.contains("will be deleted"), "it is about Acme only");
        assert!(!cast.eve.get("/org-dashboard").await.body.contains("will be deleted"));

        let form = cast.olivia.get("/org-dashboard/settings").await.form_to("/api/org/cancel-deletion");
        cast.olivia.form(&form.action, &form.filled(&[])).await.leads_to("/org-dashboard/settings");
        assert_eq!(cancel(&cast.olivia).await.status, 200, "nothing scheduled, nothing happens");
        app.settles(AT_REST, 0).await;
        assert_eq!(mailed(&app, "Acme will not be deleted").await, (5, 5));
        assert!(!cast.max.get("/private-dashboard").await.body.contains("will be deleted"));
        assert_eq!((audited(&app, "deletion.scheduled").await, audited(&app, "deletion.canceled").await), (1, 1));
        app.advance(31 * DAY).await;
        app.keel.work().await.unwrap();
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'acme' AND NOT purging").await, 1);
    }

    async fn it_is_the_owners_who_type_its_name_and_prove_who_they_are(app: App) {
        let cast = Cast::gather(&app).await;
        for (browser, wanted) in [(&cast.adam, (403, "FORBIDDEN")), (&cast.max, (403, "FORBIDDEN")), (&cast.eve, (404, "NOT_FOUND")), (&cast.rob, (404, "NOT_FOUND"))] {
            assert_eq!(schedule(browser).await.problem(), (wanted.0, wanted.1.to_owned()));
            assert_eq!(cancel(browser).await.problem(), (wanted.0, wanted.1.to_owned()));
        }
        let personal = json!({ "account": "personal", "confirmation": "Olivia Example" });
        assert_eq!(cast.olivia.json("/api/org/schedule-deletion", &personal).await.problem().0, 404);
        let page = cast.olivia.get("/org-dashboard/settings").await;
        let form = page.form_to("/api/org/schedule-deletion");
        let refused = cast.olivia.form(&form.action, &form.filled(&[("confirmation", "Evil Corp")])).await;
        assert!(refused.status == 422 && refused.body.contains("value=\"Evil Corp\"") && refused.body.contains("Type the name exactly"), "{}", refused.body);
        assert!(!cast.adam.get("/org-dashboard/settings").await.body.contains("Schedule deletion"));
        app.advance(11 * MINUTE).await;
        assert_eq!(schedule(&cast.olivia).await.problem(), (401, "STEP_UP_REQUIRED".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM deletions").await, 0);
        let olivia = app.sign_in(OLIVIA).await;
        assert_eq!(schedule(&olivia).await.status, 200);
        assert_eq!(cancel(&cast.olivia).await.status, 200, "taking it back needs no proof");
    }

    async fn nothing_is_bought_meanwhile(app: App) {
        let cast = Cast::gather(&app).await;
        schedule(&cast.olivia).await;
        let order = json!({ "account": ACME, "plan": "pro", "interval": "month", "currency": "usd" });
        assert_eq!(cast.olivia.json("/api/billing/checkout", &order).await.problem(), (409, "DELETION_SCHEDULED".to_owned()));
        cancel(&cast.olivia).await;
        assert_eq!(cast.olivia.json("/api/billing/checkout", &order).await.status, 200);
    }

    async fn a_name_makes_no_link_in_a_mail(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET name = 'www.evil.example' WHERE slug = 'acme'").await;
        let asked = json!({ "account": ACME, "confirmation": "www.evil.example" });
        assert_eq!(cast.olivia.json("/api/org/schedule-deletion", &asked).await.status, 200);
        app.settles(AT_REST, 0).await;
        let mail = app.mail("max@acme.example").await;
        let written = [&mail["subject"], &mail["text"], &mail["html"]].map(|part| part.as_str().unwrap().to_owned()).join("\n");
        assert!(written.contains("www. evil. example") && !written.contains("www.evil.example"), "{written}");
    }
}
