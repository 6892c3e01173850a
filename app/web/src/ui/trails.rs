//! Where one is among pages that belong together: tabs, which are links, and the way down to a page.

use leptos::prelude::*;

use super::Text;

/// A page one can go to from here.
#[derive(Debug, Clone)]
pub struct Place {
    pub label: Text,
    pub href: String,
}

impl Place {
    pub fn new(label: impl Into<Text>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// The pages of one thing, side by side.
#[component]
pub fn Tabs(
    /// What these pages are about.
    #[prop(into)]
    label: Text,
    places: Vec<Place>,
    /// The address of this page, which is marked.
    #[prop(into)]
    here: String,
) -> impl IntoView {
    let tab = |place: Place| {
        let current = (place.href == here).then_some("page");
        view! { <li><a class="tab" href=place.href aria-current=current>{place.label}</a></li> }
    };
    view! { <nav aria-label=label><ul class="tabs">{places.into_iter().map(tab).collect_view()}</ul></nav> }
}

/// The way from a list down to this page; the pages above it are links, this one is only named.
#[component]
pub fn Breadcrumbs(#[prop(into)] label: Text, above: Vec<Place>, #[prop(into)] here: Text) -> impl IntoView {
    let place = |place: Place| view! { <li><a href=place.href>{place.label}</a></li> };
    view! {
        <nav aria-label=label>
            <ol class="breadcrumbs">
                {above.into_iter().map(place).collect_view()}
                <li aria-current="page">{here}</li>
            </ol>
        </nav>
    }
}
