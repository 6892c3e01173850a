//! `/two-step`: the second step of a sign-in, in the browser that did the first.

use super::actions::welcomed;
use super::passkeys::{Signed, VerifyByPasskey};
use super::{LOGIN, TWO_STEP};
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::pages::parts::problems;
use crate::problem::Problem;
use crate::ui::{Button, ButtonLink, Field, Form, Kind, Weight};
use keel_domain::access::{Read, SignedIn, Visitor, Write};
use keel_domain::accounts::next_of;
use keel_domain::passkeys;
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::second_steps::{self, Waiting};
use keel_domain::two_step::{RecoveryCode, Shown, Ways};
use keel_text::{Catalogue, fill};
use keel_types::{Code, Fault};
use leptos::prelude::*;

/// In the query of a page that asks for a second factor: a recovery code is typed instead of the app's.
const WITH: &str = "with";
const RECOVERY: &str = "recovery";

actions! {
    /// Signs in by the second factor.
    verify_second_step: "auth/verify-second-step" on [TWO_STEP], Visitor, Answered;
    /// Ends the second step that waits.
    start_over: "auth/start-over" on [TWO_STEP], Visitor, Step;
}

/// The step of this browser, if it still has its cookie.
struct Step(Option<PlainToken>);

impl Input for Step {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(form.cookie(Cookie::SecondStep).and_then(PlainToken::parse)))
    }
}

struct Answered {
    step: Step,
    shown: Shown,
}

impl Input for Answered {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { shown: Shown::read(form)?, step: Step::read(form)? })
    }
}

impl Input for Shown {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        if form.has("passkey") {
            Signed::read(form).map(|signed| Self::Passkey(signed.browser, Box::new(signed.assertion)))
        } else if form.has("recovery_code") {
            form.get("recovery_code", RecoveryCode::parse).map(Self::RecoveryCode)
        } else {
            form.get("code", app_code).map(Self::Code)
        }
    }
}

/// The code of an app as people type it: six digits, whatever stands between them.
pub fn app_code(text: &str) -> Result<String, Fault> {
    super::actions::six_digits(text).map_err(|fault| if fault == Fault::NotACode { Fault::NotAnAppCode } else { fault })
}

/// The name of the field in which this was typed.
pub(super) fn field_of(shown: &Shown) -> &'static str {
    match shown {
        Shown::Code(_) => "code",
        Shown::RecoveryCode(_) => "recovery_code",
        Shown::Passkey(..) => "passkey",
    }
}

async fn verify_second_step(call: &mut Write<Visitor>, form: Answered) -> Answer {
    let token = form.step.0.ok_or_else(|| Problem::new(Code::Expired))?;
    match second_steps::verify(call, &token, &form.shown).await? {
        Ok(welcome) => Ok(welcomed(call.keel(), &welcome)),
        Err(fault) => Err(Problem::remembered(field_of(&form.shown), fault)),
    }
}

async fn start_over(call: &mut Write<Visitor>, step: Step) -> Answer {
    if let Some(token) = &step.0 {
        second_steps::start_over(call, token).await?;
    }
    Ok(Done::go(LOGIN).cookie(Cookie::SecondStep.forget(call.keel().settings())))
}

/// The page's model: the step that waits, if one does.
pub struct Model {
    waiting: Option<Waiting>,
    by_recovery: bool,
    /// Whether there are passkeys at this address.
    passkeys: bool,
}

/// Finds what waits; people who are signed in and wait for nothing are sent on.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let token = visit.arrival().cookie(Cookie::SecondStep).and_then(PlainToken::parse);
    let waiting = match token {
        Some(token) => second_steps::find_waiting(&mut call, &token).await?,
        None => None,
    };
    if waiting.is_none() && call.caller().is_some() {
        let mut call = call.through::<SignedIn>()?;
        return Err(Stop::Go(next_of(&mut call, None).await?));
    }
    Ok(Model { waiting, by_recovery: is_by_recovery(visit), passkeys: passkeys::are_offered(visit.keel().settings()) })
}

/// Whether the page is to ask for a recovery code.
pub(crate) fn is_by_recovery(visit: &Visit) -> bool {
    visit.query(WITH) == Some(RECOVERY)
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    match model.waiting {
        Some(waiting) => waiting_page(waiting, model.by_recovery, model.passkeys, page).into_any(),
        None => nothing_page(page).into_any(),
    }
}

fn waiting_page(waiting: Waiting, by_recovery: bool, passkeys: bool, page: Page) -> impl IntoView {
    let words = &page.text.two_step;
    let other = other_way(words_of(page.text, waiting.ways, by_recovery), TWO_STEP, by_recovery);
    let factor = view! { <SecondFactor page=page.clone() by_recovery/> };
    let by_passkey = (passkeys && waiting.ways.passkeys > 0).then(|| view! { <VerifyByPasskey page=page.clone()/> });
    view! {
        <Auth lang=page.lang title=words.title next=fill(words.next, &[("email", &waiting.email)]) flash=page.flash()>
            {problems(&page, &labels(page.text))}
            <Form action=verify_second_step::at(&page.here)>
                {factor}
                <Button label=words.verify/>
            </Form>
            {by_passkey}
            <div class="alternatives">
                {other}
                <Form action=start_over::at(&page.here)><Button label=words.start_over weight=Weight::Secondary/></Form>
            </div>
        </Auth>
    }
}

/// The fields, for the summary of errors.
pub(crate) fn labels(text: &'static Catalogue) -> [(&'static str, &'static str); 3] {
    [("code", text.two_step.code), ("recovery_code", text.two_step.recovery_code), ("passkey", text.passkeys.passkey)]
}

/// The field in which the second factor is typed.
#[component]
pub(crate) fn SecondFactor(page: Page, by_recovery: bool) -> impl IntoView {
    let words = &page.text.two_step;
    if by_recovery {
        view! {
            <Field
                name="recovery_code" label=words.recovery_code hint=words.recovery_hint autocomplete="off" maxlength=64_u16 required=true
                error=page.error("recovery_code")
            />
        }
        .into_any()
    } else {
        view! {
            <Field
                name="code" label=words.code hint=words.code_hint kind=Kind::Code autocomplete="one-time-code" maxlength=12_u16
                required=true error=page.error("code")
            />
        }
        .into_any()
    }
}

/// What the link says to the other way, where there is one.
pub(super) fn words_of(text: &'static Catalogue, ways: Ways, by_recovery: bool) -> Option<&'static str> {
    if by_recovery { Some(text.two_step.use_app) } else { (ways.recovery_codes > 0).then_some(text.two_step.use_recovery) }
}

/// The link to the same page asking for the other way.
pub(crate) fn other_way(label: Option<&'static str>, page: &str, by_recovery: bool) -> Option<AnyView> {
    let joint = if page.contains('?') { '&' } else { '?' };
    let href = if by_recovery { page.to_owned() } else { format!("{page}{joint}{WITH}={RECOVERY}") };
    label.map(|label| view! { <p><a href=href>{label}</a></p> }.into_any())
}

fn nothing_page(page: Page) -> impl IntoView {
    let words = &page.text.two_step;
    view! {
        <Auth lang=page.lang title=words.nothing next=words.nothing_text flash=page.flash()>
            <p><ButtonLink label=words.sign_in href=LOGIN/></p>
        </Auth>
    }
}
