//! What is pressed: buttons, links that look like buttons, and the form around them.

use leptos::prelude::*;

use super::{Maybe, Text};

/// How much a button asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// The one thing this page is for.
    #[default]
    Primary,
    /// Something else one may do.
    Secondary,
    /// Something at the side.
    Quiet,
    /// What cannot be taken back.
    Danger,
}

impl Weight {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Secondary => "button button-secondary",
            Self::Quiet => "button button-quiet",
            Self::Danger => "button button-danger",
        }
    }
}

/// A button that submits the form it stands in.
#[component]
pub fn Button(
    /// Its name: a verb.
    #[prop(into)]
    label: Text,
    #[prop(optional)] weight: Weight,
    /// What the form carries when this button was the one pressed: name and value.
    #[prop(optional_no_strip)]
    says: Option<(&'static str, String)>,
    /// Where the form goes when this button was the one pressed, instead of the form's own address.
    #[prop(into, optional)]
    to: Maybe,
) -> impl IntoView {
    let (name, value) = says.unzip();
    view! { <button type="submit" class=weight.class() name=name value=value formaction=to.0>{label}</button> }
}

/// A link that looks like a button. It only leads somewhere, it changes nothing.
#[component]
pub fn ButtonLink(#[prop(into)] label: Text, #[prop(into)] href: Text, #[prop(optional)] weight: Weight) -> impl IntoView {
    view! { <a class=weight.class() href=href>{label}</a> }
}

/// A form that posts, with the account it was rendered for. Checked by the server alone, so that
/// everybody reads the same messages at the fields.
#[component]
pub fn Form(
    /// Where it posts to: an action's `at(here)`.
    #[prop(into)]
    action: Text,
    /// The id of the account it acts on; empty for forms before there is one.
    #[prop(into, optional)]
    account: Text,
    /// Whether it carries files.
    #[prop(optional)]
    files: bool,
    /// Its class: `form` stacks fields, the empty one keeps a lone button in line.
    #[prop(default = "form")]
    class: &'static str,
    children: Children,
) -> impl IntoView {
    let account = (!account.is_empty()).then(|| view! { <input type="hidden" name="account" value=account/> });
    let encoding = files.then_some("multipart/form-data");
    view! { <form method="post" action=action enctype=encoding class=class novalidate>{account}{children()}</form> }
}
