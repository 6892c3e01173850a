//! Letters about two-step verification.

use super::notices::{Notice, tell};
use super::{address, enqueue};
use crate::Keel;
use crate::db::Tx;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::{Catalogue, MailTwoStep, fill};
use keel_types::{Email, url};

/// It is on, with an app the person has just set up.
pub(crate) async fn turned_on(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    send(tx, keel, to, |text| (text.on_subject, text.on_heading, text.on_text.to_owned())).await
}

/// It is off.
pub(crate) async fn turned_off(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    send(tx, keel, to, |text| (text.off_subject, text.off_heading, text.off_text.to_owned())).await
}

/// There are other recovery codes.
pub(crate) async fn new_codes(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    send(tx, keel, to, |text| (text.codes_subject, text.codes_heading, text.codes_text.to_owned())).await
}

/// A recovery code was used; so many are left.
pub(crate) async fn recovery_code_used(tx: &mut Tx, keel: &Keel, to: &Email, left: i64) -> Result<()> {
    send(tx, keel, to, |text| (text.used_subject, text.used_heading, fill(text.used_text, &[("left", &left)]))).await
}

/// Somebody had the first factor, and tried in vain to guess the second.
pub(crate) async fn guessed(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    send(tx, keel, to, |text| (text.guessed_subject, text.guessed_heading, text.guessed_text.to_owned())).await
}

/// Subject, heading and text.
type Words = (&'static str, &'static str, String);

async fn send(tx: &mut Tx, keel: &Keel, to: &Email, words: impl FnOnce(&'static MailTwoStep) -> Words) -> Result<()> {
    let notice = |all: &'static Catalogue| {
        let text = &all.mail_two_step;
        let (subject, heading, body) = words(text);
        Notice {
            subject: subject.to_owned(),
            heading,
            text: body,
            button: Some([text.button, text.link]),
            reason: fill(text.reason, &[("email", to)]),
        }
    };
    tell(tx, keel, to, None, notice).await
}

/// A workspace of the person's requires it, and they have none.
pub(crate) async fn required(tx: &mut Tx, keel: &Keel, to: &Email, account: &str, slug: &str) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail_two_step;
    let account = inert(account);
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.required_subject, &[("account", &account)]),
        heading: text.required_heading,
        text: fill(text.required_text, &[("account", &account)]),
        button: Some(Button {
            label: text.required_button,
            before: text.required_link,
            address: address(keel, &url::about("/private-dashboard", slug)),
        }),
        digits: None,
        reason: fill(reader.text().mail.membership_reason, &[("account", &account)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}
