//! The pricing page: one form, in which the billing period is chosen above and the plan by its button.

use super::{Model, choose};
use crate::layouts::Marketing;
use crate::page::Page;
use crate::ui::{Button, ButtonLink, Choice, ErrorSummary, Form, Icon, IconOf, Notice, RadioCards, Tone, Weight};
use keel_domain::billing::catalogue::Plan;
use keel_text::{Catalogue, fill};
use keel_types::{Currency, Interval, Money};
use leptos::prelude::*;

const PERIODS: [Interval; 2] = [Interval::Month, Interval::Year];

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.pricing;
    let Model { plans, licences_only, teams, account, currency, contact_email } = model;
    let saving = free_months(&plans, currency).map(|months| fill(text.saving, &[("months", &months)]));
    let periods = vec![
        Choice::new(Interval::Month.as_str(), text.monthly, None::<String>),
        Choice::new(Interval::Year.as_str(), text.yearly, saving),
    ];
    let renews = plans.iter().any(|plan| has_price(plan, currency));
    let period = renews.then(|| {
        let value = page.value("interval", Interval::Month.as_str());
        view! { <RadioCards name="interval" legend=text.period choices=periods value row=true/> }
    });
    let write = mail_to(&contact_email);
    let licences = licences_only.then(|| {
        view! {
            <Notice text=text.licences tone=Tone::Info>
                <ButtonLink label=text.contact href=write weight=Weight::Secondary/>
            </Notice>
        }
    });
    let featured = plans.iter().position(|plan| has_price(plan, currency));
    let card = |(place, plan): (usize, Plan)| {
        view! { <PlanCard text=page.text plan teams currency contact_email=contact_email.clone() featured=featured == Some(place)/> }
    };
    let cards = plans.into_iter().enumerate().map(card).collect_view();
    view! {
        <Marketing lang=page.lang title=text.title description=text.description here="/pricing" dashboard=page.dashboard.clone()>
            <header class="heading">
                <h1>{text.title}</h1>
                <p class="lead">{text.lead}</p>
            </header>
            <Form action=choose::at(&page.here) account=account.unwrap_or_default() class="plans-form">
                <ErrorSummary title=page.text.form.problem problem=page.form.message(page.text)/>
                {licences}
                {period}
                <div class="plans">{cards}</div>
            </Form>
            <p class="plans-note">{text.taxes}</p>
        </Marketing>
    }
}

/// A plan: what it is for, what it costs, what it brings, and the way to it.
#[component]
fn PlanCard(
    text: &'static Catalogue,
    plan: Plan,
    /// Whether it is for teams.
    teams: bool,
    currency: Currency,
    contact_email: String,
    /// The first plan that costs something.
    featured: bool,
) -> impl IntoView {
    let title = format!("plan-{}", plan.id);
    let weight = if featured { Weight::Primary } else { Weight::Secondary };
    let choose = if plan.contact {
        view! { <ButtonLink label=text.pricing.contact href=mail_to(&contact_email) weight=weight/> }.into_any()
    } else {
        let label = fill(text.pricing.choose, &[("plan", &plan.name)]);
        view! { <Button label=label weight=weight says=Some(("plan", plan.id.clone()))/> }.into_any()
    };
    let points = points(text, &plan, teams).into_iter().map(|point| view! { <li><IconOf icon=Icon::Check/>{point}</li> }).collect_view();
    let prices = prices(text, &plan, currency).into_iter().map(|price| view! { <Price price/> }).collect_view();
    view! {
        <section class=if featured { "plan plan-featured" } else { "plan" } aria-labelledby=title.clone()>
            <div class="plan-words"><h2 id=title.clone()>{plan.name}</h2><p class="soft">{plan.summary}</p></div>
            <div>{prices}</div>
            <ul class="plan-points">{points}</ul>
            {choose}
        </section>
    }
}

/// A price as it is written.
struct Tag {
    /// Shown for one billing period only.
    class: &'static str,
    amount: String,
    per: Option<&'static str>,
}

#[component]
fn Price(price: Tag) -> impl IntoView {
    let words = price.per.is_none();
    let per = price.per.map(|per| view! { <span class="plan-per">{per}</span> });
    view! {
        <p class=format!("plan-price{}", price.class)>
            <span class=if words { "plan-words-only" } else { "plan-amount" }>{price.amount}</span>" "{per}
        </p>
    }
}

/// The prices of a plan, one for each billing period it is sold by.
fn prices(text: &'static Catalogue, plan: &Plan, currency: Currency) -> Vec<Tag> {
    let words = &text.pricing;
    if plan.contact {
        return vec![Tag { class: "", amount: words.by_arrangement.to_owned(), per: None }];
    }
    if !has_price(plan, currency) {
        return vec![Tag { class: "", amount: text.money(Money { minor: 0, currency }), per: Some(words.free) }];
    }
    let both = PERIODS.iter().all(|period| plan.price(*period, currency).is_some());
    let tag = |period| {
        let (class, per, per_seat) = match period {
            Interval::Month => (" by-month", words.per_month, words.per_seat_month),
            Interval::Year => (" by-year", words.per_year, words.per_seat_year),
        };
        let amount = text.money(Money { minor: plan.price(period, currency)?, currency });
        Some(Tag { class: if both { class } else { "" }, amount, per: Some(if plan.per_seat { per_seat } else { per }) })
    };
    PERIODS.into_iter().filter_map(tag).collect()
}

/// What a plan brings, line by line.
fn points(text: &'static Catalogue, plan: &Plan, teams: bool) -> Vec<String> {
    let words = &text.pricing;
    let credits = if plan.per_seat { words.credits_per_seat } else { words.credits };
    let seats = if plan.per_seat { words.seats_flexible } else { words.seats };
    let figures = [
        (!plan.contact).then(|| fill(credits, &[("credits", &text.number(plan.credits))])),
        (!plan.contact && (teams || plan.per_seat)).then(|| fill(seats, &[("seats", &text.number(plan.seats))])),
        plan.trial_days.map(|days| fill(words.trial, &[("days", &days)])),
    ];
    figures.into_iter().flatten().chain(plan.features.iter().cloned()).collect()
}

fn mail_to(address: &str) -> String {
    format!("mailto:{address}")
}

fn has_price(plan: &Plan, currency: Currency) -> bool {
    PERIODS.iter().any(|period| plan.price(*period, currency).is_some())
}

/// How many whole months a year's price leaves out, where it leaves out any; of several plans the fewest.
fn free_months(plans: &[Plan], currency: Currency) -> Option<i64> {
    let months = |plan: &Plan| {
        let (month, year) = (plan.price(Interval::Month, currency)?, plan.price(Interval::Year, currency)?);
        Some((12 * month - year) / month)
    };
    plans.iter().filter_map(months).min().filter(|months| *months > 0)
}
