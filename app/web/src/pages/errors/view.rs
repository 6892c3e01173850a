//! The error page.

use super::Model;
use leptos::prelude::*;

/// The page.
pub fn view(model: Model) -> impl IntoView {
    let title = model.problem.title;
    view! { <h1>{title}</h1> }
}
