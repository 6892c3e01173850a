//! The checkout and what becomes of it.

use super::Model;
use crate::page::Page;
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let _ = (model, page);
    view! { <p></p> }
}

/// What became of a payment.
pub fn success(model: super::success::Model, page: Page) -> impl IntoView {
    let _ = (model, page);
    view! { <p></p> }
}
