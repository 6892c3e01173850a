//! `/verify`: waits for the code in the browser that asked.

use super::{LOGIN, resend, verify_otp};
use crate::cookies::Cookie;
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::pages::parts::problems;
use crate::ui::{Button, ButtonLink, Field, Form, Kind, Weight};
use keel_domain::access::{Read, SignedIn, Visitor};
use keel_domain::accounts::next_of;
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::{self, COOL_DOWN, LIFE, Waiting};
use keel_text::fill;
use keel_types::time::{MINUTE, SECOND};
use leptos::prelude::*;

/// The page's model: the sign-in that waits, if one does.
pub struct Model {
    waiting: Option<Waiting>,
}

/// Finds what waits; people who are signed in and wait for nothing are sent on.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let browser = visit.arrival().cookie(Cookie::SignIn).and_then(PlainToken::parse);
    let waiting = match browser {
        Some(browser) => sign_in::find_waiting(&mut call, &browser).await?,
        None => None,
    };
    if waiting.is_none() && call.caller().is_some() {
        let mut call = call.through::<SignedIn>()?;
        return Err(Stop::Go(next_of(&mut call, None).await?));
    }
    Ok(Model { waiting })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    match model.waiting {
        Some(waiting) => waiting_page(waiting, page).into_any(),
        None => nothing_page(page).into_any(),
    }
}

fn waiting_page(waiting: Waiting, page: Page) -> impl IntoView {
    let text = &page.text.verify;
    let minutes = LIFE / MINUTE;
    let resend = resend::at(&page.here);
    let again = fill(text.again_hint, &[("seconds", &(COOL_DOWN / SECOND))]);
    let mailbox = page.development.then(|| view! { <p><a href="/dev/mailbox">{text.mailbox}</a></p> });
    view! {
        <Auth lang=page.lang title=text.title next=fill(text.next, &[("email", &waiting.email), ("minutes", &minutes)]) flash=page.flash()>
            {problems(&page, &[("code", text.code)])}
            <Form action=verify_otp::at(&page.here)>
                <Field
                    name="code" label=text.code hint=text.code_hint kind=Kind::Code autocomplete="one-time-code" maxlength=12_u16 required=true
                    error=page.error("code")
                />
                <Button label=text.submit/>
            </Form>
            <div class="alternatives">
                <Form action=resend>
                    <p class="soft">{again}</p>
                    <Button label=text.again weight=Weight::Secondary/>
                </Form>
                <p><a href=LOGIN>{text.other_address}</a></p>
                {mailbox}
            </div>
        </Auth>
    }
}

fn nothing_page(page: Page) -> impl IntoView {
    let text = &page.text.verify;
    view! {
        <Auth lang=page.lang title=text.nothing next=text.nothing_text flash=page.flash()>
            <p><ButtonLink label=text.new_request href=LOGIN/></p>
        </Auth>
    }
}
