//! `/auth/link`: shows whose link it is. Opening uses nothing up, so a mail scanner signs nobody in.

use super::confirm_link;
use crate::cookies::Cookie;
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::ui::{Button, Form, Notice};
use keel_domain::Refusal;
use keel_domain::access::{Read, Visitor};
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::{self, Asking};
use keel_text::fill;
use keel_types::Email;
use leptos::prelude::*;

/// The page's model.
pub struct Model {
    email: Email,
    /// Whether a password waits that was typed in another browser.
    password_elsewhere: bool,
    token: PlainToken,
    /// The address this browser is signed in as, when it is another one.
    instead_of: Option<Email>,
}

/// Whose link it is; used and stale ones answer 410.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let token = visit.query("token").and_then(PlainToken::parse).ok_or(Refusal::NotFound)?;
    let browser = visit.arrival().cookie(Cookie::SignIn).and_then(PlainToken::parse);
    let Asking { email, password_elsewhere } = sign_in::get_link(&mut call, &token, browser.as_ref()).await?;
    let instead_of = call.caller().map(|caller| caller.email.clone()).filter(|now| *now != email);
    Ok(Model { email, password_elsewhere, token, instead_of })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = &page.text.confirm_link;
    let instead_of = model.instead_of.map(|email| view! { <p>{fill(text.switches, &[("email", &email)])}</p> });
    view! {
        <Auth lang=page.lang title=text.title next=text.next>
            {instead_of}
            {model.password_elsewhere.then(|| view! { <Notice text=text.password_elsewhere/> })}
            <Form action=confirm_link::URL>
                <input type="hidden" name="token" value=model.token.reveal().to_owned()/>
                <Button label=fill(text.submit, &[("email", &model.email)])/>
            </Form>
        </Auth>
    }
}
