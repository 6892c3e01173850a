//! Letters about the address a person signs in with.

use super::notices::{Notice, tell};
use super::{address, enqueue, minutes, person};
use crate::Keel;
use crate::access::Caller;
use crate::db::Tx;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::{Catalogue, fill};
use keel_types::Email;

/// To the new address: a link that makes it the person's.
pub(crate) async fn confirm(tx: &mut Tx, keel: &Keel, to: &Email, by: &Caller, path: &str) -> Result<()> {
    let reader = Recipient::find(tx, to, by.lang).await?;
    let text = &reader.text().addresses;
    let letter = Letter {
        lang: reader.lang,
        subject: text.confirm_subject.to_owned(),
        heading: text.confirm_heading,
        text: fill(text.confirm_text, &[("by", &person(by)), ("minutes", &minutes())]),
        button: Some(Button { label: text.confirm_button, before: text.confirm_link, address: address(keel, path) }),
        digits: None,
        reason: fill(text.confirm_reason, &[("email", to)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// To whoever has the address that somebody else wants.
pub(crate) async fn taken(tx: &mut Tx, keel: &Keel, to: &Email, by: &Caller) -> Result<()> {
    let notice = |all: &'static Catalogue| {
        let text = &all.addresses;
        Notice {
            subject: text.taken_subject.to_owned(),
            heading: text.taken_heading,
            text: fill(text.taken_text, &[("email", to)]),
            button: None,
            reason: fill(text.confirm_reason, &[("email", to)]),
        }
    };
    tell(tx, keel, to, by.lang, notice).await
}

/// To the address there is: somebody wants another one, and where that is stopped.
pub(crate) async fn asked(tx: &mut Tx, keel: &Keel, by: &Caller, email: &Email) -> Result<()> {
    let notice = |all: &'static Catalogue| {
        let text = &all.addresses;
        Notice {
            subject: text.asked_subject.to_owned(),
            heading: text.asked_heading,
            text: fill(text.asked_text, &[("email", &by.email), ("new", email), ("minutes", &minutes())]),
            button: Some([text.asked_button, text.asked_link]),
            reason: all.mail.changed_reason.to_owned(),
        }
    };
    tell(tx, keel, &by.email, by.lang, notice).await
}

/// To the address there was: it is another one now. `by` is the person as they were.
pub(crate) async fn changed(tx: &mut Tx, keel: &Keel, by: &Caller, email: &Email) -> Result<()> {
    let notice = |all: &'static Catalogue| {
        let text = &all.addresses;
        Notice {
            subject: text.changed_subject.to_owned(),
            heading: text.changed_heading,
            text: fill(text.changed_text, &[("email", &by.email), ("new", email)]),
            button: None,
            reason: all.mail.changed_reason.to_owned(),
        }
    };
    tell(tx, keel, &by.email, by.lang, notice).await
}
