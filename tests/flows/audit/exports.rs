//! Exports: exactly what the filters choose, nothing a spreadsheet could take for a formula, and an end for who may not any more.

use super::{NOON, PAGE, empty, events};
use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast, EVIL_CORP};
use http::header;
use serde_json::{Value, json};

const EXPORTED: &str = "SELECT COUNT(*) FROM audit_events WHERE action = 'data.exported'";
const URL: &str = "/api/audit/export";

async fn export(browser: &Browser, format: &str, filter: &[(&str, &str)]) -> Answer {
    let fields: Vec<(&str, &str)> = [("account", ACME), ("format", format)].into_iter().chain(filter.iter().copied()).collect();
    browser.form(URL, &fields).await
}

/// The rows of a file of comma-separated values, without its head.
fn rows(file: &Answer) -> Vec<String> {
    assert_eq!(file.status, 200, "{}", file.body);
    file.body.split("\r\n").skip(1).filter(|row| !row.is_empty()).map(str::to_owned).collect()
}

/// Many events, some kilobytes each, so that no buffer on the way holds them all.
async fn many(app: &App, count: usize) {
    let acme = app.account("olivia@acme.example", "workspace").await;
    let agent = "x".repeat(400);
    let ids = "'aud_' || SUBSTR('00000000000000000000000000000000' || CAST(i AS TEXT), LENGTH(CAST(i AS TEXT)) + 1)";
    app.db
        .run(&format!(
            "INSERT INTO audit_events (id, account_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             SELECT {ids}, '{acme}', 'Person', 'member.left', 'x', '', '{agent}', '{{}}', i, 'person' FROM n"
        ))
        .await;
}

both! {
    async fn a_file_holds_what_the_page_lists(app: App) {
        let cast = empty(&app).await;
        let mut all = vec![];
        for n in 0..1_100_i64 {
            all.push((if n % 2 == 0 { "Max Moreau" } else { "Maxine" }, if n % 5 == 0 { "member.left" } else { "role.created" }, NOON - n * 60_000));
        }
        events(&app, 0, &all).await;
        let page = cast.olivia.get(&format!("{PAGE}?actor=max+m&action=member.left&from=2023-11-20&to=2023-11-20")).await;
        let form = page.form_to(URL);
        let file = cast.olivia.form(&form.action, &form.filled(&[("format", "csv")])).await;
        assert_eq!(file.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
        let today = "20";
        let name = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(name.starts_with(&format!("attachment; filename=\"audit-acme-{today}")) && name.ends_with(".csv\""), "{name}");
        assert!(file.body.starts_with("id,time,actor,action,resource,ip_address,user_agent,details\r\n"), "{}", file.body);
        let found = rows(&file);
        // Every tenth minute of twelve hours.
        assert_eq!(found.len(), 73);
        assert!(found.iter().all(|row| row.contains(",Max Moreau,member.left,x,203.0.113.7,Tester,")), "{found:?}");
        assert!(found[0].contains("2023-11-20T12:00:00Z") && found[72].contains("2023-11-20T00:00:00Z"), "{found:?}");

        let file = export(&cast.olivia, "json", &[]).await;
        assert_eq!(file.headers[header::CONTENT_TYPE], "application/json");
        let list: Value = file.json();
        let list = list.as_array().unwrap();
        assert_eq!(list.len(), 1_101, "all pages, and the export before this one");
        assert_eq!(list[0]["action"], "data.exported");
        assert_eq!(list[0]["details"], json!({ "what": "audit", "format": "csv", "actor": "Max Moreau", "action": "member.left", "from": "2023-11-20", "to": "2023-11-20" }));
        let ids: std::collections::BTreeSet<&str> = list.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 1_101, "each once");
        assert!(list.windows(2).all(|pair| pair[0]["time"].as_str() >= pair[1]["time"].as_str()));
        assert_eq!(app.db.number(EXPORTED).await, 2);
        assert_eq!(rows(&export(&cast.olivia, "csv", &[("actor", "maxine"), ("action", "data.exported")]).await).len(), 0);
        assert_eq!(export(&cast.olivia, "json", &[("actor", "maxine"), ("action", "data.exported")]).await.json(), json!([]));
    }

    async fn what_people_typed_is_no_formula(app: App) {
        let cast = empty(&app).await;
        events(&app, 0, &[("=HYPERLINK(\"https://evil.example\")", "member.left", NOON), ("+1, \"two\"\nthree", "member.left", NOON - 1), ("@SUM(A1)", "member.left", NOON - 2), ("-1", "member.left", NOON - 3), ("\t=1", "member.left", NOON - 4)]).await;
        app.db.run("UPDATE audit_events SET metadata = '{\"name\":\"=1+1\"}', agent = '=2+2', resource = '=3+3', address = '=4+4'").await;
        let file = export(&cast.olivia, "csv", &[]).await;
        assert!(file.body.contains("\"'=HYPERLINK(\"\"https://evil.example\"\")\"") && file.body.contains("\"'+1, \"\"two\"\"\nthree\""), "{}", file.body);
        for formula in [",=", ",+", ",-", ",@", ",\"=", ",\"+", ",\"\t"] {
            assert!(!file.body.contains(formula), "{formula:?}: {}", file.body);
        }
        let list = export(&cast.olivia, "json", &[]).await.json();
        assert!(list.as_array().unwrap().iter().any(|event| event["actor"] == "+1, \"two\"\nthree"), "a program gets what was typed");
    }

    async fn who_exports(app: App) {
        let cast = Cast::gather(&app).await;
        let before = app.db.number("SELECT COUNT(*) FROM audit_events").await;
        let anonymous = app.browser();
        for (browser, wanted) in [(&anonymous, 401), (&cast.aude, 403), (&cast.max, 403), (&cast.vera, 403), (&cast.eve, 404), (&cast.rob, 404)] {
            let answer = export(browser, "csv", &[]).await;
            assert_eq!(answer.status, wanted);
            let program = browser.json(URL, &json!({ "account": ACME, "format": "json" })).await;
            assert_eq!(program.problem().0, wanted);
        }
        let refused = cast.aude.json(URL, &json!({ "account": ACME, "format": "json" })).await.json();
        assert_eq!(refused["permission"], "audit:export");
        for account in [EVIL_CORP, "acc_00000000000000000000000000000000", "no-one-at"] {
            assert_eq!(cast.olivia.json(URL, &json!({ "account": account, "format": "csv" })).await.problem(), (404, "NOT_FOUND".to_owned()), "{account}");
        }
        assert_eq!(cast.olivia.json(URL, &json!({ "account": "personal", "format": "csv" })).await.problem(), (403, "FORBIDDEN".to_owned()));
        for (field, value) in [("format", "xml"), ("format", ""), ("action", "moon.landed"), ("from", "x"), ("to", "2023-02-30"), ("actor", "nobody of this name")] {
            let mut body = json!({ "account": ACME, "format": "csv" });
            body[field] = value.into();
            let answer = cast.olivia.json(URL, &body).await;
            assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{field} {value}");
            assert_eq!(answer.json()["errors"][0]["field"], field);
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events").await, before, "nothing happened");
        let more = json!({ "account": ACME, "format": "json", "account_id": "acc_1", "limit": 1, "user": "usr_1", "path": "/etc/passwd" });
        let file = cast.olivia.json(URL, &more).await;
        assert_eq!(file.json().as_array().unwrap().len(), usize::try_from(app.db.number("SELECT COUNT(*) FROM audit_events e JOIN accounts a ON a.id = e.account_id WHERE a.slug = 'acme'").await).unwrap() - 1);
        assert_eq!(app.db.text("SELECT metadata FROM audit_events WHERE action = 'data.exported'").await, r#"{"format":"json","what":"audit"}"#);
    }

    async fn exports_have_a_limit(app: App) {
        let cast = empty(&app).await;
        for number in 0..30 {
            assert_eq!(export(&cast.olivia, "csv", &[]).await.status, 200, "{number}");
        }
        let answer = cast.olivia.json(URL, &json!({ "account": ACME, "format": "csv" })).await;
        assert_eq!(answer.problem(), (429, "TOO_MANY".to_owned()));
        assert_eq!(export(&cast.adam, "csv", &[]).await.status, 200, "others go on");
    }

    async fn an_export_ends_with_the_right_to_it(app: App) {
        let cast = empty(&app).await;
        many(&app, 40_000).await;
        for (deed, body) in [
            ("/api/members/change-role", json!({ "account": ACME, "member": app.member("adam").await, "role": "rol_auditor" })),
            ("/api/members/remove", json!({ "account": ACME, "member": app.member("adam").await })),
        ] {
            app.db.run(&format!("UPDATE memberships SET role = 'admin' WHERE id = '{}'", app.member("adam").await)).await;
            let request = cast.adam.posted(URL, &[("account", ACME), ("format", "csv")]);
            let mut response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            let mut read = response.chunk().await.unwrap().unwrap().len();
            assert_eq!(cast.olivia.json(deed, &body).await.status, 200);
            let ended = loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => read += chunk.len(),
                    ended => break ended,
                }
            };
            assert!(ended.is_err(), "{deed}: the file came whole, {read} bytes");
            assert!(read < 40_000 * 400, "{deed}: {read} bytes");
        }
        assert_eq!(rows(&export(&cast.olivia, "csv", &[]).await).len(), 40_000 + 4, "and comes whole to who may");
    }
}
