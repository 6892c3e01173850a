//! The letters Keel writes.

use super::enqueue;
use super::render::Letter;
use crate::Keel;
use crate::db::Tx;
use crate::refusal::Result;
use crate::sign_in::LIFE;
use keel_text::{EN, fill};
use keel_types::Email;
use keel_types::time::MINUTE;

/// The link and the code of a sign-in.
pub(crate) async fn sign_in(tx: &mut Tx, keel: &Keel, to: &Email, path: &str, code: &str) -> Result<()> {
    let text = &EN.mail;
    let minutes = (LIFE / MINUTE).to_string();
    let letter = Letter {
        subject: fill(text.sign_in_subject, &[("code", &code)]),
        heading: text.sign_in_heading,
        before: fill(text.sign_in_text, &[("minutes", &minutes)]),
        button: text.sign_in_button,
        before_plain: fill(text.sign_in_link, &[("minutes", &minutes)]),
        link: format!("{}{path}", keel.settings().base_url),
        after: text.sign_in_code,
        code,
        reason: fill(text.reason, &[("email", to)]),
    };
    enqueue(tx, to, &letter, keel.now()).await
}
