//! What the product says by itself: after an action, above a page, inside it, and where nothing is yet.

use leptos::prelude::*;

use super::{Drawing, DrawingOf, Icon, IconOf, Maybe, Text, Tone, Weight};
use crate::assets;

/// What the last action said, and whether it went as wished.
#[derive(Debug, Clone)]
pub struct Spoken {
    pub text: Text,
    pub tone: Tone,
}

/// What the last action said; announced when the page opens.
#[component]
pub fn Flash(spoken: Spoken) -> impl IntoView {
    let (class, icon) = match spoken.tone {
        Tone::Danger | Tone::Warning => ("flash flash-warning", Icon::Warning),
        Tone::Plain | Tone::Info | Tone::Brass => ("flash flash-info", Icon::Info),
        Tone::Success => ("flash flash-success", Icon::Check),
    };
    view! { <div class=class role="status"><IconOf icon/><p>{spoken.text}</p></div> }
}

/// One line above everything, about the whole account.
#[component]
pub fn Banner(
    #[prop(into)] text: Text,
    #[prop(optional)] tone: Tone,
    /// Label and address of what to do about it.
    #[prop(optional_no_strip)]
    link: Option<(Text, String)>,
) -> impl IntoView {
    let class = match tone {
        Tone::Danger => "banner banner-danger",
        Tone::Warning => "banner banner-warning",
        Tone::Success => "banner banner-success",
        Tone::Plain | Tone::Info | Tone::Brass => "banner banner-info",
    };
    let link = link.map(|(label, href)| view! { <a href=href>{label}</a> });
    view! { <aside class=class><p>{text}</p>{link}</aside> }
}

/// Something to know before going on, inside a page.
#[component]
pub fn Notice(
    #[prop(into, optional)] title: Maybe,
    #[prop(into)] text: Text,
    #[prop(optional)] tone: Tone,
    /// What to do about it, below the text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (class, icon) = match tone {
        Tone::Danger => ("notice notice-danger", Icon::Warning),
        Tone::Warning => ("notice notice-warning", Icon::Warning),
        Tone::Success => ("notice notice-success", Icon::Check),
        Tone::Plain | Tone::Info | Tone::Brass => ("notice notice-info", Icon::Info),
    };
    let title = title.0.map(|text| view! { <p class="notice-title">{text}</p> });
    let action = children.map(|children| view! { <div class="cluster">{children()}</div> });
    view! { <div class=class><IconOf icon=icon/>{title}<p>{text}</p>{action}</div> }
}

/// Where nothing is yet: a drawing, what will be here, and the next step as children.
#[component]
pub fn EmptyState(
    drawing: Drawing,
    #[prop(into)] title: Text,
    #[prop(into)] text: Text,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <DrawingOf drawing=drawing/>
            <p class="empty-title">{title}</p>
            <p class="empty-text">{text}</p>
            {children.map(|children| children())}
        </div>
    }
}

/// A secret or a code to copy: by a button where scripts run; elsewhere one click selects all of it.
#[component]
pub fn Secret(
    id: &'static str,
    /// What it is, for assistive technology.
    #[prop(into)]
    label: Text,
    text: String,
    /// What the button says, before and after.
    copy: (Text, Text),
) -> impl IntoView {
    let (copy, copied) = copy;
    view! {
        <div class="secret-row">
            <code class="secret" id=id role="group" aria-label=label tabindex="0">{text}</code>
            <button
                type="button" class=Weight::Secondary.class() data-copies=id data-copied=copied.into_owned() aria-live="polite" hidden
            >
                {copy}
            </button>
        </div>
        <script type="module" src=assets::url("copy.js")></script>
    }
}
