//! `/login` and `/signup`: the same form, with other words around it.

use super::request_link;
use crate::cookies::Cookie;
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::ui::{Button, ErrorSummary, Field, Form, Kind};
use keel_domain::access::{Read, SignedIn, Visitor};
use keel_domain::accounts::next_of;
use keel_domain::billing::intents;
use keel_text::fill;
use keel_types::email::LONGEST;
use keel_types::url::{self, LocalPath};
use leptos::prelude::*;

/// The page's model.
pub struct Model {
    is_new: bool,
    redirect_to: Option<LocalPath>,
    /// The plan this browser has chosen.
    plan: Option<String>,
}

/// People who are signed in are sent on.
pub async fn load(call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let redirect_to = visit.query("redirectTo").and_then(LocalPath::parse);
    if call.caller().is_some() {
        let mut call = call.through::<SignedIn>()?;
        return Err(Stop::Go(next_of(&mut call, redirect_to.as_ref()).await?));
    }
    let choice = visit.arrival().cookie(Cookie::PendingCheckout).and_then(|cookie| intents::open(visit.keel(), cookie));
    let plan = choice.and_then(|choice| visit.keel().settings().product.plan(&choice.plan).map(|plan| plan.name.clone()));
    Ok(Model { is_new: visit.path() == super::SIGNUP, redirect_to, plan })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let Model { is_new, redirect_to, plan } = model;
    let (sign_up, sign_in) = (&page.text.sign_up, &page.text.sign_in);
    let (title, next, next_with_plan, submit) = if is_new {
        (sign_up.title, sign_up.next, sign_up.next_with_plan, sign_up.submit)
    } else {
        (sign_in.title, sign_in.next, sign_in.next_with_plan, sign_in.submit)
    };
    let next = plan.map_or_else(|| next.to_owned(), |plan| fill(next_with_plan, &[("plan", &plan)]));
    let other = |path: &'static str, with: fn(&str) -> String| redirect_to.as_ref().map_or(path.to_owned(), |to| with(to.as_str()));
    let (question, link, href) = if is_new {
        (sign_up.have_account, sign_up.sign_in, other(super::LOGIN, url::login))
    } else {
        (sign_in.no_account, sign_in.sign_up, other(super::SIGNUP, url::signup))
    };
    let redirect_to = redirect_to.map(|to| view! { <input type="hidden" name="redirectTo" value=String::from(to)/> });
    view! {
        <Auth lang=page.lang title next description=title flash=page.flash()>
            <ErrorSummary title=page.text.form.problem problem=page.form.message(page.text) errors=page.form.summary(&[("email", sign_in.email)], page.text)/>
            <Form action=request_link::at(&page.here)>
                {redirect_to}
                <Field
                    name="email" label=sign_in.email kind=Kind::Email autocomplete="email" maxlength=LONGEST_FIELD required=true
                    value=page.value("email", None::<String>) error=page.error("email")
                />
                <Button label=submit/>
            </Form>
            <div class="alternatives"><p>{question}" "<a href=href>{link}</a></p></div>
        </Auth>
    }
}

#[expect(clippy::cast_possible_truncation, reason = "254 fits")]
const LONGEST_FIELD: u16 = LONGEST as u16;
