//! The billing page.

use super::Model;
use super::company::{self, InvoiceDetails};
use super::owner::BillingOwner;
use crate::islands::CreditsCourse;
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::pages::parts::{Seats, StatusPill, word};
use crate::ui::{ButtonLink, Column, Day, Drawing, EmptyState, Fact, Facts, Pill, Region, Stat, Table, Tone};
use keel_domain::billing::overview::{Contract, Entry, Payment, Summary};
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = page.text;
    let Model { account_name, personal, overview, company, may_manage, owners } = model;
    let lead = if personal { text.billing.lead_personal.to_owned() } else { fill(text.billing.lead, &[("account", &account_name)]) };
    let plan = match overview.contract {
        Some(contract) => view! { <CurrentPlan text contract seats=(!personal).then(|| overview.summary.clone())/> }.into_any(),
        None => view! { <NoPlan text account=account_name.clone() pricing=may_manage.then(|| page.pricing.clone())/> }.into_any(),
    };
    let problem = company::problem(&page);
    let details = view! { <InvoiceDetails page=page.clone() company may_manage/> };
    let owner = view! { <BillingOwner page=page.clone() name=overview.billing_owner account=account_name owners/> };
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=text.billing.title lead>
                {problem}
                <div class="regions">
                    {plan}
                    <Region id="credits" title=text.billing.credits>
                        <Stat value=text.number(overview.summary.credits) note=text.billing.credits_left brass=true/>
                    </Region>
                    <Transactions text entries=overview.entries/>
                    <Payments text payments=overview.payments/>
                    {details}
                    {owner}
                </div>
            </Dashboard>
        }
    })
}

#[component]
fn CurrentPlan(
    text: &'static Catalogue,
    contract: Contract,
    /// The seats to count, where there are any.
    seats: Option<Summary>,
) -> impl IntoView {
    let seats = seats.map(|summary| view! { <Fact label=text.billing.seats><Seats text summary/></Fact> });
    let price = text.price(contract.total, contract.interval);
    let renewal = if let Some(end) = contract.ends {
        Some(fill(text.billing.ends, &[("date", &text.date(end))]))
    } else if let Some(end) = contract.trial_end {
        Some(fill(text.billing.trial_ends, &[("date", &text.date(end))]))
    } else {
        let renews = contract.period_end.filter(|_| contract.interval.is_some());
        renews.map(|end| fill(text.billing.renews, &[("date", &text.date(end))]))
    };
    let status = view! { <StatusPill text status=contract.status/> }.into_any();
    view! {
        <Region id="plan" title=text.billing.current_plan aside=Some(status)>
            <Stat value=contract.plan note=renewal/>
            <Facts>
                <Fact label=text.billing.price>{price}</Fact>
                {seats}
            </Facts>
        </Region>
    }
}

#[component]
fn NoPlan(
    text: &'static Catalogue,
    account: String,
    /// Where plans are chosen, for people who may.
    pricing: Option<String>,
) -> impl IntoView {
    let text = &text.billing;
    let body = if let Some(pricing) = pricing {
        view! {
            <EmptyState drawing=Drawing::Stocks title=text.no_plan text=text.no_plan_text>
                <ButtonLink label=text.choose_plan href=pricing/>
            </EmptyState>
        }
        .into_any()
    } else {
        view! { <EmptyState drawing=Drawing::Stocks title=text.no_plan text=fill(text.ask_owner, &[("account", &account)])/> }.into_any()
    };
    view! { <Region id="plan" title=text.current_plan>{body}</Region> }
}

#[component]
fn Transactions(text: &'static Catalogue, entries: Vec<Entry>) -> impl IntoView {
    let words = &text.billing;
    let row = |entry: Entry| {
        let kind = word(text.ledger_kind.find(&entry.kind), entry.kind);
        let class = (entry.amount > 0).then_some("amount-in");
        vec![
            view! { <Day at=entry.at/> }.into_any(),
            kind.into_any(),
            view! { <span class=class>{text.signed(entry.amount)}</span> }.into_any(),
            text.number(entry.balance).into_any(),
        ]
    };
    let course = view! { <CreditsCourse text entries=&entries/> };
    let body = if entries.is_empty() {
        view! { <EmptyState drawing=Drawing::Ledger title=words.no_transactions text=words.no_transactions_text/> }.into_any()
    } else {
        let columns =
            vec![Column::text(words.date), Column::text(words.kind), Column::numbers(words.amount), Column::numbers(words.balance)];
        let rows = entries.into_iter().map(row).collect();
        view! { <Table caption=words.transactions quiet_caption=true columns rows/> }.into_any()
    };
    view! { <Region id="transactions" title=words.transactions wide=true>{course}{body}</Region> }
}

#[component]
fn Payments(text: &'static Catalogue, payments: Vec<Payment>) -> impl IntoView {
    let words = &text.billing;
    let row = |payment: Payment| {
        let tone = match payment.status.as_str() {
            "paid" => Tone::Success,
            "pending" => Tone::Info,
            "failed" | "disputed" => Tone::Danger,
            _ => Tone::Plain,
        };
        let status = word(text.payment_status.find(&payment.status), payment.status);
        vec![
            view! { <Day at=payment.at/> }.into_any(),
            payment.product.into_any(),
            text.money(payment.amount).into_any(),
            view! { <Pill label=status tone=tone/> }.into_any(),
        ]
    };
    let body = if payments.is_empty() {
        view! { <EmptyState drawing=Drawing::Horizon title=words.no_payments text=words.no_payments_text/> }.into_any()
    } else {
        let columns =
            vec![Column::text(words.date), Column::text(words.description), Column::numbers(words.amount), Column::text(words.status)];
        let rows = payments.into_iter().map(row).collect();
        view! { <Table caption=words.payments quiet_caption=true columns rows/> }.into_any()
    };
    view! { <Region id="payments" title=words.payments wide=true>{body}</Region> }
}
