//! Letters about sessions.

use super::{address, enqueue};
use crate::Keel;
use crate::access::Asked;
use crate::agents::Agent;
use crate::db::Tx;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::fill;
use keel_types::{Email, url};

/// Somebody signed in as the person, in a browser that is not known to be theirs.
pub(crate) async fn signed_in(tx: &mut Tx, keel: &Keel, to: &Email, asked: &Asked) -> Result<()> {
    let (reader, now) = (Recipient::find(tx, to, None).await?, keel.now());
    let text = &reader.text().sessions;
    let (device, at) = (Agent::read(&asked.agent).words(reader.text()), reader.text().date_time(now));
    let place = if asked.address.is_empty() { text.unknown_address } else { asked.address.as_str() };
    let letter = Letter {
        lang: reader.lang,
        subject: text.signed_in_subject.to_owned(),
        heading: text.signed_in_heading,
        text: fill(text.signed_in_text, &[("email", to), ("device", &device), ("address", &place), ("at", &at)]),
        button: Some(Button { label: text.signed_in_button, before: text.signed_in_link, address: address(keel, url::SECURITY) }),
        digits: None,
        reason: reader.text().mail.changed_reason.to_owned(),
        end: None,
    };
    enqueue(tx, to, &letter, now).await
}
