//! Members: who may change whom, what is told and written down, and when it counts.

mod lists;
mod ownership;
mod races;

use crate::both;
use crate::support::{ACME, Answer, Browser, Cast, EVIL_CORP, HYBRID};
use keel_types::time::MINUTE;
use serde_json::{Value, json};

const AUDITED: &str = "SELECT COUNT(*) FROM audit_events WHERE action LIKE 'member.%'";
const MAILED: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%Acme%'";
const MISCOUNTED: &str =
    "SELECT COUNT(*) FROM accounts a WHERE member_count <> (SELECT COUNT(*) FROM memberships m WHERE m.account_id = a.id)";
/// The audit's role, with the rights of somebody who looks after people.
const PEOPLE_CARE: &str = "UPDATE roles SET permissions = 'audit:view members:view members:remove members:update_role \
    legal_entity:view projects:view' WHERE id = 'rol_auditor'";

async fn change_role(browser: &Browser, member: &str, role: &str) -> Answer {
    browser.json("/api/members/change-role", &json!({ "account": ACME, "member": member, "role": role })).await
}

async fn remove(browser: &Browser, member: &str) -> Answer {
    browser.json("/api/members/remove", &json!({ "account": ACME, "member": member })).await
}

async fn leave(browser: &Browser) -> Answer {
    browser.json("/api/members/leave", &json!({ "account": ACME })).await
}

/// The status, with the code of a problem.
fn told(answer: &Answer) -> String {
    if answer.status == 200 { "200".to_owned() } else { format!("{} {}", answer.status, answer.problem().1) }
}

both! {
    async fn who_is_removed_made_no_such_key(app: App) {
        let cast = Cast::gather(&app).await;
        let asked = json!({ "account": ACME, "member": app.member("max").await, "keys": ["key_00000000000000000000000000000000"] });
        let refused = cast.olivia.json("/api/members/remove", &asked).await;
        assert_eq!((told(&refused).as_str(), app.role("max").await.as_str()), ("422 INVALID", "member"));
        assert_eq!(refused.json()["errors"][0]["field"], "keys");
    }

    async fn nobody_gives_or_touches_what_is_above_them(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run(PEOPLE_CARE).await;
        for (browser, target, role, wanted, missing) in [
            (&cast.adam, "max", "viewer", "403 FORBIDDEN", "members:update_role"),
            (&cast.max, "vera", "member", "403 FORBIDDEN", "members:update_role"),
            (&cast.vera, "vera", "owner", "403 FORBIDDEN", "members:update_role"),
            (&cast.eve, "max", "viewer", "404 NOT_FOUND", ""),
            (&cast.rob, "max", "viewer", "404 NOT_FOUND", ""),
            (&cast.aude, "olivia", "viewer", "403 FORBIDDEN", ""),
            (&cast.aude, "adam", "viewer", "403 FORBIDDEN", "account:update"),
            (&cast.aude, "max", "viewer", "403 FORBIDDEN", "ai:use"),
            (&cast.aude, "vera", "member", "403 FORBIDDEN", "ai:use"),
            (&cast.aude, "vera", "admin", "403 FORBIDDEN", "account:update"),
            (&cast.aude, "vera", "owner", "403 FORBIDDEN", ""),
            (&cast.aude, "aude", "owner", "403 FORBIDDEN", ""),
            (&cast.olivia, "max", "rol_none", "422 INVALID", ""),
            (&cast.olivia, "max", "", "422 INVALID", ""),
        ] {
            let before = app.role(target).await;
            let answer = change_role(browser, &app.member(target).await, role).await;
            assert_eq!(told(&answer), wanted, "{target} to {role}");
            assert_eq!(answer.json()["permission"].as_str().unwrap_or_default(), missing, "{target} to {role}");
            assert_eq!(app.role(target).await, before, "{target} to {role}");
        }
        assert_eq!((app.db.number(AUDITED).await, app.db.number(MAILED).await), (0, 0), "nothing happened");
        for (browser, target, role) in [
            (&cast.aude, "vera", "rol_auditor"),
            (&cast.aude, "vera", "viewer"),
            (&cast.aude, "aude", "viewer"),
            (&cast.olivia, "max", "admin"),
            (&cast.olivia, "max", "owner"),
            (&cast.olivia, "max", "rol_auditor"),
            (&cast.olivia, "adam", "member"),
        ] {
            assert_eq!(told(&change_role(browser, &app.member(target).await, role).await), "200", "{target} to {role}");
            assert_eq!(app.role(target).await, role);
        }
    }

    async fn who_removes_whom(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run(PEOPLE_CARE).await;
        for (browser, target, wanted, missing) in [
            (&cast.max, "vera", "403 FORBIDDEN", "members:remove"),
            (&cast.vera, "vera", "403 FORBIDDEN", "members:remove"),
            (&cast.adam, "olivia", "403 FORBIDDEN", ""),
            (&cast.aude, "olivia", "403 FORBIDDEN", ""),
            (&cast.aude, "adam", "403 FORBIDDEN", "account:update"),
            (&cast.aude, "max", "403 FORBIDDEN", "ai:use"),
            (&cast.eve, "max", "404 NOT_FOUND", ""),
        ] {
            let answer = remove(browser, &app.member(target).await).await;
            assert_eq!(told(&answer), wanted, "{target}");
            assert_eq!(answer.json()["permission"].as_str().unwrap_or_default(), missing, "{target}");
            assert_ne!(app.role(target).await, "none", "{target}");
        }
        assert_eq!(told(&remove(&cast.aude, &app.member("vera").await).await), "200");
        change_role(&cast.olivia, &app.member("max").await, "admin").await;
        assert_eq!(told(&remove(&cast.adam, &app.member("max").await).await), "200", "admins remove admins");
        assert_eq!(told(&remove(&cast.adam, &app.member("aude").await).await), "403 FORBIDDEN", "aude may change roles");
        assert_eq!(told(&remove(&cast.adam, &app.member("adam").await).await), "200", "and themselves");
        for name in ["vera", "max", "adam"] {
            assert_eq!(app.role(name).await, "none");
        }
        assert_eq!(app.db.number(MISCOUNTED).await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'member.left'").await, 1, "who removes themselves leaves");
    }

    async fn an_owner_stays_and_so_does_who_answers_for_the_money(app: App) {
        let cast = Cast::gather(&app).await;
        let (olivia, adam) = (app.member("olivia").await, app.member("adam").await);
        assert_eq!(told(&change_role(&cast.olivia, &olivia, "admin").await), "409 LAST_OWNER");
        assert_eq!(told(&remove(&cast.olivia, &olivia).await), "409 LAST_OWNER");
        assert_eq!(told(&leave(&cast.olivia).await), "409 LAST_OWNER");
        assert_eq!(told(&change_role(&cast.olivia, &olivia, "owner").await), "200", "it is the role they have");
        assert_eq!(told(&change_role(&cast.olivia, &adam, "owner").await), "200");
        let before = app.db.number(AUDITED).await;
        assert_eq!(told(&change_role(&cast.adam, &olivia, "member").await), "409 BILLING_OWNER");
        assert_eq!(told(&remove(&cast.adam, &olivia).await), "409 BILLING_OWNER");
        assert_eq!(told(&leave(&cast.olivia).await), "409 BILLING_OWNER");
        assert_eq!(app.db.number(AUDITED).await, before);
        assert_eq!(told(&change_role(&cast.adam, &adam, "member").await), "200", "another owner may step down");
        assert_eq!(app.role("olivia").await, "owner");
        let page = cast.olivia.get(&format!("/org-dashboard/members/{olivia}")).await;
        let form = page.form_to("/api/members/leave");
        let refused = cast.olivia.form(&form.action, &form.filled(&[])).await;
        assert!(refused.status == 409 && refused.body.contains("A workspace needs an owner."), "{}", refused.body);
    }

    async fn what_is_not_here_does_not_exist(app: App) {
        let cast = Cast::gather(&app).await;
        let max = app.member("max").await;
        let eve = app.db.text("SELECT m.id FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.slug = 'evil-corp'").await;
        let unknown = "mem_00000000000000000000000000000000";
        for member in [eve.as_str(), unknown] {
            assert_eq!(told(&change_role(&cast.olivia, member, "viewer").await), "404 NOT_FOUND");
            assert_eq!(told(&remove(&cast.olivia, member).await), "404 NOT_FOUND");
            assert_eq!(cast.olivia.get(&format!("/org-dashboard/members/{member}")).await.status, 404);
        }
        for account in [EVIL_CORP, "personal"] {
            let asked = json!({ "account": account, "member": max, "role": "viewer" });
            assert_eq!(told(&cast.eve.json("/api/members/change-role", &asked).await), "404 NOT_FOUND", "{account}");
            assert_eq!(told(&cast.eve.json("/api/members/remove", &asked).await), "404 NOT_FOUND", "{account}");
        }
        assert_eq!(told(&cast.max.json("/api/members/leave", &json!({ "account": "personal" })).await), "404 NOT_FOUND");
        assert_eq!(cast.olivia.get("/org-dashboard/members?account=evil-corp").await.status, 404);
        for strange in ["usr_00000000000000000000000000000000", "x", "%00", "..", "%F0%9F%9A%A2", "mem_%27"] {
            assert_eq!(cast.olivia.get(&format!("/org-dashboard/members/{strange}")).await.status, 404, "{strange}");
            assert_eq!(told(&remove(&cast.olivia, strange).await), "422 INVALID", "{strange}");
        }
        assert_eq!(app.role("max").await, "member");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM memberships").await, app.db.number("SELECT CAST(SUM(member_count) AS BIGINT) FROM accounts").await);
    }

    async fn a_field_too_many_changes_nothing(app: App) {
        let cast = Cast::gather(&app).await;
        let others = "SELECT id || account_id || user_id || created_at || email || sort_key FROM memberships WHERE id = ";
        let max = app.member("max").await;
        let before = app.db.text(&format!("{others}'{max}'")).await;
        let eve = app.db.text("SELECT id FROM users WHERE email = 'eve@evil.example'").await;
        let asked = json!({
            "account": ACME, "member": max, "role": "viewer", "account_id": "acc_1", "user_id": eve, "created_at": 0,
            "permissions": "account:delete", "billing_owner_id": eve, "sort_key": "a", "id": "mem_1",
        });
        assert_eq!(cast.olivia.json("/api/members/change-role", &asked).await.status, 200);
        assert_eq!((app.role("max").await, app.db.text(&format!("{others}'{max}'")).await), ("viewer".to_owned(), before));
        let twice = [("account", ACME), ("member", max.as_str()), ("role", "admin"), ("role", "owner"), ("member", "mem_1")];
        assert_eq!(cast.olivia.form("/api/members/change-role", &twice).await.status, 303);
        assert_eq!(app.role("max").await, "admin", "the first counts");
    }

    async fn a_change_is_written_down_and_told(app: App) {
        let cast = Cast::gather(&app).await;
        let (max, vera) = (app.member("max").await, app.member("vera").await);
        change_role(&cast.olivia, &max, "admin").await;
        remove(&cast.adam, &vera).await;
        leave(&cast.aude).await;
        let event = async |action: &str| -> (String, Value) {
            let of = format!("FROM audit_events e JOIN accounts a ON a.id = e.account_id WHERE a.slug = 'acme' AND action = '{action}'");
            let who = app.db.text(&format!("SELECT actor_name || ' ' || resource {of}")).await;
            (who, serde_json::from_str(&app.db.text(&format!("SELECT metadata {of}")).await).unwrap())
        };
        let (who, what) = event("member.role_changed").await;
        assert_eq!(who, format!("Olivia Example {max}"));
        assert_eq!(what, json!({ "name": "Max Example", "email": "max@acme.example", "from": "Member", "to": "Admin" }));
        let (who, what) = event("member.removed").await;
        assert_eq!(who, format!("Adam Example {vera}"));
        assert_eq!(what, json!({ "name": "Vera Example", "email": "vera@acme.example", "role": "Viewer" }));
        assert!(event("member.left").await.0.starts_with("Aude Example mem_"));

        let mail = app.mail("max@acme.example").await;
        assert_eq!(mail["subject"], "Your role in Acme is now Admin");
        assert!(mail["text"].as_str().unwrap().contains("Olivia Example changed your role in Acme from Member to Admin."), "{mail}");
        assert_eq!(mail["links"], json!([format!("{}/org-dashboard?account=acme", app.base)]));
        let mail = app.mail("vera@acme.example").await;
        assert_eq!(mail["subject"], "You are no longer in Acme");
        assert!(mail["text"].as_str().unwrap().contains("Adam Example removed you from Acme."), "{mail}");
        assert_eq!(app.db.number(MAILED).await, 2, "who leaves knows");
        assert_eq!(app.db.number(MISCOUNTED).await, 0);
        let overview = cast.olivia.get("/org-dashboard").await;
        for words in ["Role changed", "Member removed", "Left the workspace"] {
            assert!(overview.body.contains(words), "{words}");
        }
    }

    async fn a_name_makes_no_link_in_a_mail(app: App) {
        let cast = Cast::gather(&app).await;
        let names = [("first_name", "https://evil.example/pay"), ("last_name", "<a href=x>now</a>")];
        assert_eq!(cast.olivia.form("/api/user/onboarding", &names).await.status, 303);
        app.db.run("UPDATE accounts SET name = 'www.evil.example' WHERE slug = 'acme'").await;
        app.db.run("UPDATE roles SET name = 'evil.example' WHERE id = 'rol_auditor'").await;
        change_role(&cast.olivia, &app.member("max").await, "rol_auditor").await;
        let told = app.mail("max@acme.example").await;
        remove(&cast.olivia, &app.member("max").await).await;
        for mail in [told, app.mail("max@acme.example").await] {
            let written = [&mail["subject"], &mail["text"], &mail["html"]].map(|part| part.as_str().unwrap().to_owned()).join("\n");
            assert!(written.contains("www. evil. example"), "{written}");
            assert!(!written.contains("evil.example") && !mail["html"].as_str().unwrap().contains("<a href=x>"), "{written}");
        }
    }

    async fn a_change_counts_from_the_next_request_on(app: App) {
        let cast = Cast::gather(&app).await;
        let (max, vera) = (app.member("max").await, app.member("vera").await);
        cast.max.get("/org-dashboard/members").await.leads_to("/private-dashboard");
        change_role(&cast.olivia, &max, "admin").await;
        let page = cast.max.get(&format!("/org-dashboard/members/{vera}")).await;
        assert_eq!(page.status, 200);
        let prepared = page.form_to("/api/members/remove");
        change_role(&cast.olivia, &max, "viewer").await;
        assert_eq!(cast.max.form(&prepared.action, &prepared.filled(&[])).await.status, 403, "a form from before");
        cast.max.get("/org-dashboard/members").await.leads_to("/private-dashboard");

        assert_eq!(cast.vera.get("/private-dashboard").await.status, 200);
        remove(&cast.olivia, &vera).await;
        assert_eq!(cast.vera.get("/private-dashboard?account=acme").await.status, 404);
        cast.vera.get("/private-dashboard").await.leads_to("/onboarding/workspace");
        assert_eq!(told(&leave(&cast.vera).await), "404 NOT_FOUND");
        assert_eq!(cast.vera.form("/api/accounts/switch", &[("account", ACME)]).await.status, 404);
        app.sign_in("vera@acme.example").await;
    }

    async fn who_leaves_goes_on_in_the_next_account(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        cast.adam.form("/api/workspaces/create", &[("name", "Adam's own")]).await.leads_to("/org-dashboard");
        let adam = app.member("adam").await;
        let page = cast.adam.get(&format!("/org-dashboard/members/{adam}?account=acme")).await;
        let form = page.form_to("/api/members/leave");
        cast.adam.form(&form.action, &form.filled(&[])).await.leads_to("/private-dashboard");
        let next = cast.adam.get("/private-dashboard").await;
        assert!(next.body.contains("You left the workspace.") && !next.body.contains(">Acme<"), "{}", next.body);
        let page = cast.olivia.get(&format!("/org-dashboard/members/{adam}")).await;
        assert_eq!(page.status, 404);
        cast.vera.json("/api/members/leave", &json!({})).await;
        let next = cast.vera.get("/private-dashboard").await;
        assert!(next.status == 200 && next.body.contains("Your personal account."), "{}", next.body);
    }

    async fn forms_stay_with_the_account_they_are_about(app: App) {
        let cast = Cast::gather(&app).await;
        let max = app.member("max").await;
        cast.olivia.form("/api/accounts/switch", &[("account", "personal")]).await.location();
        cast.olivia.get("/org-dashboard/members").await.leads_to("/private-dashboard");
        let page = cast.olivia.get("/org-dashboard/members?account=acme").await;
        let link = format!("/org-dashboard/members/{max}?account=acme");
        assert!(page.body.contains(&format!("href=\"{link}\"")), "{}", page.body);
        let page = cast.olivia.get(&link).await;
        let form = page.form_to("/api/members/change-role");
        cast.olivia.form(&form.action, &form.filled(&[("role", "viewer")])).await.leads_to(&link);
        let faulty = cast.olivia.form(&form.action, &form.filled(&[("role", "none")])).await;
        assert!(faulty.status == 422 && faulty.body.contains("id=\"role-error\""), "{}", faulty.body);
        let form = page.form_to("/api/members/remove");
        cast.olivia.form(&form.action, &form.filled(&[])).await.leads_to("/org-dashboard/members?account=acme");
        assert_eq!(app.role("max").await, "none");
    }

    async fn pages_offer_what_may_be_done(app: App) {
        let cast = Cast::gather(&app).await;
        let offers = async |browser: &Browser, name: &str| {
            let page = browser.get(&format!("/org-dashboard/members/{}", app.member(name).await)).await;
            let urls: Vec<String> = page.forms().iter().map(|form| form.url().to_owned()).collect();
            ["change-role", "remove", "leave"].map(|verb| urls.contains(&format!("/api/members/{verb}")))
        };
        assert_eq!(offers(&cast.olivia, "max").await, [true, true, false]);
        assert_eq!(offers(&cast.olivia, "olivia").await, [true, false, true]);
        assert_eq!(offers(&cast.adam, "olivia").await, [false, false, false]);
        assert_eq!(offers(&cast.adam, "max").await, [false, true, false]);
        assert_eq!(offers(&cast.adam, "adam").await, [false, false, true]);
        let refused = cast.aude.get("/org-dashboard/members").await;
        assert!(refused.status == 403 && refused.body.contains("members:view") && refused.body.contains("Auditor"), "{}", refused.body);
        for (browser, shown) in [(&cast.olivia, true), (&cast.adam, true), (&cast.aude, false), (&cast.max, false)] {
            assert_eq!(browser.get("/private-dashboard").await.body.contains("href=\"/org-dashboard/members\""), shown);
        }
    }

    async fn who_was_there_is_noted_every_five_minutes(app: App) {
        let cast = Cast::gather(&app).await;
        let last = "SELECT COALESCE(last_active_at, 0) FROM memberships WHERE id = ";
        let (max, vera) = (app.member("max").await, app.member("vera").await);
        let noted = async |browser: &Browser, member: &str| {
            assert_eq!(browser.get("/private-dashboard").await.status, 200);
            app.keel.work().await.unwrap();
            app.db.number(&format!("{last}'{member}'")).await
        };
        assert_eq!(app.db.number(&format!("{last}'{max}'")).await, 0);
        cast.max.get("/private-dashboard").await;
        app.settles(&format!("SELECT COUNT(*) FROM memberships WHERE id = '{max}' AND last_active_at > 0"), 1).await;
        let first = noted(&cast.max, &max).await;
        app.advance(4 * MINUTE).await;
        assert_eq!(noted(&cast.max, &max).await, first, "four minutes later");
        app.advance(2 * MINUTE).await;
        cast.max.get("/private-dashboard").await;
        app.settles(&format!("SELECT COUNT(*) FROM memberships WHERE id = '{max}' AND last_active_at >= {}", first + 6 * MINUTE), 1).await;
        assert_eq!(app.db.number(&format!("{last}'{vera}'")).await, 0, "others were not there");
        let page = cast.olivia.get(&format!("/org-dashboard/members/{vera}")).await;
        assert!(page.body.contains("Not yet"), "{}", page.body);
    }
}
