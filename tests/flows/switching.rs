//! Switching accounts, and making further ones.

use crate::both;
use crate::support::{ACME, Browser, Cast, EVIL_CORP, HYBRID, together};
use keel_types::time::DAY;

const OLIVIA: &str = "olivia@acme.example";
const ACTIVE: &str = "SELECT COALESCE(a.slug, 'personal') FROM user_sessions s JOIN accounts a ON a.id = s.active_account_id
    JOIN users u ON u.id = s.user_id WHERE u.email = 'olivia@acme.example'";
const OLIVIAS: &str = "SELECT COUNT(*) FROM accounts a JOIN users u ON u.id = a.billing_owner_id WHERE u.email = 'olivia@acme.example' AND a.kind = 'workspace'";

/// Switches on a page; gives where that leads.
async fn switch(browser: &Browser, at: &str, account: &str) -> String {
    let form = format!("/api/accounts/switch?at={}", keel_types::url::escape(at));
    browser.form(&form, &[("account", account)]).await.location().to_owned()
}

both! {
    async fn switching_keeps_the_page_where_the_other_account_has_it(app: App) {
        let cast = Cast::gather(&app).await;
        cast.olivia.form("/api/workspaces/create", &[("name", "Beta")]).await.leads_to("/org-dashboard");
        for (browser, at, account, next) in [
            (&cast.olivia, "/org-dashboard", ACME, "/org-dashboard"),
            (&cast.olivia, "/org-dashboard/billing", "beta", "/org-dashboard/billing"),
            (&cast.olivia, "/org-dashboard/billing?account=acme", "beta", "/org-dashboard/billing"),
            (&cast.olivia, "/org-dashboard/billing", "personal", "/private-dashboard"),
            (&cast.olivia, "/org-dashboard/members?search=x", "beta", "/org-dashboard/members"),
            (&cast.olivia, "/org-dashboard/members", "personal", "/private-dashboard"),
            (&cast.olivia, "/private-dashboard/billing", ACME, "/org-dashboard/billing"),
            (&cast.olivia, "/org-dashboard", "personal", "/private-dashboard"),
            (&cast.olivia, "/private-dashboard", ACME, "/private-dashboard"),
            (&cast.olivia, "/private-dashboard", "personal", "/private-dashboard"),
            (&cast.olivia, "/checkout?canceled=1&account=beta", ACME, "/checkout"),
            (&cast.olivia, "/workspaces/new", ACME, "/workspaces/new"),
            (&cast.olivia, "/onboarding", ACME, "/onboarding"),
            // Not one of somebody's pages, or not of every account: the dashboard of the account.
            (&cast.olivia, "/checkout/success?session_id=cs_1", ACME, "/org-dashboard"),
            (&cast.olivia, "/org-dashboard/members/mem_1", ACME, "/org-dashboard"),
            (&cast.olivia, "/pricing", ACME, "/org-dashboard"),
            (&cast.olivia, "/no-such-page", "personal", "/private-dashboard"),
            (&cast.olivia, "//evil.example", ACME, "/private-dashboard"),
            (&cast.adam, "/org-dashboard/billing", ACME, "/org-dashboard/billing"),
            (&cast.max, "/org-dashboard", ACME, "/private-dashboard"),
            (&cast.max, "/org-dashboard/billing", ACME, "/private-dashboard"),
            (&cast.max, "/org-dashboard/members", ACME, "/private-dashboard"),
            (&cast.aude, "/org-dashboard/members", ACME, "/org-dashboard"),
            (&cast.aude, "/org-dashboard/billing", ACME, "/org-dashboard"),
            (&cast.aude, "/org-dashboard", ACME, "/org-dashboard"),
        ] {
            assert_eq!(switch(browser, at, account).await, next, "{at} to {account}");
            let opened = browser.get(next).await;
            assert!(opened.status == 200 && opened.body.contains("You switched accounts."), "{next} as {account}: {}", opened.status);
        }
    }

    async fn in_hybrid_billing_leads_to_billing(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        for (browser, at, account, next) in [
            (&cast.olivia, "/org-dashboard/billing", "personal", "/private-dashboard/billing"),
            (&cast.olivia, "/private-dashboard/billing", ACME, "/org-dashboard/billing"),
            (&cast.aude, "/private-dashboard/billing", ACME, "/org-dashboard"),
            (&cast.max, "/private-dashboard/billing", ACME, "/private-dashboard"),
            (&cast.max, "/private-dashboard/billing", "personal", "/private-dashboard/billing"),
        ] {
            assert_eq!(switch(browser, at, account).await, next, "{at} to {account}");
            assert_eq!(browser.get(next).await.status, 200, "{next} as {account}");
        }
    }

    async fn a_switch_lasts_until_the_next_sign_in_and_beyond(app: App) {
        let cast = Cast::gather(&app).await;
        switch(&cast.olivia, "/private-dashboard", "personal").await;
        cast.olivia.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        app.sign_in_with(&cast.olivia, OLIVIA).await;
        assert_eq!(app.db.text(&format!("{ACTIVE} AND s.revoked_at IS NULL")).await, "personal");
        switch(&cast.olivia, "/private-dashboard", ACME).await;
        let refused = cast.olivia.form("/api/accounts/switch", &[("account", EVIL_CORP)]).await;
        assert_eq!(refused.status, 404);
        assert_eq!(app.db.text(&format!("{ACTIVE} AND s.revoked_at IS NULL")).await, ACME, "and stays");
    }

    async fn further_workspaces_are_made_by_wish(app: App) {
        let cast = Cast::gather(&app).await;
        let page = cast.olivia.get("/workspaces/new").await;
        assert!(page.status == 200 && page.body.contains("Create a workspace"), "{}", page.body);
        let form = page.form_to("/api/workspaces/create");
        cast.olivia.form(&form.action, &form.filled(&[("name", "Acme")])).await.leads_to("/org-dashboard");
        assert_eq!(app.db.text(ACTIVE).await, "acme-2");
        let page = cast.olivia.get("/org-dashboard").await;
        assert!(page.body.contains("Your workspace is ready.") && page.body.contains("Workspace created"), "{}", page.body);
        assert!(page.body.contains("1 of 3 seats used") && page.body.contains("Olivia Example"), "{}", page.body);
        assert_eq!(cast.eve.get("/org-dashboard?account=acme-2").await.status, 404);
        assert_eq!(cast.adam.get("/org-dashboard?account=acme-2").await.status, 404, "who runs one is a stranger to the other");
        cast.max.form("/api/workspaces/create", &[("name", "Max's own")]).await.leads_to("/org-dashboard");
        let faulty = cast.olivia.form("/api/workspaces/create?at=/workspaces/new", &[("name", " ")]).await;
        assert!(faulty.status == 422 && faulty.body.contains("id=\"name-error\""), "{}", faulty.body);
        assert_eq!(app.db.number(OLIVIAS).await, 2);
        let members = "SELECT COUNT(*) FROM accounts a WHERE member_count <> (SELECT COUNT(*) FROM memberships m WHERE m.account_id = a.id)";
        assert_eq!(app.db.number(members).await, 0);
    }

    async fn a_person_makes_twenty_workspaces_a_day(app: App) {
        let olivia = app.sign_in_to_join(OLIVIA).await;
        let statuses = together((0..30).map(|_| {
            let browser = olivia.copy();
            async move { browser.form("/api/workspaces/create", &[("name", "Acme")]).await.status }
        }))
        .await;
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((count(303), count(429)), (20, 10), "{statuses:?}");
        assert_eq!(app.db.number(OLIVIAS).await, 20);
        let eve = app.sign_in_to_join("eve@evil.example").await;
        assert_eq!(eve.form("/api/workspaces/create", &[("name", "Evil Corp")]).await.status, 303, "others go on");
        app.advance(DAY).await;
        assert_eq!(olivia.form("/api/workspaces/create", &[("name", "Acme")]).await.status, 303);
    }

    async fn the_old_address_of_the_overview_leads_to_it(app: App) {
        for (path, next) in [
            ("/org-dashboard/admin", "/org-dashboard"),
            ("/org-dashboard/admin?account=acme&x=%20", "/org-dashboard?account=acme&x=%20"),
        ] {
            let answer = app.browser().get(path).await;
            assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (308, next));
        }
    }
}
