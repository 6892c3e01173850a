//! The buttons that lead to accounts elsewhere, below the form of signing in.

use crate::page::Page;
use crate::ui::{Button, Form, Weight};
use keel_domain::Keel;
use keel_text::fill;
use keel_types::url::{self, LocalPath};
use leptos::prelude::*;

/// The providers that are set up: their slugs and names.
pub fn list(keel: &Keel) -> Vec<(String, String)> {
    keel.settings().providers.iter().map(|provider| (provider.slug.clone(), provider.name.clone())).collect()
}

/// A button for each; nothing where there is none.
#[component]
pub fn ContinueWith(page: Page, providers: Vec<(String, String)>, redirect_to: Option<LocalPath>) -> impl IntoView {
    let text = &page.text.providers;
    let button = move |(slug, name): (String, String)| {
        let next = redirect_to.clone().map(|to| view! { <input type="hidden" name="redirectTo" value=String::from(to)/> });
        let label = fill(text.continue_with, &[("provider", &name)]);
        view! { <Form action=url::provider(&slug)>{next}<Button label weight=Weight::Secondary/></Form> }
    };
    (!providers.is_empty()).then(|| view! { <div class="alternatives">{providers.into_iter().map(button).collect_view()}</div> })
}
