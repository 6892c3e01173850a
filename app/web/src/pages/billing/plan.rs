//! The region Current plan: what it costs and when, and what can be done about it.

use super::actions::{cancel_plan, keep_plan, portal, resume_plan, sync};
use super::{CHANGE, END_TRIAL};
use crate::page::Page;
use crate::pages::parts::{Seats, StatusPill};
use crate::ui::{Button, ButtonLink, Dialog, DialogButton, Drawing, EmptyState, Fact, Facts, Form, Notice, Region, Stat, Tone, Weight};
use keel_domain::billing::overview::{Contract, Next, Summary};
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

/// The dialog in which the end of the plan is asked for.
pub(super) const CANCEL_DIALOG: &str = "ask-cancel";

/// The region, with a plan. Free plans are left for another on the pricing page.
#[component]
pub(super) fn CurrentPlan(
    page: Page,
    contract: Contract,
    /// The seats to count, where there are any.
    seats: Option<Summary>,
    /// Whether the caller may change it.
    may_manage: bool,
    has_customer: bool,
) -> impl IntoView {
    let (text, words) = (page.text, &page.text.billing);
    let seats =
        seats.map(|summary| view! { <Fact label=words.seats><Seats text used=summary.seats_used limit=summary.seat_limit/></Fact> });
    let price = match contract.total {
        Some(total) if contract.is_paid() && contract.interval.is_none() => text.money(total),
        Some(total) => text.price(total, contract.interval),
        None => words.elsewhere.to_owned(),
    };
    let unknown = (!contract.is_known).then(|| view! { <Notice text=words.unknown_plan tone=Tone::Warning/> });
    let status = view! { <StatusPill text status=contract.status.clone()/> }.into_any();
    let renewal = renewal(text, &contract);
    let next = contract.next.clone().map(|next| view! { <Coming page=page.clone() next plan=contract.plan.clone() may_manage/> });
    let actions = may_manage.then(|| view! { <Actions page=page.clone() contract=contract.clone() has_customer/> });
    view! {
        <Region id="plan" title=words.current_plan aside=Some(status)>
            <Stat value=contract.plan note=renewal/>
            <Facts>
                <Fact label=words.price>{price}</Fact>
                {seats}
            </Facts>
            {unknown}
            {next}
            {actions}
        </Region>
    }
}

/// When it renews or ends.
fn renewal(text: &'static Catalogue, contract: &Contract) -> Option<String> {
    let words = &text.billing;
    let (sentence, date) = match (contract.ends, contract.trial_end) {
        (Some(end), _) => (words.ends, end),
        (None, Some(end)) => (words.trial_ends, end),
        (None, None) => (words.renews, contract.period_end.filter(|_| contract.is_paid())?),
    };
    Some(fill(sentence, &[("date", &text.date(date))]))
}

/// What it becomes, and the way to take that back.
#[component]
fn Coming(page: Page, next: Next, plan: String, may_manage: bool) -> impl IntoView {
    let (text, words) = (page.text, &page.text.billing);
    let name = next.seats.map_or_else(|| next.plan.clone(), |seats| fill(words.plan_seats, &[("plan", &next.plan), ("seats", &seats)]));
    let price = text.price(next.total, Some(next.interval));
    let sentence = fill(words.coming, &[("date", &text.date(next.at)), ("plan", &name), ("price", &price)]);
    let keep = may_manage.then(|| {
        let label = fill(words.keep_plan, &[("plan", &plan)]);
        view! { <Form action=keep_plan::at(&page.here) account=page.account.clone() class=""><Button label weight=Weight::Secondary/></Form> }
    });
    view! { <Notice text=sentence tone=Tone::Info>{keep}</Notice> }
}

#[component]
fn Actions(page: Page, contract: Contract, has_customer: bool) -> impl IntoView {
    let words = &page.text.billing;
    if !contract.is_paid() {
        let change = view! { <ButtonLink label=words.change_plan href=page.pricing.clone()/> };
        return view! { <div class="cluster">{change}<Provider page has_customer/></div> }.into_any();
    }
    let end = match (contract.ends, contract.period_end) {
        (Some(_), _) => {
            view! { <Form action=resume_plan::at(&page.here) account=page.account.clone() class=""><Button label=words.resume_plan/></Form> }
                .into_any()
        }
        (None, Some(end)) => view! { <Cancel page=page.clone() plan=contract.plan.clone() ends=page.text.date(end)/> }.into_any(),
        (None, None) => ().into_any(),
    };
    let going_on = contract.ends.is_none();
    let change = going_on.then(|| view! { <ButtonLink label=words.change_plan href=page.link(CHANGE)/> });
    let trial = (going_on && contract.trial_end.is_some())
        .then(|| view! { <ButtonLink label=words.end_trial href=page.link(END_TRIAL) weight=Weight::Secondary/> });
    view! { <div class="cluster">{change}{trial}{end}<Provider page has_customer/></div> }.into_any()
}

/// What the payment provider knows: to change it there, and to look at it again.
#[component]
pub(super) fn Provider(page: Page, has_customer: bool) -> impl IntoView {
    let words = &page.text.billing;
    has_customer.then(|| {
        view! {
            <Form action=portal::at(&page.here) account=page.account.clone() class="">
                <Button label=words.manage weight=Weight::Secondary/>
            </Form>
            <Form action=sync::at(&page.here) account=page.account class=""><Button label=words.sync weight=Weight::Quiet/></Form>
        }
    })
}

#[component]
fn Cancel(page: Page, plan: String, ends: String) -> impl IntoView {
    let words = &page.text.billing;
    let [title, text] = [words.cancel_title, words.cancel_text].map(|text| fill(text, &[("plan", &plan), ("date", &ends)]));
    view! {
        <DialogButton label=words.cancel_plan opens=CANCEL_DIALOG weight=Weight::Quiet/>
        <Dialog id=CANCEL_DIALOG title close=words.cancel_close>
            <p>{text}</p>
            <Form action=cancel_plan::at(&page.here) account=page.account.clone()>
                <Button label=words.cancel_plan weight=Weight::Danger/>
            </Form>
        </Dialog>
    }
}

/// The region without a plan.
#[component]
pub(super) fn NoPlan(page: Page, account: String, may_manage: bool, has_customer: bool) -> impl IntoView {
    let words = &page.text.billing;
    let body = if may_manage {
        let pricing = page.pricing.clone();
        view! {
            <EmptyState drawing=Drawing::Stocks title=words.no_plan text=words.no_plan_text>
                <ButtonLink label=words.choose_plan href=pricing/>
            </EmptyState>
            <div class="cluster"><Provider page has_customer/></div>
        }
        .into_any()
    } else {
        view! { <EmptyState drawing=Drawing::Stocks title=words.no_plan text=fill(words.ask_owner, &[("account", &account)])/> }.into_any()
    };
    view! { <Region id="plan" title=words.current_plan>{body}</Region> }
}
