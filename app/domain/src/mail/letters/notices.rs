//! The shape of a notice about how somebody signs in: what happened, and the page where they look after that. Nobody can turn it off.

use super::{address, enqueue};
use crate::Keel;
use crate::db::Tx;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::{Catalogue, Lang};
use keel_types::{Email, url};

/// What it says.
pub(super) struct Notice {
    pub subject: String,
    pub heading: &'static str,
    pub text: String,
    /// The button to the page of security: its label, and what stands before its address. None where that page is of no help.
    pub button: Option<[&'static str; 2]>,
    pub reason: String,
}

/// Queues what `notice` says in the reader's language, or the sender's where theirs is not known.
pub(super) async fn tell(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    sender: Option<Lang>,
    notice: impl FnOnce(&'static Catalogue) -> Notice,
) -> Result<()> {
    let reader = Recipient::find(tx, to, sender).await?;
    let Notice { subject, heading, text, button, reason } = notice(reader.text());
    let button = button.map(|[label, before]| Button { label, before, address: address(keel, url::SECURITY) });
    let letter = Letter { lang: reader.lang, subject, heading, text, button, digits: None, reason, end: None };
    enqueue(tx, to, &letter, keel.now()).await
}
