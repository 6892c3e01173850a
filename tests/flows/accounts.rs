//! Accounts: one person, one personal account, and where the business model wants it one workspace, however often and
//! wherever it is asked for at the same instant.

use crate::both;
use crate::support::{ACME, App, B2C, Browser, Cast, HYBRID, together};
use http::Method;
use serde_json::json;

const OLIVIA: &str = "olivia@acme.example";
const WORKSPACES: &str = "SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'";
const OWNERS: &str =
    "SELECT COUNT(*) FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.kind = 'workspace' AND m.role = 'owner'";

/// Every table of accounts as it must be for one person with `workspaces` workspaces of their own.
async fn is_whole(app: &App, people: i64, workspaces: i64) {
    let numbers = [
        ("SELECT COUNT(*) FROM users", people),
        ("SELECT COUNT(*) FROM user_profiles", people),
        ("SELECT COUNT(*) FROM accounts WHERE kind = 'personal'", people),
        (WORKSPACES, workspaces),
        (OWNERS, workspaces),
        ("SELECT COUNT(*) FROM memberships", people + workspaces),
        ("SELECT COUNT(*) FROM accounts a WHERE member_count <> (SELECT COUNT(*) FROM memberships m WHERE m.account_id = a.id)", 0),
        (
            "SELECT COUNT(*) FROM accounts a WHERE NOT EXISTS
          (SELECT 1 FROM memberships m WHERE m.account_id = a.id AND m.user_id = a.billing_owner_id AND m.role = 'owner')",
            0,
        ),
        ("SELECT COUNT(*) FROM audit_events WHERE action = 'workspace.created'", workspaces),
    ];
    for (sql, wanted) in numbers {
        assert_eq!(app.db.number(sql).await, wanted, "{sql}");
    }
}

/// Each browser types its code at the same instant, and is signed in; whoever is told to come back later does.
async fn type_at_once(codes: Vec<(Browser, String)>) {
    let statuses = together(codes.into_iter().map(|(browser, code)| async move {
        let mut tries = 1;
        loop {
            match browser.form("/api/auth/verify-otp", &[("code", &code)]).await.status {
                503 if tries < 20 => tries += 1,
                status => return status,
            }
        }
    }))
    .await;
    assert!(statuses.iter().all(|status| *status == 303), "{statuses:?}");
}

both! {
    async fn signing_up_makes_a_personal_account_and_in_b2b_a_workspace(app: App) {
        app.sign_in("olivia.van-dam@acme.example").await;
        is_whole(&app, 1, 1).await;
        let workspace = "SELECT name || ' ' || slug FROM accounts WHERE kind = 'workspace'";
        assert_eq!(app.db.text(workspace).await, "Olivia Van Dam's workspace olivia-van-dams-workspace");
        app.sign_in("Olivia.Van-Dam@ACME.example").await;
        is_whole(&app, 1, 1).await;
    }

    async fn fifty_checkouts_at_once_make_one_workspace(app: App) {
        let browser = app.sign_in_to_join(OLIVIA).await;
        is_whole(&app, 1, 0).await;
        let statuses = together((0..50).map(|_| {
            let browser = browser.copy();
            async move { browser.get("/checkout").await.status }
        }))
        .await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        is_whole(&app, 1, 1).await;
    }

    async fn who_had_none_goes_on_in_the_workspace_that_a_sign_in_makes(app: App) {
        app.sign_in_to_join(OLIVIA).await;
        is_whole(&app, 1, 0).await;
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        is_whole(&app, 1, 1).await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        let workspace = app.account(OLIVIA, "workspace").await;
        assert_eq!(app.db.text("SELECT account_id FROM subscriptions WHERE live").await, workspace);
    }

    async fn the_checkout_that_makes_the_workspace_is_about_it(app: App, with HYBRID) {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        let page = olivia.get("/checkout").await;
        is_whole(&app, 1, 1).await;
        let form = page.form_to("/api/billing/checkout");
        assert_eq!(form.value("account"), Some(app.account(OLIVIA, "workspace").await.as_str()));
        assert!(page.body.contains("Account: Olivia's workspace") || page.body.contains("Account: Olivia&#x27;s workspace"), "{}", page.body);
        assert!(olivia.form(&form.action, &form.filled(&[])).await.location().contains("/pay/"));
    }

    async fn fifty_sign_ins_of_one_new_address_make_one_person_and_one_workspace(app: App) {
        let mut codes = vec![];
        for _ in 0..50 {
            let browser = app.browser();
            browser.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
            codes.push((browser, app.code(OLIVIA).await));
        }
        type_at_once(codes).await;
        is_whole(&app, 1, 1).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions").await, 50);
    }

    async fn checkout_creation_and_sign_in_at_once_make_one_workspace(app: App) {
        for round in 0..5_i64 {
            let email = format!("person{round}@acme.example");
            let browser = app.sign_in_to_join(&email).await;
            let mut ways = vec![];
            for way in 0..10 {
                let (browser, code) = if way % 3 == 2 {
                    let other = app.browser();
                    other.form("/api/auth/request-link", &[("email", &email)]).await.leads_to("/verify");
                    (other, app.code(&email).await)
                } else {
                    (browser.copy(), String::new())
                };
                ways.push(async move {
                    match way % 3 {
                        0 => browser.get("/checkout").await.status,
                        1 => browser.form("/api/workspaces/create-first", &[("name", "Acme")]).await.status,
                        _ => browser.form("/api/auth/verify-otp", &[("code", &code)]).await.status,
                    }
                });
            }
            let statuses = together(ways).await;
            assert!(statuses.iter().all(|status| [200, 303].contains(status)), "{statuses:?}");
            is_whole(&app, round + 1, round + 1).await;
        }
    }

    async fn the_free_plan_makes_the_workspace_it_needs_once(app: App) {
        let browser = app.sign_in_to_join(OLIVIA).await;
        let named = browser.json("/api/billing/subscribe-free", &json!({ "account": "personal" })).await;
        assert_eq!(named.problem(), (400, "WORKSPACE_REQUIRED".to_owned()));
        is_whole(&app, 1, 0).await;
        let statuses = together((0..50).map(|_| {
            let browser = browser.copy();
            async move { browser.json("/api/billing/subscribe-free", &json!({})).await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 49, "{statuses:?}");
        is_whole(&app, 1, 1).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries").await, 1);
        assert_eq!(browser.get("/org-dashboard").await.status, 200, "it is the active account now");
        assert_eq!(browser.get("/checkout/success").await.status, 200);
    }

    async fn people_of_the_same_name_get_slugs_of_their_own(app: App) {
        let mut codes = vec![];
        for company in 0..24 {
            let email = format!("olivia@company{company}.example");
            let browser = app.browser();
            browser.form("/api/auth/request-link", &[("email", &email)]).await.leads_to("/verify");
            codes.push((browser, app.code(&email).await));
        }
        type_at_once(codes).await;
        is_whole(&app, 24, 24).await;
        assert_eq!(app.db.number("SELECT COUNT(DISTINCT slug) FROM accounts WHERE slug LIKE 'olivias-workspace%'").await, 24);
    }

    async fn on_the_way_to_an_invitation_nobody_gets_a_workspace(app: App) {
        let browser = app.sign_in_to_join(OLIVIA).await;
        is_whole(&app, 1, 0).await;
        browser.get("/org-dashboard").await.leads_to("/private-dashboard");
        browser.get("/private-dashboard").await.leads_to("/onboarding/workspace");
        let page = browser.get("/onboarding/workspace").await;
        assert!(page.status == 200 && page.body.contains("value=\"Olivia's workspace\""), "{}", page.body);
        browser.form("/api/workspaces/create-first", &[("name", "Acme & Sons")]).await.leads_to("/onboarding");
        assert_eq!(app.db.text("SELECT name || ' ' || slug FROM accounts WHERE kind = 'workspace'").await, "Acme & Sons acme-sons");
        assert_eq!(browser.get("/org-dashboard").await.status, 200);
        browser.get("/onboarding/workspace").await.leads_to("/org-dashboard");
        let again = browser.form("/api/workspaces/create-first", &[("name", "Another")]).await;
        again.leads_to("/org-dashboard");
        assert!(!again.headers.contains_key("set-cookie"), "nothing was made, so nothing is said");
        is_whole(&app, 1, 1).await;
    }

    async fn a_member_elsewhere_gets_no_workspace(app: App) {
        let cast = Cast::gather(&app).await;
        let before = app.db.number(WORKSPACES).await;
        assert_eq!(cast.max.get("/checkout").await.status, 200);
        cast.max.form("/api/workspaces/create-first", &[("name", "Mine")]).await.leads_to("/private-dashboard");
        app.sign_in("max@acme.example").await;
        assert_eq!(app.db.number(WORKSPACES).await, before);
    }

    async fn in_b2c_nobody_ever_gets_a_workspace(app: App, with B2C) {
        let browser = app.browser();
        browser.form("/api/billing/choose", &[("plan", "business"), ("interval", "month")]).await.leads_to("/signup?redirectTo=/checkout");
        assert_eq!(app.sign_in_with(&browser, OLIVIA).await, "/checkout");
        assert_eq!(browser.get("/checkout").await.status, 200);
        assert_eq!(browser.form("/api/workspaces/create", &[("name", "Acme")]).await.status, 404);
        assert_eq!(browser.get("/private-dashboard").await.status, 200);
        is_whole(&app, 1, 0).await;
    }

    async fn in_hybrid_only_the_checkout_of_a_plan_for_teams_makes_a_workspace(app: App, with HYBRID) {
        let browser = app.sign_in(OLIVIA).await;
        is_whole(&app, 1, 0).await;
        assert_eq!(browser.get("/private-dashboard").await.status, 200);
        assert_eq!(browser.get("/checkout").await.status, 200);
        browser.form("/api/billing/choose", &[("plan", "pro"), ("interval", "month")]).await.leads_to("/checkout");
        assert_eq!(browser.get("/checkout").await.status, 200);
        is_whole(&app, 1, 0).await;
        browser.form("/api/billing/choose", &[("plan", "business"), ("interval", "month")]).await.leads_to("/checkout");
        let statuses = together((0..50).map(|_| {
            let browser = browser.copy();
            async move { browser.get("/checkout").await.status }
        }))
        .await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        is_whole(&app, 1, 1).await;
        assert_eq!(browser.get("/org-dashboard").await.status, 200, "it is the active account now");
    }

    async fn an_unknown_account_is_never_replaced_by_another_one(app: App) {
        let cast = Cast::gather(&app).await;
        let strange = [
            "evil-corp", "acc_00000000000000000000000000000000", "nobody", "%00", "acme%00", "acme%20", "ACME", "..", "%ff", "%27%20OR%201=1--",
            "usr_1", "%F0%9F%9A%A2",
        ];
        for account in strange {
            for path in ["/org-dashboard", "/org-dashboard/billing", "/private-dashboard", "/private-dashboard/billing", "/checkout"] {
                let answer = cast.olivia.get(&format!("{path}?account={account}")).await;
                assert_eq!(answer.status, 404, "{path}?account={account}");
                assert!(!answer.body.contains("Evil"), "{path}?account={account}");
            }
        }
        for account in ["evil-corp", "nobody", "\0", "acme\0", "acme\n", "ACME", "' OR 1=1--", "\u{202e}emca", &"a".repeat(5000)] {
            for path in ["/api/billing/checkout", "/api/billing/subscribe-free", "/api/accounts/switch"] {
                let fields = [("plan", "pro"), ("interval", "month"), ("account", account)];
                assert_eq!(cast.olivia.form(path, &fields).await.status, 404, "{path} {account:?}");
                let program = cast.olivia.json(path, &json!({ "plan": "pro", "interval": "month", "account": account })).await;
                assert_eq!(program.problem(), (404, "NOT_FOUND".to_owned()), "{path} {account:?}");
            }
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM checkouts").await, 0);
        assert_eq!(app.stripe_calls().await.len(), 0);
    }

    async fn one_dashboard_leads_to_another_about_the_same_account(app: App) {
        let cast = Cast::gather(&app).await;
        cast.olivia.form("/api/accounts/switch", &[("account", "personal")]).await.location();
        cast.olivia.get("/private-dashboard/billing?account=acme").await.leads_to("/org-dashboard/billing?account=acme");
        cast.olivia.get("/org-dashboard").await.leads_to("/private-dashboard");
        assert_eq!(cast.olivia.get("/org-dashboard?account=acme").await.status, 200);
        cast.max.form("/api/accounts/switch", &[("account", "personal")]).await.location();
        cast.max.get("/org-dashboard?account=acme").await.leads_to("/private-dashboard?account=acme");
        assert!(cast.max.get("/private-dashboard?account=acme").await.body.contains("Acme"));
    }

    async fn a_refusal_names_the_role_in_the_account_it_is_about(app: App) {
        let cast = Cast::gather(&app).await;
        let order = [("plan", "pro"), ("interval", "month"), ("account", ACME)];
        for (browser, role) in [(&cast.adam, "Admin"), (&cast.max, "Member"), (&cast.aude, "Auditor")] {
            browser.form("/api/accounts/switch", &[("account", "personal")]).await.location();
            let refused = browser.form("/api/billing/checkout", &order).await;
            assert_eq!(refused.status, 403);
            for word in ["billing:manage", role, "Olivia"] {
                assert!(refused.body.contains(word), "{word}: {}", refused.body);
            }
        }
        let refused = cast.aude.get("/org-dashboard/billing?account=acme").await;
        assert!(refused.status == 403 && refused.body.contains("billing:view") && refused.body.contains("Auditor"), "{}", refused.body);
        let program = cast.adam.json("/api/billing/checkout", &json!({ "plan": "pro", "account": ACME })).await;
        assert_eq!(program.problem(), (403, "FORBIDDEN".to_owned()));
        assert_eq!(program.json()["permission"], "billing:manage");
        assert_eq!(app.stripe_calls().await.len(), 0);
    }

    async fn a_removal_bites_on_the_next_request(app: App) {
        let cast = Cast::gather(&app).await;
        let (tab, copy) = (&cast.adam, cast.adam.copy());
        assert_eq!(tab.get("/org-dashboard").await.status, 200);
        app.leaves("adam").await;
        assert_eq!(tab.get("/org-dashboard?account=acme").await.status, 404);
        copy.get("/org-dashboard").await.leads_to("/private-dashboard");
        assert_eq!(copy.form("/api/accounts/switch", &[("account", ACME)]).await.status, 404);
        assert_eq!(copy.form("/api/billing/checkout", &[("plan", "pro"), ("account", ACME)]).await.status, 404);
    }

    async fn a_right_lost_while_the_payment_provider_was_asked_is_lost(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        app.trouble(json!({ "path": "/v1/checkout", "delay_ms": 1_500 })).await;
        let order = json!({ "plan": "pro", "interval": "month", "account": ACME });
        let buying = cast.adam.json("/api/billing/checkout", &order);
        let leaving = async {
            app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'claimed'", 1).await;
            app.leaves("adam").await;
        };
        let (answer, ()) = tokio::join!(buying, leaving);
        assert_eq!(answer.problem(), (404, "NOT_FOUND".to_owned()));
        assert!(!answer.body.contains("/pay/"));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM checkouts WHERE state = 'open'").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'checkout.started'").await, 0);
    }

    async fn a_change_of_role_bites_on_the_next_request(app: App) {
        let cast = Cast::gather(&app).await;
        let order = [("plan", "none"), ("account", ACME)];
        assert_eq!(cast.adam.get("/org-dashboard/billing").await.status, 200);
        app.db.run("UPDATE memberships SET role = 'member' WHERE role = 'admin'").await;
        cast.adam.get("/org-dashboard/billing").await.leads_to("/private-dashboard");
        let adam = "id IN (SELECT m.id FROM memberships m JOIN users u ON u.id = m.user_id
                    JOIN accounts a ON a.id = m.account_id WHERE u.email = 'adam@acme.example' AND a.slug = 'acme')";
        app.db.run(&format!("UPDATE memberships SET role = 'owner' WHERE {adam}")).await;
        assert_eq!(cast.adam.form("/api/billing/checkout", &order).await.status, 400, "the price is unknown, the door is open");
        app.db.run("UPDATE roles SET permissions = 'audit:view billing:view' WHERE id = 'rol_auditor'").await;
        assert_eq!(cast.aude.get("/org-dashboard/billing").await.status, 200);
        app.db.run("UPDATE roles SET permissions = 'account:delete members:transfer_ownership nonsense' WHERE id = 'rol_auditor'").await;
        cast.aude.get("/org-dashboard").await.leads_to("/private-dashboard");
    }

    async fn programs_get_statuses_where_browsers_are_led_on(app: App) {
        let cast = Cast::gather(&app).await;
        let anonymous = app.browser();
        for (browser, path, wanted) in [
            (&anonymous, "/private-dashboard", (401, "SIGN_IN_REQUIRED")),
            (&cast.max, "/org-dashboard", (403, "FORBIDDEN")),
            (&cast.max, "/org-dashboard/billing", (403, "FORBIDDEN")),
            (&cast.aude, "/org-dashboard/billing", (403, "FORBIDDEN")),
            (&cast.eve, "/org-dashboard?account=acme", (404, "NOT_FOUND")),
        ] {
            let answer = browser.send(browser.request(Method::GET, path).header("accept", "application/json")).await;
            assert_eq!(answer.problem(), (wanted.0, wanted.1.to_owned()), "{path}");
        }
    }
}
