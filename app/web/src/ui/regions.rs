//! How a page is divided: regions with a heading, and facts with their names.

use leptos::prelude::*;

use super::Text;

/// A part of a page named after its heading.
#[component]
pub fn Region(
    /// Its id; the heading is `{id}-title`.
    id: &'static str,
    #[prop(into)] title: Text,
    /// Over the whole width where regions stand side by side.
    #[prop(optional)]
    wide: bool,
    /// Bordered in `signal`: what is here destroys.
    #[prop(optional)]
    danger: bool,
    /// What stands beside the heading: a pill, a quiet link.
    #[prop(optional_no_strip)]
    aside: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    let mut class = String::from("region");
    for (on, name) in [(wide, " region-wide"), (danger, " region-danger")] {
        if on {
            class.push_str(name);
        }
    }
    view! {
        <section class=class id=id aria-labelledby=heading>
            <div class="region-header"><h2 id=heading.clone()>{title}</h2>{aside}</div>
            {children()}
        </section>
    }
}

/// A list of facts: `Fact`s inside, side by side or one per row.
#[component]
pub fn Facts(
    /// One per row with a line between, as in a summary.
    #[prop(optional)]
    rows: bool,
    children: Children,
) -> impl IntoView {
    view! { <dl class=if rows { "facts facts-rows" } else { "facts" }>{children()}</dl> }
}

/// One fact; its value are the children.
#[component]
pub fn Fact(#[prop(into)] label: Text, children: Children) -> impl IntoView {
    view! { <div class="fact"><dt>{label}</dt><dd>{children()}</dd></div> }
}
