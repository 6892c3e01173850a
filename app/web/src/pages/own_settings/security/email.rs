//! The address a person signs in with, and the one that waits to be confirmed.

use super::SECURITY;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Nothing, Reader};
use crate::page::{Loaded, Page};
use crate::pages::sign_in::LONGEST_FIELD;
use crate::ui::{Button, Field, Form, Kind, Maybe, Notice, Region, Tone, Weight};
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::sign_in::addresses::{self, Waiting};
use keel_text::{Catalogue, fill};
use keel_types::Email;
use leptos::prelude::*;

actions! {
    /// Mails a link to another address, which makes it the person's.
    change_email: "auth/change-email" on [SECURITY], Fresh<SignedIn>, NewEmail;
    /// Forgets the address that waits.
    cancel_email: "auth/cancel-email" on [SECURITY], SignedIn, Nothing;
}

struct NewEmail(Email);

impl Input for NewEmail {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        form.get("email", Email::parse).map(Self)
    }
}

async fn change_email(call: &mut Write<Fresh<SignedIn>>, NewEmail(email): NewEmail) -> Answer {
    addresses::ask(call, &email).await?;
    Ok(Done::go(SECURITY).say(Said::EmailRequested))
}

async fn cancel_email(call: &mut Write<SignedIn>, _: Nothing) -> Answer {
    addresses::cancel(call).await?;
    Ok(Done::go(SECURITY).say(Said::EmailKept))
}

/// The region's model.
pub struct Model {
    email: Email,
    waiting: Option<Waiting>,
}

/// Reads which address waits.
pub async fn load(call: &mut Read<SignedIn>) -> Loaded<Model> {
    Ok(Model { email: call.proof().email.clone(), waiting: addresses::find_waiting(call).await? })
}

/// The fields of the region, with their labels.
pub fn fields(text: &'static Catalogue) -> [(&'static str, &'static str); 1] {
    [("email", text.addresses.new_email)]
}

/// The region.
#[component]
pub fn EmailRegion(page: Page, model: Model) -> impl IntoView {
    let (text, words, cancel) = (page.text, &page.text.addresses, cancel_email::at(&page.here));
    let Model { email, waiting } = model;
    let waiting = waiting.map(|Waiting { email, until }| {
        let what = fill(words.waiting_text, &[("new", &email), ("until", &text.date_time(until))]);
        view! {
            <Notice title=words.waiting text=what tone=Tone::Info>
                <Form action=cancel class=""><Button label=words.cancel weight=Weight::Secondary/></Form>
            </Notice>
        }
    });
    view! {
        <Region id="own-email" title=words.title>
            <p>{fill(words.now, &[("email", &email)])}</p>
            {waiting}
            <Form action=change_email::at(&page.here)>
                <Field
                    name="email" label=words.new_email hint=words.new_email_hint kind=Kind::Email autocomplete="email"
                    maxlength=LONGEST_FIELD required=true
                    value=page.value("email", Maybe::default()) error=page.error("email")
                />
                <Button label=words.submit weight=Weight::Secondary/>
            </Form>
        </Region>
    }
}
