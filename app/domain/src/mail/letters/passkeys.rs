//! What people are told about their passkeys, whether they like it or not.

use super::notices::{Notice, tell};
use crate::Keel;
use crate::db::Tx;
use crate::mail::names::inert;
use crate::refusal::Result;
use keel_text::{Catalogue, fill};
use keel_types::Email;

/// Subject, heading and text.
type Words = [&'static str; 3];

/// One was added.
pub(crate) async fn added(tx: &mut Tx, keel: &Keel, to: &Email, name: &str) -> Result<()> {
    send(tx, keel, to, name, |all| [all.passkeys.added_subject, all.passkeys.added_heading, all.passkeys.added_text]).await
}

/// One was removed.
pub(crate) async fn removed(tx: &mut Tx, keel: &Keel, to: &Email, name: &str) -> Result<()> {
    send(tx, keel, to, name, |all| [all.passkeys.removed_subject, all.passkeys.removed_heading, all.passkeys.removed_text]).await
}

/// One was used whose counter went back: there may be two of it.
pub(crate) async fn copied(tx: &mut Tx, keel: &Keel, to: &Email, name: &str) -> Result<()> {
    send(tx, keel, to, name, |all| [all.passkeys.copied_subject, all.passkeys.copied_heading, all.passkeys.copied_text]).await
}

async fn send(tx: &mut Tx, keel: &Keel, to: &Email, name: &str, words: fn(&'static Catalogue) -> Words) -> Result<()> {
    let notice = |all: &'static Catalogue| {
        let [subject, heading, text] = words(all);
        Notice {
            subject: subject.to_owned(),
            heading,
            text: fill(text, &[("name", &inert(name)), ("email", to)]),
            button: Some([all.passkeys.mail_button, all.passkeys.mail_link]),
            reason: all.mail.changed_reason.to_owned(),
        }
    };
    tell(tx, keel, to, None, notice).await
}
