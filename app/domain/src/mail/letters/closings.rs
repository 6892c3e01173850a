//! Letters about the closing of a person's own account, to them.

use super::{address, enqueue};
use crate::Keel;
use crate::closings::Tie;
use crate::db::Tx;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::{Catalogue, fill};
use keel_types::{Email, Instant};

/// Where it is taken back.
const PAGE: &str = "/private-dashboard/settings/data";

/// The account will be closed, and these workspaces deleted with it.
pub(crate) async fn scheduled(tx: &mut Tx, keel: &Keel, to: &Email, due: Instant, along: &[Tie]) -> Result<()> {
    write(tx, keel, to, true, |text| {
        let (mail, date) = (&text.mail, text.date(due));
        let mut what = fill(mail.closing_text, &[("email", &to), ("date", &date)]);
        if !along.is_empty() {
            what.push(' ');
            what.push_str(&fill(mail.closing_along, &[("workspaces", &names(along))]));
        }
        [fill(mail.closing_subject, &[("date", &date)]), mail.closing_heading.to_owned(), what]
    })
    .await
}

/// It stays.
pub(crate) async fn canceled(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    write(tx, keel, to, false, |text| {
        let mail = &text.mail;
        let what = fill(mail.closing_canceled_text, &[("email", &to)]);
        [mail.closing_canceled_subject.to_owned(), mail.closing_canceled_heading.to_owned(), what]
    })
    .await
}

/// It stays, because these workspaces need their owner.
pub(crate) async fn kept(tx: &mut Tx, keel: &Keel, to: &Email, needed: &[Tie]) -> Result<()> {
    write(tx, keel, to, true, |text| {
        let mail = &text.mail;
        let what = fill(mail.closing_kept_text, &[("email", &to), ("workspaces", &names(needed))]);
        [mail.closing_kept_subject.to_owned(), mail.closing_canceled_heading.to_owned(), what]
    })
    .await
}

/// It is closed.
pub(crate) async fn closed(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    write(tx, keel, to, false, |text| {
        let mail = &text.mail;
        let what = fill(mail.closed_text, &[("email", &to)]);
        [mail.closed_subject.to_owned(), mail.closed_heading.to_owned(), what]
    })
    .await
}

fn names(ties: &[Tie]) -> String {
    ties.iter().map(|tie| inert(&tie.name)).collect::<Vec<_>>().join(", ")
}

/// Subject, heading and body are made of the reader's texts.
async fn write(tx: &mut Tx, keel: &Keel, to: &Email, opens: bool, texts: impl FnOnce(&'static Catalogue) -> [String; 3]) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let [subject, heading, body] = texts(reader.text());
    let button = Button { label: text.closing_button, before: text.closing_link, address: address(keel, PAGE) };
    let letter = Letter {
        lang: reader.lang,
        subject,
        heading: &heading,
        text: body,
        button: opens.then_some(button),
        digits: None,
        reason: fill(text.closing_reason, &[("email", &to)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}
