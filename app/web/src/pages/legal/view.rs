//! The legal pages.

use super::Model;
use crate::page::Page;
use leptos::prelude::*;

/// Terms.
pub fn terms(_: Model, page: Page) -> impl IntoView {
    let _ = page;
    view! { <p></p> }
}

/// Privacy.
pub fn privacy(_: Model, page: Page) -> impl IntoView {
    let _ = page;
    view! { <p></p> }
}
