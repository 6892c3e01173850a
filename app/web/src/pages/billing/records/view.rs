//! The pages of the ledger and of the payments.

use super::filter::{called, kinds};
use super::{EXPORT, Model, Typed, page as page_at};
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::pages::parts::word;
use crate::problem::FieldProblem;
use crate::ui::{
    Breadcrumbs, Button, ButtonLink, Column, Day, Drawing, EmptyState, ErrorSummary, Field, Filters, Form, Maybe, Pagination, Pill, Place,
    Region, Select, Table, Text, Tone, Weight,
};
use keel_domain::billing::overview::{Entry, Payment};
use keel_domain::billing::records::{Rows, What};
use keel_text::{Catalogue, fill};
use keel_types::url;
use leptos::prelude::*;

/// Either page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.records);
    let frame = page.frame.clone()?;
    let (title, lead) = match model.what {
        What::Credits => (text.billing.transactions, words.credits_lead),
        What::Payments => (text.billing.payments, words.payments_lead),
    };
    let lead = fill(lead, &[("account", &model.account_name)]);
    let labels = [("kind", kind_label(text, model.what)), ("from", text.audit.from), ("to", text.audit.to)];
    let line = |label: &str, fault: &FieldProblem| fill(text.form.field, &[("label", &label), ("error", &text.fault(fault.code))]);
    let find = |field| model.faults.iter().find(|fault| fault.field == field);
    let errors = labels.iter().filter_map(|(field, label)| Some((*field, Text::from(line(label, find(*field)?))))).collect();
    let above = vec![Place::new(text.billing.title, page.billing.clone().unwrap_or_default())];
    let search = view! { <Search page=page.clone() what=model.what typed=model.typed.clone() faults=model.faults.clone()/> };
    let export =
        model.faults.is_empty().then(|| view! { <ExportCsv page=page.clone() what=model.what typed=model.typed.clone()/> }.into_any());
    let found = if model.faults.is_empty() {
        view! { <Found page=page.clone() model/> }.into_any()
    } else {
        view! { <EmptyState drawing=Drawing::Horizon title=text.audit.faulty text=text.audit.faulty_text/> }.into_any()
    };
    Some(view! {
        <Dashboard frame title lead>
            <Breadcrumbs label=text.billing.title above here=title/>
            <ErrorSummary title=text.form.problem errors/>
            <div class="regions">
                <Region id="find" title=words.find wide=true>{search}</Region>
                <Region id="records" title=title wide=true aside=export>{found}</Region>
            </div>
        </Dashboard>
    })
}

fn kind_label(text: &'static Catalogue, what: What) -> &'static str {
    match what {
        What::Credits => text.billing.kind,
        What::Payments => text.billing.status,
    }
}

#[component]
fn Search(page: Page, what: What, typed: Typed, faults: Vec<FieldProblem>) -> impl IntoView {
    let text = page.text;
    let error = |field: &str| Maybe::from(faults.iter().find(|fault| fault.field == field).map(|fault| text.fault(fault.code)));
    let mut options: Vec<(String, Text)> =
        kinds(what).iter().map(|kind| ((*kind).to_owned(), word(called(text, what, kind), (*kind).to_owned()))).collect();
    options.insert(0, (String::new(), Text::from(text.audit.any)));
    let [kind, from, to] = ["kind", "from", "to"].map(error);
    view! {
        <Filters action=page_at(what) account=page.about().map(str::to_owned) submit=text.audit.submit>
            <Select name="kind" label=kind_label(text, what) options=options value=typed.kind error=kind/>
            <Field name="from" label=text.audit.from hint=text.audit.day_hint value=typed.from error=from autocomplete="off"/>
            <Field name="to" label=text.audit.to hint=text.audit.day_hint value=typed.to error=to autocomplete="off"/>
        </Filters>
    }
}

/// The button that exports what the filter chooses, all pages of it.
#[component]
pub fn ExportCsv(page: Page, what: What, typed: Typed) -> impl IntoView {
    let hidden = typed.fields().into_iter().map(|(name, text)| (name, text.to_owned())).chain([("what", what.as_str().to_owned())]);
    let hidden = hidden.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view();
    view! {
        <Form action=EXPORT account=page.account.clone() class="">
            {hidden}
            <Button label=page.text.audit.csv weight=Weight::Secondary/>
        </Form>
    }
}

#[component]
fn Found(page: Page, model: Model) -> impl IntoView {
    let (text, words, path) = (page.text, &page.text.records, page_at(model.what));
    if model.rows.is_empty() {
        let everything = page.link(path);
        return view! {
            <EmptyState drawing=Drawing::Ledger title=words.nothing text=words.nothing_text>
                <ButtonLink label=text.audit.show_all href=everything weight=Weight::Secondary/>
            </EmptyState>
        }
        .into_any();
    }
    let at = |after: Option<String>| {
        let after = after.iter().map(|place| ("after", place.as_str()));
        let query: Vec<String> =
            model.typed.fields().into_iter().chain(after).map(|(name, text)| format!("{name}={}", url::escape(text))).collect();
        page.link(&if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) })
    };
    let first = model.is_later.then(|| at(None));
    let next = model.next.as_ref().map(|place| at(Some(place.to_string())));
    let table = match model.rows {
        Rows::Credits(rows) => view! { <Entries text rows/> }.into_any(),
        Rows::Payments(rows) => view! { <Payments text rows/> }.into_any(),
    };
    view! {
        {table}
        <Pagination label=words.pages newer=(text.audit.first.into(), first.into()) older=(text.audit.next.into(), next.into())/>
    }
    .into_any()
}

/// A table of the ledger.
#[component]
pub fn Entries(text: &'static Catalogue, rows: Vec<Entry>) -> impl IntoView {
    let words = &text.billing;
    let columns = vec![Column::text(words.date), Column::text(words.kind), Column::numbers(words.amount), Column::numbers(words.balance)];
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
    let rows = rows.into_iter().map(row).collect();
    view! { <Table caption=words.transactions quiet_caption=true columns rows/> }
}

/// A table of payments.
#[component]
pub fn Payments(text: &'static Catalogue, rows: Vec<Payment>) -> impl IntoView {
    let words = &text.billing;
    let columns =
        vec![Column::text(words.date), Column::text(words.description), Column::numbers(words.amount), Column::text(words.status)];
    let row = |payment: Payment| {
        let note = payment.note.clone().map(|note| view! { <span class="details soft">{word(text.payment_note.find(&note), note)}</span> });
        vec![
            view! { <Day at=payment.at/> }.into_any(),
            view! { <span class="details">{payment.product.clone()}{note}</span> }.into_any(),
            amount(text, &payment).into_any(),
            view! { <PaymentStatus text payment/> }.into_any(),
        ]
    };
    let rows = rows.into_iter().map(row).collect();
    view! { <Table caption=words.payments quiet_caption=true columns rows/> }
}

/// How much a payment was.
pub fn amount(text: &'static Catalogue, payment: &Payment) -> String {
    payment.amount.map_or_else(|| format!("{} ({})", text.billing.elsewhere, payment.currency.to_uppercase()), |amount| text.money(amount))
}

/// How a payment stands, and what of it was given back.
#[component]
pub fn PaymentStatus(text: &'static Catalogue, payment: Payment) -> impl IntoView {
    let Payment { status, refunded, is_partly_refunded, .. } = payment;
    let tone = match status.as_str() {
        "paid" => Tone::Success,
        "pending" => Tone::Info,
        "failed" | "disputed" => Tone::Danger,
        _ => Tone::Plain,
    };
    let partly = is_partly_refunded && status == "refunded";
    let label = if partly { text.payment_status.partly_refunded.into() } else { word(text.payment_status.find(&status), status) };
    let given_back = refunded.filter(|_| is_partly_refunded).map(|refunded| {
        view! { <span class="soft">{fill(text.billing.given_back, &[("amount", &text.money(refunded))])}</span> }
    });
    view! { <span class="details"><Pill label=label tone=tone/>{given_back}</span> }
}
