//! Letters about invitations. They carry what people called themselves and their workspaces: made inert, so that a name is
//! no link and no header.

use super::{address, enqueue, person};
use crate::Keel;
use crate::access::Caller;
use crate::db::Tx;
use crate::invitations::LIFE;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::notices::Notice;
use crate::refusal::Result;
use keel_text::fill;
use keel_types::time::DAY;
use keel_types::{Email, Role};

/// Who invites to what, and the link to it.
pub(crate) async fn invitation(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    inviter: &Caller,
    account: &str,
    role: &Role,
    path: &str,
) -> Result<()> {
    let reader = Recipient::find(tx, to, inviter.lang).await?;
    let text = &reader.text().mail;
    let (name, account, role) = (person(inviter), inert(account), inert(reader.text().role(&role.name)));
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.invitation_subject, &[("inviter", &name), ("account", &account)]),
        heading: &fill(text.invitation_heading, &[("account", &account)]),
        text: fill(
            text.invitation_text,
            &[("inviter", &with_address(inviter)), ("account", &account), ("role", &role), ("days", &(LIFE / DAY))],
        ),
        button: Some(Button { label: text.invitation_button, before: text.invitation_link, address: address(keel, path) }),
        digits: None,
        reason: fill(text.invitation_reason, &[("inviter", &inviter.email), ("email", to)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// Somebody accepted: for inviters who want to know.
pub(crate) async fn joined(tx: &mut Tx, keel: &Keel, to: &Email, who: &Caller, account: &str, role: &Role) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let Some(end) = reader.end_of(keel, Notice::Members) else { return Ok(()) };
    let text = &reader.text().mail;
    let (account, role) = (inert(account), inert(reader.text().role(&role.name)));
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.joined_subject, &[("name", &person(who)), ("account", &account)]),
        heading: text.joined_heading,
        text: fill(text.joined_text, &[("name", &with_address(who)), ("account", &account), ("role", &role)]),
        button: None,
        digits: None,
        reason: fill(text.answer_reason, &[("email", &who.email), ("account", &account)]),
        end: Some(end),
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// Somebody declined: for inviters who want to know.
pub(crate) async fn declined(tx: &mut Tx, keel: &Keel, to: &Email, who: &Email, account: &str) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let Some(end) = reader.end_of(keel, Notice::Members) else { return Ok(()) };
    let text = &reader.text().mail;
    let account = inert(account);
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.declined_subject, &[("email", who), ("account", &account)]),
        heading: text.declined_heading,
        text: fill(text.declined_text, &[("email", who), ("account", &account)]),
        button: None,
        digits: None,
        reason: fill(text.answer_reason, &[("email", who), ("account", &account)]),
        end: Some(end),
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// The name with the proven address behind it: anybody can take any name.
fn with_address(who: &Caller) -> String {
    if who.name.is_some() { format!("{} ({})", person(who), who.email) } else { person(who) }
}
