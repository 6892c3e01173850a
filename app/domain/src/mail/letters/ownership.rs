//! Letters about handing over a workspace, and its billing.

use super::{address, enqueue, person};
use crate::Keel;
use crate::access::{Caller, Standing};
use crate::db::Tx;
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use keel_text::fill;
use keel_types::{Email, url};

/// The person gave the workspace to somebody.
pub(crate) async fn given(tx: &mut Tx, keel: &Keel, to: &Email, taker: &str, place: &Standing, stays: bool) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let body = if stays { text.given_text_stays } else { text.given_text };
    let (taker, account) = (inert(taker), inert(&place.name));
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.given_subject, &[("account", &account), ("name", &taker)]),
        heading: text.given_heading,
        text: fill(body, &[("account", &account), ("name", &taker)]),
        button: None,
        digits: None,
        reason: fill(text.membership_reason, &[("account", &account)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// The person was given the workspace, and its billing or not.
pub(crate) async fn received(tx: &mut Tx, keel: &Keel, to: &Email, by: &Caller, place: &Standing, billing: bool) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let (by, account) = (person(by), inert(&place.name));
    let body = if billing { text.received_text_billing } else { text.received_text };
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.received_subject, &[("account", &account)]),
        heading: text.received_heading,
        text: fill(body, &[("by", &by), ("account", &account)]),
        button: Some(Button {
            label: text.role_changed_button,
            before: text.role_changed_link,
            address: address(keel, &url::about("/org-dashboard", place.handle())),
        }),
        digits: None,
        reason: fill(text.membership_reason, &[("account", &account)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// The person answers for the workspace's money from now on.
pub(crate) async fn billing_received(tx: &mut Tx, keel: &Keel, to: &Email, by: &Caller, place: &Standing) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let (by, account) = (person(by), inert(&place.name));
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.billing_received_subject, &[("account", &account)]),
        heading: text.billing_received_heading,
        text: fill(text.billing_received_text, &[("by", &by), ("account", &account)]),
        button: Some(Button {
            label: text.billing_received_button,
            before: text.billing_received_link,
            address: address(keel, &url::about("/org-dashboard/billing", place.handle())),
        }),
        digits: None,
        reason: fill(text.membership_reason, &[("account", &account)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}

/// The person answered for the workspace's money until now.
pub(crate) async fn billing_given(tx: &mut Tx, keel: &Keel, to: &Email, by: &Caller, taker: &str, place: &Standing) -> Result<()> {
    let reader = Recipient::find(tx, to, None).await?;
    let text = &reader.text().mail;
    let (by, taker, account) = (person(by), inert(taker), inert(&place.name));
    let letter = Letter {
        lang: reader.lang,
        subject: fill(text.billing_given_subject, &[("account", &account)]),
        heading: text.billing_given_heading,
        text: fill(text.billing_given_text, &[("by", &by), ("name", &taker), ("account", &account)]),
        button: None,
        digits: None,
        reason: fill(text.membership_reason, &[("account", &account)]),
        end: None,
    };
    enqueue(tx, to, &letter, keel.now()).await
}
