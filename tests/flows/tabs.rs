//! Two tabs on two accounts: what was rendered for one never happens to the other.

use crate::both;
use crate::support::{ACME, App, Browser, Cast, HYBRID};
use keel_web::action::declared;
use keel_web::endpoints::Kind;
use serde_json::json;

const BETA: &str = "beta";
const OLIVIA: &str = "olivia@acme.example";
const SUBSCRIBED: &str = "SELECT a.slug FROM subscriptions s JOIN accounts a ON a.id = s.account_id WHERE s.live";
const ORDERED: &str = "SELECT a.slug FROM checkouts c JOIN accounts a ON a.id = c.account_id";

/// The cast, with Olivia in two workspaces; in her session Acme is the active one.
async fn gather(app: &App) -> Cast {
    let cast = Cast::gather(app).await;
    cast.olivia.form("/api/workspaces/create", &[("name", "Beta")]).await.leads_to("/org-dashboard");
    switch(&cast.olivia, ACME).await;
    cast
}

/// What the other tab does.
async fn switch(browser: &Browser, account: &str) {
    browser.form("/api/accounts/switch", &[("account", account)]).await.location();
}

async fn choose(browser: &Browser, plan: &str) {
    browser.form("/api/billing/choose", &[("plan", plan), ("interval", "month")]).await.leads_to("/checkout");
}

async fn id(app: &App, slug: &str) -> String {
    app.db.text(&format!("SELECT id FROM accounts WHERE slug = '{slug}'")).await
}

/// The active account of Olivia's session.
async fn active(app: &App) -> String {
    let found = "SELECT COALESCE(a.slug, 'personal') FROM user_sessions s JOIN accounts a ON a.id = s.active_account_id JOIN users u ON u.id = s.user_id";
    app.db.text(&format!("{found} WHERE u.email = '{OLIVIA}'")).await
}

/// Whether an action is about one account: its door gives a proof for it.
fn is_about_an_account(url: &str) -> bool {
    declared().any(|action| action.url == url && !["visitor", "signed in"].contains(&action.door))
}

/// Every page of the table without parts that vary.
fn pages() -> impl Iterator<Item = &'static str> {
    keel::http::endpoints().into_iter().filter(|endpoint| endpoint.kind == Kind::Page && !endpoint.path.contains('{')).map(|page| page.path)
}

/// Asserts that every form about an account carries the account of its page; gives how many there were.
async fn forms_carry_their_account(app: &App, browser: &Browser, account: &str) -> usize {
    let mut seen = 0;
    for path in pages() {
        let page = browser.get(&format!("{path}?account={account}")).await;
        if page.status != 200 {
            continue;
        }
        for form in page.forms().iter().filter(|form| is_about_an_account(form.url())) {
            let carried = form.value("account").unwrap_or_else(|| panic!("{path}: the form to {} carries no account", form.url()));
            // These choose among the person's accounts.
            let chooses =
                form.url() == "/api/accounts/switch" || (path, form.url()) == ("/private-dashboard/settings", "/api/members/leave");
            if !chooses {
                assert_eq!(carried, id(app, account).await, "{path}: {}", form.url());
            }
            seen += 1;
        }
    }
    seen
}

both! {
    async fn every_form_about_an_account_carries_it(app: App) {
        let cast = gather(&app).await;
        for plan in ["free", "pro"] {
            choose(&cast.olivia, plan).await;
            for account in [ACME, BETA] {
                assert!(forms_carry_their_account(&app, &cast.olivia, account).await >= 10, "there is a switcher on each");
            }
        }
        assert!(forms_carry_their_account(&app, &cast.max, ACME).await >= 2);
    }

    async fn naming_an_account_never_makes_it_the_active_one(app: App) {
        let cast = gather(&app).await;
        choose(&cast.olivia, "pro").await;
        for account in [BETA, "personal", &id(&app, BETA).await] {
            for path in pages() {
                let answer = cast.olivia.get(&format!("{path}?account={account}")).await;
                assert!([200, 303, 404].contains(&answer.status), "{path}: {}", answer.status);
            }
        }
        let order = [("plan", "pro"), ("interval", "month"), ("account", BETA)];
        assert!(cast.olivia.form("/api/billing/checkout", &order).await.location().contains("/pay/"));
        assert_eq!(active(&app).await, ACME);
    }

    async fn the_checkout_of_a_named_account_leaves_the_active_one_although_it_makes_a_workspace(app: App) {
        let olivia = app.sign_in_to_join(OLIVIA).await;
        choose(&olivia, "pro").await;
        let page = olivia.get("/checkout?account=personal").await;
        assert!(page.status == 200 && page.body.contains("Switch to Olivia"), "{}", page.body);
        assert_eq!(active(&app).await, "personal");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 1);
    }

    async fn pages_about_a_named_account_lead_to_pages_about_it(app: App) {
        let cast = gather(&app).await;
        for path in ["/org-dashboard", "/org-dashboard/billing", "/private-dashboard"] {
            let page = cast.olivia.get(&format!("{path}?account={BETA}")).await;
            assert!(page.status == 200 && page.body.contains("Account: Beta"), "{path}: {}", page.body);
            for link in ["/org-dashboard", "/org-dashboard/members", "/org-dashboard/billing", "/private-dashboard", "/pricing"] {
                assert!(!page.body.contains(&format!("href=\"{link}\"")), "{path} leads to {link} of another account");
                assert!(page.body.contains(&format!("href=\"{link}?account={BETA}\"")), "{path} leads to {link}");
            }
        }
    }

    async fn the_account_of_a_mailed_link_survives_signing_in(app: App) {
        gather(&app).await;
        let browser = app.browser();
        let led = browser.get("/org-dashboard/billing?account=beta").await.location().to_owned();
        assert_eq!(led, "/login?redirectTo=/org-dashboard/billing%3Faccount%3Dbeta");
        let form = browser.get(&led).await.form_to("/api/auth/sign-in");
        let wish = [("email", OLIVIA), ("redirectTo", form.value("redirectTo").expect("where to go"))];
        browser.form("/api/auth/request-link", &wish).await.leads_to("/verify");
        let code = app.code(OLIVIA).await;
        browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/org-dashboard/billing?account=beta");
        assert!(browser.get("/org-dashboard/billing?account=beta").await.body.contains("Account: Beta"));
        assert!(browser.get("/org-dashboard").await.body.contains("Account: Acme"), "the active account is the one last used");
    }

    async fn a_plan_is_chosen_for_the_account_of_the_page(app: App) {
        let cast = gather(&app).await;
        let page = cast.olivia.get("/org-dashboard/billing").await;
        assert!(page.body.contains("href=\"/pricing?account=acme\""), "{}", page.body);
        switch(&cast.olivia, BETA).await;
        let pricing = cast.olivia.get("/pricing?account=acme").await;
        let form = pricing.form_to("/api/billing/choose");
        let chosen = cast.olivia.form(&form.action, &form.filled(&[("plan", "pro"), ("interval", "month")])).await;
        chosen.leads_to("/checkout?account=acme");
        let checkout = cast.olivia.get("/checkout?account=acme").await;
        assert_eq!(checkout.form_to("/api/billing/checkout").value("account"), Some(id(&app, ACME).await.as_str()));
        let visitor = app.browser();
        let chosen = visitor.form("/api/billing/choose", &[("plan", "pro"), ("interval", "month"), ("account", ACME)]).await;
        chosen.leads_to("/signup?redirectTo=/checkout%3Faccount%3Dacme");
        let foreign = cast.eve.form("/api/billing/choose", &[("plan", "pro"), ("interval", "month"), ("account", ACME)]).await;
        assert_eq!(cast.eve.get(foreign.location()).await.status, 404);
    }

    async fn a_checkout_lands_in_the_account_it_was_rendered_for(app: App) {
        let cast = gather(&app).await;
        choose(&cast.olivia, "pro").await;
        let form = cast.olivia.get("/checkout").await.form_to("/api/billing/checkout");
        switch(&cast.olivia, BETA).await;
        assert!(cast.olivia.form(&form.action, &form.filled(&[])).await.location().contains("/pay/"));
        assert_eq!(app.db.text(ORDERED).await, ACME);
        assert_eq!(active(&app).await, BETA);
    }

    async fn the_free_plan_starts_in_the_account_it_was_rendered_for(app: App) {
        let cast = gather(&app).await;
        choose(&cast.olivia, "free").await;
        let form = cast.olivia.get("/checkout").await.form_to("/api/billing/subscribe-free");
        switch(&cast.olivia, BETA).await;
        let success = cast.olivia.form(&form.action, &form.filled(&[])).await.location().to_owned();
        assert_eq!(app.db.text(SUBSCRIBED).await, ACME);
        let page = cast.olivia.get(&success).await;
        assert!(page.status == 200 && page.body.contains("Acme starts with 100 credits"), "{}", page.body);
        assert!(page.body.contains("href=\"/org-dashboard?account=acme\""), "it leads to what was started: {}", page.body);
    }

    async fn a_refused_form_comes_back_about_its_own_account(app: App) {
        let cast = gather(&app).await;
        choose(&cast.olivia, "business").await;
        let form = cast.olivia.get("/checkout").await.form_to("/api/billing/checkout");
        switch(&cast.olivia, BETA).await;
        let again = cast.olivia.form(&form.action, &form.filled(&[("seats", "0")])).await;
        assert_eq!(again.status, 422);
        assert!(again.body.contains("Account: Acme") && !again.body.contains("Account: Beta"), "{}", again.body);
        let corrected = again.form_to("/api/billing/checkout");
        assert_eq!(corrected.value("account"), Some(id(&app, ACME).await.as_str()));
        assert!(cast.olivia.form(&corrected.action, &corrected.filled(&[("seats", "6")])).await.location().contains("/pay/"));
        assert_eq!(app.db.text(ORDERED).await, ACME);
    }

    async fn a_switch_goes_where_its_button_said(app: App) {
        let cast = gather(&app).await;
        let tab = cast.olivia.get("/org-dashboard").await;
        let forms = tab.forms();
        let to_beta = id(&app, BETA).await;
        let button = forms.iter().find(|form| form.value("account") == Some(to_beta.as_str())).expect("a button for Beta");
        switch(&cast.olivia, "personal").await;
        cast.olivia.form(&button.action, &button.filled(&[])).await.leads_to("/org-dashboard");
        assert_eq!(active(&app).await, BETA);
    }

    async fn a_form_whose_role_is_lost_is_refused(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        choose(&cast.adam, "pro").await;
        let order = cast.adam.get("/checkout?account=acme").await.form_to("/api/billing/checkout");
        choose(&cast.olivia, "free").await;
        let free = cast.olivia.get("/checkout?account=acme").await.form_to("/api/billing/subscribe-free");
        for role in ["member", "viewer", "rol_auditor"] {
            app.db.run(&format!("UPDATE memberships SET role = '{role}' WHERE account_id = (SELECT id FROM accounts WHERE slug = 'acme')")).await;
            for (browser, form) in [(&cast.adam, &order), (&cast.olivia, &free)] {
                let refused = browser.form(&form.action, &form.filled(&[])).await;
                assert!(refused.status == 403 && refused.body.contains("Acme"), "{role} {}: {}", form.action, refused.status);
            }
        }
        let switch = cast.olivia.get("/private-dashboard?account=personal").await.form_to("/api/accounts/switch");
        app.db.run("DELETE FROM memberships WHERE account_id = (SELECT id FROM accounts WHERE slug = 'acme')").await;
        for (browser, form) in [(&cast.adam, &order), (&cast.olivia, &free), (&cast.olivia, &switch)] {
            let refused = browser.form(&form.action, &form.filled(&[])).await;
            assert!(refused.status == 404 && !refused.body.contains("Acme"), "{}: {}", form.action, refused.body);
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM checkouts").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
        assert!(app.stripe_calls().await.is_empty());
    }

    async fn a_switch_while_the_payment_provider_is_asked_changes_nothing_for_the_order(app: App) {
        let cast = gather(&app).await;
        app.trouble(json!({ "path": "/v1/checkout", "delay_ms": 1_500 })).await;
        let order = json!({ "plan": "pro", "interval": "month" });
        let buying = cast.olivia.json("/api/billing/checkout", &order);
        let switching = async {
            app.settles("SELECT COUNT(*) FROM checkouts", 1).await;
            switch(&cast.olivia, BETA).await;
        };
        let (answer, ()) = tokio::join!(buying, switching);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(active(&app).await, BETA);
        for (what, sql) in [
            ("the order", ORDERED),
            ("the customer", "SELECT a.slug FROM stripe_customers c JOIN accounts a ON a.id = c.account_id WHERE c.customer_id IS NOT NULL"),
            ("the record", "SELECT a.slug FROM audit_events e JOIN accounts a ON a.id = e.account_id WHERE e.action = 'checkout.started'"),
        ] {
            assert_eq!(app.db.text(sql).await, ACME, "{what}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_customers WHERE customer_id IS NOT NULL").await, 1);
    }

    async fn two_tabs_never_bleed(app: App) {
        let cast = gather(&app).await;
        choose(&cast.olivia, "free").await;
        let tabs = [ACME, BETA].map(|account| format!("/checkout?account={account}"));
        let acme = cast.olivia.get(&tabs[0]).await.form_to("/api/billing/subscribe-free");
        let beta = cast.olivia.get(&tabs[1]).await.form_to("/api/billing/subscribe-free");
        switch(&cast.olivia, "personal").await;
        cast.olivia.form(&beta.action, &beta.filled(&[])).await.location();
        assert_eq!(app.db.text(SUBSCRIBED).await, BETA);
        assert_eq!(cast.olivia.form(&beta.action, &beta.filled(&[])).await.status, 409);
        cast.olivia.form(&acme.action, &acme.filled(&[])).await.location();
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions s JOIN accounts a ON a.id = s.account_id WHERE s.live AND a.slug = 'acme'").await, 1);
        assert_eq!(active(&app).await, "personal");
        cast.olivia.get("/org-dashboard").await.leads_to("/private-dashboard");
    }
}
