//! Roles: who defines what, what is the owner's alone, what becomes of those who have a role that goes, and when it counts.

mod escalation;
mod pages;
pub mod platform;
mod races;

use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast, EVIL_CORP, HYBRID};
use serde_json::{Value, json};

/// The audit's role, with the rights of somebody who looks after people.
const PEOPLE_CARE: &str = "UPDATE roles SET permissions = 'audit:view members:view members:invite members:remove members:update_role \
    legal_entity:view projects:view' WHERE id = 'rol_auditor'";
const WRITTEN: &str = "SELECT COUNT(*) FROM audit_events WHERE action LIKE 'role.%'";
const UNTOLD: &str = "SELECT COUNT(*) FROM role_news";
const NOBODYS: &str = "rol_00000000000000000000000000000000";

async fn create(browser: &Browser, name: &str, permissions: &[&str]) -> Answer {
    browser.json("/api/roles/create", &json!({ "account": ACME, "name": name, "permissions": permissions })).await
}

async fn update(browser: &Browser, role: &str, name: &str, permissions: &[&str]) -> Answer {
    browser.json("/api/roles/update", &json!({ "account": ACME, "role": role, "name": name, "permissions": permissions })).await
}

async fn delete(browser: &Browser, role: &str, replacement: &str) -> Answer {
    browser.json("/api/roles/delete", &json!({ "account": ACME, "role": role, "replacement": replacement })).await
}

async fn change_role(browser: &Browser, member: &str, role: &str) -> Answer {
    browser.json("/api/members/change-role", &json!({ "account": ACME, "member": member, "role": role })).await
}

async fn invite(browser: &Browser, email: &str, role: &str) -> Answer {
    browser.json("/api/org/invite", &json!({ "account": ACME, "emails": email, "role": role })).await
}

/// Makes a role of Acme's, and gives its id.
async fn made(app: &App, browser: &Browser, name: &str, permissions: &[&str]) -> String {
    let answer = create(browser, name, permissions).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    id_of(app, name.trim()).await
}

async fn id_of(app: &App, name: &str) -> String {
    app.db.text(&format!("SELECT id FROM roles WHERE name = '{name}'")).await
}

async fn stored(app: &App, role: &str) -> String {
    app.db.text(&format!("SELECT COALESCE((SELECT name || ': ' || permissions FROM roles WHERE id = '{role}'), 'none')")).await
}

/// Takes the limit of seats away.
async fn without_limit(app: &App) {
    app.db.run("UPDATE accounts SET max_members = NULL WHERE slug = 'acme'").await;
}

/// The status, with the code of a problem, the permission that is missing, or the first field that is wrong and why.
fn told(answer: &Answer) -> String {
    if answer.status == 200 {
        return "200".to_owned();
    }
    let problem = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let more = [text(&problem["permission"]), text(&problem["errors"][0]["field"]), text(&problem["errors"][0]["code"])];
    [vec![answer.status.to_string(), answer.problem().1], more.to_vec()].concat().join(" ").trim().to_owned()
}

both! {
    async fn a_role_is_made_changed_and_ended(app: App) {
        let cast = Cast::gather(&app).await;
        let id = made(&app, &cast.olivia, "  Support  ", &["projects:view", "members:view", "members:view"]).await;
        assert_eq!(stored(&app, &id).await, "Support: members:view projects:view", "in the order of the table, once");
        assert_eq!(update(&cast.olivia, &id, "Care", &["members:view", "billing:view"]).await.status, 200);
        assert_eq!(stored(&app, &id).await, "Care: billing:view members:view");
        assert_eq!(update(&cast.olivia, &id, "Care", &["billing:view", "members:view"]).await.status, 200, "as it is");
        assert_eq!(update(&cast.olivia, &id, "Care", &[]).await.status, 200, "a role may allow nothing");
        assert_eq!(delete(&cast.olivia, &id, "").await.status, 200);
        assert_eq!(stored(&app, &id).await, "none");
        let events = app.db.texts(&format!("SELECT action || ' ' || actor_name || ' ' || metadata FROM audit_events WHERE resource = '{id}' ORDER BY id")).await;
        assert_eq!(events, [
            r#"role.created Olivia Example {"name":"Support","permissions":"members:view projects:view"}"#,
            r#"role.updated Olivia Example {"added":"billing:view","before":"Support","name":"Care","removed":"projects:view"}"#,
            r#"role.updated Olivia Example {"name":"Care","removed":"billing:view members:view"}"#,
            r#"role.deleted Olivia Example {"name":"Care"}"#,
        ]);
    }

    async fn a_name_is_one_role_s_in_what_a_workspace_sees(app: App) {
        let cast = Cast::gather(&app).await;
        let id = made(&app, &cast.olivia, "Straße", &[]).await;
        for (name, wanted) in [
            ("STRASSE", "422 INVALID  name name_taken"),
            (" strasse ", "422 INVALID  name name_taken"),
            ("Viewer", "422 INVALID  name name_taken"),
            ("ＯＷＮＥＲ", "422 INVALID  name name_taken"),
            ("", "422 INVALID  name required"),
            ("  ", "422 INVALID  name required"),
            (&"x".repeat(41), "422 INVALID  name too_long"),
            ("Ad\u{202e}nim", "422 INVALID  name bad_characters"),
            ("Care\r\nBcc: x", "422 INVALID  name bad_characters"),
            ("Ca\u{200b}re", "422 INVALID  name bad_characters"),
        ] {
            assert_eq!(told(&create(&cast.olivia, name, &[]).await), wanted, "{name:?}");
        }
        let other = made(&app, &cast.olivia, "Other", &[]).await;
        assert_eq!(told(&update(&cast.olivia, &other, "straße", &[]).await), "422 INVALID  name name_taken");
        assert_eq!(told(&update(&cast.olivia, &id, "STRASSE", &[]).await), "200", "its own name is free for it");
        let theirs = cast.eve.json("/api/roles/create", &json!({ "account": EVIL_CORP, "name": "Straße", "permissions": [] })).await;
        assert_eq!(theirs.status, 200, "another workspace sees another list");
        assert_eq!(create(&cast.olivia, &"ü".repeat(40), &[]).await.status, 200);
    }

    async fn what_is_the_owners_alone_is_in_no_role(app: App) {
        let cast = Cast::gather(&app).await;
        let id = made(&app, &cast.olivia, "Care", &["members:view"]).await;
        for permission in ["account:delete", "members:transfer_ownership", "billing:manage", "moon:land", "", "MEMBERS:VIEW", "members:view members:invite"] {
            assert_eq!(told(&create(&cast.olivia, "Boss", &["members:view", permission]).await), "422 INVALID  permissions not_a_choice", "{permission}");
            assert_eq!(told(&update(&cast.olivia, &id, "Care", &[permission]).await), "422 INVALID  permissions not_a_choice", "{permission}");
        }
        assert_eq!(stored(&app, &id).await, "Care: members:view");
        assert_eq!(app.db.number(WRITTEN).await, 1);
    }

    async fn outside_b2b_a_role_may_manage_billing(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        let id = made(&app, &cast.olivia, "Treasurer", &["billing:view", "billing:manage"]).await;
        assert_eq!(change_role(&cast.olivia, &app.member("max").await, &id).await.status, 200);
        let order = [("plan", "none"), ("account", ACME)];
        assert_eq!(cast.max.form("/api/billing/checkout", &order).await.status, 400, "the door is open");
        assert_eq!(told(&create(&cast.olivia, "Boss", &["account:delete"]).await), "422 INVALID  permissions not_a_choice");
    }

    async fn who_has_a_role_that_goes_gets_another(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let care = made(&app, &cast.olivia, "Care", &["members:view", "members:invite"]).await;
        change_role(&cast.olivia, &app.member("max").await, &care).await;
        assert_eq!(invite(&cast.olivia, "nina@new.example", &care).await.status, 200);
        assert_eq!(invite(&cast.olivia, "late@new.example", &care).await.status, 200);
        app.db.run("UPDATE invitations SET state = 'revoked', settled_at = 1 WHERE email = 'late@new.example'").await;
        for (replacement, wanted) in [
            ("", "409 ROLE_IN_USE"),
            (care.as_str(), "422 INVALID  replacement not_a_choice"),
            ("owner", "422 INVALID  replacement not_a_choice"),
            (NOBODYS, "422 INVALID  replacement not_a_choice"),
            ("nonsense", "422 INVALID  replacement not_a_choice"),
        ] {
            assert_eq!(told(&delete(&cast.olivia, &care, replacement).await), wanted, "{replacement}");
        }
        assert_eq!((app.role("max").await, stored(&app, &care).await), (care.clone(), "Care: members:view members:invite".to_owned()));
        assert_eq!(cast.max.get("/org-dashboard/members").await.status, 200);
        assert_eq!(told(&delete(&cast.olivia, &care, "viewer").await), "200");
        assert_eq!((app.role("max").await, stored(&app, &care).await), ("viewer".to_owned(), "none".to_owned()));
        cast.max.get("/org-dashboard/members").await.leads_to("/private-dashboard");
        assert_eq!(app.db.text("SELECT role FROM invitations WHERE email = 'nina@new.example'").await, "viewer");
        assert_eq!(app.db.text("SELECT metadata FROM audit_events WHERE action = 'role.deleted'").await, r#"{"name":"Care","replacement":"Viewer"}"#);

        let only_invited = made(&app, &cast.olivia, "Guests", &[]).await;
        assert_eq!(invite(&cast.olivia, "gus@new.example", &only_invited).await.status, 200);
        assert_eq!(told(&delete(&cast.olivia, &only_invited, "").await), "409 ROLE_IN_USE", "an invitation waits");
        app.db.run("UPDATE invitations SET state = 'declined', settled_at = 1 WHERE email = 'gus@new.example'").await;
        assert_eq!(told(&delete(&cast.olivia, &only_invited, "").await), "200", "an answered one does not");
    }

    async fn there_are_fifty_roles_at_most(app: App) {
        let cast = Cast::gather(&app).await;
        let rows: Vec<String> = (0..48).map(|n| format!("('rol_{n:032x}', (SELECT id FROM accounts WHERE slug = 'acme'), 'R{n}', '', 0, 'r{n}')")).collect();
        app.db.run(&format!("INSERT INTO roles (id, account_id, name, permissions, created_at, sort_key) VALUES {}", rows.join(", "))).await;
        assert_eq!(told(&create(&cast.olivia, "The fiftieth", &[]).await), "200");
        assert_eq!(told(&create(&cast.olivia, "One more", &[]).await), "409 ROLE_LIMIT_REACHED");
        assert_eq!(told(&delete(&cast.olivia, &format!("rol_{:032x}", 0), "").await), "200");
        assert_eq!(told(&create(&cast.olivia, "One more", &[]).await), "200");
        let theirs = cast.eve.json("/api/roles/create", &json!({ "account": EVIL_CORP, "name": "Theirs", "permissions": [] })).await;
        assert_eq!(theirs.status, 200, "each workspace counts its own");
        assert_eq!(cast.olivia.get("/org-dashboard/members/roles").await.status, 200);
    }

    async fn what_is_not_here_does_not_exist(app: App) {
        let cast = Cast::gather(&app).await;
        let evil = cast.eve.json("/api/roles/create", &json!({ "account": EVIL_CORP, "name": "Evil", "permissions": ["members:view"] })).await;
        assert_eq!(evil.status, 200);
        let evil = id_of(&app, "Evil").await;
        let care = made(&app, &cast.olivia, "Care", &["members:view"]).await;
        let max = app.member("max").await;
        for role in [evil.as_str(), NOBODYS, "x", "", "..", "' OR 1=1--", "\u{0}"] {
            assert_eq!(told(&update(&cast.olivia, role, "Mine", &[]).await), "404 NOT_FOUND", "{role:?}");
            assert_eq!(told(&delete(&cast.olivia, role, "").await), "404 NOT_FOUND", "{role:?}");
            assert_eq!(told(&delete(&cast.olivia, role, "viewer").await), "404 NOT_FOUND", "{role:?}");
            assert_eq!(told(&change_role(&cast.olivia, &max, role).await), "422 INVALID  role not_a_choice", "{role:?}");
        }
        for role in [evil.as_str(), NOBODYS] {
            assert_eq!(told(&invite(&cast.olivia, "nina@new.example", role).await), "422 INVALID  role not_a_choice");
            assert_eq!(cast.olivia.get(&format!("/org-dashboard/members/roles?edit={role}")).await.status, 404);
            change_role(&cast.olivia, &max, &care).await;
            assert_eq!(told(&delete(&cast.olivia, &care, role).await), "422 INVALID  replacement not_a_choice");
        }
        for account in [EVIL_CORP, "acc_00000000000000000000000000000000", "no-one-at"] {
            for (url, body) in [
                ("create", json!({ "account": account, "name": "Mine", "permissions": [] })),
                ("update", json!({ "account": account, "role": evil, "name": "Mine", "permissions": [] })),
                ("delete", json!({ "account": account, "role": evil })),
            ] {
                assert_eq!(told(&cast.olivia.json(&format!("/api/roles/{url}"), &body).await), "404 NOT_FOUND", "{url} {account}");
            }
            assert_eq!(cast.olivia.get(&format!("/org-dashboard/members/roles?account={account}")).await.status, 404, "{account}");
        }
        for (url, body) in [
            ("create", json!({ "account": "personal", "name": "Mine", "permissions": [] })),
            ("update", json!({ "account": "personal", "role": care, "name": "Mine", "permissions": [] })),
            ("delete", json!({ "account": "personal", "role": care })),
        ] {
            assert_eq!(told(&cast.olivia.json(&format!("/api/roles/{url}"), &body).await), "404 NOT_FOUND", "{url}");
        }
        cast.olivia.get("/org-dashboard/members/roles?account=personal").await.leads_to("/private-dashboard?account=personal");
        let listed = cast.olivia.get("/org-dashboard/members/roles").await;
        assert!(listed.body.contains("Care") && !listed.body.contains("Evil"), "{}", listed.body);
        assert_eq!((stored(&app, &evil).await, stored(&app, &care).await), ("Evil: members:view".to_owned(), "Care: members:view".to_owned()));
    }

    async fn who_has_a_role_is_told_once_what_became_of_it(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let care = made(&app, &cast.olivia, "Care", &["members:view", "members:invite"]).await;
        for person in ["max", "vera"] {
            assert_eq!(change_role(&cast.olivia, &app.member(person).await, &care).await.status, 200);
        }
        app.settles(UNTOLD, 0).await;
        let mails = || async { app.db.texts("SELECT recipient || ': ' || subject || ' / ' || plain FROM mail_outbox WHERE plain LIKE '%role%' ORDER BY recipient").await };
        app.db.run("DELETE FROM mail_outbox").await;
        assert_eq!(update(&cast.olivia, &care, "Kindness", &["members:view", "members:invite"]).await.status, 200);
        app.settles(UNTOLD, 0).await;
        assert_eq!(mails().await, Vec::<String>::new(), "another name allows nothing else");

        assert_eq!(update(&cast.olivia, &care, "Kindness", &["members:view", "audit:view"]).await.status, 200);
        app.settles(UNTOLD, 0).await;
        let told = mails().await;
        assert_eq!(told.len(), 2, "{told:?}");
        for (mail, person) in told.iter().zip(["max", "vera"]) {
            assert!(mail.starts_with(&format!("{person}@acme.example: What your role in Acme allows has changed")), "{mail}");
            for words in ["Kindness", "It now also allows: Read the audit log.", "It no longer allows: Invite people."] {
                assert!(mail.contains(words), "{words}: {mail}");
            }
        }

        app.db.run("DELETE FROM mail_outbox").await;
        assert_eq!(delete(&cast.olivia, &care, "member").await.status, 200);
        let (one, another) = (app.another().await, app.another().await);
        let (first, second) = tokio::join!(one.work(), another.work());
        first.and(second).unwrap();
        app.settles(UNTOLD, 0).await;
        let told = mails().await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|mail| mail.contains("The role Kindness is gone from Acme. Yours is Member from now on")), "{told:?}");
    }

    async fn a_field_too_many_changes_nothing(app: App) {
        let cast = Cast::gather(&app).await;
        let evil = app.account("eve@evil.example", "workspace").await;
        let more = json!({
            "account": ACME, "name": "Care", "permissions": ["members:view"], "id": "owner", "account_id": evil, "is_system": true, "created_at": 0,
            "sort_key": "owner", "revision": 7,
        });
        assert_eq!(cast.olivia.json("/api/roles/create", &more).await.status, 200);
        let row = "SELECT account_id || ' ' || sort_key || ' ' || revision FROM roles WHERE name = 'Care'";
        let acme = app.account("olivia@acme.example", "workspace").await;
        assert_eq!(app.db.text(row).await, format!("{acme} care 0"));
        let id = id_of(&app, "Care").await;
        let mut changed = more.clone();
        changed["role"] = id.clone().into();
        assert_eq!(cast.olivia.json("/api/roles/update", &changed).await.status, 200);
        assert_eq!(app.db.text(row).await, format!("{acme} care 0"));
        let twice = [("account", ACME), ("role", id.as_str()), ("name", "First"), ("name", "Second"), ("role", "viewer")];
        assert_eq!(cast.olivia.form("/api/roles/update", &twice).await.status, 303);
        assert_eq!(stored(&app, &id).await, "First: ", "the first counts");
    }
}
