//! Forms that ask the reader's device for a passkey.

use leptos::prelude::*;

use super::{Maybe, Text};
use crate::assets;

/// A form that, when it is sent, asks the device for a passkey and carries its answer in the field `passkey`. It stays hidden where
/// no script runs or the browser cannot.
#[component]
pub fn PasskeyForm(
    /// Where it posts to: an action's `at(here)`.
    #[prop(into)]
    action: Text,
    /// The action that says what the device is asked.
    asks: &'static str,
    /// What for, where that action answers more than one purpose.
    #[prop(into, optional)]
    purpose: Maybe,
    /// What stands there instead while it is hidden.
    #[prop(into, optional)]
    missing: Maybe,
    children: Children,
) -> impl IntoView {
    let missing = missing.0.map(|text| view! { <p class="soft" data-passkey-missing>{text}</p> });
    view! {
        <form method="post" action=action class="form" id="passkey" novalidate hidden data-passkey=asks data-purpose=purpose.0>
            <input type="hidden" name="passkey"/>
            {children()}
        </form>
        {missing}
        <script type="module" src=assets::url("passkeys.js")></script>
    }
}
