//! Who somebody is, and how they change it: their address, their password, their sessions; and what attackers try with them.

use crate::support::{App, Browser};
use serde_json::Value;

mod addresses;
mod attacks;
mod passwords;
mod sessions;

const OLIVIA: &str = "olivia@acme.example";
const SECURITY: &str = "/private-dashboard/settings/security";
const PASSWORD: &str = "a long walk on the quay";
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

/// What is wrong with the only field that is: its name, and why.
fn fault(answer: &crate::support::Answer) -> (String, String) {
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{}", answer.body);
    let error = &answer.json()["errors"][0];
    (error["field"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
}

/// The mails to an address with this subject, the newest first.
async fn mails_about(app: &App, to: &str, subject: &str) -> Vec<Value> {
    let mails: Value = app.browser().get(&format!("/dev/mailbox.json?to={to}")).await.json();
    mails.as_array().unwrap().iter().filter(|mail| mail["subject"] == subject).cloned().collect()
}
