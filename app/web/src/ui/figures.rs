//! Small things to read at a glance: pills, figures, meters, avatars, moments.

use keel_text::iso;
use keel_types::Instant;
use leptos::prelude::*;

use super::{Maybe, Text};
use crate::reading::Reading;

/// What a colour says. Never the only thing that says it: the words do too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Plain,
    Info,
    Success,
    Warning,
    Danger,
    /// Credits.
    Brass,
}

/// A status in one or two words.
#[component]
pub fn Pill(#[prop(into)] label: Text, #[prop(optional)] tone: Tone) -> impl IntoView {
    let class = match tone {
        Tone::Plain => "pill",
        Tone::Info => "pill pill-info",
        Tone::Success => "pill pill-success",
        Tone::Warning => "pill pill-warning",
        Tone::Danger => "pill pill-danger",
        Tone::Brass => "pill pill-brass",
    };
    view! { <span class=class>{label}</span> }
}

/// A figure in large type. The heading above it says what it counts.
#[component]
pub fn Stat(
    #[prop(into)] value: Text,
    /// What to know about it: `left to use`.
    #[prop(into, optional)]
    note: Maybe,
    /// In brass, for credits.
    #[prop(optional)]
    brass: bool,
) -> impl IntoView {
    let note = note.0.map(|text| view! { <span class="stat-note">{text}</span> });
    view! {
        <p class=if brass { "stat stat-brass" } else { "stat" }>
            <span class="stat-value">{value}</span>
            {note}
        </p>
    }
}

/// How much of a limit is used, said in words and drawn as a bar.
#[component]
pub fn Meter(
    /// The whole sentence: `4 of 10 seats used`.
    #[prop(into)]
    text: Text,
    used: i64,
    /// Without a limit there is no bar.
    #[prop(optional_no_strip)]
    limit: Option<i64>,
) -> impl IntoView {
    let full = limit.is_some_and(|limit| used >= limit);
    let bar = limit.map(|limit| {
        let percent = (used.saturating_mul(100) / limit.max(1)).clamp(0, 100);
        view! {
            <svg aria-hidden="true" preserveAspectRatio="none">
                <rect class="meter-track" width="100%" height="100%"></rect>
                <rect class="meter-fill" width=format!("{percent}%") height="100%"></rect>
            </svg>
        }
    });
    view! {
        <div class=if full { "meter meter-full" } else { "meter" }>
            <p class="meter-text">{text}</p>
            {bar}
        </div>
    }
}

/// The picture of a person or a workspace, else the initials in a colour that stays theirs. The name stands beside it.
#[component]
pub fn Avatar(
    name: String,
    /// What the colour is taken from: the id of an account, the name of a person, so that it is theirs on every page.
    id: String,
    /// Square for workspaces, round for people.
    #[prop(optional)]
    square: bool,
    /// Where the picture is, if there is one.
    #[prop(into, optional)]
    picture: Maybe,
) -> impl IntoView {
    let shape = if square { " avatar-square" } else { "" };
    if let Some(picture) = picture.0 {
        return view! { <img class=format!("avatar avatar-picture{shape}") src=picture alt="" width="34" height="34"/> }.into_any();
    }
    let colour = id.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 8;
    view! { <span class=format!("avatar avatar-{colour}{shape}") aria-hidden="true">{initials(&name)}</span> }.into_any()
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next();
    first.into_iter().chain(letters.next_back()).flat_map(char::to_uppercase).collect()
}

/// A day, with the minute on hover and for machines. In UTC, until `times.js` writes it in the reader's time.
#[component]
pub fn Day(at: Instant) -> impl IntoView {
    let text = Reading::now().text();
    view! { <time datetime=iso(at) title=text.date_time(at)>{text.date(at)}</time> }
}

/// A day and its minute; of the same times.
#[component]
pub fn Moment(at: Instant) -> impl IntoView {
    view! { <time datetime=iso(at)>{Reading::now().text().date_time(at)}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_and_the_last_word() {
        assert_eq!(initials("Olivia van den Berg"), "OB");
        assert_eq!(initials("acme"), "A");
        assert_eq!(initials("“Acme” (Test) Ltd."), "AL");
        assert_eq!(initials(""), "");
    }
}
