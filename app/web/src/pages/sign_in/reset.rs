//! `/reset-password`: chooses a new password. Opening the page uses nothing up.

use super::reset_password;
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::pages::parts::problems;
use crate::ui::{Button, Field, Form, Kind};
use keel_domain::Refusal;
use keel_domain::access::{Read, Visitor};
use keel_domain::passwords::SHORTEST;
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::resets;
use keel_text::fill;
use keel_types::Email;
use leptos::prelude::*;

/// The page's model.
pub struct Model {
    email: Email,
    token: PlainToken,
}

/// Whose password it is; used and stale links answer 410.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let token = visit.query("token").and_then(PlainToken::parse).ok_or(Refusal::NotFound)?;
    let email = resets::get(&mut call, &token).await?;
    Ok(Model { email, token })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.reset_password;
    let next = fill(text.next, &[("email", &model.email)]);
    let hint = fill(text.password_hint, &[("least", &SHORTEST)]);
    view! {
        <Auth lang=page.lang title=text.title next>
            {problems(&page, &[("password", text.password)])}
            <Form action=reset_password::at(&page.here)>
                <input type="hidden" name="token" value=model.token.reveal().to_owned()/>
                <Field
                    name="password" label=text.password hint kind=Kind::Password autocomplete="new-password" required=true
                    error=page.error("password")
                />
                <Button label=text.submit/>
            </Form>
        </Auth>
    }
}
