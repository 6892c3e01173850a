//! Letters about a plan that somebody changed, to whoever answers for the money, copied to the address for bills.

use super::{address, enqueue, person};
use crate::access::{Proof as _, Write};
use crate::billing::changes::{Change, When};
use crate::mail::names::inert;
use crate::mail::recipients::Recipient;
use crate::mail::render::{Button, Letter};
use crate::refusal::Result;
use crate::{args, sql};
use keel_text::{Terms, fill};
use keel_types::permission::may;
use keel_types::{AccountKind, Email, Instant, Money, url};

sql! {
    FIND_PAYERS = "SELECT u.email, o.email AS copy FROM accounts a JOIN users u ON u.id = a.billing_owner_id
        LEFT JOIN companies o ON o.account_id = a.id WHERE a.id = $1";
}

/// What happened.
#[derive(Clone, Copy)]
pub(crate) enum News<'a> {
    /// The plan ends.
    Canceled { plan: &'a str, ends: Instant },
    /// It goes on.
    Resumed { plan: &'a str, renews: Instant },
    /// Its trial is over, and the first period is paid. How much that was is told where it is known.
    TrialEnded { plan: &'a str, charged: Option<Money>, renews: Instant },
    /// It is another one, or will be when the period ends.
    Changed { change: &'a Change, before: &'a Terms, period_end: Instant },
}

/// Tells those who pay what the caller did.
pub(crate) async fn write(call: &mut Write<may::ManageBilling>, news: News<'_>) -> Result<()> {
    let (keel, place, by) = (call.keel().clone(), call.proof().standing().clone(), call.proof().caller().map(person).unwrap_or_default());
    let (owner, copy): (String, Option<String>) = call.tx()?.get(FIND_PAYERS, args![&place.account]).await?;
    let readers = [Some(owner.clone()), copy.filter(|copy| *copy != owner)].into_iter().flatten();
    for to in readers.filter_map(|to| Email::parse(&to).ok()) {
        let reader = Recipient::find(call.tx()?, &to, None).await?;
        let (catalogue, text) = (reader.text(), &reader.text().mail);
        let account = inert(&place.name);
        let ([subject, heading, body], [before, plan], date, price) = match news {
            News::Canceled { plan, ends } => {
                let texts = [text.plan_canceled_subject, text.plan_canceled_heading, text.plan_canceled_text];
                (texts, [String::new(), plan.to_owned()], ends, String::new())
            }
            News::Resumed { plan, renews } => {
                let texts = [text.plan_resumed_subject, text.plan_resumed_heading, text.plan_resumed_text];
                (texts, [String::new(), plan.to_owned()], renews, String::new())
            }
            News::TrialEnded { plan, charged, renews } => {
                let body = if charged.is_some() { text.trial_ended_text } else { text.trial_ended_unpriced };
                let texts = [text.trial_ended_subject, text.trial_ended_heading, body];
                (texts, [String::new(), plan.to_owned()], renews, charged.map_or_else(String::new, |charged| catalogue.money(charged)))
            }
            News::Changed { change, before, period_end } => {
                let texts = if change.when == When::Later {
                    [text.plan_changes_subject, text.plan_changes_heading, text.plan_changes_text]
                } else {
                    [text.plan_changed_subject, text.plan_changed_heading, text.plan_changed_text]
                };
                (texts, catalogue.told_apart(before, &change.terms()), period_end, catalogue.price(change.total, Some(change.interval)))
            }
        };
        let date = catalogue.date(date);
        let filled = |text| {
            fill(text, &[("account", &account), ("by", &by), ("plan", &plan), ("before", &before), ("date", &date), ("price", &price)])
        };
        let page = if place.kind == AccountKind::Personal { "/private-dashboard/billing" } else { "/org-dashboard/billing" };
        let letter = Letter {
            lang: reader.lang,
            subject: filled(subject),
            heading,
            text: filled(body),
            button: Some(Button {
                label: text.billing_received_button,
                before: text.billing_received_link,
                address: address(&keel, &url::about(page, place.handle())),
            }),
            digits: None,
            reason: filled(text.billing_reason),
            end: None,
        };
        enqueue(call.tx()?, &to, &letter, keel.now()).await?;
    }
    Ok(())
}
