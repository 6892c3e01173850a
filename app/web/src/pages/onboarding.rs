//! The first steps: who a person is.

use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::pages::parts::problems;
use crate::ui::{Button, Field, Form, Kind};
use keel_domain::access::{Read, SignedIn, Write};
use keel_domain::accounts::next_after_introduction;
use keel_domain::people::{self, Introduction};
use keel_types::{PersonName, Phone};
use leptos::prelude::*;

actions! {
    /// Keeps what a person told about themselves.
    introduce: "user/onboarding" on ["/onboarding"], SignedIn, Introduction;
}

impl Input for Introduction {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let first_name = form.get("first_name", PersonName::parse);
        let last_name = form.get("last_name", PersonName::parse);
        let phone = form.find("phone", Phone::parse);
        Some(Self { first_name: first_name?, last_name: last_name?, phone: phone? })
    }
}

async fn introduce(call: &mut Write<SignedIn>, told: Introduction) -> Answer {
    people::introduce(call, &told).await?;
    Ok(Done::go(next_after_introduction(call).await?).say(Said::ProfileSaved))
}

/// The page's model: what was told before.
pub struct Model {
    first_name: Option<String>,
    last_name: Option<String>,
}

/// Reads what was told before.
pub async fn load(call: Read<SignedIn>, _: &Visit) -> Loaded<Model> {
    let (first_name, last_name) = call.proof().name.clone().unzip();
    Ok(Model { first_name, last_name })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.onboarding;
    let fields = [("first_name", text.first_name), ("last_name", text.last_name), ("phone", text.phone)];
    view! {
        <Auth lang=page.lang title=text.title next=text.next frame=page.frame.clone() flash=page.flash()>
            {problems(&page, &fields)}
            <Form action=introduce::at(&page.here)>
                <Field
                    name="first_name" label=text.first_name autocomplete="given-name" maxlength=80_u16 required=true
                    value=page.value("first_name", model.first_name) error=page.error("first_name")
                />
                <Field
                    name="last_name" label=text.last_name autocomplete="family-name" maxlength=80_u16 required=true
                    value=page.value("last_name", model.last_name) error=page.error("last_name")
                />
                <Field
                    name="phone" label=text.phone hint=text.phone_hint kind=Kind::Phone autocomplete="tel" maxlength=30_u16
                    value=page.value("phone", None::<String>) error=page.error("phone")
                />
                <Button label=text.submit/>
            </Form>
        </Auth>
    }
}
