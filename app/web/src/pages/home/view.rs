//! The start page.

use super::Model;
use crate::page::Page;
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let _ = (model, page);
    view! { <p></p> }
}
