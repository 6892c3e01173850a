//! A person's password: another one, or a first one.

use super::SECURITY;
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::page::{Loaded, Page};
use crate::pages::sign_in::LONGEST_FIELD;
use crate::problem::Problem;
use crate::ui::{Button, Field, Form, Kind, Region, Weight};
use keel_domain::access::{Door, Fresh, Read, SignedIn, Write};
use keel_domain::passwords::{Password, SHORTEST};
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::own_passwords;
use keel_domain::{FieldFault, Refusal};
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

actions! {
    /// Keeps another password in place of the one that is typed.
    change_password: "auth/change-password" on [SECURITY], SignedIn, Passwords;
    /// Keeps a first password.
    set_password: "auth/set-password" on [SECURITY], Fresh<SignedIn>, FirstPassword;
}

struct Passwords {
    current: Password,
    new: Password,
}

impl Input for Passwords {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let current = form.get("current_password", Password::typed);
        let new = form.get("password", Password::chosen);
        Some(Self { current: current?, new: new? })
    }
}

struct FirstPassword(Password);

impl Input for FirstPassword {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        form.get("password", Password::chosen).map(Self)
    }
}

async fn change_password(call: &mut Write<SignedIn>, form: Passwords) -> Answer {
    let kept = own_passwords::change(call, form.current, form.new).await;
    saved(call, kept)
}

async fn set_password(call: &mut Write<Fresh<SignedIn>>, FirstPassword(new): FirstPassword) -> Answer {
    let kept = own_passwords::set(call, new).await;
    saved(call, kept)
}

/// Goes on with the session's new token.
fn saved<D: Door>(call: &Write<D>, kept: Result<Result<PlainToken, FieldFault>, Refusal>) -> Answer {
    match kept? {
        Ok(token) => {
            let cookie = Cookie::Session.set(call.keel().settings(), token.reveal());
            Ok(Done::go(SECURITY).say(Said::PasswordSaved).cookie(cookie))
        }
        Err(FieldFault { field, fault }) => Err(Problem::remembered(field, fault)),
    }
}

/// The region's model.
pub struct Model {
    has_one: bool,
}

/// Reads whether the caller has a password.
pub async fn load(call: &mut Read<SignedIn>) -> Loaded<Model> {
    Ok(Model { has_one: own_passwords::has_one(call).await? })
}

/// The fields of the region, with their labels.
pub fn fields(text: &'static Catalogue) -> [(&'static str, &'static str); 2] {
    [("current_password", text.own_password.current), ("password", text.own_password.new)]
}

/// The region.
#[component]
pub fn PasswordRegion(page: Page, model: Model) -> impl IntoView {
    let words = &page.text.own_password;
    let (what, action) =
        if model.has_one { (words.lead, change_password::at(&page.here)) } else { (words.lead_first, set_password::at(&page.here)) };
    let current = model.has_one.then(|| {
        view! {
            <Field
                name="current_password" label=words.current kind=Kind::Password autocomplete="current-password" maxlength=LONGEST_FIELD
                required=true error=page.error("current_password")
            />
        }
    });
    let forgot = model.has_one.then(|| view! { <p><a href="/forgot-password">{words.forgot}</a></p> });
    view! {
        <Region id="own-password" title=words.title>
            <p>{what}</p>
            <Form action=action>
                {current}
                <Field
                    name="password" label=words.new hint=fill(words.new_hint, &[("least", &SHORTEST)]) kind=Kind::Password
                    autocomplete="new-password" maxlength=LONGEST_FIELD required=true error=page.error("password")
                />
                <Button label=words.submit weight=Weight::Secondary/>
            </Form>
            {forgot}
        </Region>
    }
}
