//! The buttons that sign in by a passkey, take the second step with it, and prove with it anew who one is.

use super::actions::{pending, welcomed};
use super::second_step::verify_second_step;
use super::step_up::confirm_second_factor;
use super::{LOGIN, SIGNUP, STEP_UP, TWO_STEP};
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::{Input, Reader};
use crate::page::Page;
use crate::pages::two_step::REQUIRED;
use crate::problem::Problem;
use crate::ui::{Button, Maybe, PasskeyForm, Weight};
use keel_domain::access::{Visitor, Write};
use keel_domain::billing::catalogue::Choice;
use keel_domain::passkeys::{self, Assertion, Purpose};
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in;
use keel_types::Fault;
use keel_types::url::LocalPath;
use leptos::prelude::*;

actions! {
    /// Gives what a device is asked to sign.
    ask_passkey: "auth/ask-passkey" on [LOGIN, SIGNUP, TWO_STEP, STEP_UP, REQUIRED], Visitor, Purpose;
    /// Signs in by what a device signed.
    by_passkey: "auth/by-passkey" on [LOGIN, SIGNUP], Visitor, SignIn;
}

impl Input for Purpose {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        form.choice("purpose", Self::parse)
    }
}

async fn ask_passkey(call: &mut Write<Visitor>, purpose: Purpose) -> Answer {
    let (options, browser) = passkeys::ask(call, purpose).await?;
    Ok(Done::go(LOGIN).give(options).cookie(Cookie::Passkey.set(call.keel().settings(), browser.reveal())))
}

/// What a device signed, in the browser that was asked for it.
pub(super) struct Signed {
    pub browser: PlainToken,
    pub assertion: Assertion,
}

impl Input for Signed {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let assertion = form.get("passkey", Assertion::parse)?;
        match form.cookie(Cookie::Passkey).and_then(PlainToken::parse) {
            Some(browser) => Some(Self { browser, assertion }),
            None => form.refuse("passkey", Fault::PasskeyExpired),
        }
    }
}

struct SignIn {
    signed: Signed,
    next: Option<LocalPath>,
    choice: Option<Choice>,
}

impl Input for SignIn {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let signed = Signed::read(form)?;
        Some(Self { signed, next: LocalPath::parse(form.text("redirectTo")), choice: pending(form) })
    }
}

async fn by_passkey(call: &mut Write<Visitor>, form: SignIn) -> Answer {
    let Signed { browser, assertion } = &form.signed;
    match sign_in::by_passkey(call, browser, assertion, form.next, form.choice).await? {
        Ok(welcome) => Ok(welcomed(call.keel(), &welcome)),
        Err(fault) => Err(Problem::remembered("passkey", fault)),
    }
}

/// The button that signs in.
#[component]
pub(super) fn SignInByPasskey(page: Page, next: Option<LocalPath>) -> impl IntoView {
    let (label, action) = (page.text.passkeys.sign_in, by_passkey::at(&page.here));
    view! { <UsePasskey label action purpose=Purpose::SignIn next=next.map(String::from).unwrap_or_default() weight=Weight::Secondary/> }
}

/// The button that takes the second step of a sign-in.
#[component]
pub(super) fn VerifyByPasskey(page: Page) -> impl IntoView {
    let (label, action) = (page.text.passkeys.confirm, verify_second_step::at(&page.here));
    view! { <UsePasskey label action purpose=Purpose::SecondFactor next="" weight=Weight::Secondary/> }
}

/// The button that proves anew who one is. Where it cannot be shown, `missing` says so.
#[component]
pub(crate) fn ConfirmByPasskey(page: Page, next: String, weight: Weight, #[prop(into, optional)] missing: Maybe) -> impl IntoView {
    let (label, action) = (page.text.passkeys.confirm, confirm_second_factor::at(&page.here));
    view! { <UsePasskey label action purpose=Purpose::SecondFactor next weight missing/> }
}

#[component]
fn UsePasskey(
    label: &'static str,
    action: String,
    purpose: Purpose,
    #[prop(into)] next: String,
    weight: Weight,
    #[prop(into, optional)] missing: Maybe,
) -> impl IntoView {
    let next = (!next.is_empty()).then(|| view! { <input type="hidden" name="redirectTo" value=next/> });
    view! {
        <PasskeyForm action asks=ask_passkey::URL purpose=purpose.as_str() missing>
            {next}
            <Button label weight/>
        </PasskeyForm>
    }
}
