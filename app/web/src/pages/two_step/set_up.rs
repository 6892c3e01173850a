//! `/two-step/set-up`: sets up the app that shows a person's codes.

use super::codes::shown_once;
use super::{CODES, SET_UP};
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::pages::sign_in::second_step::app_code;
use crate::problem::Problem;
use crate::ui::{Button, ErrorSummary, Field, Form, Kind, QrCode, Secret};
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::two_step::{self, Pending};
use keel_types::url::SECURITY;
use keel_types::url::{self, LocalPath};
use leptos::prelude::*;

actions! {
    /// Makes a secret for an app.
    start: "two-step/start" on [SET_UP, SECURITY], Fresh<SignedIn>, Onward;
    /// Turns two-step verification on by the app's first code.
    confirm: "two-step/confirm" on [SET_UP], Fresh<SignedIn>, FirstCode;
}

/// Where the person goes on afterwards.
struct Onward(Option<LocalPath>);

impl Input for Onward {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(LocalPath::parse(form.text("redirectTo"))))
    }
}

impl Onward {
    /// A page of these, leading on.
    fn by(&self, page: &str) -> String {
        self.0.as_ref().map_or_else(|| page.to_owned(), |next| url::leading_on(page, next.as_str()))
    }
}

async fn start(call: &mut Write<Fresh<SignedIn>>, onward: Onward) -> Answer {
    two_step::start(call).await?;
    Ok(Done::go(onward.by(SET_UP)))
}

struct FirstCode {
    code: String,
    onward: Onward,
}

impl Input for FirstCode {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let code = form.get("code", app_code)?;
        Some(Self { code, onward: Onward::read(form)? })
    }
}

async fn confirm(call: &mut Write<Fresh<SignedIn>>, form: FirstCode) -> Answer {
    match two_step::confirm(call, &form.code).await? {
        Ok(added) => {
            let session = Cookie::Session.set(call.keel().settings(), added.token.reveal());
            let next = form.onward.0.as_ref().map_or(SECURITY, LocalPath::as_str);
            // Who had recovery codes before goes on with those.
            let next = if added.codes.is_empty() { next.to_owned() } else { form.onward.by(CODES) };
            Ok(Done::go(next).cookie(session).cookie(shown_once(call, &added.codes)?))
        }
        Err(fault) => Err(Problem::remembered("code", fault)),
    }
}

/// The page's model: the secret that waits, if one does.
pub struct Model {
    pending: Option<Pending>,
    next: Option<LocalPath>,
}

/// Finds the secret that waits for its first code.
pub async fn load(mut call: Read<Fresh<SignedIn>>, visit: &Visit) -> Loaded<Model> {
    let next = visit.query("redirectTo").and_then(LocalPath::parse);
    Ok(Model { pending: two_step::find_pending(&mut call).await?, next })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.two_step;
    let copy = (page.text.components.copy.into(), page.text.components.copied.into());
    let next = model.next.map(|next| view! { <input type="hidden" name="redirectTo" value=String::from(next)/> });
    let (problem, errors) = (page.form.message(page.text), page.form.summary(&[("code", words.code)], page.text));
    let body = match model.pending {
        Some(pending) => {
            let (address, fault) = (pending.address.clone(), page.error("code"));
            view! {
                <p>{words.scan}</p>
                <QrCode text=address label=words.picture/>
                <p>{words.type_in}</p>
                <Secret id="key" label=words.key text=pending.secret copy/>
                <Form action=confirm::at(&page.here)>
                    {next}
                    <Field
                        name="code" label=words.code hint=words.first_code_hint kind=Kind::Code autocomplete="one-time-code"
                        maxlength=12_u16 required=true error=fault
                    />
                    <p class="soft">{words.ends_others}</p>
                    <Button label=words.verify/>
                </Form>
            }
            .into_any()
        }
        None => view! { <Form action=start::at(&page.here)>{next}<Button label=words.turn_on/></Form> }.into_any(),
    };
    view! {
        <Auth lang=page.lang title=words.set_up next=words.set_up_next flash=page.flash() frame=page.frame.clone()>
            <ErrorSummary title=page.text.form.problem problem errors/>
            {body}
        </Auth>
    }
}
