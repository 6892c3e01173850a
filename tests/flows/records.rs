//! The ledger and the payments as people read them: filtered, in pages, as files, and the papers about what was paid.

use crate::both;
use crate::support::{ACME, App, Browser, Cast};
use reqwest::Method;
use serde_json::json;

const CREDITS: &str = "/billing/credits";
const PAYMENTS: &str = "/billing/payments";
const EXPORT: &str = "/api/billing/export";
const DAY: i64 = 86_400_000;

/// The workspace Acme with so many entries and payments, one a day since 2026-01-01.
async fn filled(app: &App, count: i64) -> Cast {
    let cast = Cast::gather(app).await;
    let workspace = app.account("olivia@acme.example", "workspace").await;
    for number in 1..=count {
        let at = 1_767_225_600_000 + (number - 1) * DAY;
        let kind = ["subscription", "expiry", "credit_pack"][usize::try_from(number % 3).unwrap()];
        let status = ["paid", "failed"][usize::try_from(number % 2).unwrap()];
        app.db
            .run(&format!(
                "INSERT INTO credit_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)
                 VALUES ('cre_{number:032}', '{workspace}', {number}, '{kind}', {}, {number}, 'fact {number}', {at})",
                if kind == "expiry" { -number } else { number }
            ))
            .await;
        app.db
            .run(&format!(
                "INSERT INTO payments (id, account_id, stripe_id, product, amount, currency, status, created_at, number)
                 VALUES ('pay_{number:032}', '{workspace}', 'in_{number}', '=Pro {number}', 2900, 'usd', '{status}', {at}, 'K-{number}')"
            ))
            .await;
    }
    cast
}

/// How many rows the table of a page has.
fn rows(page: &str) -> usize {
    page.matches("role=\"rowheader\"").count()
}

/// The address of the link of this name.
fn link(page: &str, rel: &str) -> Option<String> {
    let tag = page.split("<a ").find(|tag| tag.contains(&format!("rel=\"{rel}\"")))?;
    Some(tag.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
}

async fn export(browser: &Browser, fields: &[(&str, &str)]) -> (u16, Vec<String>) {
    let answer = browser.form(EXPORT, fields).await;
    (answer.status, answer.body.lines().map(str::to_owned).collect())
}

both! {
    async fn lists_come_in_pages_and_as_they_are_filtered(app: App) {
        let cast = filled(&app, 120).await;
        for path in [CREDITS, PAYMENTS] {
            let (mut at, mut seen) = (path.to_owned(), vec![]);
            loop {
                let page = cast.olivia.get(&at).await;
                assert_eq!(page.status, 200, "{}", page.body);
                seen.push(rows(&page.body));
                let Some(next) = link(&page.body, "next") else { break };
                at = next;
            }
            assert_eq!(seen, [50, 50, 20], "{path}");
            let newest = cast.olivia.get(path).await.body;
            assert!(newest.find("2026-04-30") < newest.find("2026-04-29"), "the newest first: {newest}");
            for (query, wanted) in [
                ("from=2026-04-01", 30),
                ("to=2026-01-10", 10),
                ("from=2026-02-01&to=2026-02-01", 1),
                ("from=2027-01-01", 0),
            ] {
                assert_eq!(rows(&cast.olivia.get(&format!("{path}?{query}")).await.body), wanted, "{path} {query}");
            }
        }
        assert_eq!(rows(&cast.olivia.get(&format!("{CREDITS}?kind=expiry&to=2026-01-31")).await.body), 11);
        assert_eq!(rows(&cast.olivia.get(&format!("{PAYMENTS}?kind=failed&to=2026-01-31")).await.body), 16);
        for query in ["kind=gift", "from=yesterday", "from=2026-02-02&to=2026-02-01"] {
            let page = cast.olivia.get(&format!("{CREDITS}?{query}")).await;
            assert!(page.status == 422 && page.body.contains("There is a problem") && rows(&page.body) == 0, "{query}: {}", page.body);
        }
        assert_eq!(cast.olivia.get(&format!("{CREDITS}?after=nonsense")).await.status, 200);
    }

    async fn a_file_holds_what_the_filter_chooses_and_no_formula(app: App) {
        let cast = filled(&app, 1_010).await;
        let (status, all) = export(&cast.olivia, &[("what", "credits")]).await;
        assert_eq!((status, all.len(), all[0].as_str()), (200, 1_011, "time,type,amount,balance"), "more than one batch");
        assert!(all[1].ends_with(",1010") && all[1_010] == "2026-01-01T00:00:00Z,expiry,-1,1", "{} {}", all[1], all[1_010]);
        let (_, some) = export(&cast.olivia, &[("what", "payments"), ("kind", "failed"), ("to", "2026-01-03")]).await;
        assert_eq!(
            some,
            [
                "time,description,number,amount,currency,status,refunded",
                "2026-01-03T00:00:00Z,'=Pro 3,K-3,29.00,usd,failed,",
                "2026-01-01T00:00:00Z,'=Pro 1,K-1,29.00,usd,failed,",
            ]
        );
        assert_eq!(cast.olivia.form(EXPORT, &[("what", "everything")]).await.status, 422);
        assert_eq!(cast.olivia.json(EXPORT, &json!({ "what": "credits", "from": "soon" })).await.problem(), (422, "INVALID".to_owned()));
        let written = app.db.texts("SELECT metadata FROM audit_events WHERE action = 'data.exported' ORDER BY created_at, id").await;
        assert_eq!(written.len(), 2);
        assert!(written[1].contains("\"what\":\"payments\"") && written[1].contains("\"to\":\"2026-01-03\""), "{written:?}");
    }

    async fn money_is_read_by_who_may_see_billing_of_their_own(app: App) {
        let cast = filled(&app, 3).await;
        for path in [CREDITS, PAYMENTS] {
            assert_eq!(rows(&cast.adam.get(path).await.body), 3, "an admin reads");
            for browser in [&cast.max, &cast.vera, &cast.aude] {
                assert_eq!(browser.get(path).await.status, 403);
            }
            assert_eq!(rows(&cast.eve.get(path).await.body), 0, "others have their own");
            assert_eq!(cast.eve.get(&format!("{path}?account={ACME}")).await.status, 404);
        }
        assert_eq!(export(&cast.adam, &[("what", "credits")]).await.1.len(), 4);
        for (browser, status) in [(&cast.max, 403), (&cast.vera, 403), (&cast.eve, 404), (&cast.rob, 404)] {
            assert_eq!(browser.json(EXPORT, &json!({ "what": "credits", "account": ACME })).await.status, status);
        }
    }

    async fn a_paper_is_fetched_for_its_own_account(app: App) {
        let olivia = app.buyer("olivia@acme.example", "pro", "month").await;
        olivia.get("/checkout").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        app.settles("SELECT COUNT(*) FROM payments", 1).await;
        let billing = olivia.get("/org-dashboard/billing").await;
        let number = app.db.text("SELECT number FROM payments").await;
        assert!(billing.body.contains(&format!("aria-label=\"Download {number}\"")), "{}", billing.body);
        let payment = app.db.text("SELECT id FROM payments").await;
        let path = format!("/billing/papers/{payment}");
        let paper = olivia.get(&path).await;
        let invoice = app.stripe(Method::GET, "/v1/invoices", "").await["data"][0].clone();
        assert_eq!((paper.status, paper.location()), (303, invoice["invoice_pdf"].as_str().unwrap()));
        let eve = app.buyer("eve@evil.example", "pro", "month").await;
        eve.get("/checkout").await;
        for path in [path.as_str(), "/billing/papers/pay_none", "/billing/papers/..%2F..%2Fcharges"] {
            assert_eq!(eve.get(path).await.status, 404, "{path}");
        }
        assert_eq!(app.browser().get(&path).await.status, 303, "to sign in");
    }
}
