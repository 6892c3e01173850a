//! Facts, tables and the links between their pages.

use super::examples::{HEBREW_NAME, LONG_NAME, entries, long_word};
use crate::pages::parts::word;
use crate::ui::{Column, Day, Fact, Facts, Field, Filters, Maybe, Moment, Pagination, Pill, Region, Table, Tone};
use keel_text::Catalogue;
use leptos::prelude::*;

/// Facts, tables, pagination.
#[component]
pub fn Tables(text: &'static Catalogue) -> impl IntoView {
    let words = &text.billing;
    let columns = || vec![Column::text(words.date), Column::text(words.kind), Column::numbers(words.amount), Column::text(words.status)];
    let rows = entries().into_iter().map(|entry| {
        vec![
            view! { <Day at=entry.at/> }.into_any(),
            word(text.ledger_kind.find(&entry.kind), entry.kind).into_any(),
            text.signed(entry.amount).into_any(),
            view! { <Pill label=text.payment_status.paid tone=Tone::Success/> }.into_any(),
        ]
    });
    let many = || (0..12).map(|_| Column::text(words.transactions)).collect::<Vec<_>>();
    let names = [LONG_NAME.to_owned(), HEBREW_NAME.to_owned(), long_word()];
    let late = || view! { <Pill label=text.subscription_status.past_due tone=Tone::Warning/> }.into_any();
    let unruly = names.map(|name| vec![name.into_any(), words.owner.into_any(), text.number(i64::MAX).into_any(), late()]);
    let moment = entries().first().map(|entry| view! { <Moment at=entry.at/> });
    view! {
        <Region id="table" title="Table, Pagination" wide=true>
            <Table caption=words.transactions columns=columns() rows=rows.collect()/>
            <Pagination label=words.transactions newer=(text.components.newer.into(), Maybe::from("#table")) older=(text.components.older.into(), Maybe::from("#table"))/>
        </Region>
        <Region id="wide" title="Table, wide" wide=true>
            <Table caption=words.owner columns=many() rows=vec![many().into_iter().map(|column| column.label.into_any()).collect()] wide=true/>
        </Region>
        <Region id="filters" title="Filters" wide=true>
            <Filters action="/dev/components" account={None::<String>} submit=text.members.submit>
                <Field name="filter" label=text.members.search hint=text.members.search_hint/>
            </Filters>
        </Region>
        <Region id="unruly" title="Table" wide=true>
            <Table caption=words.payments columns=columns() rows=unruly.into()/>
            <Pagination label=words.payments newer=(text.components.newer.into(), Maybe::default()) older=(text.components.older.into(), Maybe::from("#unruly"))/>
        </Region>
        <Region id="facts" title="Facts" wide=true>
            <Facts>
                <Fact label=words.price>"$29"</Fact>
                <Fact label=words.owner>{LONG_NAME}</Fact>
                <Fact label=words.date>{moment}</Fact>
            </Facts>
            <Facts rows=true>
                <Fact label=words.price>"$29"</Fact>
                <Fact label=words.owner>{HEBREW_NAME}</Fact>
                <Fact label=words.description>{long_word()}</Fact>
            </Facts>
        </Region>
    }
}
