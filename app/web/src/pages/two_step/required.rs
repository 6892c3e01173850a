//! `/two-step/required`: what opens only to sessions with a second factor leads here. Who has one shows it and goes on; who has none
//! reads who asks for it and how to turn it on.

use super::SET_UP;
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::pages::sign_in::ConfirmByPasskey;
use crate::ui::{ButtonLink, ErrorSummary, Weight};
use keel_domain::access::{Read, SignedIn};
use keel_domain::{passkeys, two_step};
use keel_text::fill;
use keel_types::url::{self, LocalPath};
use leptos::prelude::*;

/// The page's model.
pub struct Model {
    /// The workspace that requires it, where it is one.
    account: Option<String>,
    /// Whether one of the caller's passkeys may be shown.
    passkey: bool,
    next: Option<LocalPath>,
}

/// Finds what the caller lacks.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    let next = visit.query("redirectTo").and_then(LocalPath::parse);
    let onward = next.as_ref().map_or("/private-dashboard", LocalPath::as_str).to_owned();
    if call.proof().second_factor {
        return Err(Stop::Go(onward));
    }
    let ways = two_step::ways_of_caller(&mut call).await?;
    if ways.is_on() {
        return Err(Stop::Go(url::step_up(&onward)));
    }
    let standing = call.proof().usual_standing();
    let passkey = ways.passkeys > 0 && passkeys::are_offered(visit.keel().settings());
    Ok(Model { account: standing.two_step_required.then(|| standing.name.clone()), passkey, next })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.two_step;
    let lead = match model.account {
        _ if model.passkey => page.text.passkeys.required.to_owned(),
        Some(account) => fill(words.required_text, &[("account", &account)]),
        None => words.required_here.to_owned(),
    };
    let errors = page.form.summary(&[("passkey", page.text.passkeys.passkey)], page.text);
    // Who has a passkey shows that one: another second factor is added behind it.
    let shown = if model.passkey {
        let next = model.next.map(String::from).unwrap_or_default();
        let missing = page.text.passkeys.missing;
        view! { <ConfirmByPasskey page=page.clone() next weight=Weight::Primary missing/> }.into_any()
    } else {
        let set_up = model.next.map_or_else(|| SET_UP.to_owned(), |next| url::leading_on(SET_UP, next.as_str()));
        view! { <p><ButtonLink label=words.turn_on href=set_up/></p> }.into_any()
    };
    let others = page.frame.as_ref().is_some_and(|frame| frame.accounts.len() > 1);
    view! {
        <Auth lang=page.lang title=words.required next=lead flash=page.flash() frame=page.frame.clone()>
            <ErrorSummary title=page.text.form.problem problem=page.form.message(page.text) errors/>
            {shown}
            {others.then(|| view! { <p class="soft">{words.others_stay}</p> })}
        </Auth>
    }
}
