//! Letters about sessions.

use super::notices::{Notice, tell};
use crate::Keel;
use crate::access::Asked;
use crate::agents::Agent;
use crate::db::Tx;
use crate::refusal::Result;
use keel_text::{Catalogue, fill};
use keel_types::Email;

/// Somebody signed in as the person, in a browser that is not known to be theirs.
pub(crate) async fn signed_in(tx: &mut Tx, keel: &Keel, to: &Email, asked: &Asked) -> Result<()> {
    let notice = |all: &'static Catalogue| {
        let text = &all.sessions;
        let (device, at) = (Agent::read(&asked.agent).words(all), all.date_time(keel.now()));
        let place = if asked.address.is_empty() { text.unknown_address } else { asked.address.as_str() };
        Notice {
            subject: text.signed_in_subject.to_owned(),
            heading: text.signed_in_heading,
            text: fill(text.signed_in_text, &[("email", to), ("device", &device), ("address", &place), ("at", &at)]),
            button: Some([text.signed_in_button, text.signed_in_link]),
            reason: all.mail.changed_reason.to_owned(),
        }
    };
    tell(tx, keel, to, None, notice).await
}
