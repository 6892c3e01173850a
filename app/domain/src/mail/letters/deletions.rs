//! Letters about the deletion of a workspace, to everybody in it.

use super::{address, enqueue};
use crate::Keel;
use crate::db::Tx;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::{Mail, fill};
use keel_types::{AccountId, Email, Instant, url};

/// What they are about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    /// The workspace.
    pub id: &'a AccountId,
    /// Its name.
    pub account: &'a str,
    /// Who wanted it.
    pub by: &'a str,
    /// When the workspace is deleted.
    pub due: Instant,
}

/// The workspace will be deleted.
pub(crate) async fn scheduled(tx: &mut Tx, keel: &Keel, to: &Email, about: About<'_>) -> Result<()> {
    write(tx, keel, to, about, |text| [text.deletion_subject, text.deletion_heading, text.deletion_text], true).await
}

/// It will not.
pub(crate) async fn canceled(tx: &mut Tx, keel: &Keel, to: &Email, about: About<'_>) -> Result<()> {
    let texts = |text: &Mail| [text.deletion_canceled_subject, text.deletion_canceled_heading, text.deletion_canceled_text];
    write(tx, keel, to, about, texts, true).await
}

/// It was.
pub(crate) async fn completed(tx: &mut Tx, keel: &Keel, to: &Email, about: About<'_>) -> Result<()> {
    let texts = |text: &Mail| [text.deletion_completed_subject, text.deletion_completed_heading, text.deletion_completed_text];
    write(tx, keel, to, about, texts, false).await
}

/// Subject, heading and body are chosen of the reader's texts.
async fn write(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    about: About<'_>,
    texts: impl FnOnce(&Mail) -> [&'static str; 3],
    opens: bool,
) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let (account, by, due) = (inert(about.account), inert(about.by), reader.text().date(about.due));
    let [subject, heading, body] = texts(text);
    let filled = |text| fill(text, &[("account", &account), ("by", &by), ("date", &due)]);
    let label = filled(text.deletion_button);
    let place = url::about("/private-dashboard", about.id.as_str());
    let letter = Letter {
        lang: reader.lang,
        subject: filled(subject),
        heading,
        text: filled(body),
        button: opens.then(|| Button { label: &label, before: text.deletion_link, address: address(keel, &place) }),
        digits: None,
        reason: filled(text.membership_reason),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}
