//! The checkout and what becomes of it.

use super::success::{self, Outcome};
use super::{Blocked, Model, Summary, checkout, license_checkout, subscribe_free};
use crate::layouts::Auth;
use crate::page::Page;
use crate::pages::workspaces::NEW_PAGE;
use crate::ui::{
    Button, ButtonLink, Choice, Drawing, DrawingOf, ErrorSummary, Fact, Facts, Field, Form, Kind, Maybe, Notice, RadioCards, Tone, Weight,
};
use keel_text::fill;
use keel_types::{Code, Interval, ProductKind};
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.checkout;
    let (lang, frame, flash) = (page.lang, page.frame.clone(), page.flash());
    let next = match (&model.blocked, &model.summary) {
        (None, Some(summary)) if summary.unit.minor == 0 => Some(text.next_free),
        (None, Some(_)) => Some(text.next),
        _ => None,
    };
    let canceled = model.canceled.then(|| view! { <Notice text=text.cancelled tone=Tone::Info/> });
    let beside = model.renews_beside.map(|plan| {
        view! {
            <Notice
                title=fill(text.renews_beside, &[("plan", &plan)]) text=fill(text.renews_beside_text, &[("plan", &plan)]) tone=Tone::Info
            />
        }
    });
    let body = match (model.blocked, model.summary) {
        (Some(blocked), _) => view! { <NotHere blocked account=model.account_name page/> }.into_any(),
        (None, None) => view! { <NoChoice page/> }.into_any(),
        (None, Some(summary)) => view! { {canceled}{beside}<Offer summary account=model.account_name page/> }.into_any(),
    };
    view! { <Auth lang title=text.title next frame flash wide=true>{body}</Auth> }
}

/// What is bought, and the form that buys it.
#[component]
fn Offer(summary: Summary, account: String, page: Page) -> impl IntoView {
    let text = &page.text.checkout;
    let billing = page.form.has(Code::AlreadySubscribed).then(|| view! { <OpenBilling page=page.clone() weight=Weight::Secondary/> });
    let period = summary.interval.map(|interval| {
        let word = match interval {
            Interval::Month => text.monthly,
            Interval::Year => text.yearly,
        };
        view! { <Fact label=text.interval>{word}</Fact> }
    });
    let price = match summary.interval {
        Some(interval) if summary.seats.is_some() => page.text.seat_price(summary.unit, interval),
        interval => page.text.price(summary.unit, interval),
    };
    let (article, credits, other) = match summary.choice.kind {
        ProductKind::Plan => (text.plan, text.credits_monthly, text.change_plan),
        ProductKind::Licence => (text.licence, text.credits_monthly, text.change_choice),
        ProductKind::Pack => (text.pack, text.pack_credits, text.change_choice),
    };
    let credits = fill(credits, &[("credits", &page.text.number(summary.credits))]);
    let lasts = (summary.choice.kind == ProductKind::Licence).then(|| {
        let days = summary.days.map_or_else(|| text.for_ever.to_owned(), |days| fill(text.for_days, &[("days", &days)]));
        view! { <Fact label=text.lasts>{days}</Fact> }
    });
    let (name, pricing) = (summary.name.clone(), page.pricing.clone());
    view! {
        <ErrorSummary
            title=page.text.form.problem problem=page.form.message(page.text)
            errors=page.form.summary(&[("seats", text.seats), ("start", text.start)], page.text)
        />
        {billing}
        <Facts rows=true>
            <Fact label=article>{name}</Fact>
            <Fact label=text.account>{account}</Fact>
            {period}
            <Fact label=text.price>{price}</Fact>
            <Fact label=text.credits>{credits}</Fact>
            {lasts}
        </Facts>
        <Payment summary page/>
        <div class="alternatives"><p><a href=pricing>{other}</a></p></div>
    }
}

#[component]
fn Payment(summary: Summary, page: Page) -> impl IntoView {
    let text = &page.text.checkout;
    if summary.unit.minor == 0 {
        return view! { <Form action=subscribe_free::at(&page.here) account=page.account><Button label=text.submit_free/></Form> }
            .into_any();
    }
    let total = total(&summary, &page);
    let choice = summary.choice;
    let hidden = [
        ("kind", choice.kind.as_str().to_owned()),
        (choice.kind.as_str(), choice.id),
        ("interval", choice.interval.map(Interval::as_str).unwrap_or_default().to_owned()),
        ("currency", choice.currency.as_str().to_owned()),
    ];
    let hidden = hidden.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view();
    let seats = summary.seats.map(|(least, most)| {
        let hint = fill(text.seats_hint, &[("least", &least), ("most", &most)]);
        let seats = page.value("seats", choice.seats.to_string());
        view! { <Field name="seats" label=text.seats hint=hint kind=Kind::Number value=seats error=page.error("seats") autocomplete="off" required=true/> }
    });
    let start = summary.trial.map(|(days, first_charge)| {
        let choices = vec![
            Choice::new("pay", text.pay_now, text.pay_now_text),
            Choice::new("trial", fill(text.trial, &[("days", &days)]), fill(text.trial_text, &[("date", &page.text.date(first_charge))])),
        ];
        view! { <RadioCards name="start" legend=text.start choices value=page.value("start", "pay") error=page.error("start")/> }
    });
    let action = if choice.kind == ProductKind::Licence { license_checkout::at(&page.here) } else { checkout::at(&page.here) };
    view! {
        <Form action account=page.account>
            {hidden}
            {seats}
            {start}
            {total}
            <Button label=text.submit/>
        </Form>
    }
    .into_any()
}

/// What is paid today. Where a trial is open, the choice above decides which of two sentences shows.
fn total(summary: &Summary, page: &Page) -> impl IntoView + use<> {
    let text = &page.text.checkout;
    let amount = if summary.seats.is_some() && summary.choice.seats > 1 {
        fill(text.total_seats, &[("amount", &page.text.money(summary.total)), ("seats", &summary.choice.seats)])
    } else {
        page.text.money(summary.total)
    };
    let later = summary.trial.map(|(_, first_charge)| {
        let sentence = fill(text.total_trial, &[("amount", &amount), ("date", &page.text.date(first_charge))]);
        view! { <span class="by-trial">{sentence}</span> }
    });
    view! { <div class="total"><Facts rows=true><Fact label=text.total><span class="by-pay">{amount}</span>{later}</Fact></Facts></div> }
}

/// To the billing page of the account, for people who may see it.
#[component]
fn OpenBilling(page: Page, weight: Weight) -> impl IntoView {
    page.billing.map(|href| view! { <ButtonLink label=page.text.checkout.open_billing href=href weight=weight/> })
}

#[component]
fn NoChoice(page: Page) -> impl IntoView {
    let text = &page.text.checkout;
    view! {
        <Notice title=text.no_choice text=text.no_choice_text tone=Tone::Info/>
        <ButtonLink label=page.text.navigation.see_pricing href=page.pricing/>
    }
}

/// Why nothing can be bought here, and where to go instead.
#[component]
fn NotHere(blocked: Blocked, account: String, page: Page) -> impl IntoView {
    let text = &page.text.checkout;
    let dashboard = page.dashboard.clone().unwrap_or_else(|| "/".to_owned());
    match blocked {
        Blocked::Subscribed(plan) => view! {
            <Notice
                title=fill(text.subscribed, &[("account", &account), ("plan", &plan)]) text=text.subscribed_text tone=Tone::Info
            />
            <OpenBilling page weight=Weight::Primary/>
        }
        .into_any(),
        Blocked::OwnersOnly => view! {
            <Notice title=text.owner_only text=fill(text.owner_only_text, &[("account", &account)]) tone=Tone::Warning/>
            <ButtonLink label=text.open_dashboard href=dashboard/>
        }
        .into_any(),
        Blocked::WorkspaceNeeded => {
            let frame = page.frame.clone();
            let workspaces = frame.into_iter().flat_map(|frame| {
                let action = frame.switch_action;
                let others = frame.accounts.into_iter().filter(|account| !account.current);
                others.map(move |other| {
                    let label = fill(text.use_workspace, &[("account", &other.name)]);
                    view! { <Form action=action.clone() account=other.id><Button label=label weight=Weight::Secondary/></Form> }
                })
            });
            view! {
                <Notice title=text.workspace_needed text=text.workspace_needed_text tone=Tone::Info/>
                {workspaces.collect_view()}
                <ButtonLink label=page.text.navigation.create_workspace href=NEW_PAGE weight=Weight::Secondary/>
            }
            .into_any()
        }
    }
}

/// What became of a payment.
pub fn success(model: success::Model, page: Page) -> impl IntoView {
    let text = &page.text.success;
    let account = &model.account_name;
    let (title, next, drawing) = match &model.outcome {
        Outcome::Paid(plan) => (text.paid, fill(text.paid_text, &[("account", account), ("plan", plan)]), Drawing::Afloat),
        Outcome::Bought(article) => (text.paid, fill(text.bought_text, &[("account", account), ("article", article)]), Drawing::Afloat),
        Outcome::Trial(plan, until) => {
            (text.trial, fill(text.trial_text, &[("account", account), ("plan", plan), ("date", &page.text.date(*until))]), Drawing::Afloat)
        }
        Outcome::Free(credits) => {
            (text.free, fill(text.free_text, &[("account", account), ("credits", &page.text.number(*credits))]), Drawing::Afloat)
        }
        Outcome::Pending(Some(_)) => (text.pending, text.pending_text.to_owned(), Drawing::Horizon),
        Outcome::Pending(None) => (text.pending, text.slow.to_owned(), Drawing::Horizon),
        Outcome::Failed => (text.failed, text.failed_text.to_owned(), Drawing::Buoy),
    };
    let again = matches!(model.outcome, Outcome::Failed).then(|| view! { <ButtonLink label=text.try_again href=page.link("/checkout")/> });
    let weight = if again.is_some() { Weight::Secondary } else { Weight::Primary };
    let refresh = match model.outcome {
        Outcome::Pending(Some(again)) => Maybe::from(format!("2;url={again}")),
        _ => Maybe::default(),
    };
    view! {
        <Auth lang=page.lang title next refresh frame=page.frame.clone() flash=page.flash()>
            <DrawingOf drawing=drawing/>
            <div class="stack">{again}<ButtonLink label=text.go_on href=model.next weight=weight/></div>
        </Auth>
    }
}
