//! Signing in by accounts elsewhere: who becomes whom, and what proves it.

mod attacks;
mod familiar;
mod linking;
mod onward;
mod races;
mod takeovers;
mod trouble;

use crate::both;
use crate::support::{Answer, App, Browser, CLIENT, Issuer};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

const OLIVIA: &str = "olivia@acme.example";
const SECURITY: &str = "/private-dashboard/settings/security";
const LINK: &str = "/api/user/link-provider";
const UNLINK: &str = "/api/user/unlink-provider";

/// One provider called Acme, and another called Evil.
fn settings() -> Vec<(&'static str, &'static str)> {
    [set_up("ACME"), set_up("EVIL")].concat()
}

/// The settings of one provider, which is opened.
fn set_up(word: &str) -> Vec<(&'static str, &'static str)> {
    let name = |ending: &str| -> &'static str { format!("OAUTH_{word}_{ending}").leak() };
    vec![(name("CLIENT_ID"), CLIENT.0), (name("CLIENT_SECRET"), CLIENT.1), (name("ISSUER"), Issuer::open().leak())]
}

/// The provider that was set up first, or after it.
fn issuer(app: &App, number: usize) -> Arc<Issuer> {
    Issuer::at(&app.keel.settings().providers[number].issuer)
}

/// Begins to link an account at Acme.
async fn linking<'a>(app: &App, browser: &'a Browser) -> Trip<'a> {
    let answer = browser.form(LINK, &[("provider", "acme")]).await;
    Trip::sent(app, browser, "acme", &answer)
}

/// Gives the only person there is a passkey, which nobody holds.
async fn lays_up_a_passkey(app: &App) {
    app.db
        .run(
            "INSERT INTO passkeys (id, user_id, name, credential_id, user_handle, credential, created_at)
             SELECT 'pky_00000000000000000000000000000001', id, 'Laptop', 'one', 'hers', '{}', 1 FROM users",
        )
        .await;
}

/// A browser on its way to a provider and back.
struct Trip<'a> {
    browser: &'a Browser,
    issuer: Arc<Issuer>,
    provider: String,
    sent: HashMap<String, String>,
}

impl<'a> Trip<'a> {
    /// From the form of signing in.
    async fn begin(app: &App, browser: &'a Browser, provider: &str, fields: &[(&str, &str)]) -> Self {
        let answer = browser.form(&format!("/auth/oauth/{provider}"), fields).await;
        Self::sent(app, browser, provider, &answer)
    }

    /// From a page that leads the browser on there.
    fn sent(app: &App, browser: &'a Browser, provider: &str, answer: &Answer) -> Self {
        let base = &app.keel.settings().providers.iter().find(|one| one.slug == provider).unwrap().issuer;
        let address = answer.onward();
        let (place, query) = address.split_once('?').unwrap();
        assert!(place.starts_with(base.as_str()), "{place}");
        let sent: HashMap<String, String> = serde_urlencoded::from_str(query).unwrap();
        assert_eq!((sent["client_id"].as_str(), sent["response_type"].as_str()), (CLIENT.0, "code"));
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_eq!(sent["redirect_uri"], format!("{}/auth/oauth/{provider}/callback", app.base));
        Self { browser, issuer: Issuer::at(base), provider: provider.to_owned(), sent }
    }

    fn claims(&self, who: &Value) -> Value {
        self.issuer.claims(self.sent.get("nonce").map(String::as_str).unwrap_or_default(), who)
    }

    /// Back with a code that stands for this token, or GitHub's person.
    async fn back_with(&self, token: impl Into<Value>) -> Answer {
        let code = keel_domain::secrets::reference();
        self.issuer.promises(&code, &self.sent["code_challenge"], token.into());
        self.browser.get(&self.back(&code)).await
    }

    /// Back as somebody.
    async fn back_as(&self, who: Value) -> Answer {
        self.back_with(self.issuer.signed(&self.claims(&who))).await
    }

    fn back(&self, code: &str) -> String {
        format!("/auth/oauth/{}/callback?code={code}&state={}", self.provider, self.sent["state"])
    }
}

/// Somebody at Acme whose address it vouches for.
fn vouched(subject: &str, email: &str) -> Value {
    json!({ "sub": subject, "email": email, "email_verified": true })
}

async fn count(app: &App, table: &str) -> i64 {
    app.db.number(&format!("SELECT COUNT(*) FROM {table}")).await
}

/// Whether somebody is signed in.
async fn is_in(browser: &Browser) -> bool {
    browser.get("/private-dashboard/settings").await.status == 200
}

both! {
    async fn a_vouched_address_that_nobody_has_makes_the_person(app: App, with &settings()) {
        let first = app.browser();
        let page = first.get("/login?redirectTo=%2Fcheckout").await;
        assert!(page.body.contains("Continue with Acme") && page.body.contains("Continue with Evil"), "{}", page.body);
        let form = page.form_to("/auth/oauth/acme");
        let fields = form.filled(&[]);
        Trip::begin(&app, &first, "acme", &fields).await.back_as(vouched("7", OLIVIA)).await.leads_to("/checkout");
        assert!(is_in(&first).await);
        assert_eq!(first.cookie("keel_trip"), None, "the trip is over");
        let mine = "SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = 'olivia@acme.example'";
        assert_eq!(app.db.number(mine).await, 2, "the personal account and one workspace");
        assert_eq!(app.db.text("SELECT factor FROM user_sessions").await, "provider");

        let second = app.browser();
        let changed = json!({ "sub": "7", "email": "someone@else.example", "email_verified": false });
        Trip::begin(&app, &second, "acme", &[]).await.back_as(changed).await.leads_to("/onboarding");
        assert!(is_in(&second).await);
        assert_eq!((count(&app, "users").await, count(&app, "identities").await), (1, 1));
        assert_eq!(app.db.text("SELECT email FROM users").await, OLIVIA, "what the provider says now changes nothing here");
        assert_eq!(count(&app, "accounts WHERE kind = 'workspace'").await, 1);
        app.sign_in(OLIVIA).await;
        assert_eq!(count(&app, "users").await, 1, "the mailbox is another way to the same person");
    }

    async fn an_address_that_somebody_has_is_proven_before_it_is_linked(app: App, with &settings()) {
        app.sign_in(OLIVIA).await;
        let browser = app.browser();
        let trip = Trip::begin(&app, &browser, "acme", &[("redirectTo", "/pricing")]).await;
        trip.back_as(vouched("7", OLIVIA)).await.leads_to("/auth/address");
        assert!(!is_in(&browser).await && count(&app, "identities").await == 0, "nothing happened yet");
        let form = browser.get("/auth/address").await.form_to("/api/auth/prove-address");
        assert_eq!(form.value("email"), Some(OLIVIA));
        browser.form(&form.action, &form.filled(&[])).await.leads_to("/verify");
        assert_eq!(count(&app, "identities").await, 0);
        let code = app.code(OLIVIA).await;
        let answer = browser.form("/api/auth/verify-otp", &[("code", &code)]).await;
        answer.leads_to("/onboarding");
        assert!(is_in(&browser).await);
        assert_eq!((count(&app, "users").await, count(&app, "identities").await), (1, 1));
        assert_eq!(app.mail(OLIVIA).await["subject"], "You can sign in to Keel with Acme now");

        let next = app.browser();
        Trip::begin(&app, &next, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
        assert!(is_in(&next).await, "from now on without a mail");
    }

    async fn an_address_nobody_vouches_for_owns_nothing(app: App, with &settings()) {
        for who in [json!({ "sub": "1", "email": OLIVIA, "email_verified": false }), json!({ "sub": "2", "email": OLIVIA }), json!({ "sub": "3" }),
            json!({ "sub": "4", "email": "no address", "email_verified": true })] {
            let browser = app.browser();
            Trip::begin(&app, &browser, "acme", &[]).await.back_as(who).await.leads_to("/auth/address");
            assert!(!is_in(&browser).await);
            browser.form("/api/auth/prove-address", &[("email", OLIVIA)]).await.leads_to("/verify");
        }
        assert_eq!((count(&app, "users").await, count(&app, "identities").await), (0, 0));
        app.sign_in(OLIVIA).await;
        assert_eq!((count(&app, "users").await, count(&app, "identities").await), (1, 0), "the owner of the mailbox begins with nothing of theirs");
    }

    async fn a_proven_mailbox_makes_the_person_and_links_what_waited(app: App, with &settings()) {
        let browser = app.browser();
        Trip::begin(&app, &browser, "acme", &[("redirectTo", "/invitations/none")]).await.back_as(json!({ "sub": "3" })).await.leads_to("/auth/address");
        let refused = browser.form("/api/auth/prove-address?at=/auth/address", &[("email", "olivia")]).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        browser.form("/api/auth/prove-address", &[("email", OLIVIA)]).await.leads_to("/verify");
        let link = app.link_token(OLIVIA).await;
        browser.form("/api/auth/confirm-link", &[("token", &link)]).await.leads_to("/invitations/none");
        assert_eq!((count(&app, "users").await, count(&app, "identities").await), (1, 1));
        assert_eq!(count(&app, "accounts WHERE kind = 'workspace'").await, 0, "on the way to an invitation no workspace is made");
        assert_eq!(count(&app, "mail_outbox").await, 1, "somebody new is told nothing of linking");
    }

    async fn a_mailed_link_opened_elsewhere_links_nothing(app: App, with &settings()) {
        let (attacker, olivia) = (app.browser(), app.browser());
        Trip::begin(&app, &attacker, "evil", &[]).await.back_as(json!({ "sub": "666", "email": OLIVIA })).await.leads_to("/auth/address");
        attacker.form("/api/auth/prove-address", &[("email", OLIVIA)]).await.leads_to("/verify");
        let link = app.link_token(OLIVIA).await;
        olivia.form("/api/auth/confirm-link", &[("token", &link)]).await.location();
        assert!(is_in(&olivia).await && !is_in(&attacker).await);
        assert_eq!(count(&app, "identities").await, 0);
    }

    async fn without_settings_there_is_nothing_to_continue_with(app: App) {
        let browser = app.browser();
        assert!(!browser.get("/login").await.body.contains("/auth/oauth/"));
        assert_eq!(browser.form("/auth/oauth/google", &[]).await.status, 404);
        assert_eq!(browser.get("/auth/oauth/google/callback?code=a&state=b").await.status, 404);
        browser.get("/auth/address").await.leads_to("/login");
        let person = app.sign_in(OLIVIA).await;
        assert!(!person.get("/private-dashboard/settings/security").await.body.contains("Sign-in with other accounts"));
    }

    async fn a_provider_that_is_away_leads_back_with_a_message(app: App, with &[
        ("OAUTH_GONE_CLIENT_ID", "a"), ("OAUTH_GONE_CLIENT_SECRET", "b"), ("OAUTH_GONE_ISSUER", "http://127.0.0.1:1"),
    ]) {
        let browser = app.browser();
        browser.form("/auth/oauth/gone", &[("redirectTo", "/pricing")]).await.leads_to("/login?redirectTo=/pricing");
        assert!(browser.get("/login").await.body.contains("The other side does not answer"));
        let program = browser.json("/auth/oauth/gone", &json!({})).await;
        assert_eq!(program.problem(), (503, "UNAVAILABLE".to_owned()));
    }
}
