//! Day thirty: what is gone, for whom, and what is left.

#![expect(clippy::disallowed_methods, reason = "the proof of the ledger is a command's verb")]

use super::{AT_REST, DONE, OLIVIA, mailed, schedule};
use crate::both;
use crate::support::{ACME, App, Browser, Cast, Engine};
use keel_domain::access::SystemGrant;
use keel_domain::credits;
use keel_types::time::DAY;
use keel_web::endpoints::Kind;
use reqwest::Method;
use serde_json::json;

/// Tables whose rows outlive the account.
const KEPT: [&str; 5] = ["audit_events", "charges", "credit_entries", "deletions", "payments"];

/// Every table with a column that names an account, and that column.
async fn tables(app: &App, engine: Engine) -> Vec<String> {
    let columns = match engine {
        Engine::Sqlite => {
            "SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name LIKE '%account_id'"
        }
        Engine::Postgres => {
            "SELECT CAST(table_name || '.' || column_name AS TEXT) FROM information_schema.columns WHERE table_schema = 'public' AND column_name LIKE '%account_id'"
        }
    };
    app.db.texts(columns).await
}

/// Acme with a paid plan, credits, payments, invitations and people.
async fn furnished(app: &App) -> (Cast, String) {
    let cast = Cast::gather(app).await;
    app.buy(&cast.olivia, json!({ "account": ACME, "plan": "business", "interval": "year", "currency": "usd", "seats": 8 })).await;
    assert_eq!(
        cast.olivia.json("/api/org/invite", &json!({ "account": ACME, "emails": "ida@new.example", "role": "member" })).await.status,
        200
    );
    let acme = app.db.text("SELECT id FROM accounts WHERE slug = 'acme'").await;
    (cast, acme)
}

async fn purged(app: &App) {
    app.settles(AT_REST, 0).await;
    app.advance(30 * DAY).await;
    app.settles(DONE, 1).await;
}

async fn everything_is_gone_but_the_books(engine: Engine) {
    let app = App::start(engine, &[]).await;
    let (cast, acme) = furnished(&app).await;
    let before = app.db.number(&format!("SELECT COUNT(*) FROM credit_entries WHERE account_id = '{acme}'")).await;
    let paid = app.db.number(&format!("SELECT COUNT(*) FROM payments WHERE account_id = '{acme}'")).await;
    let audited = app.db.number(&format!("SELECT COUNT(*) FROM audit_events WHERE account_id = '{acme}'")).await;
    assert!(before > 0 && paid > 0 && audited >= 4);
    assert_eq!(schedule(&cast.olivia).await.status, 200);
    purged(&app).await;
    app.digested().await;

    for column in tables(&app, engine).await {
        let (table, name) = column.split_once('.').unwrap();
        let left = app.db.number(&format!("SELECT COUNT(*) FROM {table} WHERE {name} = '{acme}'")).await;
        assert!(
            left == 0 || KEPT.contains(&table),
            "{table} has {left} rows of an account that is gone: purge them, or say here that they are kept"
        );
    }
    assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM accounts WHERE id = '{acme}'")).await, 0);
    assert_eq!(mailed(&app, "Acme was deleted").await, (5, 5));
    assert_eq!(app.stripe(Method::GET, "/v1/subscriptions?status=all", "").await["data"][0]["status"], "canceled");

    let left = |what: &str| format!("SELECT CAST({what} AS BIGINT) FROM credit_entries WHERE account_id = '{acme}'");
    assert_eq!(app.db.number(&left("SUM(amount)")).await, 0, "what was left is written off");
    assert!(app.db.number(&left("COUNT(*)")).await > before);
    assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM payments WHERE account_id = '{acme}'")).await, paid);
    let proof = credits::verify(&SystemGrant::new(&app.keel, "test")).await.unwrap();
    assert!(proof.holds(), "{proof:?}");
    // What was left had expired by then, or was written off: either is the last entry.
    let last = format!("(SELECT MAX(number) FROM credit_entries WHERE account_id = '{acme}')");
    app.db.run(&format!("DELETE FROM credit_entries WHERE account_id = '{acme}' AND number = {last}")).await;
    let proof = credits::verify(&SystemGrant::new(&app.keel, "test")).await.unwrap();
    assert_eq!(proof.not_the_sum, [acme.as_str()], "a ledger that does not end is named");

    let events = format!("FROM audit_events WHERE account_id = '{acme}'");
    assert!(app.db.number(&format!("SELECT COUNT(*) {events}")).await > audited);
    let said = app.db.texts(&format!("SELECT actor_name || ' ' || metadata || ' ' || address || ' ' || agent {events}")).await.join("\n");
    for name in ["Olivia", "Example", "acme", "Acme", "ida@", "127.0.0.1"] {
        assert!(!said.contains(name), "{name}: {said}");
    }
    assert!(said.contains("\"plan\"") && said.contains("former_member"), "{said}");
    assert_eq!(app.db.number(&format!("SELECT COUNT(*) {events} AND action = 'deletion.completed'")).await, 1);
    assert_eq!(app.db.number("SELECT COUNT(*) FROM deletions WHERE account_name <> '' OR by_name <> ''").await, 0);
    assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'evil-corp'").await, 1);

    let olivia = app.sign_in_to_join(OLIVIA).await;
    let home = olivia.get("/private-dashboard?account=personal").await;
    assert!(home.location().starts_with("/onboarding/workspace"), "people stay, and may begin anew: {}", home.location());
    assert_eq!(olivia.get("/org-dashboard?account=acme").await.status, 404);
    olivia.form("/api/workspaces/create", &[("name", "Acme")]).await.leads_to("/org-dashboard");
    assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'acme'").await, 1, "its address is free again");
    app.stop().await;
}

crate::on_both! { everything_is_gone_but_the_books }

/// Asks an action or a page about Acme.
async fn asked(browser: &Browser, path: &str, method: &str) -> u16 {
    let path = path.replace("{member}", "mem_000000000000000000000000006d6178");
    if method == "GET" {
        browser.get(&format!("{path}?account=acme")).await.status
    } else {
        browser
            .json(&path, &json!({ "account": ACME, "member": "mem_000000000000000000000000006d6178", "confirmation": "Acme" }))
            .await
            .status
    }
}

both! {
    async fn from_the_point_of_no_return_on_it_is_unknown_everywhere(app: App) {
        let (cast, acme) = furnished(&app).await;
        let balance = app.db.number(&format!("SELECT balance FROM credit_balances WHERE account_id = '{acme}'")).await;
        let token = app.mail("ida@new.example").await["links"][0].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        app.db.run("UPDATE accounts SET purging = TRUE WHERE slug = 'acme'").await;
        let of_accounts = keel::http::endpoints().into_iter().filter(|endpoint| {
            endpoint.kind != Kind::Plain && !["visitor", "signed in"].contains(&endpoint.door) && !endpoint.path.contains("/invitations/{")
        });
        for endpoint in of_accounts {
            for browser in [&cast.olivia, &cast.max] {
                assert_eq!(asked(browser, endpoint.path, endpoint.method).await, 404, "{} {}", endpoint.method, endpoint.path);
            }
        }
        assert!(!cast.olivia.get("/private-dashboard?account=personal").await.body.contains("Acme"), "not in the switcher");
        assert_eq!(app.browser().get(&format!("/invitations/{token}")).await.status, 404);
        let ida = app.sign_in_to_join("ida@new.example").await;
        assert_eq!(ida.json("/api/invitations/accept", &json!({ "token": token })).await.status, 404);
        let again = app.browser();
        assert_ne!(app.sign_in_with(&again, "max@acme.example").await, "/org-dashboard?account=acme");
        assert!(!again.get("/private-dashboard").await.body.contains("Acme"));

        let customer = app.db.text(&format!("SELECT customer_id FROM stripe_customers WHERE account_id = '{acme}'")).await;
        let event = json!({ "id": "evt_late", "object": "event", "type": "customer.updated", "created": 1, "livemode": false,
            "data": { "object": { "id": app.db.text("SELECT stripe_id FROM subscriptions WHERE stripe_id IS NOT NULL").await, "object": "subscription", "customer": customer } } });
        assert_eq!(app.webhook(&event).await.status, 200);
        app.digested().await;
        assert_eq!(app.db.text("SELECT state FROM stripe_events WHERE id = 'evt_late'").await, "ignored");
        assert_eq!(app.db.number(&format!("SELECT balance FROM credit_balances WHERE account_id = '{acme}'")).await, balance, "nothing is granted");
    }

    async fn thousands_of_people_are_parted_with_batch_by_batch(app: App) {
        let cast = Cast::gather(&app).await;
        let acme = app.db.text("SELECT id FROM accounts WHERE slug = 'acme'").await;
        app.crowd(&acme, 0, 1_100, "member").await;
        assert_eq!(schedule(&cast.olivia).await.status, 200);
        app.settles(AT_REST, 0).await;
        assert_eq!(mailed(&app, "Acme will be deleted on %").await, (1_105, 1_105));
        purged(&app).await;
        assert_eq!(mailed(&app, "Acme was deleted").await, (1_105, 1_105), "each once");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.slug = 'acme'").await, 0);
    }
}
