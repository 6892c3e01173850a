//! Settings: what a workspace is called, by which address it is found, and by which it was.

use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast, EVIL_CORP, HYBRID};
use keel_types::Slug;
use keel_types::time::{DAY, HOUR};
use serde_json::{Value, json};

mod logos;
mod races;

const PAGE: &str = "/org-dashboard/settings";

/// Asks as a program to call a workspace something else.
async fn rename(browser: &Browser, account: &str, name: &str, slug: &str) -> Answer {
    browser.json("/api/org/update-settings", &json!({ "account": account, "name": name, "slug": slug })).await
}

/// The same of Acme, which keeps its name.
async fn move_to(browser: &Browser, account: &str, slug: &str) -> u16 {
    rename(browser, account, "Acme", slug).await.status
}

/// Name and slug of the workspace that Olivia owns.
async fn acme(app: &App) -> String {
    app.db.text("SELECT a.name || ' at ' || a.slug FROM accounts a JOIN users u ON u.id = a.billing_owner_id WHERE u.email = 'olivia@acme.example' AND a.kind = 'workspace'").await
}

async fn audited(app: &App) -> Vec<Value> {
    let rows = app.db.texts("SELECT metadata FROM audit_events WHERE action = 'settings.updated' ORDER BY created_at, id").await;
    rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

both! {
    async fn owners_and_admins_change_settings_and_nobody_else(app: App) {
        let cast = Cast::gather(&app).await;
        for (number, (browser, wanted)) in
            [(&cast.olivia, 200), (&cast.adam, 200), (&cast.max, 403), (&cast.vera, 403), (&cast.aude, 403), (&cast.eve, 404), (&cast.rob, 404)]
                .into_iter()
                .enumerate()
        {
            assert_eq!(rename(browser, ACME, &format!("Acme {number}"), ACME).await.status, wanted, "{number}");
        }
        assert_eq!(rename(&app.browser(), ACME, "Acme 9", ACME).await.status, 401);
        assert_eq!(acme(&app).await, "Acme 1 at acme");
        assert_eq!(cast.adam.get(PAGE).await.status, 200);
        for browser in [&cast.max, &cast.vera] {
            browser.get(PAGE).await.leads_to("/private-dashboard");
        }
        let refused = cast.aude.get(PAGE).await;
        assert!(refused.status == 403 && refused.body.contains("account:update") && refused.body.contains("Auditor"), "{}", refused.body);
        cast.olivia.get(&format!("{PAGE}?account=personal")).await.leads_to("/private-dashboard?account=personal");
        assert_eq!(rename(&cast.olivia, "personal", "Mine", "mine").await.problem(), (404, "NOT_FOUND".to_owned()));
        for (browser, shown) in [(&cast.olivia, true), (&cast.adam, true), (&cast.aude, false), (&cast.max, false)] {
            assert_eq!(browser.get("/private-dashboard").await.body.contains("href=\"/org-dashboard/settings\""), shown);
        }
    }

    async fn a_change_is_written_down_whole_and_only_when_there_is_one(app: App) {
        let cast = Cast::gather(&app).await;
        let page = cast.adam.get(PAGE).await;
        let form = page.form_to("/api/org/update-settings");
        assert_eq!((form.value("name"), form.value("slug")), (Some("Acme"), Some(ACME)));
        cast.adam.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        assert_eq!(audited(&app).await, Vec::<Value>::new());
        cast.adam.form(&form.action, &form.filled(&[("name", "Acme <Ltd>")])).await.leads_to(PAGE);
        cast.adam.form(&form.action, &form.filled(&[("name", "Acme <Ltd>"), ("slug", " ACME-Ltd ")])).await.leads_to(PAGE);
        assert_eq!(acme(&app).await, "Acme <Ltd> at acme-ltd");
        assert_eq!(
            audited(&app).await,
            [json!({ "name_before": "Acme", "name": "Acme <Ltd>" }), json!({ "slug_before": "acme", "slug": "acme-ltd" })]
        );
        let account = app.account("olivia@acme.example", "workspace").await;
        let who = "SELECT DISTINCT actor_name || ' ' || resource || ' ' || account_id FROM audit_events WHERE action = 'settings.updated'";
        assert_eq!(app.db.text(who).await, format!("Adam Example {account} {account}"));
        let page = cast.adam.get(PAGE).await;
        for part in [account.as_str(), "Acme &lt;Ltd&gt;", "The settings are saved.", "account=acme-ltd", "Account type"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert!(cast.olivia.get("/org-dashboard").await.body.contains("Settings changed"));
    }

    async fn what_is_no_name_or_slug_is_told_at_its_field_and_stays_typed(app: App) {
        let cast = Cast::gather(&app).await;
        let long = "x".repeat(41);
        for (slug, wanted) in [
            ("", "required"), ("a", "too_short"), (&long, "too_long"), ("a b", "bad_characters"), ("-ab", "bad_characters"), ("ab-", "bad_characters"),
            ("ünder", "bad_characters"), ("a/b", "bad_characters"), ("a\u{0}b", "bad_characters"), ("admin", "reserved"), ("Personal", "reserved"),
            ("evil-corp", "taken"),
        ] {
            let answer = rename(&cast.olivia, ACME, "Acme", slug).await;
            let told = if wanted == "taken" { (409, "SLUG_TAKEN".to_owned()) } else { (422, "INVALID".to_owned()) };
            assert_eq!(answer.problem(), told, "{slug}");
            assert_eq!(answer.json()["errors"], json!([{ "field": "slug", "code": wanted }]), "{slug}");
        }
        let both = rename(&cast.olivia, ACME, "Ac\u{202e}me", "new").await.json()["errors"].clone();
        assert_eq!(both, json!([{ "field": "name", "code": "bad_characters" }, { "field": "slug", "code": "reserved" }]));
        for (slug, status) in [("no such thing!", 422), (EVIL_CORP, 409)] {
            let page = cast.olivia.form("/api/org/update-settings", &[("name", "Beta \"B\""), ("slug", slug)]).await;
            assert_eq!(page.status, status);
            for part in ["value=\"Beta &quot;B&quot;\"", &format!("value=\"{slug}\""), "id=\"slug-error\"", "There is a problem", "<h1>Settings</h1>"] {
                assert!(page.body.contains(part), "{part}: {}", page.body);
            }
            assert!(!page.body.contains("id=\"name-error\""));
        }
        assert_eq!((acme(&app).await, audited(&app).await.len()), ("Acme at acme".to_owned(), 0));
    }

    async fn the_old_slug_leads_on_for_thirty_days(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(move_to(&cast.olivia, ACME, "apex").await, 200);
        for (old, new) in [
            ("/org-dashboard?account=acme", "/org-dashboard?account=apex"),
            ("/org-dashboard/members?search=a%26b&account=acme&show=admin", "/org-dashboard/members?search=a%26b&show=admin&account=apex"),
            ("/org-dashboard/billing?account=acme", "/org-dashboard/billing?account=apex"),
            ("/private-dashboard?account=acme", "/private-dashboard?account=apex"),
            ("/pricing?account=acme", "/pricing?account=apex"),
        ] {
            cast.olivia.get(old).await.leads_to(new);
            assert_eq!(cast.olivia.get(new).await.status, 200);
        }
        cast.max.get("/org-dashboard?account=acme").await.leads_to("/private-dashboard?account=acme");
        cast.max.get("/private-dashboard?account=acme").await.leads_to("/private-dashboard?account=apex");
        let mailed = cast.eve.get("/org-dashboard?account=acme").await;
        assert_eq!((mailed.status, cast.eve.get("/org-dashboard?account=apex").await.status), (404, 404), "nobody else learns of it");
        assert_eq!(app.browser().get("/pricing?account=acme").await.status, 200);

        // A form from before names it so; so does a program.
        let order = [("plan", "none"), ("account", ACME)];
        assert_eq!(cast.olivia.form("/api/billing/checkout", &order).await.status, 400, "what is wrong is the plan");
        assert_eq!(rename(&cast.olivia, ACME, "Apex", "apex").await.status, 200);
        app.advance(30 * DAY - HOUR).await;
        cast.olivia.get("/org-dashboard?account=acme").await.leads_to("/login?redirectTo=/org-dashboard%3Faccount%3Dacme");
        let olivia = app.sign_in("olivia@acme.example").await;
        olivia.get("/org-dashboard?account=acme").await.leads_to("/org-dashboard?account=apex");
        app.advance(HOUR).await;
        assert_eq!(olivia.get("/org-dashboard?account=acme").await.status, 404);
        assert_eq!(rename(&olivia, ACME, "Apex", "apex").await.status, 404);
        assert_eq!(olivia.get("/org-dashboard?account=apex").await.status, 200);
    }

    async fn a_slug_that_leads_on_is_its_former_owners(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(move_to(&cast.olivia, ACME, "apex").await, 200);
        assert_eq!(rename(&cast.eve, EVIL_CORP, "Evil Corp", ACME).await.problem(), (409, "SLUG_TAKEN".to_owned()));
        cast.eve.form("/api/workspaces/create", &[("name", "Acme")]).await.leads_to("/org-dashboard");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug = 'acme-2'").await, 1, "a new one gets another address");

        assert_eq!(move_to(&cast.olivia, "apex", ACME).await, 200, "it may be taken back");
        cast.olivia.get("/org-dashboard?account=apex").await.leads_to("/org-dashboard?account=acme");
        assert_eq!(cast.olivia.get("/org-dashboard?account=acme").await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM slugs WHERE slug IN ('acme', 'apex') AND (held_until IS NULL) = (slug = 'acme')").await, 2);

        app.advance(30 * DAY).await;
        let (olivia, eve) = (app.sign_in("olivia@acme.example").await, app.sign_in("eve@evil.example").await);
        assert_eq!(rename(&eve, EVIL_CORP, "Apex", "apex").await.status, 200, "afterwards anybody may");
        assert_eq!(olivia.get("/org-dashboard?account=apex").await.status, 404);
        assert_eq!(eve.get("/org-dashboard?account=apex").await.status, 200);
        eve.get("/org-dashboard?account=evil-corp").await.leads_to("/org-dashboard?account=apex");
        app.advance(32 * DAY).await;
        app.settles("SELECT COUNT(*) FROM slugs WHERE held_until IS NOT NULL", 0).await;
    }

    async fn a_workspace_takes_ten_slugs_a_day(app: App) {
        let cast = Cast::gather(&app).await;
        let account = app.account("olivia@acme.example", "workspace").await;
        for number in 0..10 {
            assert_eq!(move_to(&cast.olivia, &account, &format!("acme-{number}x")).await, 200);
        }
        let answer = rename(&cast.adam, &account, "Acme", "acme-too-often").await;
        assert_eq!(answer.problem(), (429, "TOO_MANY".to_owned()));
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(rename(&cast.adam, &account, "Apex", "acme-9x").await.status, 200, "names are not counted");
        app.advance(DAY).await;
        assert_eq!(move_to(&cast.olivia, &account, "acme").await, 200);
    }

    async fn settings_stay_with_the_account_of_their_page(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        cast.olivia.form("/api/workspaces/create", &[("name", "Beta")]).await.leads_to("/org-dashboard");
        let page = cast.olivia.get(&format!("{PAGE}?account=acme")).await;
        let form = page.form_to("/api/org/update-settings");
        let filled = form.filled(&[("slug", "apex"), ("kind", "personal"), ("max_members", "1000"), ("logo", "x.png"), ("id", "acc_1")]);
        cast.olivia.form(&form.action, &filled).await.leads_to(&format!("{PAGE}?account=apex"));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE slug IN ('apex', 'beta') AND logo IS NULL AND kind = 'workspace'").await, 2);
        // Shown again, it is about the account it was about, whatever that was called meanwhile.
        let again = cast.olivia.form(&form.action, &form.filled(&[("slug", "!")])).await;
        assert!(again.status == 422 && again.body.contains("Account: Acme"), "{}", again.body);
    }
}

#[test]
fn no_workspace_is_called_like_a_part_of_our_own_addresses() {
    for endpoint in keel::http::endpoints() {
        let part = endpoint.path.split('/').nth(1).unwrap_or_default();
        let is_word = part.len() > 1 && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(!is_word || Slug::parse(part).is_err(), "{part} is the beginning of {}", endpoint.path);
    }
}
