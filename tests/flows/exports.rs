//! Copies of a workspace: what is in them, who gets them, and until when.

use crate::both;
use crate::support::{ACME, App, Browser, Cast, Engine, together};
use keel_types::time::{DAY, HOUR, MINUTE};
use reqwest::{Method, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

const FILES: [&str; 8] = ["audit", "credits", "invitations", "members", "payments", "roles", "subscriptions", "workspace"];
const READY: &str = "SELECT COUNT(*) FROM exports WHERE state = 'ready'";

async fn ask(browser: &Browser) -> (u16, String) {
    let answer = browser.json("/api/org/export-data", &json!({ "account": ACME })).await;
    if answer.status == 200 { (200, String::new()) } else { answer.problem() }
}

/// Where the newest copy is.
async fn place(app: &App) -> String {
    let export = app.db.text("SELECT id FROM exports ORDER BY created_at DESC, id DESC LIMIT 1").await;
    format!("/api/org/exports/{export}?account=acme")
}

/// The files of a copy, downloaded as a browser does.
async fn opened(browser: &Browser, place: &str) -> BTreeMap<String, String> {
    let response = browser.request(Method::GET, place).header(header::ACCEPT, "text/html").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let head = response.headers().clone();
    assert_eq!(head[header::CONTENT_TYPE], "application/zip");
    assert_eq!(head[header::CACHE_CONTROL], "no-store");
    assert!(head[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment; filename=\"workspace-2"), "{head:?}");
    let bytes = response.bytes().await.unwrap();
    assert_eq!(head[header::CONTENT_LENGTH].to_str().unwrap(), bytes.len().to_string());
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for place in 0..zip.len() {
        let mut file = zip.by_index(place).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        files.insert(file.name().unwrap().into_owned(), text);
    }
    files
}

fn rows(files: &BTreeMap<String, String>, name: &str) -> Vec<Value> {
    serde_json::from_str(&files[name]).unwrap_or_else(|error| panic!("{name}: {error}: {}", files[name]))
}

both! {
    async fn a_copy_has_everything_in_two_forms(app: App) {
        let cast = Cast::gather(&app).await;
        app.buy(&cast.olivia, json!({ "account": ACME, "plan": "business", "interval": "month", "currency": "usd", "seats": 8 })).await;
        let formula = [("first_name", "=cmd|' /C calc'!A0"), ("last_name", "Say \"hi\", all")];
        assert_eq!(cast.max.form("/api/user/onboarding", &formula).await.status, 303);
        cast.olivia.json("/api/org/invite", &json!({ "account": ACME, "emails": "ida@new.example", "role": "member" })).await;
        assert_eq!(ask(&cast.olivia).await.0, 200);
        app.settles(READY, 1).await;
        let files = opened(&cast.olivia, &place(&app).await).await;
        let names: Vec<String> = FILES.iter().flat_map(|name| [format!("{name}.csv"), format!("{name}.json")]).collect();
        assert_eq!(files.keys().cloned().collect::<Vec<_>>(), names);

        let members = rows(&files, "members.json");
        assert_eq!(members.len(), 5);
        let max = members.iter().find(|member| member["email"] == "max@acme.example").unwrap();
        assert_eq!((max["role"].as_str(), max["first_name"].as_str()), (Some("Member"), Some("=cmd|' /C calc'!A0")));
        assert!(max["created_at"].as_str().unwrap().ends_with('Z'), "{max}");
        assert!(files["members.csv"].starts_with("\"created_at\",\"id\",\"email\",\"first_name\","), "{}", files["members.csv"]);
        assert!(files["members.csv"].contains(",\"max@acme.example\",\"'=cmd|' /C calc'!A0\",\"Say \"\"hi\"\", all\",\"Member\","), "{}", files["members.csv"]);
        assert_eq!(rows(&files, "workspace.json")[0]["name"], "Acme");
        assert_eq!(rows(&files, "invitations.json")[0]["email"], "ida@new.example");
        assert_eq!(rows(&files, "subscriptions.json")[0]["live"], true);
        assert!(rows(&files, "payments.json")[0]["amount"].as_i64().unwrap() > 0);
        let credits = rows(&files, "credits.json");
        assert_eq!(credits.last().unwrap()["balance_after"], app.db.number("SELECT balance FROM credit_balances").await);
        assert_eq!(files["credits.csv"].lines().count(), credits.len() + 1);
        assert!(rows(&files, "audit.json").iter().any(|event| event["action"] == "invitation.created"));
        for text in files.values() {
            assert!(!text.contains("hash") && !text.contains("eve@evil.example") && !text.contains("Evil Corp"), "{text}");
        }
        let mail = app.mail("olivia@acme.example").await;
        assert_eq!(mail["subject"], "Your copy of Acme is ready");
        let account = app.db.text("SELECT id FROM accounts WHERE slug = 'acme'").await;
        let link = mail["links"][0].as_str().unwrap().strip_prefix(&app.base).unwrap().to_owned();
        assert!(link.ends_with(&account), "{link}");
        assert_eq!(opened(&cast.olivia, &link).await, files);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'data.exported'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'data.downloaded'").await, 2);
    }

    async fn it_is_for_owners_who_prove_who_they_are(app: App) {
        let cast = Cast::gather(&app).await;
        for (browser, wanted) in [(&cast.adam, (403, "FORBIDDEN")), (&cast.max, (403, "FORBIDDEN")), (&cast.eve, (404, "NOT_FOUND"))] {
            assert_eq!(ask(browser).await, (wanted.0, wanted.1.to_owned()));
        }
        assert_eq!(cast.olivia.json("/api/org/export-data", &json!({ "account": "personal" })).await.problem().0, 404);
        app.advance(11 * MINUTE).await;
        assert_eq!(ask(&cast.olivia).await, (401, "STEP_UP_REQUIRED".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM exports").await, 0);
        let page = cast.olivia.get("/org-dashboard/settings").await;
        let form = page.form_to("/api/org/export-data");
        assert!(cast.olivia.form(&form.action, &form.filled(&[])).await.location().starts_with("/step-up?redirectTo=/org-dashboard/settings"));
        assert!(!cast.adam.get("/org-dashboard/settings").await.body.contains("Export workspace data"));
    }

    async fn a_link_opens_to_owners_of_the_workspace_for_a_day(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(ask(&cast.olivia).await.0, 200);
        app.settles(READY, 1).await;
        let place = place(&app).await;
        assert!(cast.olivia.get("/org-dashboard/settings").await.body.contains("Download the copy"));
        assert_eq!(cast.adam.get(&place).await.status, 403);
        assert_eq!(cast.max.get(&place).await.status, 403);
        assert_eq!(cast.eve.get(&place).await.status, 404);
        assert_eq!(cast.eve.get(&place.replace("acme", "evil-corp")).await.status, 404, "another workspace's");
        assert_eq!(cast.olivia.get(&place.replace("exp_", "exp_0")).await.status, 404);
        let nobody = app.browser().get(&place).await;
        assert!(nobody.location().starts_with("/login?redirectTo=/api/org/exports/exp_"), "{}", nobody.location());

        app.db.run(&format!("UPDATE memberships SET role = 'owner' WHERE id = '{}'", app.member("adam").await)).await;
        assert_eq!(opened(&cast.adam, &place).await.len(), 16, "any owner's");
        app.db.run(&format!("UPDATE memberships SET role = 'admin' WHERE id = '{}'", app.member("olivia").await)).await;
        assert_eq!(cast.olivia.get(&place).await.status, 403, "who is no owner any more");
        app.db.run("UPDATE accounts SET purging = TRUE WHERE slug = 'acme'").await;
        assert_eq!(cast.adam.get(&place).await.status, 404, "the workspace is gone");
        app.db.run("UPDATE accounts SET purging = FALSE WHERE slug = 'acme'").await;
        app.advance(DAY - HOUR).await;
        assert_eq!(opened(&cast.adam, &place).await.len(), 16);
        app.advance(HOUR).await;
        assert_eq!(cast.adam.get(&place).await.status, 404, "it has run out");
        app.settles("SELECT (SELECT COUNT(*) FROM exports) + (SELECT COUNT(*) FROM export_chunks)", 0).await;
    }

    async fn asked_for_many_times_at_once_it_is_made_once(app: App) {
        let cast = Cast::gather(&app).await;
        let workers = app.with_workers(2).await;
        let asks = (0..12).map(|_| cast.olivia.copy()).map(|browser| async move { ask(&browser).await.0 });
        let statuses = together(asks.collect::<Vec<_>>()).await;
        assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
        app.settles("SELECT COUNT(*) FROM exports WHERE state = 'due'", 0).await;
        workers.stop().await;
        let made = app.db.number(READY).await;
        assert!((1..=10).contains(&made), "{made}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject = 'Your copy of Acme is ready'").await, made);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM export_chunks c JOIN exports e ON e.id = c.export_id WHERE c.attempt <> e.attempt").await, 0);
    }

    async fn a_copy_that_nobody_finished_is_made_anew(app: App) {
        let cast = Cast::gather(&app).await;
        // As if an instance had ended in the middle: its lease and a piece are left.
        let account = app.db.text("SELECT id FROM accounts WHERE slug = 'acme'").await;
        let user = app.db.text("SELECT id FROM users WHERE email = 'olivia@acme.example'").await;
        let lease = app.keel.now().plus(2 * MINUTE).0;
        app.db.run(&format!("INSERT INTO exports (id, account_id, user_id, state, attempt, next_at, created_at) VALUES ('exp_{:032x}', '{account}', '{user}', 'due', 1, {lease}, {})", 1, app.keel.now().0)).await;
        app.db.run(&format!("INSERT INTO export_chunks (export_id, attempt, number, bytes) VALUES ('exp_{:032x}', 1, 0, '')", 1)).await;
        assert_eq!(ask(&cast.olivia).await.0, 200, "it is that one");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM exports").await, 1);
        app.advance(3 * MINUTE).await;
        app.settles(READY, 1).await;
        assert_eq!(opened(&cast.olivia, &place(&app).await).await.len(), 16);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM export_chunks WHERE attempt = 1").await, 0);
    }
}

/// Pieces of a copy that is larger than what a connection holds on its way.
const PIECES: usize = 96;
const PIECE: usize = 256 * 1024;

async fn who_loses_the_right_in_the_middle_gets_no_more_of_it(engine: Engine) {
    let app = App::start(engine, &[]).await;
    let cast = Cast::gather(&app).await;
    let bytes = match engine {
        Engine::Sqlite => format!("zeroblob({PIECE})"),
        Engine::Postgres => format!("decode(repeat('00', {PIECE}), 'hex')"),
    };
    let (export, until) = (format!("exp_{:032x}", 1), app.keel.now().plus(DAY).0);
    let of = "FROM accounts a JOIN users u ON u.id = a.billing_owner_id WHERE a.slug = 'acme'";
    app.db
        .run(&format!(
            "INSERT INTO exports (id, account_id, user_id, state, attempt, size, expires_at, next_at, created_at)
             SELECT '{export}', a.id, u.id, 'ready', 1, {}, {until}, {until}, 1 {of}",
            PIECES * PIECE
        ))
        .await;
    for number in 0..PIECES {
        app.db
            .run(&format!("INSERT INTO export_chunks (export_id, attempt, number, bytes) VALUES ('{export}', 1, {number}, {bytes})"))
            .await;
    }
    let mut response = cast.olivia.request(Method::GET, &place(&app).await).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.unwrap().is_some());
    app.leaves("olivia").await;
    let mut got = 0;
    let end = loop {
        match response.chunk().await {
            Ok(Some(bytes)) => got += bytes.len(),
            end => break end,
        }
    };
    assert!(end.is_err() && got < PIECES * PIECE, "{got} bytes");
    app.stop().await;
}

crate::on_both! { who_loses_the_right_in_the_middle_gets_no_more_of_it }
