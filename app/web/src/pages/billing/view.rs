//! The billing page.

use super::company::{self, InvoiceDetails};
use super::licences::Licences;
use super::owner::BillingOwner;
use super::plan::{CurrentPlan, NoPlan};
use super::records::{CREDITS, Entries, ExportCsv, PAYMENTS, PaymentStatus, Payments, Typed, amount};
use super::{Model, paper};
use crate::islands::CreditsCourse;
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::ui::{ButtonLink, Column, Day, Drawing, EmptyState, Region, Stat, Table, Weight};
use keel_domain::billing::overview::{Entry, Payment};
use keel_domain::billing::records::What;
use keel_text::fill;
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = page.text;
    let Model { account_name, personal, overview, company, may_manage, sells_packs, owners } = model;
    let lead = if personal { text.billing.lead_personal.to_owned() } else { fill(text.billing.lead, &[("account", &account_name)]) };
    let has_customer = overview.has_customer;
    let renewing = overview.contract.clone().filter(|contract| contract.is_paid() && contract.ends.is_none());
    let licences = view! { <Licences page=page.clone() licences=overview.licences renewing may_manage/> };
    let plan = match overview.contract {
        Some(contract) => {
            let seats = (!personal).then(|| overview.summary.clone());
            view! { <CurrentPlan page=page.clone() contract seats may_manage has_customer/> }.into_any()
        }
        None => view! { <NoPlan page=page.clone() account=account_name.clone() may_manage has_customer/> }.into_any(),
    };
    let more = (may_manage && sells_packs).then(|| {
        view! { <p><ButtonLink label=text.billing.buy_more href=format!("{}#packs", page.pricing) weight=Weight::Secondary/></p> }
    });
    let problem = company::problem(&page);
    let details = view! { <InvoiceDetails page=page.clone() company may_manage/> };
    let owner = view! { <BillingOwner page=page.clone() name=overview.billing_owner account=account_name owners/> };
    let invoices = view! { <Invoices page=page.clone() payments=overview.payments.clone()/> };
    let transactions = view! { <Transactions page=page.clone() entries=overview.entries/> };
    let payments = view! { <RecentPayments page=page.clone() payments=overview.payments/> };
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=text.billing.title lead>
                {problem}
                <div class="regions">
                    {plan}
                    <Region id="credits" title=text.billing.credits>
                        <Stat value=text.number(overview.summary.credits) note=text.billing.credits_left brass=true/>
                        {more}
                    </Region>
                    {licences}
                    {transactions}
                    {payments}
                    {invoices}
                    {details}
                    {owner}
                </div>
            </Dashboard>
        }
    })
}

#[component]
fn Transactions(page: Page, entries: Vec<Entry>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.billing);
    let course = view! { <CreditsCourse text entries=&entries/> };
    let body = if entries.is_empty() {
        view! { <EmptyState drawing=Drawing::Ledger title=words.no_transactions text=words.no_transactions_text/> }.into_any()
    } else {
        view! { <Entries text rows=entries/><Rest page what=What::Credits path=CREDITS/> }.into_any()
    };
    view! { <Region id="transactions" title=words.transactions wide=true>{course}{body}</Region> }
}

#[component]
fn RecentPayments(page: Page, payments: Vec<Payment>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.billing);
    let body = if payments.is_empty() {
        view! { <EmptyState drawing=Drawing::Horizon title=words.no_payments text=words.no_payments_text/> }.into_any()
    } else {
        view! { <Payments text rows=payments/><Rest page what=What::Payments path=PAYMENTS/> }.into_any()
    };
    view! { <Region id="payments" title=words.payments wide=true>{body}</Region> }
}

/// The ways to all of a list.
#[component]
fn Rest(page: Page, what: What, path: &'static str) -> impl IntoView {
    let label = match what {
        What::Credits => page.text.records.all_credits,
        What::Payments => page.text.records.all_payments,
    };
    view! {
        <div class="cluster">
            <ButtonLink label=label href=page.link(path) weight=Weight::Quiet/>
            <ExportCsv page what typed=Typed::default()/>
        </div>
    }
}

/// The papers about what was paid.
#[component]
fn Invoices(page: Page, payments: Vec<Payment>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.billing);
    // What was not paid has an invoice, but no receipt.
    let is_paid = |payment: &Payment| matches!(payment.status.as_str(), "paid" | "refunded" | "disputed");
    let papers: Vec<Payment> = payments.into_iter().filter(|payment| payment.number.is_some() || is_paid(payment)).collect();
    let row = |payment: Payment| {
        let number = payment.number.clone().unwrap_or_else(|| payment.product.clone());
        let label = fill(words.download_what, &[("number", &number)]);
        vec![
            number.into_any(),
            view! { <Day at=payment.at/> }.into_any(),
            amount(text, &payment).into_any(),
            view! { <PaymentStatus text payment=payment.clone()/> }.into_any(),
            view! { <a href=page.link(&paper(&payment.id)) aria-label=label>{words.download}</a> }.into_any(),
        ]
    };
    let body = if papers.is_empty() {
        view! { <EmptyState drawing=Drawing::Horizon title=words.no_invoices text=words.no_invoices_text/> }.into_any()
    } else {
        let columns = vec![
            Column::text(words.number),
            Column::text(words.date),
            Column::numbers(words.amount),
            Column::text(words.status),
            Column::text(words.paper),
        ];
        let rows = papers.into_iter().map(row).collect();
        view! { <Table caption=words.invoices quiet_caption=true columns rows/> }.into_any()
    };
    view! { <Region id="invoices" title=words.invoices wide=true>{body}</Region> }
}
