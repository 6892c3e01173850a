//! The status matrix: every endpoint, asked by everybody, for their own, for somebody else's and for an unknown account, by a
//! browser and by a program. What is not the caller's answers like what does not exist.

use crate::both;
use crate::support::{ACME, Answer, App, B2C, Browser, Cast, EVIL_CORP, HYBRID, compare};
use http::{Method, header};
use keel_web::action::declared;
use keel_web::endpoints::{Endpoint, Kind};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// A slug of nobody's, as long as Eve's so that answers can be compared.
const NOBODYS: &str = "no-one-at";

/// What is posted without a field: refused behind its door, or done and taken back.
const EMPTY: [&str; 74] = [
    "/api/accounts/switch",
    "/api/admin/roles",
    "/api/audit/export",
    "/api/auth/ask-passkey",
    "/api/auth/by-passkey",
    "/api/auth/cancel-email",
    "/api/auth/change-email",
    "/api/auth/change-password",
    "/api/auth/confirm-code",
    "/api/auth/confirm-email",
    "/api/auth/confirm-link",
    "/api/auth/confirm-password",
    "/api/auth/confirm-second-factor",
    "/api/auth/end-other-sessions",
    "/api/auth/end-session",
    "/api/auth/mail-code",
    "/api/auth/prove-address",
    "/api/auth/request-link",
    "/api/auth/request-reset",
    "/api/auth/resend",
    "/api/auth/reset-password",
    "/api/auth/set-password",
    "/api/auth/sign-in",
    "/api/auth/sign-out",
    "/api/auth/sign-up",
    "/api/auth/start-over",
    "/api/auth/verify-otp",
    "/api/auth/verify-second-step",
    "/api/billing/cancel-plan",
    "/api/billing/change-plan",
    "/api/billing/choose",
    "/api/billing/end-trial",
    "/api/billing/export",
    "/api/billing/keep-plan",
    "/api/billing/license-checkout",
    "/api/billing/portal",
    "/api/billing/resume-plan",
    "/api/billing/subscribe-free",
    "/api/billing/sync",
    "/api/billing/update-company",
    "/api/invitations/accept",
    "/api/invitations/decline",
    "/api/invitations/resend",
    "/api/invitations/revoke",
    "/api/language/choose",
    "/api/members/leave",
    "/api/org/cancel-deletion",
    "/api/org/export-data",
    "/api/org/invite",
    "/api/org/remove-logo",
    "/api/org/require-two-step",
    "/api/org/update-settings",
    "/api/roles/create",
    "/api/roles/delete",
    "/api/roles/update",
    "/api/notifications/save",
    "/api/notifications/unsubscribe",
    "/api/passkeys/add",
    "/api/passkeys/begin",
    "/api/passkeys/remove",
    "/api/passkeys/rename",
    "/api/profile/save",
    "/api/stripe/webhook",
    "/api/two-step/confirm",
    "/api/two-step/new-recovery-codes",
    "/api/two-step/start",
    "/api/two-step/turn-off",
    "/api/user/export-data",
    "/api/user/keep-account",
    "/api/user/link-provider",
    "/api/user/onboarding",
    "/api/user/unlink-provider",
    "/api/workspaces/create",
    "/api/workspaces/create-first",
];

/// Max's place in Acme.
const MAX: &str = "mem_000000000000000000000000006d6178";

#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    Browser,
    Program,
}

/// What is sent to an endpoint: everything its door looks at, and fields that change nothing. A new endpoint needs a line.
fn sample(endpoint: &Endpoint) -> (&'static str, &'static [(&'static str, &'static str)]) {
    match endpoint.path {
        "/assets/{file}" => ("/assets/none.css", &[]),
        "/invitations/{token}" => ("/invitations/none", &[]),
        "/logos/{account}/{file}" => ("/logos/acme/none.png", &[]),
        "/billing/papers/{payment}" => ("/billing/papers/none", &[]),
        "/api/org/exports/{export}" => ("/api/org/exports/none", &[]),
        "/api/admin/roles/{id}" => ("/api/admin/roles/none", &[]),
        "/unsubscribe/{token}" => ("/unsubscribe/none", &[]),
        "/auth/oauth/{provider}" => ("/auth/oauth/none", &[]),
        "/auth/oauth/{provider}/callback" => ("/auth/oauth/none/callback", &[]),
        "/dev/clock" => ("/dev/clock", &[("advance_ms", "0")]),
        "/api/billing/checkout" => (endpoint.path, &[("plan", "none")]),
        "/org-dashboard/members/{member}" => ("/org-dashboard/members/mem_000000000000000000000000006d6178", &[]),
        "/api/org/schedule-deletion" | "/api/user/close-account" => (endpoint.path, &[("confirmation", "none")]),
        "/api/members/change-role" => (endpoint.path, &[("member", MAX), ("role", "none")]),
        "/api/billing/change-owner" | "/api/members/transfer-ownership" | "/api/members/remove" => (endpoint.path, &[("member", MAX)]),
        path if EMPTY.contains(&path) || (endpoint.method == "GET" && !path.contains('{')) => (path, &[]),
        path => panic!("{path} has no sample in the status matrix"),
    }
}

/// Whether what is asked depends on an account: everything behind a door but what is open to all.
fn takes_account(endpoint: &Endpoint) -> bool {
    endpoint.kind != Kind::Plain && endpoint.door != "visitor"
}

async fn ask(browser: &Browser, endpoint: &Endpoint, how: As, account: Option<&str>) -> Answer {
    let (path, fields) = sample(endpoint);
    let accept = if how == As::Browser { "text/html,*/*;q=0.8" } else { "application/json" };
    let browser = browser.copy();
    if endpoint.method == "GET" {
        let path = account.map_or_else(|| path.to_owned(), |account| format!("{path}?account={account}"));
        return browser.send(browser.request(Method::GET, &path).header(header::ACCEPT, accept)).await;
    }
    let fields: Vec<(&str, &str)> = fields.iter().copied().chain(account.map(|account| ("account", account))).collect();
    let (kind, body) = if how == As::Browser {
        ("application/x-www-form-urlencoded", serde_urlencoded::to_string(fields).unwrap())
    } else {
        let number = |text: &str| text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from);
        let fields: Map<String, Value> = fields.into_iter().map(|(name, text)| (name.to_owned(), number(text))).collect();
        ("application/json", Value::from(fields).to_string())
    };
    let method = Method::from_bytes(endpoint.method.as_bytes()).unwrap();
    let request = browser.request(method, path).header(header::ACCEPT, accept).header("sec-fetch-site", "same-origin");
    browser.send(request.header(header::CONTENT_TYPE, kind).body(body)).await
}

/// A status, with where it leads or which code it carries.
fn told(answer: &Answer) -> String {
    if let Some(place) = answer.headers.get(header::LOCATION) {
        let place = place.to_str().unwrap().split('?').next().unwrap_or_default();
        return format!("{} {place}", answer.status);
    }
    if answer.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json") {
        return format!("{} {}", answer.status, answer.problem().1);
    }
    answer.status.to_string()
}

/// What an answer says besides the name that was asked for.
fn without(answer: &Answer, name: &str) -> String {
    answer.body.replace(&format!("account={name}"), "…").replace(&format!("account%3D{name}"), "…")
}

/// The lines of two answers that are not the same.
fn differences(one: &str, other: &str) -> String {
    let tags = |body: &str| body.replace('<', "\n<").lines().map(str::to_owned).collect::<Vec<_>>();
    let pairs = tags(one).into_iter().zip(tags(other)).filter(|(one, other)| one != other);
    pairs.take(5).map(|(one, other)| format!("{one} | {other}")).collect::<Vec<_>>().join("\n")
}

/// One actor's line: the same for all accounts, or each by itself.
async fn line(app: &App, who: &Actor<'_>, endpoint: &Endpoint, how: As) -> String {
    if !takes_account(endpoint) {
        let answer = ask(who.browser, endpoint, how, None).await;
        app.begins_again().await;
        return told(&answer);
    }
    let mut cells = vec![];
    for (name, account) in [("own", who.own), ("foreign", who.foreign), ("unknown", NOBODYS)] {
        let answer = ask(who.browser, endpoint, how, Some(account)).await;
        app.begins_again().await;
        cells.push((name, account, told(&answer), answer));
    }
    let ((.., foreign_name, foreign), (.., unknown_name, unknown)) = ((cells[1].1, &cells[1].3), (cells[2].1, &cells[2].3));
    let (foreign, unknown) = (without(foreign, foreign_name), without(unknown, unknown_name));
    assert!(foreign == unknown, "{} {}: {}", who.name, endpoint.path, differences(&foreign, &unknown));
    if cells.iter().all(|cell| cell.2 == cells[0].2) {
        return cells[0].2.clone();
    }
    cells.iter().map(|(name, _, told, _)| format!("{name} {told}")).collect::<Vec<_>>().join(", ")
}

#[derive(Clone, Copy)]
struct Actor<'a> {
    name: &'static str,
    browser: &'a Browser,
    own: &'a str,
    foreign: &'a str,
}

impl App {
    /// Takes back what a cell of the matrix changed.
    async fn begins_again(&self) {
        self.db.run("UPDATE user_sessions SET revoked_at = NULL WHERE revoked_at IS NOT NULL").await;
        self.db.run("DELETE FROM subscriptions").await;
        self.db.run("DELETE FROM step_ups").await;
        self.db.run("DELETE FROM limits WHERE key LIKE 'step-up%' OR key LIKE 'copy%'").await;
        self.db.run("DELETE FROM accounts WHERE kind = 'workspace' AND slug NOT IN ('acme', 'evil-corp')").await;
        self.db
            .run("INSERT INTO memberships SELECT * FROM places p WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.id = p.id)")
            .await;
    }
}

/// What everybody is told by every endpoint.
async fn table(app: &App, actors: &[Actor<'_>]) -> String {
    let mut table = String::new();
    // Each at an address of their own: as one client they would be a flood, where the machine is fast enough.
    let browsers: Vec<Browser> = actors.iter().enumerate().map(|(number, who)| who.browser.elsewhere(number)).collect();
    let actors: Vec<Actor<'_>> = actors.iter().zip(&browsers).map(|(who, browser)| Actor { browser, ..*who }).collect();
    app.db.run("CREATE TABLE places AS SELECT * FROM memberships").await;
    for endpoint in keel::http::endpoints() {
        // However long the table takes, everybody has just proven who they are.
        app.db.run(&format!("UPDATE user_sessions SET proven_at = {}", app.keel.now().0)).await;
        writeln!(table, "\n{} {}, {}", endpoint.method, endpoint.path, endpoint.door).unwrap();
        let mut lines = vec![];
        for who in &actors {
            let person = line(app, who, &endpoint, As::Browser).await;
            let program = line(app, who, &endpoint, As::Program).await;
            lines.push((who.name, if program == person { person } else { format!("{person} | {program}") }));
        }
        if lines.iter().all(|(_, told)| *told == lines[0].1) {
            lines = vec![("everybody", lines[0].1.clone())];
        }
        for (name, told) in lines {
            writeln!(table, "  {name:9} {told}").unwrap();
        }
    }
    assert!(!table.contains("500") && !table.contains("503"), "{table}");
    table
}

/// The same of everybody in Acme, of Eve and of nobody.
async fn table_of_teams(app: &App) -> String {
    let cast = Cast::gather(app).await;
    let anonymous = app.browser();
    let acme = |name, browser| Actor { name, browser, own: ACME, foreign: EVIL_CORP };
    let actors = [
        acme("anonymous", &anonymous),
        Actor { name: "outsider", browser: &cast.eve, own: EVIL_CORP, foreign: ACME },
        acme("owner", &cast.olivia),
        acme("admin", &cast.adam),
        acme("member", &cast.max),
        acme("viewer", &cast.vera),
        acme("auditor", &cast.aude),
        Actor { name: "removed", browser: &cast.rob, own: "personal", foreign: ACME },
    ];
    table(app, &actors).await
}

const LEGEND: &str = "Who gets in where. Each endpoint for a browser (HTML) and, where it differs, for a program (JSON).\n\
    The account named is the actor's own, somebody else's (for the removed: the one they were in) or unknown;\n\
    one status means that it makes no difference. The auditor's role holds `audit:view` and nothing else.\n";

both! {
    async fn who_gets_in_where(app: App) {
        compare("tests/access/statuses.txt", &format!("{LEGEND}{}", table_of_teams(&app).await));
    }

    async fn who_gets_in_where_in_hybrid(app: App, with HYBRID) {
        let b2b = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access/statuses.txt")).unwrap();
        let same: Vec<&str> = b2b.split("\n\n").map(str::trim).collect();
        let hybrid = table_of_teams(&app).await;
        let others: String = hybrid.split("\n\n").map(str::trim).filter(|block| !same.contains(block)).fold(String::new(), |all, block| all + "\n" + block + "\n");
        compare("tests/access/statuses-hybrid.txt", &format!("{LEGEND}In hybrid. What is not here is as in b2b.\n{others}"));
    }

    async fn who_gets_in_where_in_b2c(app: App, with B2C) {
        let (anonymous, olivia, eve) = (app.browser(), app.sign_in("olivia@acme.example").await, app.sign_in("eve@evil.example").await);
        let accounts = [app.account("olivia@acme.example", "personal").await, app.account("eve@evil.example", "personal").await];
        let actors = [
            Actor { name: "anonymous", browser: &anonymous, own: "personal", foreign: &accounts[1] },
            Actor { name: "person", browser: &olivia, own: "personal", foreign: &accounts[1] },
            Actor { name: "another", browser: &eve, own: &accounts[1], foreign: &accounts[0] },
        ];
        compare("tests/access/statuses-b2c.txt", &format!("{LEGEND}In b2c, where everybody owns an account and nothing else.\n{}", table(&app, &actors).await));
    }

    async fn no_door_of_a_workspace_that_requires_two_steps_opens_to_a_session_of_one(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET two_step_required = TRUE WHERE slug = 'acme'").await;
        let others = ["visitor", "signed in", "platform:admin", "stripe's signature", "development"];
        let mut asked = 0;
        for endpoint in keel::http::endpoints().into_iter().filter(|endpoint| !others.contains(&endpoint.door)) {
            for browser in [&cast.olivia, &cast.adam, &cast.max] {
                let program = ask(browser, &endpoint, As::Program, Some(ACME)).await;
                assert_eq!(program.problem(), (403, "TWO_STEP_REQUIRED".to_owned()), "{} {}", endpoint.method, endpoint.path);
                let person = ask(browser, &endpoint, As::Browser, Some(ACME)).await;
                let told = told(&person);
                assert!(told == "303 /two-step/required" || (endpoint.kind != Kind::Page && told.starts_with("403")), "{} {told}", endpoint.path);
                for secret in ["max@acme.example", "Auditor"] {
                    assert!(!person.body.contains(secret) && !program.body.contains(secret), "{} tells {secret}", endpoint.path);
                }
                asked += 1;
            }
        }
        assert!(asked > 100, "{asked}");
        for path in ["/checkout?account=acme", "/checkout", "/private-dashboard", "/private-dashboard?account=acme"] {
            assert_eq!(told(&cast.max.get(path).await), "303 /two-step/required", "{path}");
        }
        assert_eq!(told(&cast.max.get("/private-dashboard?account=personal").await), "200", "other accounts stay open");
        assert_eq!(told(&cast.eve.get("/org-dashboard").await), "200", "other workspaces too");
    }

    async fn in_b2c_nothing_of_workspaces_exists(app: App, with B2C) {
        let browser = app.sign_in("olivia@acme.example").await;
        let pages = ["/org-dashboard", "/org-dashboard/billing", "/org-dashboard/anything", "/onboarding/workspace", "/workspaces/new", "/org-dashboard/admin"];
        for path in pages {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
            assert_eq!(app.browser().get(path).await.status, 404, "{path}, to a visitor");
        }
        let teams = ["/org-dashboard", "/workspaces", "/invitations"];
        let of_teams = |page: &&str| teams.iter().any(|root| page.starts_with(root)) || **page == *"/onboarding/workspace";
        let actions: Vec<&str> = declared().filter(|action| action.pages.iter().all(of_teams)).map(|action| action.url).collect();
        assert!(actions.len() >= 2, "{actions:?}");
        for path in actions.into_iter().chain(["/api/accounts/switch"]) {
            let fields = [("name", "Acme"), ("account", "personal")];
            assert_eq!(browser.form(path, &fields).await.status, 404, "{path}");
            let program = browser.json(path, &serde_json::json!({ "name": "Acme", "account": "personal" })).await;
            assert_eq!(program.problem(), (404, "NOT_FOUND".to_owned()), "{path}");
        }
        assert_eq!(browser.get("/private-dashboard").await.status, 200);
        assert_eq!(browser.get("/private-dashboard/billing").await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 0);
    }

    async fn in_hybrid_the_active_account_decides(app: App, with HYBRID) {
        let cast = Cast::gather(&app).await;
        for (browser, account, path, wanted) in [
            (&cast.olivia, ACME, "/org-dashboard", "200"),
            (&cast.olivia, ACME, "/org-dashboard/billing", "200"),
            (&cast.olivia, ACME, "/private-dashboard/billing", "303 /org-dashboard/billing"),
            (&cast.olivia, "personal", "/org-dashboard", "303 /private-dashboard"),
            (&cast.olivia, "personal", "/org-dashboard/billing", "303 /private-dashboard/billing"),
            (&cast.olivia, "personal", "/private-dashboard/billing", "200"),
            (&cast.adam, ACME, "/org-dashboard/billing", "200"),
            (&cast.max, ACME, "/org-dashboard/billing", "303 /private-dashboard"),
            (&cast.eve, ACME, "/org-dashboard", "404"),
            (&cast.rob, ACME, "/private-dashboard", "404"),
            (&cast.rob, "personal", "/private-dashboard", "200"),
            (&cast.rob, "personal", "/onboarding/workspace", "200"),
        ] {
            let answer = browser.get(&format!("{path}?account={account}")).await;
            assert_eq!(told(&answer), wanted, "{path} for {account}");
        }
        let order = |account| [("plan", "none"), ("account", account)];
        for (browser, wanted) in [(&cast.olivia, 400), (&cast.adam, 400), (&cast.max, 403), (&cast.aude, 403), (&cast.eve, 404)] {
            assert_eq!(browser.form("/api/billing/checkout", &order(ACME)).await.status, wanted);
        }
    }
}
