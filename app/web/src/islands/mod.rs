//! Islands where they stand on pages: filled with texts, and beside the module that wakes them. So a page loads that module
//! exactly when it contains an island.

mod credits;

pub use credits::CreditsCourse;

use crate::assets;
use leptos::prelude::*;

/// The module that wakes the page's islands; however often it is named, a browser runs it once. Nothing where Keel was built
/// without it: the page is whole, its islands only stay still.
#[component]
fn Boot() -> impl IntoView {
    assets::find_url("boot.js").map(|src| view! { <script type="module" src=src></script> })
}
