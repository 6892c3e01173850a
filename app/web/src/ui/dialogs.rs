//! Dialogs: a question over the page it is about. They open and close without a script.

use leptos::prelude::*;

use super::{Text, Weight};

/// A button that opens the dialog of this id: as a modal one where the browser knows the command, else as a popover.
#[component]
pub fn DialogButton(
    #[prop(into)] label: Text,
    /// The id of the [`Dialog`].
    #[prop(into)]
    opens: Text,
    #[prop(default = Weight::Secondary)] weight: Weight,
) -> impl IntoView {
    view! {
        <button type="button" class=weight.class() command="show-modal" commandfor=opens.clone() popovertarget=opens>{label}</button>
    }
}

/// A dialog named by its heading. It closes by its own button, by Escape and by a click beside it; what it asks is a form
/// inside it.
#[component]
pub fn Dialog(
    #[prop(into)] id: Text,
    #[prop(into)] title: Text,
    /// What the button says that closes it.
    #[prop(into)]
    close: Text,
    /// Open when the page opens: with what was typed in it.
    #[prop(optional)]
    open: bool,
    children: Children,
) -> impl IntoView {
    let (heading, own) = (format!("{id}-title"), id.clone());
    view! {
        <dialog class="dialog" id=own popover="auto" closedby="any" open=open aria-labelledby=heading.clone()>
            <h2 id=heading.clone()>{title}</h2>
            {children()}
            <button
                type="button" class=Weight::Quiet.class()
                command="close" commandfor=id.clone() popovertarget=id popovertargetaction="hide"
            >
                {close}
            </button>
        </dialog>
    }
}
