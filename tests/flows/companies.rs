//! The company behind an account: who writes what stands on the invoices, and who reads it.

use crate::both;
use crate::support::{ACME, Answer, App, B2C, Browser, Cast, EVIL_CORP, HYBRID, together};
use http::Method;
use serde_json::{Value, json};

const URL: &str = "/api/billing/update-company";
const PAGE: &str = "/org-dashboard/billing";

async fn update(browser: &Browser, account: &str, fields: Value) -> Answer {
    let mut fields = fields;
    fields["account"] = account.into();
    browser.json(URL, &fields).await
}

async fn kept(app: &App) -> String {
    app.db.text("SELECT COALESCE(MAX(COALESCE(name, '-') || '|' || COALESCE(address, '-') || '|' || COALESCE(tax_id, '-') || '|' || COALESCE(email, '-')), 'nothing') FROM companies").await
}

async fn audited(app: &App) -> Vec<String> {
    app.db.texts("SELECT metadata FROM audit_events WHERE action = 'company.updated' ORDER BY created_at, id").await
}

both! {
    async fn in_b2b_an_owner_writes_it_and_whoever_sees_billing_reads_it(app: App) {
        let cast = Cast::gather(&app).await;
        for (browser, wanted) in [(&cast.adam, 403), (&cast.max, 403), (&cast.vera, 403), (&cast.aude, 403), (&cast.eve, 404), (&cast.rob, 404)] {
            assert_eq!(update(browser, ACME, json!({ "company_name": "Acme Inc." })).await.status, wanted);
        }
        assert_eq!(update(&cast.olivia, "personal", json!({ "company_name": "Mine" })).await.problem(), (400, "WORKSPACE_REQUIRED".to_owned()));
        assert_eq!((kept(&app).await, audited(&app).await.len()), ("nothing".to_owned(), 0));
        let page = cast.olivia.get(PAGE).await;
        let form = page.form_to(URL);
        let typed = [("company_name", " Acme & Sons "), ("address", "Quay 1\r\n\r\n 1011 AA Amsterdam "), ("tax_id", "NL 0012 B01"), ("billing_email", "Bills@acme.example")];
        cast.olivia.form(&form.action, &form.filled(&typed)).await.leads_to(PAGE);
        assert_eq!(kept(&app).await, "Acme & Sons|Quay 1\n1011 AA Amsterdam|NL 0012 B01|bills@acme.example");
        assert_eq!(audited(&app).await, ["{\"changed\":\"name, address, tax_id, email\"}"]);
        let again = cast.olivia.get(PAGE).await;
        assert!(again.body.contains("The invoice details are saved.") && again.body.contains("value=\"Acme &amp; Sons\""), "{}", again.body);
        let read = cast.adam.get(PAGE).await;
        assert!(read.body.contains("Acme &amp; Sons") && !read.body.contains(URL), "{}", read.body);
        for browser in [&cast.olivia, &cast.adam] {
            let settings = browser.get("/org-dashboard/settings").await;
            assert!(settings.body.contains("bills@acme.example") && settings.body.contains("href=\"/org-dashboard/billing\""), "{}", settings.body);
        }
        app.db.run("UPDATE roles SET permissions = 'account:update' WHERE id = 'rol_auditor'").await;
        let settings = cast.aude.get("/org-dashboard/settings").await;
        assert!(settings.status == 200 && !settings.body.contains("bills@acme.example"), "who may not see billing does not see it here");
        assert!(!cast.eve.get(PAGE).await.body.contains("Acme &amp; Sons"), "others have their own");
    }

    async fn what_cannot_be_taken_is_told_at_its_field_and_stays_typed(app: App) {
        let cast = Cast::gather(&app).await;
        let long = "x".repeat(500);
        for (field, text, wanted) in [
            ("company_name", long.as_str(), "too_long"),
            ("company_name", "Acme\u{202e}", "bad_characters"),
            ("address", long.as_str(), "too_long"),
            ("address", "1\n2\n3\n4\n5\n6\n7", "too_long"),
            ("address", "Quay\u{0}", "bad_characters"),
            ("tax_id", long.as_str(), "too_long"),
            ("billing_email", "bills", "not_an_address"),
        ] {
            let answer = update(&cast.olivia, ACME, json!({ field: text })).await;
            assert_eq!(answer.json()["errors"], json!([{ "field": field, "code": wanted }]), "{field} {text}");
        }
        let page = cast.olivia.form(URL, &[("company_name", "Acme \"&\" Sons"), ("address", "</textarea><b>"), ("billing_email", "bills")]).await;
        assert_eq!(page.status, 422);
        for part in ["value=\"Acme &quot;&amp;&quot; Sons\"", "&lt;/textarea&gt;&lt;b&gt;", "id=\"billing_email-error\"", "<h1>Billing</h1>"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        assert_eq!(kept(&app).await, "nothing");
    }

    async fn it_is_emptied_by_nothing_typed_and_unchanged_is_no_change(app: App) {
        let cast = Cast::gather(&app).await;
        let told = json!({ "company_name": "Acme", "tax_id": "NL1", "owner": "eve", "account_id": "acc_1" });
        assert_eq!(update(&cast.olivia, ACME, told.clone()).await.status, 200);
        assert_eq!(update(&cast.olivia, ACME, told).await.status, 200);
        assert_eq!(update(&cast.olivia, ACME, json!({ "company_name": "Acme", "tax_id": "  " })).await.status, 200);
        assert_eq!(update(&cast.olivia, EVIL_CORP, json!({ "company_name": "Evil" })).await.status, 404);
        assert_eq!(kept(&app).await, "Acme|-|-|-");
        assert_eq!(audited(&app).await, ["{\"changed\":\"name, tax_id\"}", "{\"changed\":\"tax_id\"}"]);
    }

    async fn however_many_write_at_once_one_company_is_left(app: App) {
        let cast = Cast::gather(&app).await;
        let statuses = together((0..20).map(|number| {
            let browser = cast.olivia.copy();
            async move { update(&browser, ACME, json!({ "company_name": format!("Acme {number}"), "tax_id": format!("NL {number}") })).await.status }
        }))
        .await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        assert_eq!((app.db.number("SELECT COUNT(*) FROM companies").await, audited(&app).await.len()), (1, 20));
        let whole = "SELECT COUNT(*) FROM companies WHERE REPLACE(name, 'Acme ', '') = REPLACE(tax_id, 'NL ', '')";
        assert_eq!(app.db.number(whole).await, 1, "of one call, not of two");
    }

    async fn a_new_customer_of_the_payment_provider_bears_it(app: App) {
        let olivia = app.buyer("olivia@acme.example", "pro", "month").await;
        let told = json!({ "company_name": "Acme Inc.", "billing_email": "bills@acme.example" });
        assert_eq!(olivia.json(URL, &told).await.status, 200);
        app.order(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        let customers = app.stripe(Method::GET, "/v1/customers?limit=10", "").await;
        assert_eq!((&customers["data"][0]["name"], &customers["data"][0]["email"]), (&json!("Acme Inc."), &json!("bills@acme.example")));
    }

    async fn in_b2c_it_is_the_persons_own(app: App, with B2C) {
        let olivia = app.sign_in("olivia@acme.example").await;
        let page = olivia.get("/private-dashboard/billing").await;
        let form = page.form_to(URL);
        olivia.form(&form.action, &form.filled(&[("company_name", "Olivia's shop")])).await.leads_to("/private-dashboard/billing");
        assert_eq!(kept(&app).await, "Olivia's shop|-|-|-");
    }

    async fn in_hybrid_admins_write_it_too(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        assert_eq!(update(&cast.adam, ACME, json!({ "company_name": "Acme" })).await.status, 200);
        assert_eq!(update(&cast.olivia, "personal", json!({ "company_name": "Olivia's own" })).await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM companies").await, 2);
    }
}
