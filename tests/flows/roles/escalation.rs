//! Every way to more than one has, tried. Aude may change roles, invite and remove, and lacks what Adam and Max have besides.

use super::{NOBODYS, PEOPLE_CARE, change_role, create, delete, id_of, invite, made, stored, told, update, without_limit};
use crate::both;
use crate::support::{ACME, App, Browser, Cast, EVIL_CORP};
use keel_types::Permission;
use serde_json::json;

/// What a role allows, and who has which: all that an escalation would change.
async fn powers(app: &App) -> (Vec<String>, Vec<String>, Vec<String>) {
    let roles = app.db.texts("SELECT id || ' ' || name || ' ' || permissions FROM roles ORDER BY id").await;
    let members = app.db.texts("SELECT id || ' ' || role FROM memberships ORDER BY id").await;
    let invited = app.db.texts("SELECT id || ' ' || role || ' ' || state FROM invitations ORDER BY id").await;
    (roles, members, invited)
}

/// Everything Aude, and a puppet of hers with a lower role, could ask for; none of it is done.
async fn tries(app: &App, who: &Browser, own_role: &str, own_place: &str, roles: &[String]) {
    let everything: Vec<&str> =
        Permission::ALL.iter().map(|permission| permission.as_str()).filter(|word| !word.starts_with("account:delete")).collect();
    let before = powers(app).await;
    for permission in Permission::ALL.iter().map(|permission| permission.as_str()) {
        if !stored(app, own_role).await.contains(permission) {
            assert!([403, 422].contains(&create(who, "Ladder", &["members:view", permission]).await.status), "a role with {permission}");
        }
    }
    assert!([403, 422].contains(&create(who, "Ladder", &everything).await.status));
    assert_eq!(told(&update(who, own_role, "Mine", &["audit:view"]).await), "409 OWN_ROLE", "less is a change too");
    assert_eq!(told(&update(who, own_role, "Mine", &everything[1..]).await), "409 OWN_ROLE");
    assert_eq!(told(&delete(who, own_role, "admin").await), "409 OWN_ROLE");
    for role in ["owner", "admin", "member", "viewer"] {
        assert_eq!(told(&update(who, role, "Mine", &["members:view"]).await), "409 ROLE_PROTECTED", "{role}");
        assert_eq!(told(&delete(who, role, "admin").await), "409 ROLE_PROTECTED", "{role}");
    }
    for role in ["owner", "admin", "member"].into_iter().chain(roles.iter().map(String::as_str)) {
        for target in [own_place.to_owned(), app.member("vera").await] {
            assert!([403, 422].contains(&change_role(who, &target, role).await.status), "{role} to {target}");
        }
        assert!([403, 422].contains(&invite(who, "puppet@evil.example", role).await.status), "invited into {role}");
    }
    for role in roles {
        assert!([403, 404, 409].contains(&update(who, role, "Mine", &["members:view"]).await.status), "{role}");
        assert!([403, 404, 409].contains(&delete(who, role, "viewer").await.status), "{role}");
    }
    for role in [NOBODYS, "platform:admin", "support", "staff"] {
        assert_eq!(told(&change_role(who, own_place, role).await), "422 INVALID  role not_a_choice", "{role}");
        assert_eq!(told(&update(who, role, "Mine", &[]).await), "404 NOT_FOUND", "{role}");
    }
    let staff = json!({ "name": "Mine", "permissions": everything });
    assert_eq!(told(&who.json("/api/admin/roles", &staff).await), "403 FORBIDDEN");
    for role in ["viewer", own_role] {
        assert_eq!(told(&who.patch(&format!("/api/admin/roles/{role}"), &staff).await), "403 FORBIDDEN");
        assert_eq!(told(&who.delete_proven(&format!("/api/admin/roles/{role}?replacement=admin")).await), "403 FORBIDDEN");
    }
    assert_eq!(powers(app).await, before, "nothing happened");
}

both! {
    async fn no_way_leads_to_more_than_one_has(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        app.db.run(PEOPLE_CARE).await;
        let higher = made(&app, &cast.olivia, "Treasurer", &["billing:view"]).await;
        let theirs = cast.eve.json("/api/roles/create", &json!({ "account": EVIL_CORP, "name": "Evil", "permissions": [] })).await;
        assert_eq!(theirs.status, 200);
        let evil = id_of(&app, "Evil").await;
        let roles = [higher.clone(), evil.clone()];
        tries(&app, &cast.aude, "rol_auditor", &app.member("aude").await, &roles).await;

        // By proxy: a puppet with a role that Aude made, which may change roles too.
        assert_eq!(create(&cast.aude, "Puppet", &["members:update_role", "members:view", "members:invite"]).await.status, 200);
        let puppet = id_of(&app, "Puppet").await;
        assert_eq!(change_role(&cast.aude, &app.member("vera").await, &puppet).await.status, 200);
        let of_vera = app.member("vera").await;
        let above_the_puppet = [roles.to_vec(), vec!["rol_auditor".to_owned()]].concat();
        let before = powers(&app).await;
        for role in &above_the_puppet {
            assert!([403, 404].contains(&update(&cast.vera, role, "Mine", &["members:view"]).await.status), "{role}");
            assert!([403, 422].contains(&change_role(&cast.vera, &of_vera, role).await.status), "{role}");
        }
        assert_eq!(told(&update(&cast.vera, &puppet, "Puppet", &["members:view"]).await), "409 OWN_ROLE");
        assert_eq!(told(&update(&cast.aude, &puppet, "Puppet", &["members:view", "billing:view"]).await), "403 FORBIDDEN billing:view");
        for role in [higher.as_str(), "admin", "member"] {
            let answer = delete(&cast.aude, &puppet, role).await;
            assert_eq!(answer.status, 403, "replaced by {role}: {}", answer.body);
        }
        assert_eq!(told(&delete(&cast.aude, &puppet, "owner").await), "422 INVALID  replacement not_a_choice");
        assert_eq!(told(&delete(&cast.aude, &puppet, &evil).await), "422 INVALID  replacement not_a_choice");
        assert_eq!(powers(&app).await, before);

        // A prepared invitation is worth what its role is worth by then, and what the inviter may give by then.
        assert_eq!(invite(&cast.aude, "nina@new.example", &puppet).await.status, 200);
        let link = app.mail("nina@new.example").await["links"][0].as_str().unwrap().split_once("/invitations/").unwrap().1.to_owned();
        assert_eq!(update(&cast.olivia, &puppet, "Puppet", &["members:view", "billing:view"]).await.status, 200);
        let nina = app.sign_in_to_join("nina@new.example").await;
        let accepted = nina.json("/api/invitations/accept", &json!({ "token": link })).await;
        assert_eq!(told(&accepted), "410 REVOKED", "who invited may not give it away any more");
    }

    async fn who_lacks_the_permission_defines_nothing(app: App) {
        let cast = Cast::gather(&app).await;
        let care = made(&app, &cast.olivia, "Care", &["members:view"]).await;
        let before = powers(&app).await;
        for (browser, wanted) in [
            (&cast.adam, "403 FORBIDDEN members:update_role"),
            (&cast.max, "403 FORBIDDEN members:update_role"),
            (&cast.vera, "403 FORBIDDEN members:update_role"),
            (&cast.aude, "403 FORBIDDEN members:update_role"),
            (&cast.eve, "404 NOT_FOUND"),
            (&cast.rob, "404 NOT_FOUND"),
            (&app.browser(), "401 SIGN_IN_REQUIRED"),
        ] {
            assert_eq!(told(&create(browser, "Mine", &[]).await), wanted);
            assert_eq!(told(&update(browser, &care, "Mine", &[]).await), wanted);
            assert_eq!(told(&delete(browser, &care, "").await), wanted);
        }
        assert_eq!(powers(&app).await, before);
        let form = [("account", ACME), ("role", care.as_str()), ("name", "Mine")];
        let page = cast.adam.form("/api/roles/update?at=/org-dashboard/members/roles", &form).await;
        assert!(page.status == 403 && page.body.contains("You can&#x27;t do this here") | page.body.contains("You can't do this here"), "{}", page.body);
    }

    async fn a_change_counts_from_the_next_request_on(app: App) {
        let cast = Cast::gather(&app).await;
        let desk = made(&app, &cast.olivia, "Desk", &["members:view", "audit:view"]).await;
        change_role(&cast.olivia, &app.member("max").await, &desk).await;
        assert_eq!(cast.max.get("/org-dashboard/audit").await.status, 200);
        assert_eq!(update(&cast.olivia, &desk, "Desk", &["members:view", "billing:view"]).await.status, 200);
        assert_eq!(cast.max.get("/org-dashboard/audit").await.status, 403);
        assert_eq!(cast.max.get("/org-dashboard/billing").await.status, 200);
        let prepared = [("account", ACME), ("format", "csv")];
        assert_eq!(cast.max.form("/api/audit/export", &prepared).await.status, 403, "a form from before");
        assert_eq!(update(&cast.olivia, &desk, "Desk", &[]).await.status, 200);
        cast.max.get("/org-dashboard/members").await.leads_to("/private-dashboard");
    }
}
