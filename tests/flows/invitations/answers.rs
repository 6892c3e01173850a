//! What people do with an invitation: sign up for it, accept, decline, be somebody else.

use super::{NINA, accept, act, audited, count, id_of, invite, invited, members, token, without_limit};
use crate::both;
use crate::support::{ACME, Cast};
use keel_types::time::DAY;
use serde_json::json;

const WORKSPACES_OF_NINA: &str =
    "SELECT COUNT(*) FROM accounts a JOIN users u ON u.id = a.billing_owner_id WHERE u.email = 'nina@new.example' AND a.kind = 'workspace'";

both! {
    async fn a_new_person_signs_up_and_joins(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "admin").await;
        let (nina, here) = (app.browser(), format!("/invitations/{token}"));
        let page = nina.get(&here).await;
        for says in ["Join Acme", "Olivia Example", NINA, "Admin", "Accept invitation", "Decline"] {
            assert!(page.status == 200 && page.body.contains(says), "{says}: {}", page.body);
        }
        for (path, url) in [("/signup", "/api/auth/request-link"), ("/login", "/api/auth/request-link")] {
            let form = nina.get(&format!("{path}?redirectTo={here}")).await;
            assert!(form.body.contains(&format!("value=\"{NINA}\"")) && form.body.contains(url), "the address is there: {}", form.body);
        }
        let refused = accept(&nina, &token).await;
        assert_eq!(refused.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        nina.form("/api/auth/request-link", &[("email", NINA), ("redirectTo", &here)]).await.leads_to("/verify");
        let code = app.code(NINA).await;
        nina.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to(&here);
        let page = nina.get(&here).await;
        let form = page.form_to("/api/invitations/accept");
        nina.form(&form.action, &form.filled(&[])).await.leads_to("/onboarding");
        nina.form("/api/user/onboarding", &[("first_name", "Nina"), ("last_name", "New")]).await.leads_to("/org-dashboard");
        assert!(nina.get("/org-dashboard").await.body.contains("Account: Acme"), "it is the active account");
        assert_eq!((members(&app).await, app.db.number(WORKSPACES_OF_NINA).await), (6, 0));
        assert_eq!((audited(&app, "accepted").await, count(&app, "state = 'accepted' AND settled_at IS NOT NULL").await), (1, 1));
        let used = nina.get(&here).await;
        assert!(used.status == 410 && used.body.contains("This invitation was answered") && used.body.contains("Go to your dashboard"), "{}", used.body);
        assert_eq!(accept(&nina, &token).await.problem(), (410, "USED".to_owned()));
        assert_eq!(app.browser().get(&here).await.status, 410);
        let program = app.browser();
        let asked = program.send(program.request(http::Method::GET, &here).header("accept", "application/json")).await;
        assert_eq!(asked.problem(), (410, "USED".to_owned()));
    }

    async fn who_joins_goes_where_the_role_leads(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        for (role, next) in [("admin", "/org-dashboard"), ("member", "/private-dashboard"), ("viewer", "/private-dashboard"), ("rol_auditor", "/org-dashboard")] {
            let email = format!("{role}@new.example").replace('_', "-");
            let token = invited(&app, &cast.olivia, &email, role).await;
            let browser = app.sign_in_to_join(&email).await;
            browser.form("/api/user/onboarding", &[("first_name", "New"), ("last_name", "One")]).await;
            browser.form("/api/invitations/accept", &[("token", &token)]).await.leads_to(next);
            let page = browser.get(next).await;
            assert!(page.status == 200 && page.body.contains("Account: Acme") && page.body.contains("You are in."), "{role}: {}", page.body);
        }
        assert_eq!(members(&app).await, 9);
    }

    async fn whom_an_invitation_waits_for_gets_no_workspace_by_signing_in(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let first = invited(&app, &cast.olivia, NINA, "member").await;
        let nina = app.sign_in(NINA).await;
        assert_eq!(app.db.number(WORKSPACES_OF_NINA).await, 0);
        let page = nina.get("/onboarding/workspace").await;
        assert!(page.body.contains("Olivia Example invites you to Acme") && !page.body.contains(&first), "{}", page.body);
        nina.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        assert_eq!(act(&cast.olivia, "revoke", &id_of(&app, NINA).await).await.status, 200);
        app.sign_in(NINA).await;
        assert_eq!(app.db.number(WORKSPACES_OF_NINA).await, 1, "withdrawn, nothing waits");
        invited(&app, &cast.olivia, "late@new.example", "member").await;
        app.advance(7 * DAY).await;
        app.sign_in("late@new.example").await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'lates-workspace'").await, 1, "nor once it ran out");
        invited(&app, &cast.olivia, "buyer@new.example", "member").await;
        let buyer = app.sign_in("buyer@new.example").await;
        assert_eq!(buyer.form("/api/billing/subscribe-free", &[]).await.status, 303);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'buyers-workspace'").await, 1, "who buys needs one all the same");
    }

    async fn it_is_for_one_address(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "member").await;
        let here = format!("/invitations/{token}");
        let page = cast.eve.get(&here).await;
        for says in ["Join Acme", NINA, "eve@evil.example", "Switch account"] {
            assert!(page.status == 200 && page.body.contains(says), "{says}: {}", page.body);
        }
        assert!(!page.body.contains("Accept invitation"));
        assert_eq!(accept(&cast.eve, &token).await.problem(), (409, "WRONG_ADDRESS".to_owned()));
        let refused = cast.eve.form(&format!("/api/invitations/accept?at={here}"), &[("token", &token)]).await;
        assert!(refused.status == 409 && refused.body.contains(NINA) && refused.body.contains("Switch account"), "{}", refused.body);
        assert_eq!(cast.eve.json("/api/invitations/decline", &json!({ "token": token })).await.problem(), (409, "WRONG_ADDRESS".to_owned()));
        assert_eq!((members(&app).await, count(&app, "state = 'pending'").await), (5, 1));
        let form = page.forms().into_iter().find(|form| form.value("redirectTo").is_some()).expect("the way to another account");
        cast.eve.form(&form.action, &form.filled(&[])).await.leads_to(&here);
        assert!(cast.eve.get(&here).await.body.contains("Accept invitation"), "signed out, and back");
        app.sign_in_with(&cast.eve, NINA).await;
        assert_eq!(accept(&cast.eve, &token).await.status, 200);
        assert_eq!(members(&app).await, 6);
    }

    async fn signing_out_leads_nowhere_else(app: App) {
        for (place, next) in [("https://evil.example", "/login"), ("//evil.example", "/login"), ("/\\evil.example", "/login"), ("/pricing", "/pricing")] {
            let browser = app.sign_in("olivia@acme.example").await;
            browser.form("/api/auth/sign-out", &[("redirectTo", place)]).await.leads_to(next);
        }
    }

    async fn declining_is_final_and_needs_no_account(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "member").await;
        let (visitor, here) = (app.browser(), format!("/invitations/{token}"));
        let form = visitor.get(&here).await.form_to("/api/invitations/decline");
        visitor.form(&form.action, &form.filled(&[])).await.leads_to("/login");
        assert_eq!((audited(&app, "declined").await, app.db.number("SELECT COUNT(*) FROM users WHERE email = 'nina@new.example'").await), (1, 0));
        let nina = app.sign_in_to_join(NINA).await;
        assert_eq!(accept(&nina, &token).await.problem(), (410, "USED".to_owned()));
        assert_eq!(nina.json("/api/invitations/decline", &json!({ "token": token })).await.problem(), (410, "USED".to_owned()));
        assert_eq!(act(&cast.olivia, "resend", &id_of(&app, NINA).await).await.problem(), (410, "USED".to_owned()));
        assert_eq!((members(&app).await, count(&app, "state = 'declined'").await), (5, 1));
    }

    async fn it_runs_out_after_seven_days(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "member").await;
        app.advance(7 * DAY - 60_000).await;
        let nina = app.sign_in_to_join(NINA).await;
        assert_eq!(nina.get(&format!("/invitations/{token}")).await.status, 200);
        app.advance(60_000).await;
        let page = nina.get(&format!("/invitations/{token}")).await;
        assert!(page.status == 410 && page.body.contains("This invitation has run out"), "{}", page.body);
        assert_eq!(accept(&nina, &token).await.problem(), (410, "EXPIRED".to_owned()));
        assert_eq!(members(&app).await, 5);
    }

    async fn who_invited_must_still_be_allowed_to(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let (as_member, as_admin) = (invited(&app, &cast.adam, NINA, "member").await, invited(&app, &cast.adam, "ada@new.example", "admin").await);
        let (nina, ada) = (app.sign_in_to_join(NINA).await, app.sign_in_to_join("ada@new.example").await);
        let adam = "role = 'admin' AND account_id = (SELECT id FROM accounts WHERE slug = 'acme')";
        app.db.run("INSERT INTO roles (id, account_id, name, permissions, created_at) SELECT 'rol_host', id, 'Host', 'members:invite members:view projects:view projects:create projects:update projects:delete ai:use legal_entity:view', 0 FROM accounts WHERE slug = 'acme'").await;
        app.db.run(&format!("UPDATE memberships SET role = 'member' WHERE {adam}")).await;
        for (browser, token) in [(&nina, &as_member), (&ada, &as_admin)] {
            assert_eq!(accept(browser, token).await.problem(), (410, "REVOKED".to_owned()), "who invited may not any more");
            assert_eq!(browser.get(&format!("/invitations/{token}")).await.status, 410);
        }
        app.db.run("UPDATE memberships SET role = 'rol_host' WHERE role = 'member' AND id LIKE 'mem_0000000000000000000000006164616d'").await;
        assert_eq!(accept(&ada, &as_admin).await.problem(), (410, "REVOKED".to_owned()), "nor into a role above their own");
        assert_eq!(accept(&nina, &as_member).await.status, 200, "but into this one");
        app.leaves("adam").await;
        assert_eq!(accept(&ada, &as_admin).await.problem(), (410, "REVOKED".to_owned()), "nor at all once they left");
        app.advance(30_000).await;
        assert_eq!(act(&cast.olivia, "resend", &id_of(&app, "ada@new.example").await).await.status, 200);
        assert_eq!(accept(&ada, &token(&app, "ada@new.example").await).await.status, 200, "somebody else sent it again");
    }

    async fn a_role_is_never_changed_by_joining_again(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        assert_eq!(invite(&cast.olivia, "adam@acme.example", "viewer").await.status, 422, "members are not invited");
        app.leaves("adam").await;
        let token = invited(&app, &cast.olivia, "adam@acme.example", "viewer").await;
        app.db.run("INSERT INTO memberships (id, account_id, user_id, role, created_at) SELECT 'mem_00000000000000000000000000000001', a.id, u.id, 'admin', 1 FROM accounts a, users u WHERE a.slug = 'acme' AND u.email = 'adam@acme.example'").await;
        app.db.run("UPDATE accounts SET member_count = member_count + 1 WHERE slug = 'acme'").await;
        cast.adam.form("/api/invitations/accept", &[("token", &token)]).await.leads_to("/org-dashboard");
        assert!(cast.adam.get(&format!("/org-dashboard?account={ACME}")).await.body.contains("You belong to this workspace already."));
        assert_eq!(app.db.text("SELECT role FROM memberships WHERE id = 'mem_00000000000000000000000000000001'").await, "admin");
        assert_eq!((members(&app).await, count(&app, "state = 'accepted'").await), (5, 1));
    }

    async fn looking_uses_nothing_up(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "member").await;
        let nina = app.sign_in_to_join(NINA).await;
        for _ in 0..5 {
            assert_eq!(app.browser().get(&format!("/invitations/{token}")).await.status, 200);
            assert_eq!(nina.get(&format!("/invitations/{token}")).await.status, 200);
        }
        for path in ["/api/invitations/accept", "/api/invitations/decline"] {
            nina.get(&format!("{path}?at=/invitations/{token}")).await.leads_to(&format!("/invitations/{token}"));
        }
        assert_eq!((count(&app, "state = 'pending'").await, members(&app).await), (1, 5));
        let changed: String = token.chars().rev().collect();
        for other in ["none", "x", &"x".repeat(43), &format!("{token}x"), &changed] {
            assert_eq!(nina.get(&format!("/invitations/{other}")).await.status, 404, "{other}");
            assert_eq!(accept(&nina, other).await.problem(), (404, "NOT_FOUND".to_owned()), "{other}");
        }
        let kept = app.db.number(&format!("SELECT COUNT(*) FROM invitations WHERE token_hash LIKE '%{token}%'")).await;
        assert_eq!(kept, 0, "what is kept of the link is its hash");
    }
}
