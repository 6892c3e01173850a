//! Profiles: what people tell about themselves, and leaving workspaces from there.

use crate::both;
use crate::support::{ACME, App, B2C, Browser, Cast};
use serde_json::json;

const PAGE: &str = "/private-dashboard/settings";
const MAX: &str = "max@acme.example";

async fn kept(app: &App, column: &str) -> String {
    let of = "user_id = (SELECT id FROM users WHERE email = 'max@acme.example')";
    app.db.text(&format!("SELECT COALESCE({column}, 'none') FROM user_profiles WHERE {of}")).await
}

async fn save(browser: &Browser, fields: &[(&str, &str)]) -> crate::support::Answer {
    let whole = [("first_name", "Max"), ("last_name", "Moreau")];
    let others = whole.iter().copied().filter(|(name, _)| !fields.iter().any(|(known, _)| known == name));
    let fields: Vec<(&str, &str)> = others.chain(fields.iter().copied()).collect();
    browser.form(&format!("/api/profile/save?at={PAGE}"), &fields).await
}

both! {
    async fn what_is_told_is_kept_and_shown(app: App) {
        let cast = Cast::gather(&app).await;
        let told = [
            ("first_name", "Maximilian"),
            ("job_title", "Head of <Sales>"),
            ("phone", "+31 20 123 4567"),
            ("vat_number", "nl 123456789 b01"),
            ("language", "de"),
            ("time_zone", "Asia/Tokyo"),
        ];
        save(&cast.max, &told).await.leads_to(PAGE);
        let page = cast.max.get(PAGE).await.body;
        for shown in ["Maximilian", "Head of &lt;Sales&gt;", "+31 20 123 4567", "NL123456789B01", "Ihr Profil ist gespeichert."] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(page.contains("<html lang=\"de\" data-time-zone=\"Asia/Tokyo\">"), "{page}");
        assert!(page.contains("value=\"Asia/Tokyo\" selected"), "{page}");
        assert_eq!(app.db.text("SELECT sort_key FROM memberships WHERE email = 'max@acme.example' AND account_id <> '' LIMIT 1").await, "maximilian moreau");
        save(&cast.max, &[]).await.leads_to(PAGE);
        for column in ["job_title", "phone", "vat_number", "language", "time_zone"] {
            assert_eq!(kept(&app, column).await, "none", "what is left empty is forgotten: {column}");
        }
        assert_eq!(kept(&app, "first_name").await, "Max");
    }

    async fn what_is_wrong_is_told_at_its_field_and_nothing_is_kept(app: App) {
        let cast = Cast::gather(&app).await;
        let long = "x".repeat(81);
        for (field, typed, code) in [
            ("first_name", "", "required"),
            ("last_name", long.as_str(), "too_long"),
            ("job_title", "CEO\u{202e}", "bad_characters"),
            ("phone", "call me", "bad_characters"),
            ("vat_number", "DE12", "not_a_vat_number"),
            ("language", "tlh", "not_a_choice"),
            ("time_zone", "Mars/Olympus_Mons", "not_a_choice"),
        ] {
            let refused = save(&cast.max, &[(field, typed), ("job_title", if field == "job_title" { typed } else { "Captain" })]).await;
            assert_eq!(refused.status, 422, "{field}");
            assert!(refused.body.contains(&format!("id=\"{field}-error\"")), "{field}: {}", refused.body);
            assert!(field == "job_title" || refused.body.contains("value=\"Captain\""), "what was typed is still there");
            let program = cast.max.json("/api/profile/save", &json!({ "first_name": "Max", "last_name": "Moreau", field: typed })).await;
            let errors = program.json()["errors"].clone();
            assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(field), &json!(code)), "{errors}");
        }
        assert_eq!(kept(&app, "job_title").await, "none");
        assert_eq!(kept(&app, "last_name").await, "Example");
    }

    async fn a_profile_is_its_persons_alone(app: App) {
        let cast = Cast::gather(&app).await;
        let other = app.db.text("SELECT id FROM users WHERE email = 'olivia@acme.example'").await;
        let more = json!({ "first_name": "Eve", "last_name": "Evans", "user_id": other, "email": "x@evil.example", "muted": "", "onboarded_at": 1 });
        assert_eq!(cast.eve.json("/api/profile/save", &more).await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_profiles WHERE first_name = 'Eve'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_profiles WHERE first_name = 'Olivia'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM users WHERE email = 'x@evil.example'").await, 0);
        assert_eq!(app.browser().json("/api/profile/save", &json!({})).await.problem().0, 401);
    }

    async fn a_workspace_is_left_from_the_profile(app: App) {
        let cast = Cast::gather(&app).await;
        let page = cast.max.get(PAGE).await.body;
        assert!(page.contains("Leave Acme?") && page.contains("Leave workspace"), "{page}");
        let at = format!("/api/members/leave?at={PAGE}");
        cast.max.form(&at, &[("account", ACME)]).await.leads_to(PAGE);
        assert_eq!(app.role("max").await, "none");
        let after = cast.max.get(PAGE).await;
        assert!(after.status == 200 && after.body.contains("You left the workspace.") && after.body.contains("You belong to no workspace"));
        assert_eq!(cast.max.form(&at, &[("account", ACME)]).await.status, 404, "a workspace that was left is an unknown one");
        assert_eq!(cast.eve.form(&at, &[("account", ACME)]).await.status, 404);
    }

    async fn who_may_not_leave_reads_the_way_out(app: App) {
        let cast = Cast::gather(&app).await;
        let at = format!("/api/members/leave?at={PAGE}");
        let acme = app.db.text("SELECT id FROM accounts WHERE slug = 'acme'").await;
        let last = cast.olivia.form(&at, &[("account", &acme)]).await;
        assert_eq!(last.status, 409);
        assert!(last.body.contains("You are the only owner of Acme") && last.body.contains("href=\"/org-dashboard/members?account=acme\""));
        assert!(last.body.contains("value=\"Olivia\""), "the profile on the same page is as it was");
        let change = json!({ "account": ACME, "member": app.member("adam").await, "role": "owner" });
        assert_eq!(cast.olivia.json("/api/members/change-role", &change).await.status, 200);
        let billing = cast.olivia.form(&at, &[("account", &acme)]).await;
        assert_eq!(billing.status, 409);
        assert!(billing.body.contains("You answer for the bills of Acme") && billing.body.contains("Hand over billing to another owner first"));
        assert_eq!(app.role("olivia").await, "owner");
    }

    async fn without_teams_there_is_a_profile_and_nothing_to_leave(app: App, with B2C) {
        let max = app.sign_in(MAX).await;
        let page = max.get(PAGE).await;
        assert!(page.status == 200 && !page.body.contains("Workspaces") && !page.body.contains("Leave workspace"), "{}", page.body);
        assert_eq!(max.form(&format!("/api/members/leave?at={PAGE}"), &[]).await.status, 404);
    }
}
