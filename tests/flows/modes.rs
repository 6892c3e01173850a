//! The business model: one setting decides who has which accounts, what there is to see, and who is billed.

use crate::both;
use crate::support::{ACME, Answer, App, B2C, Browser, Cast, HYBRID, LICENCES, SUBSCRIPTIONS};
use serde_json::json;

const OLIVIA: &str = "olivia@acme.example";
const WORKSPACES: &str = "SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'";
const BILLED: &str = "SELECT a.kind FROM subscriptions s JOIN accounts a ON a.id = s.account_id WHERE s.live";

/// Where a workspace may be made, and how to get there.
const SITES: [&str; 9] =
    ["code", "link", "password", "checkout", "checkout of pro", "checkout of business", "free plan", "first steps", "wish"];

/// Takes somebody new to a site.
async fn reach(app: &App, site: &str) {
    let email = format!("{}@acme.example", site.replace(' ', "-"));
    let (browser, email) = (app.browser(), email.as_str());
    match site {
        "code" => drop(app.sign_in(email).await),
        "link" => {
            browser.form("/api/auth/request-link", &[("email", email)]).await.leads_to("/verify");
            let token = app.link_token(email).await;
            browser.form("/api/auth/confirm-link", &[("token", &token)]).await.leads_to("/onboarding");
        }
        "password" => {
            browser.form("/api/auth/sign-up", &[("email", email), ("password", "a long walk on the quay")]).await.leads_to("/verify");
            let code = app.code(email).await;
            browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/onboarding");
        }
        _ => reach_signed_in(site, app.sign_in_to_join(email).await).await,
    }
}

async fn reach_signed_in(site: &str, browser: Browser) {
    if let Some(plan) = site.strip_prefix("checkout of ") {
        browser.form("/api/billing/choose", &[("plan", plan), ("interval", "month")]).await.leads_to("/checkout");
    }
    let answer = match site {
        "free plan" => browser.form("/api/billing/subscribe-free", &[]).await,
        "first steps" => browser.form("/api/workspaces/create-first", &[("name", "Acme")]).await,
        "wish" => browser.form("/api/workspaces/create", &[("name", "Acme")]).await,
        _ => browser.get("/checkout").await,
    };
    assert!([200, 303, 404].contains(&answer.status), "{site}: {} {}", answer.status, answer.body);
}

/// The sites that make a workspace for somebody new.
async fn sites_that_make_one(app: &App) -> Vec<&'static str> {
    let mut making = vec![];
    for site in SITES {
        let before = app.db.number(WORKSPACES).await;
        reach(app, site).await;
        match app.db.number(WORKSPACES).await - before {
            0 => {}
            1 => making.push(site),
            more => panic!("{site} makes {more}"),
        }
    }
    let people = i64::try_from(SITES.len()).unwrap();
    assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'personal'").await, people, "everybody has one of their own");
    making
}

fn offers_upgrade(page: &Answer) -> bool {
    assert_eq!(page.status, 200);
    page.body.contains("Upgrade plan")
}

/// Whether a page has a switcher, or leads to anything of workspaces.
fn knows_of_teams(page: &Answer) -> bool {
    let signs = ["/api/accounts/switch", "/workspaces/new", "/org-dashboard", "/onboarding/workspace", "Your accounts"];
    signs.iter().any(|sign| page.body.contains(sign))
}

/// Who may manage Acme's money, its auditor's role holding `billing:manage` too: whoever is not refused is told that there
/// is no such price.
async fn manage_money(app: &App) -> Vec<&'static str> {
    let cast = Cast::gather(app).await;
    app.db.run("UPDATE roles SET permissions = 'audit:view billing:view billing:manage' WHERE id = 'rol_auditor'").await;
    let mut managers = vec![];
    for (name, browser) in
        [("owner", &cast.olivia), ("admin", &cast.adam), ("custom", &cast.aude), ("member", &cast.max), ("viewer", &cast.vera)]
    {
        match browser.json("/api/billing/checkout", &json!({ "plan": "none", "account": ACME })).await.problem().0 {
            400 => managers.push(name),
            status => assert_eq!(status, 403, "{name}"),
        }
        // The free plan and its like are an owner's in every mode.
        let free = browser.json("/api/billing/subscribe-free", &json!({ "account": ACME })).await;
        assert_eq!(free.status, if name == "owner" { 200 } else { 403 }, "{name}");
    }
    managers
}

/// The pages of somebody who has signed in, in every mode.
const OWN: [&str; 4] = ["/private-dashboard", "/checkout", "/onboarding", "/pricing"];

both! {
    async fn in_b2b_every_site_makes_a_workspace(app: App) {
        assert_eq!(sites_that_make_one(&app).await, SITES);
    }

    async fn in_hybrid_a_workspace_is_made_for_a_team_plan_or_by_wish(app: App, with HYBRID) {
        assert_eq!(sites_that_make_one(&app).await, ["checkout of business", "first steps", "wish"]);
    }

    async fn in_b2c_no_site_makes_one(app: App, with B2C) {
        assert!(sites_that_make_one(&app).await.is_empty());
    }

    async fn in_b2c_no_page_knows_of_teams(app: App, with B2C) {
        let olivia = app.sign_in(OLIVIA).await;
        for path in OWN.into_iter().chain(["/private-dashboard/billing"]) {
            let page = olivia.get(path).await;
            assert!(page.status == 200 && !knows_of_teams(&page), "{path}: {}", page.body);
        }
        let pricing = app.browser().get("/pricing").await;
        assert!(!pricing.body.contains("Up to") && pricing.body.contains("100 credits a month"), "{}", pricing.body);
    }

    async fn in_b2b_every_signed_in_page_has_the_switcher(app: App) {
        let cast = Cast::gather(&app).await;
        for path in ["/private-dashboard", "/checkout", "/onboarding", "/workspaces/new", "/org-dashboard", "/org-dashboard/billing"] {
            let page = cast.olivia.get(path).await;
            assert!(page.status == 200 && page.body.contains("Your accounts"), "{path}: {}", page.body);
            assert!(page.body.contains("href=\"/workspaces/new\""), "{path}");
            for words in ["Olivia Example", "Personal", "Acme", "No plan · Owner"] {
                assert!(page.body.contains(words), "{path} {words}: {}", page.body);
            }
        }
        cast.olivia.form("/api/billing/subscribe-free", &[("account", ACME)]).await.location();
        assert!(cast.max.get("/private-dashboard").await.body.contains("Free · Member"));
    }

    async fn in_hybrid_the_switcher_shows_the_plan_of_the_personal_account_too(app: App, with HYBRID) {
        let olivia = app.sign_in(OLIVIA).await;
        assert!(olivia.get("/private-dashboard").await.body.contains("No plan · Personal"));
        olivia.form("/api/billing/subscribe-free", &[]).await.location();
        assert!(olivia.get("/checkout").await.body.contains("Free · Personal"));
    }

    async fn upgrades_are_offered_to_personal_accounts_outside_b2b(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        assert!(offers_upgrade(&cast.olivia.get("/private-dashboard?account=personal").await));
        assert!(!offers_upgrade(&cast.olivia.get("/private-dashboard?account=acme").await));
        cast.olivia.form("/api/billing/subscribe-free", &[("account", "personal")]).await.location();
        assert!(offers_upgrade(&cast.olivia.get("/private-dashboard?account=personal").await), "with a plan too");
    }

    async fn in_b2c_upgrades_are_offered(app: App, with B2C) {
        let olivia = app.sign_in(OLIVIA).await;
        assert!(offers_upgrade(&olivia.get("/private-dashboard").await));
        olivia.form("/api/billing/subscribe-free", &[]).await.location();
        assert!(offers_upgrade(&olivia.get("/private-dashboard").await));
    }

    async fn in_b2b_plans_live_on_the_organizations_page(app: App) {
        let cast = Cast::gather(&app).await;
        let (own, workspaces) = ("/private-dashboard?account=personal", "Work and billing live in workspaces");
        let page = cast.olivia.get(own).await;
        assert!(!offers_upgrade(&page) && page.body.contains(workspaces) && page.body.contains("Open Acme"), "{}", page.body);
        assert!(!offers_upgrade(&cast.olivia.get("/private-dashboard").await));
        cast.olivia.form("/api/billing/subscribe-free", &[("account", ACME)]).await.location();
        for browser in [&cast.olivia, &cast.adam, &cast.max] {
            let page = browser.get("/private-dashboard").await;
            assert!(!offers_upgrade(&page) && !page.body.contains("/pricing"), "{}", page.body);
        }
    }

    async fn in_b2b_money_is_the_owners(app: App) {
        assert_eq!(manage_money(&app).await, ["owner"]);
    }

    async fn outside_b2b_admins_and_roles_made_for_it_manage_money_too(app: App, with HYBRID) {
        assert_eq!(manage_money(&app).await, ["owner", "admin", "custom"]);
    }

    async fn in_b2b_the_workspace_is_billed(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        olivia.form("/api/billing/subscribe-free", &[]).await.location();
        assert_eq!(app.db.text(BILLED).await, "workspace");
        olivia.form("/api/accounts/switch", &[("account", "personal")]).await.location();
        let named = olivia.json("/api/billing/subscribe-free", &json!({})).await;
        assert_eq!(named.problem(), (400, "WORKSPACE_REQUIRED".to_owned()), "with the personal account active too");
        let order = json!({ "plan": "pro", "interval": "month" });
        assert_eq!(olivia.json("/api/billing/checkout", &order).await.problem(), (400, "WORKSPACE_REQUIRED".to_owned()));
    }

    async fn in_b2c_the_personal_account_is_billed(app: App, with B2C) {
        let olivia = app.sign_in(OLIVIA).await;
        olivia.form("/api/billing/subscribe-free", &[]).await.location();
        assert_eq!(app.db.text(BILLED).await, "personal");
    }

    async fn in_hybrid_the_active_account_is_billed(app: App, with HYBRID) {
        let olivia = app.sign_in(OLIVIA).await;
        olivia.form("/api/workspaces/create", &[("name", "Acme")]).await.location();
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        assert_eq!(app.db.text(BILLED).await, "workspace");
        olivia.form("/api/accounts/switch", &[("account", "personal")]).await.location();
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        for (account, path) in [("acme", "/org-dashboard/billing"), ("personal", "/private-dashboard/billing")] {
            let page = olivia.get(&format!("{path}?account={account}")).await;
            assert!(page.status == 200 && page.body.contains("Renews on"), "{account}: {}", page.body);
        }
        assert_eq!(app.db.number("SELECT COUNT(DISTINCT account_id) FROM subscriptions WHERE live").await, 2);
    }

    async fn in_hybrid_a_team_plan_asks_for_a_workspace_of_those_there_are(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        let chosen = [("plan", "business"), ("interval", "month"), ("account", "personal")];
        cast.olivia.form("/api/billing/choose", &chosen).await.leads_to("/checkout?account=personal");
        let page = cast.olivia.get("/checkout?account=personal").await;
        assert!(page.body.contains("Switch to Acme") && page.body.contains("/workspaces/new"), "{}", page.body);
        let switch = page.form_to("/api/accounts/switch");
        cast.olivia.form(&switch.action, &switch.filled(&[])).await.leads_to("/checkout");
        let page = cast.olivia.get("/checkout").await;
        assert!(page.body.contains("Continue to payment") && page.body.contains("Acme"), "the choice is kept: {}", page.body);
    }

    async fn workspaces_sleep_while_the_model_is_b2c(app: App, with B2C) {
        let olivia = app.sign_in(OLIVIA).await;
        let user = app.db.text("SELECT id FROM users").await;
        for sql in [
            format!("INSERT INTO accounts (id, kind, name, slug, billing_owner_id, member_count, created_at) VALUES ('acc_w', 'workspace', 'Acme', 'acme', '{user}', 1, 1)"),
            format!("INSERT INTO memberships (id, account_id, user_id, role, created_at) VALUES ('mem_w', 'acc_w', '{user}', 'owner', 1)"),
            "UPDATE user_sessions SET active_account_id = 'acc_w'".to_owned(),
        ] {
            app.db.run(&sql).await;
        }
        let page = olivia.get("/private-dashboard").await;
        assert!(page.status == 200 && !page.body.contains("Acme"), "{}", page.body);
        for account in ["acme", "acc_w"] {
            assert_eq!(olivia.get(&format!("/private-dashboard?account={account}")).await.status, 404);
            assert_eq!(olivia.form("/api/billing/subscribe-free", &[("account", account)]).await.status, 404);
        }
        olivia.form("/api/user/onboarding", &[("first_name", "Olivia"), ("last_name", "Owens")]).await.leads_to("/private-dashboard");
        assert_eq!(app.sign_in_with(&app.browser(), OLIVIA).await, "/private-dashboard");
    }

    async fn where_plans_are_sold_pricing_offers_them(app: App, with SUBSCRIPTIONS) {
        let page = app.browser().get("/pricing").await;
        for offer in ["Choose Free", "Choose Pro", "Choose Business", "Billing period", "Contact us"] {
            assert!(page.body.contains(offer), "{offer}");
        }
        assert!(!page.body.contains("Licences"));
    }

    async fn where_only_licences_are_sold_no_plan_that_renews_is_offered_or_sold(app: App, with LICENCES) {
        let olivia = app.sign_in(OLIVIA).await;
        let page = olivia.get("/pricing").await;
        for offer in ["Choose Free", "Contact us", "Choose Pro lifetime", "Choose 1,500 credits"] {
            assert!(page.body.contains(offer), "{offer}: {}", page.body);
        }
        for renewing in ["Choose Pro<", "Choose Business", "Billing period", "$29<", "per month"] {
            assert!(!page.body.contains(renewing), "{renewing}: {}", page.body);
        }
        assert!(!app.browser().get("/").await.body.contains("$29"));
        let order = json!({ "plan": "pro", "interval": "month" });
        for url in ["/api/billing/choose", "/api/billing/checkout"] {
            assert_eq!(olivia.json(url, &order).await.problem(), (400, "PRICE_UNKNOWN".to_owned()), "{url}");
        }
        assert!(app.stripe_calls().await.is_empty());
        olivia.form("/api/billing/choose", &[("plan", "free")]).await.leads_to("/checkout");
        let success = olivia.form("/api/billing/subscribe-free", &[]).await.location().to_owned();
        assert!(olivia.get(&success).await.body.contains("on Free"));
    }
}
