//! `/two-step/required`: what opens only to sessions with a second factor leads here. Who has one shows it, or a recovery code in its
//! place, and goes on; who has none reads who asks for it and how to turn it on.

use super::{REQUIRED, SET_UP};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::pages::sign_in::ConfirmByPasskey;
use crate::pages::sign_in::second_step::{SecondFactor, is_by_recovery, labels, other_way};
use crate::pages::sign_in::step_up::confirm_second_factor;
use crate::ui::{Button, ButtonLink, ErrorSummary, Form, Weight};
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
    /// Whether a recovery code may be.
    recovery: bool,
    /// Whether the page asks for that.
    by_recovery: bool,
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
    let recovery = ways.recovery_codes > 0;
    let by_recovery = recovery && (is_by_recovery(visit) || !passkey);
    Ok(Model { account: standing.two_step_required.then(|| standing.name.clone()), passkey, recovery, by_recovery, next })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.two_step);
    let Model { account, passkey, recovery, by_recovery, next } = model;
    let lead = match account {
        _ if by_recovery => words.recovery_required.to_owned(),
        _ if passkey => text.passkeys.required.to_owned(),
        Some(account) => fill(words.required_text, &[("account", &account)]),
        None => words.required_here.to_owned(),
    };
    let label = if by_recovery { passkey.then_some(text.passkeys.confirm) } else { recovery.then_some(words.use_recovery) };
    let other = other_way(label, &page.link(&leading_on(REQUIRED, next.as_ref())), by_recovery);
    // Who has a passkey shows that one, or what stands in for it: another second factor is added behind it.
    let shown = if by_recovery {
        view! { <ByRecoveryCode page=page.clone() next/> }.into_any()
    } else if passkey {
        let next = next.map(String::from).unwrap_or_default();
        view! { <ConfirmByPasskey page=page.clone() next weight=Weight::Primary missing=text.passkeys.missing/> }.into_any()
    } else {
        view! { <p><ButtonLink label=words.turn_on href=leading_on(SET_UP, next.as_ref())/></p> }.into_any()
    };
    let others = page.frame.as_ref().is_some_and(|frame| frame.accounts.len() > 1);
    view! {
        <Auth lang=page.lang title=words.required next=lead flash=page.flash() frame=page.frame.clone()>
            <ErrorSummary title=text.form.problem problem=page.form.message(text) errors=page.form.summary(&labels(text), text)/>
            {shown}
            {other.map(|other| view! { <div class="alternatives">{other}</div> })}
            {others.then(|| view! { <p class="soft">{words.others_stay}</p> })}
        </Auth>
    }
}

#[component]
fn ByRecoveryCode(page: Page, next: Option<LocalPath>) -> impl IntoView {
    let next = next.map(|next| view! { <input type="hidden" name="redirectTo" value=String::from(next)/> });
    let (action, label) = (confirm_second_factor::at(&page.here), page.text.two_step.verify);
    view! {
        <Form action>
            {next}
            <SecondFactor page by_recovery=true/>
            <Button label/>
        </Form>
    }
}

/// A page, leading on to where the caller wants to go.
fn leading_on(page: &str, next: Option<&LocalPath>) -> String {
    next.map_or_else(|| page.to_owned(), |next| url::leading_on(page, next.as_str()))
}
