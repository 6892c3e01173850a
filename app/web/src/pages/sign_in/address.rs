//! `/auth/address`: after a trip to a provider that does not answer for the address, or whose address somebody has. The mailbox is
//! proven by the usual mail; the account elsewhere is linked with it.

use super::actions::pending;
use super::login::LONGEST_FIELD;
use super::{ADDRESS, LOGIN, VERIFY};
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::pages::parts::problems;
use crate::problem::Problem;
use crate::ui::{Button, Field, Form, Kind};
use keel_domain::access::{Read, Visitor, Write};
use keel_domain::billing::catalogue::Choice;
use keel_domain::providers;
use keel_domain::secrets::PlainToken;
use keel_text::fill;
use keel_types::{Code, Email};
use leptos::prelude::*;

actions! {
    /// Mails a link and a code, by which the account elsewhere is linked.
    prove_address: "auth/prove-address" on [ADDRESS], Visitor, Told;
}

struct Told {
    email: Email,
    trip: Option<PlainToken>,
    choice: Option<Choice>,
}

impl Input for Told {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let email = form.get("email", Email::parse)?;
        Some(Self { email, trip: form.cookie(Cookie::Trip).and_then(PlainToken::parse), choice: pending(form) })
    }
}

async fn prove_address(call: &mut Write<Visitor>, told: Told) -> Answer {
    let trip = told.trip.ok_or_else(|| Problem::new(Code::Expired))?;
    let browser = providers::ask(call, &trip, told.email, told.choice).await?;
    Ok(Done::go(VERIFY).cookie(Cookie::SignIn.set(call.keel().settings(), browser.reveal())))
}

/// The page's model.
pub struct Model {
    provider: String,
    email: Option<String>,
}

/// Who came back; whoever did not is sent to sign in.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let trip = visit.arrival().cookie(Cookie::Trip).and_then(PlainToken::parse);
    let asking = match trip {
        Some(trip) => providers::find_asking(&mut call, &trip).await?,
        None => None,
    };
    let asking = asking.ok_or_else(|| Stop::Go(LOGIN.to_owned()))?;
    Ok(Model { provider: visit.keel().settings().provider_name(&asking.provider).to_owned(), email: asking.email })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.providers;
    let next = fill(text.address_next, &[("provider", &model.provider)]);
    view! {
        <Auth lang=page.lang title=text.address_title next flash=page.flash()>
            {problems(&page, &[("email", text.address_email)])}
            <Form action=prove_address::at(&page.here)>
                <Field
                    name="email" label=text.address_email kind=Kind::Email autocomplete="email" maxlength=LONGEST_FIELD required=true
                    value=page.value("email", model.email) error=page.error("email")
                />
                <Button label=text.address_submit/>
            </Form>
            <div class="alternatives"><p><a href=LOGIN>{text.address_other}</a></p></div>
        </Auth>
    }
}
