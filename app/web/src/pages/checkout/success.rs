//! `/checkout/success`: what became of a payment. It reads, and asks for one look at Stripe while nothing is known.

pub use super::view::success as view;

use crate::page::{Loaded, Visit};
use keel_domain::Refusal;
use keel_domain::access::{Member, Read, SignedIn};
use keel_domain::accounts::{Destination, next_page};
use keel_domain::billing::catalogue::FREE;
use keel_domain::billing::outcomes::{self, State};
use keel_domain::billing::overview;
use keel_types::{Instant, url};

/// How often the page looks again by itself.
const LOOKS: u32 = 30;

/// The page's model.
pub struct Model {
    /// What the account is called.
    pub account_name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Where to go on.
    pub next: String,
}

/// What became of a payment.
pub enum Outcome {
    /// The plan of this name is paid.
    Paid(String),
    /// The plan of this name is tried until then.
    Trial(String, Instant),
    /// The licence or pack of this name is paid.
    Bought(String),
    /// The free plan has begun, with so many credits a month.
    Free(i64),
    /// Nothing is known yet; the page to look at next, unless it was looked often enough.
    Pending(Option<String>),
    /// Nothing was paid.
    Failed,
}

/// Anybody else's payment is an unknown page.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    let Some(session) = visit.query("session_id") else { return free(call, visit).await };
    let found = outcomes::get_outcome(&mut call, session).await?;
    let onboarded = call.proof().onboarded;
    let active = call.proof().usual_standing();
    let is_active = active.is_active && active.account == found.account;
    drop(call);
    let product = &visit.keel().settings().product;
    let outcome = match &found.state {
        State::Paid(plan) => Outcome::Paid(product.plan_name(plan)),
        State::Trial(plan, until) => Outcome::Trial(product.plan_name(plan), Instant(*until)),
        State::Bought(kind, id) => Outcome::Bought(product.find(*kind, id).map_or_else(|| id.clone(), |article| article.name().to_owned())),
        State::Expired => Outcome::Failed,
        State::Pending => {
            let looks: u32 = visit.query("looks").and_then(|n| n.parse().ok()).unwrap_or(0);
            let again = format!("/checkout/success?session_id={}&looks={}", url::escape(session), looks.saturating_add(1));
            if looks < LOOKS {
                let mut write = visit.write_named().await?;
                outcomes::look_again(&mut write, session, &found).await?;
                write.commit().await?;
            }
            Outcome::Pending((looks < LOOKS).then_some(again))
        }
    };
    let next = next(onboarded, found.manager, Some(found.account.as_str()).filter(|_| !is_active));
    Ok(Model { next, account_name: found.account_name, outcome })
}

/// Without a payment there is the free plan to confirm, or nothing.
async fn free(call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    let mut call = call.through::<Member>()?;
    let summary = overview::summary(&mut call).await?;
    let plan = visit.keel().settings().product.plan(FREE).filter(|_| summary.is_free()).ok_or(Refusal::NotFound)?;
    let (caller, standing) = (call.proof().actor(), call.proof().standing());
    let outcome = Outcome::Free(plan.credits);
    let elsewhere = Some(standing.handle()).filter(|_| !standing.is_active);
    Ok(Model { next: next(caller.onboarded, standing.is_manager(), elsewhere), account_name: standing.name.clone(), outcome })
}

/// Where to go on: about the account it was for, when that is not the active one.
fn next(onboarded: bool, manager: bool, elsewhere: Option<&str>) -> String {
    let next = next_page(Destination { redirect_to: None, intent: false, onboarded, manager });
    elsewhere.map_or_else(|| next.clone(), |account| url::about(&next, account))
}
