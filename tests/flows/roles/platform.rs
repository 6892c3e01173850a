//! The roles of all workspaces: only staff who administer the platform define them, as programs.

use super::{change_role, id_of, invite, made, stored, told, without_limit};
use crate::both;
use crate::support::{App, Browser, Cast};
use http::{Method, header};
use keel_domain::access::SystemGrant;
use keel_domain::staff::{self, PlatformRole};
use keel_types::Email;
use serde_json::{Value, json};

/// Sam of the staff, signed in with a second factor.
pub async fn sam(app: &App) -> Browser {
    let sam = app.sign_in_to_join("sam@keel.example").await;
    app.turns_on_two_step(&sam).await;
    appoint(app, PlatformRole::Admin).await;
    sam
}

#[expect(clippy::disallowed_methods, reason = "as `keel make-staff` does")]
pub async fn appoint(app: &App, role: PlatformRole) {
    staff::make(&SystemGrant::new(&app.keel, "make-staff"), &Email::parse("sam@keel.example").unwrap(), role).await.unwrap();
}

async fn create(browser: &Browser, body: Value) -> crate::support::Answer {
    browser.json("/api/admin/roles", &body).await
}

both! {
    async fn staff_define_roles_for_everybody(app: App) {
        let cast = Cast::gather(&app).await;
        let sam = sam(&app).await;
        let listed: Value = sam.get("/api/admin/roles").await.json();
        let names: Vec<&str> = listed["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Owner", "Admin", "Member", "Viewer"], "no workspace's own");
        assert_eq!(listed["roles"][3], json!({
            "id": "viewer", "name": "Viewer", "permissions": ["members:view", "projects:view", "legal_entity:view"], "system": false
        }));
        let made = create(&sam, json!({ "name": "Helper", "permissions": ["audit:view", "members:view"], "id": "owner", "account_id": "acc_1" })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let role = id_of(&app, "Helper").await;
        assert_eq!(made.json(), json!({ "id": role, "name": "Helper", "permissions": ["members:view", "audit:view"], "system": false }));
        assert_eq!(change_role(&cast.olivia, &app.member("max").await, &role).await.status, 200);
        assert_eq!(cast.max.get("/org-dashboard/audit").await.status, 200);
        let page = cast.olivia.get("/org-dashboard/members/roles").await;
        assert!(page.body.contains("Helper") && !page.body.contains(&format!("edit={role}")), "seen by all, changed by nobody there");

        let patched = sam.patch(&format!("/api/admin/roles/{role}"), &json!({ "permissions": ["members:view"] })).await;
        assert_eq!(patched.json(), json!({ "id": role, "name": "Helper", "permissions": ["members:view"], "system": false }));
        cast.max.get("/org-dashboard/audit").await.leads_to("/private-dashboard");
        assert_eq!(sam.patch(&format!("/api/admin/roles/{role}"), &json!({ "name": "Aide" })).await.json()["permissions"], json!(["members:view"]));
        assert_eq!(sam.patch(&format!("/api/admin/roles/{role}"), &json!({ "permissions": [] })).await.json()["permissions"], json!([]));
        assert_eq!(told(&sam.delete_proven(&format!("/api/admin/roles/{role}")).await), "409 ROLE_IN_USE");
        let gone = sam.delete_proven(&format!("/api/admin/roles/{role}?replacement=viewer")).await;
        assert_eq!((gone.status, gone.body.as_str()), (204, ""));
        assert_eq!((app.role("max").await, stored(&app, &role).await), ("viewer".to_owned(), "none".to_owned()));
        let events = app.db.texts("SELECT action || ' ' || metadata FROM audit_events WHERE action LIKE 'role.%' AND account_id IS NULL ORDER BY id").await;
        assert_eq!(events, [
            r#"role.created {"name":"Helper","permissions":"members:view audit:view"}"#,
            r#"role.updated {"name":"Helper","removed":"audit:view"}"#,
            r#"role.updated {"before":"Helper","name":"Aide"}"#,
            r#"role.updated {"name":"Aide","removed":"members:view"}"#,
            r#"role.deleted {"name":"Aide","replacement":"Viewer"}"#,
        ]);
        assert!(!cast.olivia.get("/org-dashboard/audit").await.body.contains("Role updated</td>"), "it is no workspace's doing");
    }

    async fn what_staff_may_not_do_with_roles(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let sam = sam(&app).await;
        let own = made(&app, &cast.olivia, "Desk", &["members:view"]).await;
        for (body, wanted) in [
            (json!({}), "422 INVALID  name required"),
            (json!({ "name": "Ad\u{202e}min" }), "422 INVALID  name bad_characters"),
            (json!({ "name": "desk" }), "422 INVALID  name name_taken"),
            (json!({ "name": "viewer" }), "422 INVALID  name name_taken"),
            (json!({ "name": "Boss", "permissions": ["account:delete"] }), "422 INVALID  permissions not_a_choice"),
            (json!({ "name": "Boss", "permissions": ["moon:land"] }), "422 INVALID  permissions not_a_choice"),
            (json!({ "name": ["Boss"] }), "400 MALFORMED"),
            (json!({ "name": "Boss", "permissions": "members:view" }), "400 MALFORMED"),
            (json!([]), "400 MALFORMED"),
        ] {
            assert_eq!(told(&create(&sam, body.clone()).await), wanted, "{body}");
        }
        for (role, wanted) in [("owner", "409 ROLE_PROTECTED"), ("admin", "409 ROLE_PROTECTED"), ("member", "409 ROLE_PROTECTED"), (own.as_str(), "404 NOT_FOUND"), ("rol_none", "404 NOT_FOUND"), ("%00", "404 NOT_FOUND"), ("%27", "404 NOT_FOUND")] {
            assert_eq!(told(&sam.patch(&format!("/api/admin/roles/{role}"), &json!({ "permissions": [] })).await), wanted, "{role}");
            assert_eq!(told(&sam.delete_proven(&format!("/api/admin/roles/{role}?replacement=viewer")).await), wanted, "{role}");
        }
        for replacement in ["owner", "viewer", own.as_str(), "rol_none"] {
            assert_eq!(told(&sam.delete_proven(&format!("/api/admin/roles/viewer?replacement={replacement}")).await), "422 INVALID  replacement not_a_choice", "{replacement}");
        }
        assert_eq!(invite(&cast.olivia, "sam@keel.example", "viewer").await.status, 200);
        let link = app.mail("sam@keel.example").await["links"][0].as_str().unwrap().split_once("/invitations/").unwrap().1.to_owned();
        assert_eq!(sam.json("/api/invitations/accept", &json!({ "token": link })).await.status, 200);
        assert_eq!(told(&sam.patch("/api/admin/roles/viewer", &json!({ "permissions": ["audit:view"] })).await), "409 OWN_ROLE");
        assert_eq!(told(&sam.delete_proven("/api/admin/roles/viewer?replacement=admin").await), "409 OWN_ROLE");
        assert_eq!(stored(&app, "viewer").await, "Viewer: members:view legal_entity:view projects:view");
    }

    async fn nobody_else_comes_in(app: App) {
        let cast = Cast::gather(&app).await;
        let support = sam(&app).await;
        appoint(&app, PlatformRole::Support).await;
        let anonymous = app.browser();
        for (browser, wanted) in [(&anonymous, "401 SIGN_IN_REQUIRED"), (&support, "403 FORBIDDEN"), (&cast.olivia, "403 FORBIDDEN"), (&cast.eve, "403 FORBIDDEN"), (&cast.max, "403 FORBIDDEN")] {
            assert_eq!(told(&browser.get("/api/admin/roles").await), wanted);
            assert_eq!(told(&create(browser, json!({ "name": "Mine" })).await), wanted);
            assert_eq!(told(&browser.patch("/api/admin/roles/viewer", &json!({ "name": "Mine" })).await), wanted);
            assert_eq!(told(&browser.delete_proven("/api/admin/roles/viewer?replacement=admin").await), wanted);
        }
        appoint(&app, PlatformRole::Admin).await;
        for (method, path) in [(Method::POST, "/api/admin/roles"), (Method::PATCH, "/api/admin/roles/viewer"), (Method::DELETE, "/api/admin/roles/viewer")] {
            for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("referer", app.base.as_str())] {
                let request = support.request(method.clone(), path).header(name, value).header(header::CONTENT_TYPE, "application/json");
                assert_eq!(told(&support.send(request.body("{\"name\":\"Mine\"}")).await), "403 ORIGIN_REQUIRED", "{method} {name}");
            }
        }
        let form = support.send(support.posted("/api/admin/roles", &[("name", "Mine")])).await;
        assert_eq!(told(&form), "415 UNSUPPORTED_MEDIA");
        let large = support.request(Method::POST, "/api/admin/roles").header("sec-fetch-site", "same-origin").header(header::CONTENT_TYPE, "application/json");
        assert_eq!(told(&support.send(large.body("x".repeat(64 * 1024 + 1))).await), "413 TOO_LARGE");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM roles WHERE name = 'Mine'").await, 0);
        assert_eq!(stored(&app, "viewer").await, "Viewer: members:view legal_entity:view projects:view");
    }
}
