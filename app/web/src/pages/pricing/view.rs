//! The pricing page: one form, in which the billing period is chosen above and the plan by its button.

use super::{Model, choose};
use crate::layouts::Marketing;
use crate::page::Page;
use crate::ui::{Button, ButtonLink, Choice, ErrorSummary, Form, Icon, IconOf, Notice, RadioCards, Tone, Weight};
use keel_domain::billing::catalogue::{Licence, Pack, Plan};
use keel_text::{Catalogue, fill};
use keel_types::{Currency, Interval, Money, ProductKind};
use leptos::prelude::*;

const PERIODS: [Interval; 2] = [Interval::Month, Interval::Year];

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.pricing;
    let Model { plans, licences, packs, licences_by_arrangement, teams, account, currency, contact_email } = model;
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
    let write = format!("mailto:{contact_email}");
    let offer = write.clone();
    let by_arrangement = licences_by_arrangement.then(|| {
        view! {
            <Notice text=text.licences tone=Tone::Info>
                <ButtonLink label=text.contact href=offer weight=Weight::Secondary/>
            </Notice>
        }
    });
    let featured = plans.iter().position(|plan| has_price(plan, currency));
    let plan = |(place, plan): (usize, Plan)| {
        let card = Card::of_plan(page.text, plan, teams, currency);
        view! { <CardOf text=page.text card write=write.clone() featured=featured == Some(place)/> }
    };
    let plans = plans.into_iter().enumerate().map(plan).collect_view();
    let licences = licences.into_iter().map(|licence| Card::of_licence(page.text, licence, teams, currency)).collect();
    let packs = packs.into_iter().map(|pack| Card::of_pack(page.text, pack, currency)).collect();
    view! {
        <Marketing lang=page.lang title=text.title description=text.description here="/pricing" dashboard=page.dashboard.clone()>
            <header class="heading">
                <h1>{text.title}</h1>
                <p class="lead">{text.lead}</p>
            </header>
            <Form action=choose::at(&page.here) account=account.unwrap_or_default() class="plans-form">
                <ErrorSummary title=page.text.form.problem problem=page.form.message(page.text)/>
                {by_arrangement}
                {period}
                <div class="plans">{plans}</div>
                <Once text=page.text id="licences" title=text.licences_title lead=text.licences_lead cards=licences/>
                <Once text=page.text id="packs" title=text.packs_title lead=text.packs_lead cards=packs/>
            </Form>
            <p class="plans-note">{text.taxes}</p>
        </Marketing>
    }
}

/// An article on its card: what it is for, what it costs, what it brings, and the way to it.
struct Card {
    kind: ProductKind,
    id: String,
    name: String,
    summary: String,
    prices: Vec<Tag>,
    points: Vec<String>,
    /// By arrangement only.
    contact: bool,
}

impl Card {
    fn of_plan(text: &'static Catalogue, plan: Plan, teams: bool, currency: Currency) -> Self {
        let (prices, points) = (prices(text, &plan, currency), points(text, &plan, teams));
        Self { kind: ProductKind::Plan, id: plan.id, name: plan.name, summary: plan.summary, prices, points, contact: plan.contact }
    }

    fn of_licence(text: &'static Catalogue, licence: Licence, teams: bool, currency: Currency) -> Self {
        let words = &text.pricing;
        let lasts = licence.days.map_or_else(|| words.for_ever.to_owned(), |days| fill(words.for_days, &[("days", &days)]));
        let credits = fill(words.credits, &[("credits", &text.number(licence.credits))]);
        let seats = teams.then(|| fill(words.seats, &[("seats", &text.number(licence.seats))]));
        let prices = vec![once(text, Money { minor: licence.price(currency), currency })];
        let points = [Some(lasts), Some(credits), seats].into_iter().flatten().chain(licence.features).collect();
        Self { kind: ProductKind::Licence, id: licence.id, name: licence.name, summary: licence.summary, prices, points, contact: false }
    }

    fn of_pack(text: &'static Catalogue, pack: Pack, currency: Currency) -> Self {
        let credits = fill(text.pricing.pack_credits, &[("credits", &text.number(pack.credits))]);
        let prices = vec![once(text, Money { minor: pack.price(currency), currency })];
        Self { kind: ProductKind::Pack, id: pack.id, name: pack.name, summary: pack.summary, prices, points: vec![credits], contact: false }
    }
}

#[component]
fn CardOf(
    text: &'static Catalogue,
    card: Card,
    /// Where "Contact us" leads.
    write: String,
    /// The first that costs something.
    featured: bool,
) -> impl IntoView {
    let title = format!("{}-{}", card.kind.as_str(), card.id);
    let weight = if featured { Weight::Primary } else { Weight::Secondary };
    let choose = if card.contact {
        view! { <ButtonLink label=text.pricing.contact href=write weight=weight/> }.into_any()
    } else {
        let label = fill(text.pricing.choose, &[("plan", &card.name)]);
        view! { <Button label=label weight=weight says=Some((card.kind.as_str(), card.id))/> }.into_any()
    };
    let points = card.points.into_iter().map(|point| view! { <li><IconOf icon=Icon::Check/>{point}</li> }).collect_view();
    let prices = card.prices.into_iter().map(|price| view! { <Price price/> }).collect_view();
    view! {
        <section class=if featured { "plan plan-featured" } else { "plan" } aria-labelledby=title.clone()>
            <div class="plan-words"><h2 id=title.clone()>{card.name}</h2><p class="soft">{card.summary}</p></div>
            <div>{prices}</div>
            <ul class="plan-points">{points}</ul>
            {choose}
        </section>
    }
}

/// What is paid once, under a heading of its own; nothing where nothing is sold so.
#[component]
fn Once(text: &'static Catalogue, id: &'static str, title: &'static str, lead: &'static str, cards: Vec<Card>) -> impl IntoView {
    let cards: Vec<_> = cards.into_iter().map(|card| view! { <CardOf text card write=String::new() featured=false/> }).collect();
    (!cards.is_empty()).then(|| {
        view! {
            <div class="plans-once" id=id>
                <div class="plan-words"><h2>{title}</h2><p class="soft">{lead}</p></div>
                <div class="plans">{cards}</div>
            </div>
        }
    })
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

/// The price of what is paid once.
fn once(text: &'static Catalogue, price: Money) -> Tag {
    Tag { class: "", amount: text.money(price), per: Some(text.pricing.once) }
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
