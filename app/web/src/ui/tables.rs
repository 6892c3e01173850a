//! Tables that become cards on narrow screens, and the links to their other pages.

use leptos::prelude::*;

use super::{Maybe, Text, Weight};

/// A column: its label, and whether it holds numbers, which stand at the right.
#[derive(Debug, Clone)]
pub struct Column {
    pub label: Text,
    pub numbers: bool,
}

impl Column {
    pub fn text(label: impl Into<Text>) -> Self {
        Self { label: label.into(), numbers: false }
    }

    pub fn numbers(label: impl Into<Text>) -> Self {
        Self { label: label.into(), numbers: true }
    }
}

/// A table named by its caption. The first cell of each row names the row. The roles are spelled out because browsers forget
/// them where a table is laid out as cards.
#[component]
pub fn Table(
    #[prop(into)] caption: Text,
    /// Hides the caption where a heading says the same.
    #[prop(optional)]
    quiet_caption: bool,
    columns: Vec<Column>,
    /// A view per column in each row.
    rows: Vec<Vec<AnyView>>,
    /// With more columns than a page is wide: it scrolls by itself.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let head = columns
        .iter()
        .map(|column| view! { <th role="columnheader" scope="col" class=column.numbers.then_some("number")>{column.label.clone()}</th> })
        .collect_view();
    let body = rows
        .into_iter()
        .map(|row| {
            let cells = row.into_iter().zip(&columns).enumerate().map(|(i, (cell, column))| {
                let class = column.numbers.then_some("number");
                if i == 0 {
                    view! { <th role="rowheader" scope="row" class=class data-label=column.label.clone()>{cell}</th> }.into_any()
                } else {
                    view! { <td role="cell" class=class data-label=column.label.clone()>{cell}</td> }.into_any()
                }
            });
            view! { <tr role="row">{cells.collect_view()}</tr> }
        })
        .collect_view();
    let scrolls = wide.then(|| caption.clone());
    let table = view! {
        <table class="table" role="table">
            <caption class=quiet_caption.then_some("visually-hidden")>{caption}</caption>
            <thead role="rowgroup"><tr role="row">{head}</tr></thead>
            <tbody role="rowgroup">{body}</tbody>
        </table>
    };
    match scrolls {
        Some(label) => view! { <div class="table-wide" role="group" aria-label=label tabindex="0">{table}</div> }.into_any(),
        None => table.into_any(),
    }
}

/// Fields that choose what a list shows: a form that leads to another address of the same page.
#[component]
pub fn Filters(
    /// The page's address without its query.
    #[prop(into)]
    action: Text,
    /// The account the page is about, where the request named one.
    #[prop(into)]
    account: Maybe,
    /// What the button is called.
    #[prop(into)]
    submit: Text,
    children: Children,
) -> impl IntoView {
    let account = account.0.map(|account| view! { <input type="hidden" name="account" value=account/> });
    view! {
        <form method="get" action=action class="filters" role="search">
            {account}
            {children()}
            <button type="submit" class=Weight::Secondary.class()>{submit}</button>
        </form>
    }
}

/// Links to the newer and the older page of a list. Nothing when there is neither.
#[component]
pub fn Pagination(
    /// What these links lead through.
    #[prop(into)]
    label: Text,
    /// Label and, if there is such a page, its address.
    newer: (Text, Maybe),
    older: (Text, Maybe),
) -> impl IntoView {
    if newer.1.0.is_none() && older.1.0.is_none() {
        return None;
    }
    let newer = newer.1.0.map(|href| view! { <a class="button button-secondary pagination-newer" rel="prev" href=href>{newer.0}</a> });
    let older = older.1.0.map(|href| view! { <a class="button button-secondary" rel="next" href=href>{older.0}</a> });
    Some(view! { <nav class="pagination" aria-label=label>{newer}{older}</nav> })
}
