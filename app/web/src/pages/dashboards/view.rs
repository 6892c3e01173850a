//! The dashboards.

use super::{organization, private};
use crate::page::Page;
use leptos::prelude::*;

/// The organization's.
pub fn organization(model: organization::Model, page: Page) -> impl IntoView {
    let _ = (model, page);
    view! { <p></p> }
}

/// A person's own.
pub fn private(model: private::Model, page: Page) -> impl IntoView {
    let _ = (model, page);
    view! { <p></p> }
}
