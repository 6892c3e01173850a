//! Letters about accounts elsewhere by which somebody signs in. They cannot be turned off.

use super::{address, enqueue};
use crate::Keel;
use crate::db::Tx;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::{Catalogue, fill};
use keel_types::{Email, url};

/// One can sign in as the person by an account elsewhere from now on.
pub(crate) async fn linked(tx: &mut Tx, keel: &Keel, to: &Email, provider: &str, label: &str) -> Result<()> {
    let words = |text: &'static Catalogue| {
        let text = &text.providers;
        [text.linked_subject, text.linked_heading, text.linked_text]
    };
    write(tx, keel, to, provider, label, words).await
}

/// One cannot any more.
pub(crate) async fn unlinked(tx: &mut Tx, keel: &Keel, to: &Email, provider: &str, label: &str) -> Result<()> {
    let words = |text: &'static Catalogue| {
        let text = &text.providers;
        [text.unlinked_subject, text.unlinked_heading, text.unlinked_text]
    };
    write(tx, keel, to, provider, label, words).await
}

/// Subject, heading and body, with the names in them.
async fn write(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    provider: &str,
    label: &str,
    words: impl FnOnce(&'static Catalogue) -> [&'static str; 3],
) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = reader.text();
    let [subject, heading, body] = words(text);
    let (provider, label) = (keel.settings().provider_name(provider), inert(label));
    let letter = Letter {
        lang: reader.lang,
        subject: fill(subject, &[("provider", &provider)]),
        heading,
        text: fill(body, &[("provider", &provider), ("name", &label), ("email", to)]),
        button: Some(Button { label: text.providers.mail_button, before: text.providers.mail_link, address: address(keel, url::SECURITY) }),
        digits: None,
        reason: text.mail.changed_reason.to_owned(),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}
