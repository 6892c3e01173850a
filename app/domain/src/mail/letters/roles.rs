//! Letters about what became of a role, to those who have it.

use super::{address, enqueue};
use crate::Keel;
use crate::accounts::dashboard;
use crate::db::Tx;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::fill;
use keel_types::{Email, Permissions, Role, url};

/// Where somebody has which role.
pub(crate) struct Place<'a> {
    /// The id of the workspace.
    pub account: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The role.
    pub role: &'a Role,
}

/// The role allows other things from now on.
pub(crate) async fn altered(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    place: &Place<'_>,
    added: Permissions,
    removed: Permissions,
) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let list = |which: Permissions| which.iter().map(|one| reader.text().permission(one)).collect::<Vec<_>>().join(", ");
    let more = [(text.role_altered_added, added), (text.role_altered_removed, removed)];
    let more = more.into_iter().filter(|(_, which)| !which.is_empty()).map(|(line, which)| fill(line, &[("list", &list(which))]));
    let body: Vec<String> = std::iter::once(text.role_altered_text.to_owned()).chain(more).collect();
    write(tx, keel, to, &reader, place, [text.role_altered_subject, text.role_altered_heading, &body.join(" ")], "").await
}

/// The role that somebody had is no more; this one is theirs.
pub(crate) async fn replaced(tx: &mut Tx, keel: &Keel, to: &Email, place: &Place<'_>, ended: &str) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    write(tx, keel, to, &reader, place, [text.role_changed_subject, text.role_changed_heading, text.role_replaced_text], ended).await
}

/// Subject, heading and body with the names in them.
async fn write(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    reader: &Recipient,
    place: &Place<'_>,
    [subject, heading, body]: [&str; 3],
    ended: &str,
) -> Result<()> {
    let text = &reader.text().mail;
    let (account, role, before) = (inert(place.name), inert(reader.text().role(&place.role.name)), inert(ended));
    let filled = |text| fill(text, &[("account", &account), ("role", &role), ("before", &before)]);
    let dashboard = url::about(dashboard(place.role.is_manager()), place.account);
    let letter = Letter {
        lang: reader.lang,
        subject: filled(subject),
        heading,
        text: filled(body),
        button: Some(Button { label: text.role_changed_button, before: text.role_changed_link, address: address(keel, &dashboard) }),
        digits: None,
        reason: filled(text.membership_reason),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}
