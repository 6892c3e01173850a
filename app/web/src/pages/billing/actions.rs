//! What the forms about a plan do.

use super::{CHANGE, END_TRIAL, PAGE, PERSONAL_PAGE, page_of};
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Nothing, Reader, number};
use keel_domain::access::Write;
use keel_domain::billing::changes::{self, Wanted, When};
use keel_types::permission::may;
use keel_types::{Fault, Instant, Interval};

actions! {
    /// Ends the plan with its period.
    cancel_plan: "billing/cancel-plan" on [PAGE, PERSONAL_PAGE], may::ManageBilling, Nothing;
    /// Lets it go on.
    resume_plan: "billing/resume-plan" on [PAGE, PERSONAL_PAGE], may::ManageBilling, Nothing;
    /// Takes back what was to come at the end of the period.
    keep_plan: "billing/keep-plan" on [PAGE, PERSONAL_PAGE], may::ManageBilling, Nothing;
    /// Ends the trial and pays.
    end_trial: "billing/end-trial" on [END_TRIAL], may::ManageBilling, Nothing;
    /// Makes it another plan, or other seats.
    change_plan: "billing/change-plan" on [CHANGE], may::ManageBilling, Wanted;
    /// Leads to the payment provider's portal.
    portal: "billing/portal" on [PAGE, PERSONAL_PAGE], may::ManageBilling, Flow;
    /// Looks at the payment provider.
    sync: "billing/sync" on [PAGE, PERSONAL_PAGE], may::ManageBilling, Nothing;
}

/// Where in the portal.
struct Flow {
    cards: bool,
}

impl Input for Flow {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let cards = form.choice("flow", |word| match word {
            "" => Some(false),
            "cards" => Some(true),
            _ => None,
        });
        Some(Self { cards: cards? })
    }
}

impl Input for Wanted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let interval = form.get("interval", |word| Interval::parse(word).ok_or(Fault::NotAChoice));
        let seats = form.find("seats", number);
        let shown = form.find("shown", number);
        Some(Self { plan: form.text("plan").to_owned(), interval: interval?, seats: seats?, shown: shown?.map(Instant) })
    }
}

async fn cancel_plan(call: &mut Write<may::ManageBilling>, _: Nothing) -> Answer {
    changes::cancel(call).await?;
    Ok(done(call, Said::PlanCanceled))
}

async fn resume_plan(call: &mut Write<may::ManageBilling>, _: Nothing) -> Answer {
    changes::resume(call).await?;
    Ok(done(call, Said::PlanResumed))
}

async fn keep_plan(call: &mut Write<may::ManageBilling>, _: Nothing) -> Answer {
    changes::keep_plan(call).await?;
    Ok(done(call, Said::PlanKept))
}

async fn end_trial(call: &mut Write<may::ManageBilling>, _: Nothing) -> Answer {
    changes::end_trial(call).await?;
    Ok(done(call, Said::TrialEnded))
}

async fn change_plan(call: &mut Write<may::ManageBilling>, wanted: Wanted) -> Answer {
    let change = changes::change(call, &wanted).await?;
    Ok(done(call, if change.when == When::Later { Said::PlanChanges } else { Said::PlanChanged }))
}

async fn portal(call: &mut Write<may::ManageBilling>, flow: Flow) -> Answer {
    let page = page_of(call.proof().standing());
    Ok(Done::go(changes::open_portal(call, flow.cards, page).await?))
}

async fn sync(call: &mut Write<may::ManageBilling>, _: Nothing) -> Answer {
    changes::sync(call).await?;
    Ok(done(call, Said::BillingSynced))
}

/// Back to the billing page of the account of the call.
fn done(call: &Write<may::ManageBilling>, said: Said) -> Done {
    Done::back_to(call, page_of(call.proof().standing())).say(said)
}
