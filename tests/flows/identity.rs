//! Who somebody is, and how they change it: their address, their password, their sessions; and what attackers try with them.

use crate::support::{Answer, App, Browser};
use serde_json::{Value, json};

mod addresses;
mod attacks;
mod browsers;
mod passwords;
mod sessions;

const OLIVIA: &str = "olivia@acme.example";
const SECURITY: &str = "/private-dashboard/settings/security";
const PASSWORD: &str = "a long walk on the quay";
const END: &str = "/api/auth/end-session";
const END_OTHERS: &str = "/api/auth/end-other-sessions";
const NEW_SIGN_IN: &str = "New sign-in to your account at Keel";
const LIVE_SESSIONS: &str = "SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL";

/// Somebody who has just signed up with a password.
async fn with_password(app: &App, email: &str) -> Browser {
    let browser = app.browser();
    browser.form("/api/auth/sign-up", &[("email", email), ("password", PASSWORD)]).await.leads_to("/verify");
    let code = app.code(email).await;
    assert_eq!(browser.form("/api/auth/verify-otp", &[("code", &code)]).await.status, 303);
    browser
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.copy().get(SECURITY).await.status == 200
}

/// The id of the only session of this browser.
async fn session_of(app: &App, browser: &Browser) -> String {
    let token = keel_domain::secrets::PlainToken::parse(&browser.cookie("keel_session").unwrap()).unwrap();
    app.db.text(&format!("SELECT id FROM user_sessions WHERE token_hash = '{}'", token.hashed().as_str())).await
}

async fn ends(browser: &Browser, session: &str) -> Answer {
    browser.json(END, &json!({ "session": session })).await
}

/// What is wrong with the only field that is: its name, and why.
fn fault(answer: &Answer) -> (String, String) {
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{}", answer.body);
    let error = &answer.json()["errors"][0];
    (error["field"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
}

/// The mails to an address with this subject, the newest first.
async fn mails_about(app: &App, to: &str, subject: &str) -> Vec<Value> {
    let mails: Value = app.browser().get(&format!("/dev/mailbox.json?to={to}")).await.json();
    mails.as_array().unwrap().iter().filter(|mail| mail["subject"] == subject).cloned().collect()
}
