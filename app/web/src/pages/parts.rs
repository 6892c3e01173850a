//! Parts of several pages that bring words of their own.

use crate::page::Page;
use crate::ui::{Avatar, Drawing, EmptyState, ErrorSummary, Meter, Moment, Pill, Text, Tone};
use keel_domain::audit::Done;
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

/// What is wrong with the form of this page, to stand above it: as a whole, and at each of these fields (name and label).
pub fn problems(page: &Page, fields: &[(&'static str, &'static str)]) -> impl IntoView + use<> {
    let (text, form) = (page.text, &page.form);
    view! { <ErrorSummary title=text.form.problem problem=form.message(text) errors=form.summary(fields, text)/> }
}

/// How a contract stands.
#[component]
pub fn StatusPill(text: &'static Catalogue, status: String) -> impl IntoView {
    let tone = match status.as_str() {
        "active" => Tone::Success,
        "trialing" => Tone::Info,
        "incomplete" | "past_due" | "paused" => Tone::Warning,
        "unpaid" => Tone::Danger,
        _ => Tone::Plain,
    };
    view! { <Pill label=word(text.subscription_status.find(&status), status) tone=tone/> }
}

/// How many seats are taken.
#[component]
pub fn Seats(text: &'static Catalogue, used: i64, limit: Option<i64>) -> impl IntoView {
    let sentence = match limit {
        Some(limit) => fill(text.common.seats_used, &[("used", &used), ("limit", &limit)]),
        None => fill(text.common.seats_used_unlimited, &[("used", &used)]),
    };
    view! { <Meter text=sentence used limit/> }
}

/// What was done, newest first.
#[component]
pub fn ActivityList(
    text: &'static Catalogue,
    done: Vec<Done>,
    /// What to say while nothing was done: a title and a sentence.
    empty: (&'static str, String),
    /// Without the names: all of it was done by the reader.
    #[prop(optional)]
    own: bool,
) -> impl IntoView {
    if done.is_empty() {
        return view! { <EmptyState drawing=Drawing::Horizon title=empty.0 text=empty.1/> }.into_any();
    }
    let entry = |done: Done| {
        let actor = text.actor(&done.actor).to_owned();
        let (face, by) = if own {
            (view! { <span class="event-dot"></span> }.into_any(), None)
        } else {
            (view! { <Avatar name=actor.clone() id=done.actor/> }.into_any(), Some(view! { <bdi>{actor}</bdi>" · " }))
        };
        view! {
            <li class="event">
                {face}
                <p class="event-what">{text.activity(&done.action).to_owned()}</p>
                <p class="event-when">{by}<Moment at=done.at/></p>
            </li>
        }
    };
    view! { <ol class="timeline">{done.into_iter().map(entry).collect_view()}</ol> }.into_any()
}

/// A text found by a word, else the word.
pub fn word(found: Option<&'static str>, word: String) -> Text {
    found.map_or(Text::Owned(word), Text::Borrowed)
}
