//! What people are told about their passkeys, whether they like it or not.

use super::super::enqueue;
use super::super::names::inert;
use super::super::recipients::Recipient;
use super::super::render::{Button, Letter};
use super::address;
use crate::Keel;
use crate::db::Tx;
use crate::refusal::Result;
use keel_text::{Catalogue, fill};
use keel_types::Email;

/// Where passkeys are seen and removed.
const PAGE: &str = "/private-dashboard/settings/security";

/// Subject, heading and text.
type Words = (&'static str, &'static str, &'static str);

/// One was added.
pub(crate) async fn added(tx: &mut Tx, keel: &Keel, to: &Email, name: &str) -> Result<()> {
    send(tx, keel, to, name, |text| (text.passkeys.added_subject, text.passkeys.added_heading, text.passkeys.added_text)).await
}

/// One was removed.
pub(crate) async fn removed(tx: &mut Tx, keel: &Keel, to: &Email, name: &str) -> Result<()> {
    send(tx, keel, to, name, |text| (text.passkeys.removed_subject, text.passkeys.removed_heading, text.passkeys.removed_text)).await
}

/// One was used whose counter went back: there may be two of it.
pub(crate) async fn copied(tx: &mut Tx, keel: &Keel, to: &Email, name: &str) -> Result<()> {
    send(tx, keel, to, name, |text| (text.passkeys.copied_subject, text.passkeys.copied_heading, text.passkeys.copied_text)).await
}

async fn send(tx: &mut Tx, keel: &Keel, to: &Email, name: &str, words: fn(&Catalogue) -> Words) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = reader.text();
    let (subject, heading, body) = words(text);
    let letter = Letter {
        lang: reader.lang,
        subject: subject.to_owned(),
        heading,
        text: fill(body, &[("name", &inert(name)), ("email", to)]),
        button: Some(Button { label: text.passkeys.mail_button, before: text.passkeys.mail_link, address: address(keel, PAGE) }),
        digits: None,
        reason: text.mail.changed_reason.to_owned(),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}
