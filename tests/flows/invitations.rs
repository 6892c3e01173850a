//! Invitations: who may offer what to whom, what a link is good for, and what happens at the same instant.

use crate::both;
use crate::support::{ACME, Answer, App, B2C, Browser, Cast, EVIL_CORP, HYBRID};
use keel_types::time::{DAY, MINUTE};
use serde_json::{Value, json};

mod answers;
mod lists;
mod mails;
mod pages;
mod races;

const NINA: &str = "nina@new.example";
const NOBODYS: &str = "inv_00000000000000000000000000000000";

/// Takes the limit of seats away.
async fn without_limit(app: &App) {
    app.db.run("UPDATE accounts SET max_members = NULL WHERE slug = 'acme'").await;
}

/// Asks as a program to invite into Acme.
async fn invite(browser: &Browser, emails: &str, role: &str) -> Answer {
    browser.json("/api/org/invite", &json!({ "emails": emails, "role": role, "account": ACME })).await
}

/// Invites somebody into Acme, and gives the token of the mail.
async fn invited(app: &App, by: &Browser, email: &str, role: &str) -> String {
    let answer = invite(by, email, role).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    token(app, email).await
}

/// The token of the newest invitation mailed to an address.
async fn token(app: &App, email: &str) -> String {
    let mails = app.browser().get(&format!("/dev/mailbox.json?to={email}")).await.json();
    let mut links = mails.as_array().unwrap().iter().filter_map(|mail| mail["links"][0].as_str());
    links.find_map(|link| link.split_once("/invitations/")).expect("an invitation").1.to_owned()
}

async fn accept(browser: &Browser, token: &str) -> Answer {
    browser.json("/api/invitations/accept", &json!({ "token": token })).await
}

/// Acts on an invitation of Acme's as a program.
async fn act(browser: &Browser, verb: &str, id: &str) -> Answer {
    browser.json(&format!("/api/invitations/{verb}"), &json!({ "invitation": id, "account": ACME })).await
}

async fn id_of(app: &App, email: &str) -> String {
    app.db.text(&format!("SELECT id FROM invitations WHERE email = '{email}' ORDER BY created_at DESC LIMIT 1")).await
}

async fn count(app: &App, condition: &str) -> i64 {
    app.db.number(&format!("SELECT COUNT(*) FROM invitations WHERE {condition}")).await
}

async fn members(app: &App) -> i64 {
    let of_acme = "FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.slug = 'acme'";
    let rows = app.db.number(&format!("SELECT COUNT(*) {of_acme}")).await;
    assert_eq!(app.db.number("SELECT member_count FROM accounts WHERE slug = 'acme'").await, rows, "the maintained count");
    rows
}

async fn audited(app: &App, action: &str) -> i64 {
    app.db.number(&format!("SELECT COUNT(*) FROM audit_events WHERE action = 'invitation.{action}'")).await
}

/// Why each address was not taken, in order.
fn reasons(answer: &Answer) -> Vec<(String, String)> {
    let errors = answer.json()["errors"].as_array().unwrap_or_else(|| panic!("{}", answer.body)).clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors.iter().map(|error| (text(&error["value"]), text(&error["code"]))).collect()
}

both! {
    async fn owners_and_admins_invite_and_nobody_else(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        for (number, (browser, wanted)) in
            [(&cast.olivia, 200), (&cast.adam, 200), (&cast.max, 403), (&cast.vera, 403), (&cast.aude, 403), (&cast.eve, 404), (&cast.rob, 404)]
                .into_iter()
                .enumerate()
        {
            let answer = invite(browser, &format!("new{number}@new.example"), "member").await;
            assert_eq!(answer.status, wanted, "{number}: {}", answer.body);
        }
        assert_eq!(app.browser().json("/api/org/invite", &json!({ "emails": NINA, "role": "member", "account": ACME })).await.status, 401);
        assert_eq!((count(&app, "state = 'pending'").await, audited(&app, "created").await), (2, 2));
        let personal = cast.olivia.json("/api/org/invite", &json!({ "emails": NINA, "role": "member", "account": "personal" })).await;
        assert_eq!(personal.problem(), (404, "NOT_FOUND".to_owned()), "a personal account has no members");
        cast.olivia.get("/org-dashboard/members/invite?account=personal").await.leads_to("/private-dashboard?account=personal");
    }

    async fn nobody_gives_more_than_they_have(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let greater = "account:update audit:view members:invite members:update_role";
        app.db.run(&format!("INSERT INTO roles (id, account_id, name, permissions, created_at) SELECT 'rol_greater', id, 'Greater', '{greater}', 0 FROM accounts WHERE slug = 'acme'")).await;
        app.db.run("INSERT INTO roles (id, account_id, name, permissions, created_at) SELECT 'rol_foreign', id, 'Foreign', '', 0 FROM accounts WHERE slug = 'evil-corp'").await;
        for role in ["owner", "nonsense", "rol_foreign", ""] {
            let refused = invite(&cast.olivia, NINA, role).await;
            assert_eq!(refused.problem(), (422, "INVALID".to_owned()), "{role}");
            assert_eq!(refused.json()["errors"][0]["field"], "role");
        }
        let refused = invite(&cast.adam, NINA, "rol_greater").await;
        assert_eq!((refused.problem(), &refused.json()["permission"]), ((403, "FORBIDDEN".to_owned()), &json!("members:update_role")));
        app.db.run("UPDATE roles SET permissions = 'members:invite' WHERE id = 'rol_auditor'").await;
        assert_eq!(invite(&cast.aude, NINA, "viewer").await.problem().0, 403, "who may invite and little else");
        let page = cast.adam.get("/org-dashboard/members/invite").await;
        assert!(page.body.contains("value=\"viewer\"") && !page.body.contains("rol_greater") && !page.body.contains("value=\"owner\""));
        assert!(!page.body.contains("rol_foreign"));
        assert!(cast.olivia.get("/org-dashboard/members/invite").await.body.contains("rol_greater"));
        assert_eq!(count(&app, "TRUE").await, 0);
        assert_eq!(invite(&cast.adam, NINA, "admin").await.status, 200, "an admin makes admins");
        assert_eq!(act(&cast.aude, "resend", &id_of(&app, NINA).await).await.problem().0, 403, "nor sends again what they could not send");
    }

    async fn pending_invitations_keep_seats(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET max_members = 7 WHERE slug = 'acme'").await;
        let full = invite(&cast.olivia, "a@new.example b@new.example c@new.example", "member").await;
        assert_eq!(full.problem(), (409, "SEAT_LIMIT_REACHED".to_owned()));
        assert_eq!(reasons(&full), [("c@new.example".to_owned(), "no_seat".to_owned())]);
        let page = cast.olivia.get("/org-dashboard/members/invite").await;
        assert!(page.body.contains("7 of 7 seats used") && page.body.contains("Every seat is taken"), "{}", page.body);
        assert!(cast.olivia.get("/org-dashboard").await.body.contains("7 of 7 seats used"));
        assert_eq!(invite(&cast.adam, "d@new.example", "member").await.problem().1, "SEAT_LIMIT_REACHED");
        assert_eq!(act(&cast.olivia, "revoke", &id_of(&app, "a@new.example").await).await.status, 200, "withdrawing is never blocked");
        assert_eq!(invite(&cast.adam, "d@new.example", "member").await.status, 200);
        app.advance(7 * DAY).await;
        let page = cast.olivia.get("/org-dashboard/members/invite").await;
        assert!(page.body.contains("5 of 7 seats used") && page.body.contains("Ran out"), "what ran out keeps no seat");
        assert_eq!(invite(&cast.olivia, "d@new.example e@new.example", "member").await.status, 200, "and is no obstacle");
        assert_eq!(count(&app, "email = 'd@new.example'").await, 1);
        let expired = id_of(&app, "b@new.example").await;
        assert_eq!(act(&cast.olivia, "resend", &expired).await.problem().1, "SEAT_LIMIT_REACHED");
        app.db.run("UPDATE accounts SET max_members = 3 WHERE slug = 'acme'").await;
        assert_eq!(act(&cast.olivia, "revoke", &id_of(&app, "e@new.example").await).await.status, 200);
        assert_eq!(act(&cast.olivia, "revoke", &expired).await.status, 200);
        let nina = app.sign_in_to_join("d@new.example").await;
        assert_eq!(accept(&nina, &token(&app, "d@new.example").await).await.problem().1, "SEAT_LIMIT_REACHED", "fewer seats than when invited");
        assert_eq!((members(&app).await, count(&app, "state = 'pending'").await), (5, 1));
    }

    async fn sending_again_replaces_the_link(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let first = invited(&app, &cast.olivia, NINA, "member").await;
        let id = id_of(&app, NINA).await;
        let soon = act(&cast.adam, "resend", &id).await;
        assert_eq!(soon.problem(), (429, "TOO_MANY".to_owned()));
        assert!((1..=30).contains(&soon.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap()));
        app.advance(30_000).await;
        let page = cast.adam.get("/org-dashboard/members/invite").await;
        let form = page.form_to("/api/invitations/resend");
        cast.adam.form(&form.action, &form.filled(&[])).await.leads_to("/org-dashboard/members/invite");
        let second = token(&app, NINA).await;
        assert_ne!(first, second);
        let (visitor, nina) = (app.browser(), app.sign_in_to_join(NINA).await);
        assert_eq!(visitor.get(&format!("/invitations/{first}")).await.status, 404);
        assert_eq!(accept(&nina, &first).await.problem().0, 404);
        let page = visitor.get(&format!("/invitations/{second}")).await;
        assert!(page.status == 200 && page.body.contains("Adam Example"), "who sent it last is who invites: {}", page.body);
        app.advance(6 * DAY).await;
        assert_eq!(accept(&nina, &second).await.status, 200, "seven days begin again");
        for verb in ["resend", "revoke"] {
            assert_eq!(act(&cast.olivia, verb, &id).await.problem(), (410, "USED".to_owned()), "{verb}");
        }
        assert_eq!((audited(&app, "resent").await, audited(&app, "accepted").await), (1, 1));
    }

    async fn what_is_withdrawn_stays_so(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "member").await;
        let id = id_of(&app, NINA).await;
        assert_eq!(act(&cast.adam, "revoke", &id).await.status, 200);
        app.advance(MINUTE).await;
        for verb in ["resend", "revoke"] {
            assert_eq!(act(&cast.olivia, verb, &id).await.problem(), (410, "REVOKED".to_owned()), "{verb}");
        }
        let nina = app.sign_in_to_join(NINA).await;
        assert_eq!(accept(&nina, &token).await.problem(), (410, "REVOKED".to_owned()));
        assert_eq!(nina.json("/api/invitations/decline", &json!({ "token": token })).await.problem(), (410, "REVOKED".to_owned()));
        let page = nina.get(&format!("/invitations/{token}")).await;
        assert!(page.status == 410 && page.body.contains("This invitation was withdrawn"), "{}", page.body);
        assert_eq!(invite(&cast.olivia, NINA, "viewer").await.status, 200, "another one is another one");
        assert_eq!(audited(&app, "revoked").await, 1);
    }

    async fn foreign_invitations_are_unknown_ones(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        invited(&app, &cast.olivia, NINA, "member").await;
        let id = id_of(&app, NINA).await;
        app.advance(MINUTE).await;
        for verb in ["resend", "revoke"] {
            let path = format!("/api/invitations/{verb}");
            for foreign in [id.as_str(), NOBODYS, "inv_1", "", "' OR 1=1 --"] {
                let of_evil = cast.eve.json(&path, &json!({ "invitation": foreign, "account": EVIL_CORP })).await;
                assert_eq!(of_evil.problem(), (404, "NOT_FOUND".to_owned()), "{verb} {foreign}");
                let of_acme = cast.eve.json(&path, &json!({ "invitation": foreign, "account": ACME })).await;
                assert_eq!(of_acme.problem(), (404, "NOT_FOUND".to_owned()), "{verb} {foreign}");
            }
            assert_eq!(act(&cast.max, verb, &id).await.problem().0, 403);
        }
        let page = cast.eve.get("/org-dashboard/members/invite").await;
        assert!(page.status == 200 && !page.body.contains(NINA), "{}", page.body);
        assert_eq!(count(&app, "state = 'pending'").await, 1);
    }

    async fn further_fields_change_nothing(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let more = json!({ "emails": NINA, "role": "viewer", "account": ACME, "state": "accepted", "expires_at": 9_999_999_999_999_i64,
            "account_id": EVIL_CORP, "invited_by": "usr_1", "token": "x", "id": NOBODYS, "permissions": "account:delete", "max_members": 1 });
        assert_eq!(cast.olivia.json("/api/org/invite", &more).await.status, 200);
        let week = app.keel.now().plus(7 * DAY + MINUTE).0;
        let as_it_should = format!("role = 'viewer' AND state = 'pending' AND expires_at < {week} AND account_id = (SELECT id FROM accounts WHERE slug = 'acme')");
        assert_eq!(count(&app, &as_it_should).await, 1);
        let (nina, token) = (app.sign_in_to_join(NINA).await, token(&app, NINA).await);
        let accepted = nina.json("/api/invitations/accept", &json!({ "token": token, "role": "owner", "email": "olivia@acme.example", "account": "personal" })).await;
        assert_eq!(accepted.status, 200, "{}", accepted.body);
        let role = "SELECT m.role FROM memberships m JOIN users u ON u.id = m.user_id JOIN accounts a ON a.id = m.account_id";
        assert_eq!(app.db.text(&format!("{role} WHERE u.email = '{NINA}' AND a.kind = 'workspace'")).await, "viewer");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'acme' AND max_members IS NULL").await, 1);
    }

    async fn there_are_limits_of_person_workspace_and_address(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        for _ in 0..10 {
            invited(&app, &cast.olivia, NINA, "member").await;
            assert_eq!(act(&cast.olivia, "revoke", &id_of(&app, NINA).await).await.status, 200);
        }
        assert_eq!(reasons(&invite(&cast.adam, NINA, "member").await)[0].1, "too_many_invitations", "ten a day from one workspace");
        let of_eve = json!({ "emails": NINA, "role": "member", "account": EVIL_CORP });
        assert_eq!(cast.eve.json("/api/org/invite", &of_eve).await.status, 200, "which uses up no other's");
        app.db.run("UPDATE limits SET taken = 40 WHERE key = 'invitation to: nina@new.example'").await;
        app.db.run("UPDATE limits SET taken = 0 WHERE key LIKE 'workspace invitation to: %'").await;
        assert_eq!(reasons(&invite(&cast.adam, NINA, "member").await)[0].1, "too_many_invitations", "forty a day from anybody");
        assert_eq!(invite(&cast.olivia, "one@new.example", "member").await.status, 200);
        let id = id_of(&app, "one@new.example").await;
        app.advance(MINUTE).await;
        app.db.run("UPDATE limits SET taken = 200 WHERE key LIKE 'invitation: %'").await;
        assert_eq!(reasons(&invite(&cast.olivia, "two@new.example", "member").await)[0].1, "too_many_invitations");
        assert_eq!(act(&cast.olivia, "resend", &id).await.problem(), (429, "TOO_MANY".to_owned()));
        app.advance(DAY).await;
        assert_eq!(act(&cast.olivia, "resend", &id).await.status, 200);
        app.db.run("UPDATE limits SET taken = 500 WHERE key LIKE 'workspace invitation: %'").await;
        assert_eq!(reasons(&invite(&cast.adam, "two@new.example", "member").await)[0].1, "too_many_invitations", "five hundred a day in all");
    }

    async fn in_b2c_there_are_no_invitations(app: App, with B2C) {
        let olivia = app.sign_in("olivia@acme.example").await;
        for path in ["/invitations/none", "/org-dashboard/members/invite"] {
            assert_eq!(olivia.get(path).await.status, 404, "{path}");
        }
        for path in ["/api/org/invite", "/api/invitations/resend", "/api/invitations/revoke", "/api/invitations/accept", "/api/invitations/decline"] {
            assert_eq!(olivia.json(path, &json!({ "emails": NINA, "role": "member" })).await.problem(), (404, "NOT_FOUND".to_owned()), "{path}");
        }
    }

    async fn in_hybrid_people_join_too(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        let token = invited(&app, &cast.olivia, NINA, "member").await;
        let nina = app.sign_in_to_join(NINA).await;
        assert_eq!(accept(&nina, &token).await.status, 200);
        assert_eq!(members(&app).await, 6);
    }

    async fn old_invitations_are_swept(app: App) {
        let cast = Cast::gather(&app).await;
        without_limit(&app).await;
        invited(&app, &cast.olivia, NINA, "member").await;
        app.advance(98 * DAY).await;
        app.settles("SELECT COUNT(*) FROM invitations", 0).await;
        assert_eq!(audited(&app, "created").await, 1, "what happened stays known");
    }
}
