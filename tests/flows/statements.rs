//! How many statements a signed-in page runs: counted in the log of a Keel in a process of its own, on the test's database.

use crate::both;
use crate::support::{App, Browser, HYBRID, free_address};
use keel_web::endpoints::Kind;
use serde_json::json;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The pages of people who belong to an account, as their owner reaches them.
const PAGES: [&str; 17] = [
    "/org-dashboard",
    "/org-dashboard/members",
    "/org-dashboard/members/{member}",
    "/org-dashboard/members/invite",
    "/org-dashboard/members/roles",
    "/org-dashboard/audit",
    "/org-dashboard/billing",
    "/billing/change",
    "/billing/credits",
    "/billing/payments",
    "/org-dashboard/settings",
    "/private-dashboard?account=personal",
    "/private-dashboard/billing?account=personal",
    "/private-dashboard/settings",
    "/private-dashboard/settings/data",
    "/private-dashboard/settings/notifications",
    "/private-dashboard/settings/security",
];
/// Asks the payment provider, and this Keel has one of its own.
const ASKS_OUTSIDE: &str = "/billing/end-trial";
/// Session, person, role and account in one statement; the switcher's list in the other.
const FRAME: usize = 2;
const MOST: usize = 8;
/// Of several visits the one with the fewest: another may have opened a connection, which takes statements of its own.
const VISITS: usize = 3;

/// A Keel whose log tells every statement.
struct Telling {
    process: Child,
    base: String,
    log: PathBuf,
}

impl Telling {
    async fn start(app: &App) -> Self {
        let address = free_address();
        let dir = std::env::temp_dir().join(format!("keel-telling-{}", keel_domain::secrets::reference()));
        std::fs::create_dir_all(&dir).unwrap();
        let (base, log) = (format!("http://{address}"), dir.join("log"));
        let settings = [
            ("KEEL_LISTEN", address),
            ("KEEL_BASE_URL", base.clone()),
            ("KEEL_DATA_DIR", dir.display().to_string()),
            ("DATABASE_URL", app.db.url.clone()),
            ("KEEL_BUSINESS_MODEL", "hybrid".to_owned()),
            // Each line within the request it belongs to.
            ("RUST_LOG", "error,sqlx::query=debug".to_owned()),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_keel"));
        command.arg("serve").env_clear().envs(settings).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let telling = Self { process: command.spawn().unwrap(), base, log };
        for _ in 0..400 {
            if reqwest::get(format!("{}/health/ready", telling.base)).await.is_ok_and(|answer| answer.status() == 200) {
                return telling;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not get ready");
    }

    /// How many statements were run for the request of this id. Each is told after its rows are read, so the last a little later.
    async fn told(&self, id: &str) -> usize {
        let mut told = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let log = std::fs::read_to_string(&self.log).unwrap();
            let now = log.lines().filter(|line| line.contains(" db.statement=") && line.contains(id)).count();
            if now == told {
                return told;
            }
            told = now;
        }
    }

    /// What a page runs, and the regions it shows.
    async fn visit(&self, browser: &Browser, path: &str) -> (usize, usize) {
        let (mut fewest, mut regions) = (usize::MAX, 0);
        for _ in 0..VISITS {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            fewest = fewest.min(self.told(page.headers["x-request-id"].to_str().unwrap()).await);
            regions = page.body.matches("class=\"region-header\"").count();
        }
        (fewest, regions)
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(self.log.parent().unwrap());
    }
}

both! {
    async fn a_page_runs_few_statements_and_as_many_for_fifty_rows_as_for_one(app: App, with HYBRID) {
        let olivia = app.buyer("olivia@acme.example", "business", "month").await;
        assert_eq!(olivia.get("/checkout").await.status, 200);
        app.buy(&olivia, json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 2 })).await;
        let workspace = app.account("olivia@acme.example", "workspace").await;
        let telling = Telling::start(&app).await;
        let browser = Browser::new(&telling.base);
        browser.set_cookie("keel_session", &olivia.cookie("keel_session").unwrap());
        let member = app.db.text(&format!("SELECT id FROM memberships WHERE account_id = '{workspace}'")).await;
        let pages = PAGES.map(|path| path.replace("{member}", &member));
        let mut few = vec![];
        for path in &pages {
            few.push(telling.visit(&browser, path).await);
        }
        for number in 2..=50 {
            let rows = [
                format!("users (id, email, verified_at, created_at) VALUES ('usr_{number:032}', '{number}@acme.example', 1, 1)"),
                format!("user_profiles (user_id) VALUES ('usr_{number:032}')"),
                format!(
                    "memberships (id, account_id, user_id, role, created_at, sort_key, email)
                     VALUES ('mem_{number:032}', '{workspace}', 'usr_{number:032}', 'member', 1, '{number}@acme.example', '{number}@acme.example')"
                ),
                format!(
                    "invitations (id, account_id, email, role, token_hash, inviter_name, state, created_at, mailed_at, expires_at)
                     VALUES ('inv_{number:032}', '{workspace}', 'p{number}@new.example', 'member', '{number}', 'Olivia', 'pending', 1, 1, 1)"
                ),
                format!(
                    "roles (id, account_id, name, permissions, created_at, sort_key)
                     VALUES ('rol_{number:032}', '{workspace}', 'Role {number}', 'audit:view', 1, 'role {number}')"
                ),
                format!(
                    "audit_events (id, account_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)
                     VALUES ('aud_{number:032}', '{workspace}', 'Person {number}', 'member.left', '', '', '', '{{}}', {number}, 'person {number}')"
                ),
                format!(
                    "credit_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)
                     VALUES ('cre_{number:032}', '{workspace}', {number}, 'subscription', 1, 1, 'fact:{number}', 1)"
                ),
                format!(
                    "payments (id, account_id, stripe_id, product, amount, currency, status, created_at)
                     VALUES ('pay_{number:032}', '{workspace}', 'in_{number}', 'Pro', 2900, 'usd', 'paid', 1)"
                ),
            ];
            for row in rows {
                app.db.run(&format!("INSERT INTO {row}")).await;
            }
        }
        for (path, before) in pages.iter().zip(few) {
            let (statements, regions) = telling.visit(&browser, path).await;
            assert_eq!(statements, before.0, "{path}: more statements for more rows");
            assert!((1..=MOST.min(FRAME + regions)).contains(&statements), "{path}: {statements} statements for {regions} regions");
        }
    }
}

#[test]
fn every_page_of_an_account_is_counted() {
    let pages = keel::http::endpoints();
    let of_accounts =
        pages.iter().filter(|page| page.kind == Kind::Page && !matches!(page.door, "visitor" | "signed in") && page.path != ASKS_OUTSIDE);
    for page in of_accounts {
        assert!(PAGES.iter().any(|path| path.split('?').next() == Some(page.path)), "{} is not counted", page.path);
    }
}
