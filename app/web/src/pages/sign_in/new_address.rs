//! `/auth/email`: shows which address becomes the person's. Opening uses nothing up, so a mail scanner changes nothing.

use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::problem::Problem;
use crate::ui::{Button, ErrorSummary, Form};
use keel_domain::Refusal;
use keel_domain::access::{Read, SignedIn, Write};
use keel_domain::secrets::PlainToken;
use keel_domain::sign_in::addresses;
use keel_text::fill;
use keel_types::{Code, Email, url};
use leptos::prelude::*;

actions! {
    /// Makes the address of a link the person's.
    confirm_email: "auth/confirm-email" on ["/auth/email"], SignedIn, Link;
}

struct Link(Option<PlainToken>);

impl Input for Link {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(PlainToken::parse(form.text("token"))))
    }
}

async fn confirm_email(call: &mut Write<SignedIn>, Link(link): Link) -> Answer {
    let link = link.ok_or_else(|| Problem::new(Code::NotFound))?;
    let token = addresses::confirm(call, &link).await?;
    let cookie = Cookie::Session.set(call.keel().settings(), token.reveal());
    Ok(Done::go(url::SECURITY).say(Said::EmailChanged).cookie(cookie))
}

/// The page's model.
pub struct Model {
    /// The address there is, and the one it becomes.
    from: Email,
    to: Email,
    token: PlainToken,
}

/// Which address the link is for; used and stale ones answer 410, another person's like an unknown one.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    let token = visit.query("token").and_then(PlainToken::parse).ok_or(Refusal::NotFound)?;
    let to = addresses::get(&mut call, &token).await?;
    Ok(Model { from: call.proof().email.clone(), to, token })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.addresses);
    let Model { from, to, token } = model;
    let next = fill(words.confirm_next, &[("email", &from), ("new", &to)]);
    view! {
        <Auth lang=page.lang title=words.confirm_title next frame=page.frame.clone()>
            <ErrorSummary title=text.form.problem problem=page.form.message(text)/>
            <Form action=confirm_email::at(&page.here)>
                <input type="hidden" name="token" value=token.reveal().to_owned()/>
                <Button label=fill(words.confirm_new, &[("new", &to)])/>
            </Form>
        </Auth>
    }
}
