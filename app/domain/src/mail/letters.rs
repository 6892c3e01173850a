//! The letters Keel writes.

pub(crate) mod addresses;
pub(crate) mod closings;
pub(crate) mod deletions;
pub(crate) mod invitations;
pub(crate) mod money;
mod notices;
pub(crate) mod ownership;
pub(crate) mod passkeys;
pub(crate) mod plans;
pub(crate) mod providers;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod two_step;

use super::enqueue;
use super::names::inert;
use super::recipients::Recipient;
use super::render::{Button, Digits, Letter};
use crate::Keel;
use crate::access::{Caller, Standing};
use crate::accounts::dashboard;
use crate::db::Tx;
use crate::refusal::Result;
use crate::sign_in::LIFE;
use keel_text::fill;
use keel_types::time::MINUTE;
use keel_types::{AccountId, Email, ExportId, Instant, Role, url};

/// What the link and the code of a letter are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticket {
    /// To sign in.
    SignIn,
    /// To create the account, with the password that was typed.
    NewAccount,
    /// To sign in to the account there is, with the password that was typed.
    KnownAccount,
}

/// A link and a code.
pub(crate) async fn sign_in(tx: &mut Tx, keel: &Keel, to: &Email, ticket: Ticket, path: &str, code: &str) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let (heading, before, button) = match ticket {
        Ticket::SignIn => (text.sign_in_heading, text.sign_in_text, text.sign_in_button),
        Ticket::NewAccount => (text.sign_up_heading, text.sign_up_text, text.sign_up_button),
        Ticket::KnownAccount => (text.sign_up_again_heading, text.sign_up_again_text, text.sign_in_button),
    };
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.sign_in_subject, &[("code", &code)]),
        heading,
        text: fill(before, &[("minutes", &minutes())]),
        button: Some(Button { label: button, before: text.sign_in_link, address: address(keel, path) }),
        digits: Some(Digits { before: text.sign_in_code, code }),
        reason: fill(text.reason, &[("email", to)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// A code that proves anew who the person is.
pub(crate) async fn step_up(tx: &mut Tx, keel: &Keel, to: &Email, code: &str) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.step_up_subject, &[("code", &code)]),
        heading: text.step_up_heading,
        text: fill(text.step_up_text, &[("minutes", &minutes())]),
        button: None,
        digits: Some(Digits { before: text.step_up_code, code }),
        reason: fill(text.step_up_reason, &[("email", to)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// A link to a new password.
pub(crate) async fn reset(tx: &mut Tx, keel: &Keel, to: &Email, path: &str) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let letter = Letter {
        lang: reader.lang,
        subject: text.reset_subject.to_owned(),
        heading: text.reset_heading,
        text: fill(text.reset_text, &[("minutes", &minutes())]),
        button: Some(Button { label: text.reset_button, before: text.reset_link, address: address(keel, path) }),
        digits: None,
        reason: fill(text.reset_reason, &[("email", to)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// A new password was asked for at an address that nobody has.
pub(crate) async fn nobody(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let letter = Letter {
        lang: reader.lang,
        subject: text.reset_subject.to_owned(),
        heading: text.nobody_heading,
        text: fill(text.nobody_text, &[("email", to)]),
        button: Some(Button { label: text.nobody_button, before: text.nobody_link, address: address(keel, "/signup") }),
        digits: None,
        reason: fill(text.reset_reason, &[("email", to)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// The password is another one now.
pub(crate) async fn password_changed(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let letter = Letter {
        lang: reader.lang,
        subject: text.changed_subject.to_owned(),
        heading: text.changed_heading,
        text: fill(text.changed_text, &[("email", to)]),
        button: Some(Button { label: text.changed_button, before: text.changed_link, address: address(keel, "/forgot-password") }),
        digits: None,
        reason: text.changed_reason.to_owned(),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// Whoever runs Keel ended every session of the person.
pub(crate) async fn sessions_ended(tx: &mut Tx, keel: &Keel, to: &Email) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let letter = Letter {
        lang: reader.lang,
        subject: text.ended_subject.to_owned(),
        heading: text.ended_heading,
        text: fill(text.ended_text, &[("email", to)]),
        button: Some(Button { label: text.ended_button, before: text.ended_link, address: address(keel, "/login") }),
        digits: None,
        reason: text.changed_reason.to_owned(),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// Somebody gave the person another role.
pub(crate) async fn role_changed(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    by: &Caller,
    place: &Standing,
    before: &str,
    after: &Role,
) -> Result<()> {
    let reader = Recipient::find(tx, to, by.lang).await?;
    let text = &reader.text().mail;
    let role = |name| inert(reader.text().role(name));
    let [by, account, before, now] = [&person(by), &inert(&place.name), &role(before), &role(&after.name)];
    let dashboard = url::about(dashboard(after.is_manager()), place.handle());
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.role_changed_subject, &[("account", account), ("role", now)]),
        heading: text.role_changed_heading,
        text: fill(text.role_changed_text, &[("by", by), ("account", account), ("before", before), ("role", now)]),
        button: Some(Button { label: text.role_changed_button, before: text.role_changed_link, address: address(keel, &dashboard) }),
        digits: None,
        reason: fill(text.membership_reason, &[("account", account)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// Somebody removed the person from a workspace.
pub(crate) async fn removed(tx: &mut Tx, keel: &Keel, to: &Email, by: &Caller, place: &Standing) -> Result<()> {
    let reader = Recipient::find(tx, to, by.lang).await?;
    let text = &reader.text().mail;
    let (by, account) = (person(by), inert(&place.name));
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.removed_subject, &[("account", &account)]),
        heading: text.removed_heading,
        text: fill(text.removed_text, &[("by", &by), ("account", &account)]),
        button: None,
        digits: None,
        reason: fill(text.membership_reason, &[("account", &account)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// The copy that the person asked for is there: of the workspace of this name, or of what is kept of them.
pub(crate) async fn export_ready(
    tx: &mut Tx,
    keel: &Keel,
    to: &Email,
    of: Option<&str>,
    account: &AccountId,
    export: &ExportId,
    until: Instant,
) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let (name, until) = (inert(of.unwrap_or_default()), reader.text().date_time(until));
    let [subject, what, reason] = match of {
        Some(_) => [text.export_subject, text.export_text, text.export_reason],
        None => [text.export_own_subject, text.export_own_text, text.export_own_reason],
    };
    let letter = Letter {
        lang: reader.lang,
        subject: fill(subject, &[("account", &name)]),
        heading: text.export_heading,
        text: fill(what, &[("account", &name), ("until", &until)]),
        button: Some(Button {
            label: text.export_button,
            before: text.export_link,
            address: address(keel, &url::about(&url::export(export), account.as_str())),
        }),
        digits: None,
        reason: fill(reason, &[("account", &name)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// The name; of a person who told none the address, which is proven.
fn person(caller: &Caller) -> String {
    if caller.name.is_some() { inert(&caller.shown_name()) } else { caller.shown_name() }
}

fn minutes() -> i64 {
    LIFE / MINUTE
}

pub(super) fn address(keel: &Keel, path: &str) -> String {
    format!("{}{path}", keel.settings().base_url)
}
