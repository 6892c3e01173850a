//! `/billing/change`: another plan, interval or number of seats; what it costs now and later, before anybody agrees to it.

use super::actions::change_plan;
use super::page_of;
use crate::form::number;
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::problem::Problem;
use crate::ui::{
    Breadcrumbs, Button, ButtonLink, Choice, ErrorSummary, Fact, Facts, Field, Filters, Form, Kind, Maybe, Notice, Place, RadioCards,
    Region, Tone, Weight,
};
use keel_domain::Refusal;
use keel_domain::access::Read;
use keel_domain::billing::changes::{self, Change, Offer, Preview, Standing, Wanted, When};
use keel_text::{Catalogue, Terms, fill};
use keel_types::permission::may;
use keel_types::{Code, Interval, Money};
use leptos::prelude::*;

/// The page.
pub const PAGE: &str = "/billing/change";

/// The page's model.
pub struct Model {
    account_name: String,
    standing: Standing,
    /// The choice as it was made, or as things are.
    plan: String,
    interval: Interval,
    seats: String,
    /// What the choice comes to, or why it cannot be had; none before there is one.
    outcome: Option<Result<(Change, Option<Preview>), Problem>>,
}

/// Reads how the plan stands, and asks the payment provider what a choice would cost. Without a plan that is paid there is nothing
/// to change.
pub async fn load(mut call: Read<may::ManageBilling>, visit: &Visit) -> Loaded<Model> {
    let place = call.proof().standing().clone();
    let standing = match changes::standing(&mut call).await {
        Err(Refusal::Refused(Code::NotSubscribed)) => return Err(Stop::Go(page_of(&place).to_owned())),
        standing => standing?,
    };
    let interval = visit.query("interval").and_then(Interval::parse).or(standing.interval).unwrap_or(Interval::Month);
    // Another interval proposes the seats that people have.
    let usual = if Some(interval) == standing.interval { standing.seats.max(standing.used) } else { standing.used };
    let seats = visit.query("seats").filter(|seats| !seats.trim().is_empty()).map_or_else(|| usual.to_string(), str::to_owned);
    let plan = visit.query("plan").unwrap_or(&standing.plan).to_owned();
    let outcome = match visit.query("plan") {
        Some(_) => Some(cost(call, &plan, interval, &seats).await),
        None => None,
    };
    match &outcome {
        Some(Err(problem)) if matches!(problem.code, Code::Invalid | Code::TooMany) => visit.answer_as(problem),
        _ => {}
    }
    Ok(Model { account_name: place.name, standing, plan, interval, seats, outcome })
}

async fn cost(
    mut call: Read<may::ManageBilling>,
    plan: &str,
    interval: Interval,
    seats: &str,
) -> Result<(Change, Option<Preview>), Problem> {
    let seats = number(seats).map_err(|fault| Problem::from(Refusal::field("seats", fault)))?;
    let wanted = Wanted { plan: plan.to_owned(), interval, seats: Some(seats), shown: None };
    let planned = changes::plan(&mut call, &wanted).await?;
    let (keel, account) = (call.keel().clone(), call.proof().account().clone());
    // No connection is held while the payment provider is asked.
    drop(call);
    let preview = changes::preview(&keel, &account, &planned).await?;
    Ok((planned.change, preview))
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.plan_change);
    let frame = page.frame.clone()?;
    let billing = page.billing.clone().unwrap_or_default();
    let lead = fill(words.lead, &[("account", &model.account_name)]);
    let blocked = if model.standing.ends.is_some() {
        Some(text.code(Code::PlanEnds))
    } else {
        model.standing.overdue.then(|| text.code(Code::PaymentDue))
    };
    let problem = page.form.problem.clone().or_else(|| model.outcome.as_ref().and_then(|outcome| outcome.as_ref().err()).cloned());
    let seats_error = problem.as_ref().and_then(|problem| problem.errors.iter().find(|error| error.field == "seats").map(|e| e.code));
    let message = problem.filter(|_| seats_error.is_none()).map(|problem| problem.sentence(text));
    let errors =
        seats_error.map(|fault| ("seats", fill(text.form.field, &[("label", &words.seats), ("error", &text.fault(fault))]).into()));
    let above = vec![Place::new(text.billing.title, billing.clone())];
    let body = if let Some(why) = blocked {
        view! {
            <Notice text=why tone=Tone::Warning><ButtonLink label=words.back href=billing weight=Weight::Secondary/></Notice>
        }
        .into_any()
    } else {
        let cost = model.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok()).cloned();
        let cost = cost.map(|(change, preview)| view! { <Cost page=page.clone() model=Agreed::of(&model) change preview/> });
        let error = Maybe::from(seats_error.map(|fault| text.fault(fault)));
        view! {
            <div class="regions">
                <Region id="choose" title=words.choose wide=true><Chooser page=page.clone() model error/></Region>
                {cost}
            </div>
        }
        .into_any()
    };
    Some(view! {
        <Dashboard frame title=words.title lead>
            <Breadcrumbs label=text.billing.title above here=words.title/>
            <ErrorSummary title=text.form.problem problem=message errors=errors.into_iter().collect()/>
            {body}
        </Dashboard>
    })
}

/// The choice: a form that leads to this page again, with what it costs.
#[component]
fn Chooser(page: Page, model: Model, error: Maybe) -> impl IntoView {
    let (text, words) = (page.text, &page.text.plan_change);
    let standing = model.standing;
    let per_seat = standing.offers.iter().any(|offer| offer.per_seat);
    let plans =
        standing.offers.iter().map(|offer| Choice::new(offer.id.clone(), offer.name.clone(), prices(text, offer, &standing))).collect();
    let periods = [(Interval::Month, text.pricing.monthly), (Interval::Year, text.pricing.yearly)];
    let periods = periods.map(|(interval, label)| Choice::new(interval.as_str(), label, None::<String>)).to_vec();
    let seats = per_seat.then(|| {
        let hint = fill(words.seats_hint, &[("used", &standing.used)]);
        view! { <Field name="seats" label=words.seats hint kind=Kind::Number value=model.seats error autocomplete="off"/> }
    });
    view! {
        <Filters action=PAGE account=page.about().map(str::to_owned) submit=words.preview>
            <RadioCards name="plan" legend=words.plan choices=plans value=model.plan/>
            <RadioCards name="interval" legend=text.pricing.period choices=periods value=model.interval.as_str() row=true/>
            {seats}
        </Filters>
    }
}

/// What a plan costs by the month and by the year.
fn prices(text: &'static Catalogue, offer: &Offer, standing: &Standing) -> String {
    let price = |(interval, minor): &(Interval, Option<i64>)| {
        let amount = Money { minor: (*minor)?, currency: standing.currency };
        Some(if offer.per_seat { text.seat_price(amount, *interval) } else { text.price(amount, Some(*interval)) })
    };
    let prices: Vec<String> = offer.prices.iter().filter_map(price).collect();
    format!("{} {}", offer.summary, prices.join(" · "))
}

/// What is agreed to.
struct Agreed {
    plan: String,
    interval: Interval,
    seats: String,
    before: Terms,
}

impl Agreed {
    fn of(model: &Model) -> Self {
        Self { plan: model.plan.clone(), interval: model.interval, seats: model.seats.clone(), before: model.standing.terms() }
    }
}

/// What is charged now and later, and the button that agrees to it.
#[component]
fn Cost(page: Page, model: Agreed, change: Change, preview: Option<Preview>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.plan_change);
    if change.when == When::Never {
        return view! { <Region id="cost" title=words.cost wide=true><p>{fill(words.same, &[("plan", &change.plan)])}</p></Region> }
            .into_any();
    }
    let date = text.date(change.next_charge);
    let price = text.price(change.total, Some(change.interval));
    let [before, plan] = text.told_apart(&model.before, &change.terms());
    let sentence = match change.when {
        When::Now => fill(words.now, &[("plan", &plan)]),
        When::InTrial => fill(words.in_trial, &[("plan", &plan), ("date", &date)]),
        When::Later | When::Never => fill(words.later, &[("plan", &plan), ("before", &before), ("date", &date)]),
    };
    let shown = preview.as_ref().map(|preview| ("shown", preview.at.0.to_string()));
    let amounts = preview.map(|preview| view! { <Amounts text preview/> });
    let nothing = amounts.is_none().then(|| {
        let free = Money { minor: 0, currency: change.total.currency };
        view! { <Fact label=words.today>{text.money(free)}</Fact> }
    });
    let hidden = [("plan", model.plan), ("interval", model.interval.as_str().to_owned()), ("seats", model.seats)];
    let hidden = hidden.into_iter().chain(shown).map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view();
    let then = fill(words.then_price, &[("price", &price), ("date", &date)]);
    view! {
        <Region id="cost" title=words.cost wide=true>
            <p>{sentence}</p>
            <Facts rows=true>
                {amounts}
                {nothing}
                <Fact label=words.then>{then}</Fact>
            </Facts>
            <Form action=change_plan::at(&page.here) account=page.account.clone()>
                {hidden}
                <Button label=words.submit/>
            </Form>
        </Region>
    }
    .into_any()
}

/// What is charged at once, part by part.
#[component]
pub(super) fn Amounts(text: &'static Catalogue, preview: Preview) -> impl IntoView {
    let words = &text.plan_change;
    let given_back = Money { minor: -preview.given_back.minor, ..preview.given_back };
    let part = |label, amount: Money| (amount.minor != 0).then(|| view! { <Fact label=label>{text.money(amount)}</Fact> });
    view! {
        {part(words.charged, preview.charged)}
        {part(words.given_back, given_back)}
        {part(words.tax, preview.tax)}
        <Fact label=words.today><strong>{text.money(preview.due)}</strong></Fact>
    }
}
