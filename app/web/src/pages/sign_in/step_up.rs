//! `/step-up`: asks people who are signed in once more who they are, before something that cannot be taken back.

use super::STEP_UP;
use super::actions::six_digits;
use super::login::LONGEST_FIELD;
use super::passkeys::ConfirmByPasskey;
use super::second_step::{SecondFactor, field_of, is_by_recovery, labels, other_way, words_of};
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::pages::parts::problems;
use crate::pages::two_step::REQUIRED;
use crate::problem::Problem;
use crate::ui::{Button, ErrorSummary, Field, Form, Kind, Weight};
use keel_domain::Keel;
use keel_domain::access::{Read, SignedIn, Write};
use keel_domain::passkeys;
use keel_domain::passwords::Password;
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::COOL_DOWN;
use keel_domain::sign_in::step_up::{self, Ways};
use keel_domain::two_step::Shown;
use keel_text::fill;
use keel_types::time::SECOND;
use keel_types::url::{self, LocalPath};
use leptos::prelude::*;

actions! {
    /// Mails a code that proves who the caller is.
    mail_code: "auth/mail-code" on [STEP_UP], SignedIn, Onward;
    /// Takes the code as the proof.
    confirm_code: "auth/confirm-code" on [STEP_UP], SignedIn, TypedCode;
    /// Takes the second factor as the proof.
    confirm_second_factor: "auth/confirm-second-factor" on [STEP_UP, REQUIRED], SignedIn, Answered;
    /// Takes the password as the proof.
    confirm_password: "auth/confirm-password" on [STEP_UP], SignedIn, TypedPassword;
}

/// Where the person goes on afterwards.
struct Onward(Option<LocalPath>);

impl Input for Onward {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(LocalPath::parse(form.text("redirectTo"))))
    }
}

impl Onward {
    fn path(&self) -> &str {
        self.0.as_ref().map_or("/private-dashboard", LocalPath::as_str)
    }

    /// Goes on with the session's new token.
    fn proven(&self, keel: &Keel, token: &PlainToken) -> Done {
        Done::go(self.path()).cookie(Cookie::Session.set(keel.settings(), token.reveal()))
    }
}

async fn mail_code(call: &mut Write<SignedIn>, onward: Onward) -> Answer {
    step_up::mail_code(call).await?;
    Ok(Done::go(url::step_up(onward.path())).say(Said::CodeSent))
}

struct TypedCode {
    onward: Onward,
    code: String,
}

impl Input for TypedCode {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let code = form.get("code", six_digits)?;
        Some(Self { code, onward: Onward::read(form)? })
    }
}

async fn confirm_code(call: &mut Write<SignedIn>, form: TypedCode) -> Answer {
    match step_up::by_code(call, &form.code).await? {
        Ok(token) => Ok(form.onward.proven(call.keel(), &token)),
        Err(fault) => Err(Problem::remembered("code", fault)),
    }
}

struct Answered {
    onward: Onward,
    shown: Shown,
}

impl Input for Answered {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { shown: Shown::read(form)?, onward: Onward::read(form)? })
    }
}

async fn confirm_second_factor(call: &mut Write<SignedIn>, form: Answered) -> Answer {
    match step_up::by_second_factor(call, &form.shown).await? {
        Ok(token) => Ok(form.onward.proven(call.keel(), &token)),
        Err(fault) => Err(Problem::remembered(field_of(&form.shown), fault)),
    }
}

struct TypedPassword {
    onward: Onward,
    password: Password,
}

impl Input for TypedPassword {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let password = form.get("password", Password::typed)?;
        Some(Self { password, onward: Onward::read(form)? })
    }
}

async fn confirm_password(call: &mut Write<SignedIn>, form: TypedPassword) -> Answer {
    match step_up::by_password(call, form.password).await? {
        Ok(token) => Ok(form.onward.proven(call.keel(), &token)),
        Err(fault) => Err(Problem::remembered("password", fault)),
    }
}

/// The page's model.
pub struct Model {
    email: String,
    ways: Ways,
    by_recovery: bool,
    /// Whether one of the caller's passkeys may be shown.
    passkey: bool,
    next: Option<LocalPath>,
}

/// Finds how the caller can prove who they are.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    let ways = step_up::ways(&mut call).await?;
    let next = visit.query("redirectTo").and_then(LocalPath::parse);
    let passkey = ways.second.passkeys > 0 && passkeys::are_offered(visit.keel().settings());
    Ok(Model { email: call.proof().email.to_string(), ways, by_recovery: is_by_recovery(visit), passkey, next })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    if model.ways.second.is_on() { by_second_factor(model, page).into_any() } else { by_one_factor(model, page).into_any() }
}

/// For people with two-step verification.
fn by_second_factor(model: Model, page: Page) -> impl IntoView {
    let (words, text) = (&page.text.step_up, page.text);
    let Model { ways, by_recovery, passkey, next, .. } = model;
    let next = next.map(String::from).unwrap_or_default();
    let other = other_way(words_of(text, ways.second, by_recovery), &url::step_up(&next), by_recovery);
    let passkey = passkey.then(|| view! { <ConfirmByPasskey page=page.clone() next=next.clone() weight=Weight::Secondary/> });
    let factor = view! { <SecondFactor page=page.clone() by_recovery/> };
    view! {
        <Auth lang=page.lang title=words.title next=words.next flash=page.flash() frame=page.frame.clone()>
            {problems(&page, &labels(text))}
            <Form action=confirm_second_factor::at(&page.here)>
                <input type="hidden" name="redirectTo" value=next/>
                {factor}
                <Button label=words.verify/>
            </Form>
            {passkey}
            <div class="alternatives">{other}</div>
        </Auth>
    }
}

/// For everybody else: a passkey, the password, or a mailed code.
fn by_one_factor(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.step_up;
    let Model { email, ways, passkey, next, .. } = model;
    let next = next.map(String::from).unwrap_or_default();
    let errors =
        page.form.summary(&[("passkey", page.text.passkeys.passkey), ("password", words.password), ("code", words.code)], page.text);
    let passkey = passkey.then(|| view! { <ConfirmByPasskey page=page.clone() next=next.clone() weight=Weight::Primary/> });
    let password = ways.password.then(|| view! { <ByPassword page=page.clone() next=next.clone()/> });
    let code = ways.mailed.then(|| view! { <ByCode page=page.clone() next=next.clone() email=email.clone()/> });
    let (mail, hint) = if ways.mailed {
        (words.again, fill(words.again_hint, &[("seconds", &(COOL_DOWN / SECOND))]))
    } else {
        (words.mail, fill(words.mail_hint, &[("email", &email)]))
    };
    let weight = if ways.password || ways.mailed { Weight::Secondary } else { Weight::Primary };
    let mailbox = page.development.then(|| view! { <p><a href="/dev/mailbox">{page.text.verify.mailbox}</a></p> });
    view! {
        <Auth lang=page.lang title=words.title next=words.next flash=page.flash() frame=page.frame.clone()>
            <ErrorSummary title=page.text.form.problem problem=page.form.message(page.text) errors/>
            {passkey}
            {password}
            {code}
            <div class="alternatives">
                <Form action=mail_code::at(&page.here)>
                    <input type="hidden" name="redirectTo" value=next/>
                    <p class="soft">{hint}</p>
                    <Button label=mail weight=weight/>
                </Form>
                {mailbox}
            </div>
        </Auth>
    }
}

#[component]
fn ByPassword(page: Page, next: String) -> impl IntoView {
    let words = &page.text.step_up;
    view! {
        <Form action=confirm_password::at(&page.here)>
            <input type="hidden" name="redirectTo" value=next/>
            <Field
                name="password" label=words.password kind=Kind::Password autocomplete="current-password" maxlength=LONGEST_FIELD required=true
                error=page.error("password")
            />
            <Button label=words.submit/>
        </Form>
    }
}

#[component]
fn ByCode(page: Page, next: String, email: String) -> impl IntoView {
    let words = &page.text.step_up;
    let hint = fill(words.code_hint, &[("email", &email)]);
    view! {
        <Form action=confirm_code::at(&page.here)>
            <input type="hidden" name="redirectTo" value=next/>
            <Field
                name="code" label=words.code hint kind=Kind::Code autocomplete="one-time-code" maxlength=12_u16 required=true
                error=page.error("code")
            />
            <Button label=words.verify/>
        </Form>
    }
}
