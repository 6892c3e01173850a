//! Closing one's own account: what stands in the way, what goes along, how it is taken back, and what is left of a person.

use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast, scaled, together};
use keel_types::time::{DAY, MINUTE};
use reqwest::{Method, header};
use serde_json::{Value, json};
use std::io::{Cursor, Read as _};

const DONE: &str = "SELECT COUNT(*) FROM closings WHERE state = 'done'";
const AT_REST: &str = "SELECT COUNT(*) FROM deletions WHERE renewal_open OR notice IS NOT NULL";

/// Asks to close the account of this address, with these workspaces.
async fn close(browser: &Browser, email: &str, workspaces: &str) -> Answer {
    browser.json("/api/user/close-account", &json!({ "confirmation": email, "workspaces": workspaces })).await
}

async fn keep(browser: &Browser) -> Answer {
    browser.json("/api/user/keep-account", &json!({})).await
}

async fn subjects(app: &App, email: &str) -> Vec<String> {
    app.db.texts(&format!("SELECT subject FROM mail_outbox WHERE recipient = '{email}' ORDER BY created_at, id")).await
}

async fn users(app: &App, email: &str) -> i64 {
    app.db.number(&format!("SELECT COUNT(*) FROM users WHERE email = '{email}'")).await
}

/// Whether each of the account's deletions and renewals has come to rest, and the person is gone.
async fn ends(app: &App) {
    app.advance(30 * DAY + MINUTE).await;
    app.settles(DONE, 1).await;
}

both! {
    async fn a_closed_account_leaves_no_person_behind(app: App) {
        let cast = Cast::gather(&app).await;
        let user = app.db.text("SELECT id FROM users WHERE email = 'max@acme.example'").await;
        let before = app.db.number("SELECT member_count FROM accounts WHERE slug = 'acme'").await;
        cast.max.get("/private-dashboard").await;
        assert_eq!(close(&cast.max, "max@acme.example", "").await.status, 200);
        assert_eq!(close(&cast.max, "max@acme.example", "").await.status, 200, "a second time it is the first");
        let page = cast.max.get("/private-dashboard").await.body;
        assert!(page.contains("Your account will be closed on "), "{page}");
        assert!(!cast.olivia.get("/org-dashboard").await.body.contains("Your account will be closed"));
        ends(&app).await;
        let later = "SELECT c.settled_at - (SELECT MAX(d.settled_at) FROM deletions d WHERE d.closing_id = c.id) FROM closings c";
        assert!((0..9_000).contains(&app.db.number(later).await), "before its next look ten seconds later");

        assert_eq!(users(&app, "max@acme.example").await, 0);
        for table in ["user_profiles", "user_sessions", "memberships", "exports", "passkeys", "known_browsers"] {
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM {table} WHERE user_id = '{user}'")).await, 0, "{table}");
        }
        assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM accounts WHERE person_id = '{user}'")).await, 0);
        assert_eq!(app.db.number("SELECT member_count FROM accounts WHERE slug = 'acme'").await, before - 1);
        assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM audit_events WHERE actor_id = '{user}'")).await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE actor_name LIKE '%Max%' OR actor_name LIKE 'max@%'").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM closings WHERE email <> ''").await, 0);
        cast.max.get("/private-dashboard").await.leads_to("/login?redirectTo=/private-dashboard");
        assert!(subjects(&app, "max@acme.example").await.contains(&"Your account is closed".to_owned()));
        let members = app.sign_in("olivia@acme.example").await.get("/org-dashboard/members").await;
        assert!(members.status == 200 && !members.body.contains("max@acme.example"), "{}", members.body);

        // Who comes back is somebody new.
        app.sign_in("max@acme.example").await;
        assert_ne!(app.db.text("SELECT id FROM users WHERE email = 'max@acme.example'").await, user);
    }

    async fn a_workspace_with_others_needs_another_owner_first(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(close(&cast.olivia, "olivia@acme.example", "").await.problem(), (409, "OWNER_NEEDED".to_owned()));
        let page = cast.olivia.get("/private-dashboard/settings/data").await.body;
        assert!(page.contains(">Acme</a>: ") && page.contains("you answer for its money"), "{page}");
        let adam = app.member("adam").await;
        let over = json!({ "account": ACME, "member": adam, "stay": "on", "confirmation": "Acme" });
        assert_eq!(cast.olivia.json("/api/members/transfer-ownership", &over).await.status, 200);
        assert_eq!(close(&cast.olivia, "olivia@acme.example", "").await.status, 200);
        // From now on Adam is the only owner who stays.
        let adams = cast.adam.json("/api/members/leave", &json!({ "account": ACME })).await;
        assert!(matches!(adams.problem().1.as_str(), "LAST_OWNER" | "BILLING_OWNER"), "{adams:?}");
        let back = json!({ "account": ACME, "member": app.member("olivia").await, "confirmation": "Acme" });
        assert_eq!(cast.adam.json("/api/members/transfer-ownership", &back).await.problem(), (422, "INVALID".to_owned()));
        ends(&app).await;
        assert_eq!((app.role("olivia").await, app.role("adam").await), ("none".to_owned(), "owner".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'acme' AND NOT purging").await, 1);
    }

    async fn a_workspace_with_nobody_else_goes_along_once_it_was_confirmed(app: App) {
        let eve = Cast::gather(&app).await.eve;
        let account = app.db.text("SELECT id FROM accounts WHERE slug = 'evil-corp'").await;
        let refused = close(&eve, "eve@evil.example", "").await;
        assert_eq!((refused.status, refused.json()["errors"][0]["field"].clone()), (422, json!("workspaces")));
        assert_eq!(close(&eve, "someone@evil.example", &account).await.problem().0, 422);
        let page = eve.get("/private-dashboard/settings/data").await;
        let form = page.form_to("/api/user/close-account");
        eve.form(&form.action, &form.filled(&[("confirmation", "eve@evil.example")])).await.leads_to("/private-dashboard/settings/data");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'evil-corp' AND deletion_due_at IS NOT NULL").await, 1);
        ends(&app).await;
        assert_eq!(users(&app, "eve@evil.example").await, 0);
        assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM accounts WHERE id = '{account}'")).await, 0);
    }

    async fn a_closing_taken_back_leaves_everything_as_it_was(app: App) {
        let browser = app.buyer("olivia@acme.example", "pro", "year").await;
        assert_eq!(browser.get("/checkout").await.status, 200);
        app.buy(&browser, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        let account = app.account("olivia@acme.example", "workspace").await;
        assert_eq!(close(&browser, "olivia@acme.example", &account).await.status, 200);
        app.settles(AT_REST, 0).await;
        let customer = app.db.text(&format!("SELECT customer_id FROM stripe_customers WHERE account_id = '{account}'")).await;
        let stops = async || app.stripe(Method::GET, &format!("/v1/subscriptions?customer={customer}"), "").await["data"][0]["cancel_at_period_end"].clone();
        assert_eq!(stops().await, json!(true));
        assert_eq!(keep(&browser).await.status, 200);
        assert_eq!(keep(&browser).await.status, 200, "nothing scheduled, nothing happens");
        app.settles(AT_REST, 0).await;
        assert_eq!(stops().await, json!(false));
        assert!(subjects(&app, "olivia@acme.example").await.contains(&"Your account stays".to_owned()));
        app.advance(31 * DAY).await;
        app.keel.work().await.unwrap();
        assert_eq!(users(&app, "olivia@acme.example").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE deletion_due_at IS NOT NULL OR purging").await, 0);
    }

    async fn a_workspace_that_needs_its_owner_by_the_day_keeps_the_account_open(app: App) {
        let eve = Cast::gather(&app).await.eve;
        let account = app.db.text("SELECT id FROM accounts WHERE slug = 'evil-corp'").await;
        assert_eq!(close(&eve, "eve@evil.example", &account).await.status, 200);
        eve.form("/api/workspaces/create", &[("name", "Second thoughts")]).await;
        app.advance(30 * DAY + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM closings WHERE state = 'canceled'", 1).await;
        app.settles(AT_REST, 0).await;
        assert_eq!(users(&app, "eve@evil.example").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'evil-corp' AND deletion_due_at IS NULL AND NOT purging").await, 1);
        let mail = app.mail("eve@evil.example").await;
        assert_eq!(mail["subject"], "Your account was not closed");
        assert!(mail["text"].as_str().unwrap().contains("Second thoughts"), "{mail}");
    }

    async fn of_two_owners_who_close_at_the_same_instant_one_stays(app: App) {
        let cast = Cast::gather(&app).await;
        let adam = app.member("adam").await;
        let over = json!({ "account": ACME, "member": adam, "role": "owner" });
        assert_eq!(cast.olivia.json("/api/members/change-role", &over).await.status, 200);
        for trial in 0..scaled(10, 100) {
            // Whoever answers for the money is Adam and Olivia in turn; the other one may go.
            let owners = "SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id JOIN accounts a ON a.id = m.account_id
                WHERE a.slug = 'acme' AND m.role = 'owner' AND u.closing_due_at IS NULL";
            let bills = ["olivia", "adam"][trial % 2];
            let to = format!("UPDATE accounts SET billing_owner_id = (SELECT id FROM users WHERE email = '{bills}@acme.example') WHERE slug = 'acme'");
            app.db.run(&to).await;
            let (olivia, adam) = (cast.olivia.copy(), cast.adam.copy());
            let calls = [(olivia, "olivia@acme.example"), (adam, "adam@acme.example")];
            let answers = together(calls.map(|(browser, email)| async move { close(&browser, email, "").await.status })).await;
            assert!(answers.iter().filter(|status| **status == 200).count() <= 1, "{answers:?}");
            assert!(app.db.number(owners).await >= 1);
            assert_eq!((keep(&cast.olivia).await.status, keep(&cast.adam).await.status), (200, 200));
        }
    }

    async fn what_is_asked_many_times_at_once_is_done_once(app: App) {
        let eve = Cast::gather(&app).await.eve;
        let account = app.db.text("SELECT id FROM accounts WHERE slug = 'evil-corp'").await;
        let calls = (0..10).map(|_| (eve.copy(), account.clone()));
        let asked = together(calls.map(|(eve, account)| async move {
            let copy = eve.json("/api/user/export-data", &json!({})).await.status;
            (copy, close(&eve, "eve@evil.example", &account).await.status)
        }));
        assert!(asked.await.iter().all(|statuses| *statuses == (200, 200)));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM closings").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM deletions").await, 2, "the workspace's and the personal account's");
        let mails = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'Your account will be closed on %'";
        assert_eq!(app.db.number(mails).await, 1);
        // Copies that were finished in between may be asked for anew; two are never made at once.
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'user.closing_scheduled'").await, 1);
    }

    async fn keeping_the_account_against_its_end_leaves_it_whole_or_gone(app: App) {
        for trial in 0..scaled(10, 100) {
            let email = format!("owner{trial}@acme.example");
            let browser = app.sign_in(&email).await;
            let account = app.account(&email, "workspace").await;
            assert_eq!(close(&browser, &email, &account).await.status, 200);
            let user = app.db.text(&format!("SELECT id FROM users WHERE email = '{email}'")).await;
            let moment = app.keel.now().0 + 50 + i64::from(trial) * 10;
            for (table, of) in [("closings", format!("user_id = '{user}'")), ("deletions", "closing_id IS NOT NULL AND state = 'due'".to_owned())] {
                app.db.run(&format!("UPDATE {table} SET due_at = {moment}, next_at = {moment} WHERE {of} AND state = 'due'")).await;
            }
            app.db.run(&format!("UPDATE users SET closing_due_at = {moment} WHERE id = '{user}'")).await;
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
            let kept = keep(&browser).await.status;
            app.settles(&format!("SELECT COUNT(*) FROM closings WHERE user_id = '{user}' AND state IN ('canceled', 'done')"), 1).await;
            let state = app.db.text(&format!("SELECT state FROM closings WHERE user_id = '{user}'")).await;
            let left = app.db.number(&format!("SELECT COUNT(*) FROM users WHERE id = '{user}'")).await;
            let accounts = format!("SELECT COUNT(*) FROM accounts WHERE (id = '{account}' OR person_id = '{user}') AND deletion_due_at IS NULL AND NOT purging");
            let whole = app.db.number(&accounts).await;
            match (kept, state.as_str()) {
                (200, "canceled") => assert_eq!((left, whole), (1, 2), "trial {trial}"),
                (401 | 409, "done") => assert_eq!((left, whole), (0, 0), "trial {trial}"),
                other => panic!("trial {trial}: {other:?}"),
            }
        }
    }

    async fn leaving_against_closing_leaves_an_owner(app: App) {
        let cast = Cast::gather(&app).await;
        let adam = app.member("adam").await;
        for _ in 0..scaled(10, 100) {
            let promote = json!({ "account": ACME, "member": adam, "role": "owner" });
            assert_eq!(cast.olivia.json("/api/members/change-role", &promote).await.status, 200);
            app.db.run("UPDATE accounts SET billing_owner_id = (SELECT id FROM users WHERE email = 'max@acme.example') WHERE slug = 'acme'").await;
            let (olivia, other) = (cast.olivia.copy(), cast.adam.copy());
            let own = adam.clone();
            let step_down = async move {
                let down = json!({ "account": ACME, "member": own, "role": "admin" });
                other.json("/api/members/change-role", &down).await.status
            };
            let closing = async move { close(&olivia, "olivia@acme.example", "").await.status };
            let (closed, left) = tokio::join!(tokio::spawn(closing), tokio::spawn(step_down));
            assert!(!(closed.unwrap() == 200 && left.unwrap() == 200), "nobody who stays owns Acme");
            app.db.run("UPDATE accounts SET billing_owner_id = (SELECT id FROM users WHERE email = 'olivia@acme.example') WHERE slug = 'acme'").await;
            assert_eq!(keep(&cast.olivia).await.status, 200);
        }
    }

    async fn it_is_the_person_who_proves_lately_who_they_are(app: App) {
        let cast = Cast::gather(&app).await;
        app.advance(11 * MINUTE).await;
        for path in ["/api/user/close-account", "/api/user/export-data"] {
            let answer = cast.max.json(path, &json!({ "confirmation": "max@acme.example", "workspaces": "" })).await;
            assert_eq!(answer.problem(), (401, "STEP_UP_REQUIRED".to_owned()), "{path}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM closings").await + app.db.number("SELECT COUNT(*) FROM exports").await, 0);
    }

    async fn who_has_the_first_factor_alone_closes_nothing_where_a_second_is_required(app: App) {
        let eve = Cast::gather(&app).await.eve;
        let account = app.db.text("SELECT id FROM accounts WHERE slug = 'evil-corp'").await;
        app.db
            .run(
                "INSERT INTO passkeys (id, user_id, name, credential_id, user_handle, credential, created_at)
                 SELECT 'pky_1', id, 'Laptop', 'one', 'hers', '{}', 1 FROM users WHERE email = 'eve@evil.example'",
            )
            .await;
        app.db.run("UPDATE accounts SET two_step_required = TRUE WHERE slug = 'evil-corp'").await;
        assert_eq!(close(&eve, "eve@evil.example", &account).await.problem(), (403, "TWO_STEP_REQUIRED".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM closings").await, 0);
        app.db.run("UPDATE user_sessions SET second_factor = 'passkey'").await;
        assert_eq!(close(&eve, "eve@evil.example", &account).await.status, 200);
    }

    async fn a_person_gets_a_copy_of_what_is_theirs_and_of_nothing_else(app: App) {
        let cast = Cast::gather(&app).await;
        cast.adam.json("/api/org/invite", &json!({ "account": ACME, "emails": "ida@new.example", "role": "member" })).await;
        app.db
            .run(
                "INSERT INTO passkeys (id, user_id, name, credential_id, user_handle, credential, created_at)
                 SELECT 'pky_1', id, 'Laptop', 'the credential', 'the handle', 'the credential', 1 FROM users WHERE email = 'max@acme.example'",
            )
            .await;
        assert_eq!(cast.max.json("/api/user/export-data", &json!({})).await.status, 200);
        app.settles("SELECT COUNT(*) FROM exports WHERE state = 'ready'", 1).await;
        let export = app.db.text("SELECT id FROM exports").await;
        let place = format!("/api/org/exports/{export}?account=personal");
        for stranger in [&cast.olivia, &cast.eve] {
            assert_eq!(stranger.get(&place).await.status, 404);
        }
        let page = cast.max.get("/private-dashboard/settings/data").await.body;
        assert!(page.contains(&place), "{page}");
        let response = cast.max.request(Method::GET, &place).header(header::ACCEPT, "text/html").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut zip = zip::ZipArchive::new(Cursor::new(response.bytes().await.unwrap())).unwrap();
        let mut whole = String::new();
        let mut names = vec![];
        for place in 0..zip.len() {
            let mut file = zip.by_index(place).unwrap();
            names.push(file.name().unwrap().into_owned());
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            if names.last().unwrap() == "person.json" {
                let person: Value = serde_json::from_str(&text).unwrap();
                assert_eq!((&person[0]["email"], &person[0]["first_name"]), (&json!("max@acme.example"), &json!("Max")));
            }
            whole.push_str(&text);
        }
        let files =
            ["activity", "credits", "identities", "invitations", "known_browsers", "memberships", "passkeys", "payments", "person", "sessions", "subscriptions"];
        names.sort();
        assert_eq!(names, files.iter().flat_map(|name| [format!("{name}.csv"), format!("{name}.json")]).collect::<Vec<_>>());
        assert!(whole.contains("auth.signed_in") && whole.contains("Acme") && whole.contains("Laptop"), "{whole}");
        for secret in ["olivia@", "adam@", "ida@", "token_hash", "password_hash", "$argon2", "credential"] {
            assert!(!whole.contains(secret), "{secret}");
        }
    }

    async fn signing_in_against_the_end_of_an_account_comes_before_it_or_not_at_all(app: App) {
        let another = app.another().await;
        for trial in 0..scaled(10, 100) {
            let email = format!("leaver{trial}@acme.example");
            let browser = app.sign_in(&email).await;
            let account = app.account(&email, "workspace").await;
            assert_eq!(close(&browser, &email, &account).await.status, 200);
            let user = app.db.text(&format!("SELECT id FROM users WHERE email = '{email}'")).await;
            let late = app.browser();
            late.form("/api/auth/request-link", &[("email", &email)]).await.leads_to("/verify");
            let code = json!({ "code": app.code(&email).await });
            let moment = app.keel.now().0 + 40;
            for (table, of) in [("closings", format!("user_id = '{user}'")), ("deletions", "closing_id IS NOT NULL AND state = 'due'".to_owned())] {
                app.db.run(&format!("UPDATE {table} SET due_at = {moment}, next_at = {moment} WHERE {of} AND state = 'due'")).await;
            }
            app.db.run(&format!("UPDATE users SET closing_due_at = {moment} WHERE id = '{user}'")).await;
            tokio::time::sleep(std::time::Duration::from_millis(40 + 3 * u64::try_from(trial % 5).unwrap())).await;
            let (signed_in, _) = tokio::join!(late.json("/api/auth/verify-otp", &code), another.work());
            assert!([200, 404, 422].contains(&signed_in.status), "trial {trial}: {} {}", signed_in.status, signed_in.body);
            app.settles(&format!("SELECT COUNT(*) FROM closings WHERE user_id = '{user}' AND state = 'done'"), 1).await;
            assert_eq!((users(&app, &email).await, late.get("/private-dashboard").await.status), (0, 303), "trial {trial}: {}", signed_in.status);
        }
        another.close().await;
    }
}
