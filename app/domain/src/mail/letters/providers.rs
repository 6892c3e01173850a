//! Letters about accounts elsewhere by which somebody signs in. They cannot be turned off.

use super::notices::{Notice, tell};
use crate::Keel;
use crate::db::Tx;
use crate::mail::names::inert;
use crate::refusal::Result;
use keel_text::{Catalogue, fill};
use keel_types::Email;

/// Subject, heading and text.
type Words = [&'static str; 3];

/// One can sign in as the person by an account elsewhere from now on.
pub(crate) async fn linked(tx: &mut Tx, keel: &Keel, to: &Email, provider: &str, label: &str) -> Result<()> {
    let words = |all: &'static Catalogue| [all.providers.linked_subject, all.providers.linked_heading, all.providers.linked_text];
    send(tx, keel, to, [provider, label], words).await
}

/// One cannot any more.
pub(crate) async fn unlinked(tx: &mut Tx, keel: &Keel, to: &Email, provider: &str, label: &str) -> Result<()> {
    let words = |all: &'static Catalogue| [all.providers.unlinked_subject, all.providers.unlinked_heading, all.providers.unlinked_text];
    send(tx, keel, to, [provider, label], words).await
}

async fn send(tx: &mut Tx, keel: &Keel, to: &Email, [provider, label]: [&str; 2], words: fn(&'static Catalogue) -> Words) -> Result<()> {
    let (provider, label) = (keel.settings().provider_name(provider), inert(label));
    let notice = |all: &'static Catalogue| {
        let [subject, heading, text] = words(all);
        Notice {
            subject: fill(subject, &[("provider", &provider)]),
            heading,
            text: fill(text, &[("provider", &provider), ("name", &label), ("email", to)]),
            button: Some([all.providers.mail_button, all.providers.mail_link]),
            reason: all.mail.changed_reason.to_owned(),
        }
    };
    tell(tx, keel, to, None, notice).await
}
