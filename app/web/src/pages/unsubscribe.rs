//! `/unsubscribe/{token}`: the link below a notice. Looking ends nothing; the button does, and so does the mail program's own,
//! which posts to the same address.

use crate::action::{Answer, Done};
use crate::actions;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::pages::own_settings::NOTIFICATIONS;
use crate::pages::own_settings::notifications::words_of;
use crate::ui::{Button, ButtonLink, ErrorSummary, Form, Weight};
use keel_domain::access::{Read, Visitor, Write};
use keel_domain::notices::{self, Notice};
use keel_text::fill;
use leptos::prelude::*;

actions! {
    /// Ends the notices of a link's kind.
    end: "notifications/unsubscribe" on ["/unsubscribe/{token}"], Visitor, Link;
}

struct Link(String);

impl Input for Link {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(form.text("token").to_owned()))
    }
}

async fn end(call: &mut Write<Visitor>, Link(token): Link) -> Answer {
    notices::end(call, &token).await?;
    Ok(Done::go(format!("/unsubscribe/{token}")))
}

/// The page's model.
pub struct Model {
    token: String,
    notice: Notice,
    /// Whether they are still sent.
    wanted: bool,
}

/// Reads which notices the link ends.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let token = visit.part("token").to_owned();
    let (notice, wanted) = notices::get(&mut call, &token).await?;
    Ok(Model { token, notice, wanted })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.unsubscribe;
    let (kind, _) = words_of(page.text, model.notice);
    let (title, next) = if model.wanted { (words.title, words.next) } else { (words.done, words.done_text) };
    let next = fill(next, &[("kind", &kind)]);
    let problem = page.form.message(page.text);
    let settings = view! { <ButtonLink label=words.settings href=NOTIFICATIONS weight=Weight::Secondary/> };
    let form = model.wanted.then(|| {
        view! {
            <Form action=end::at(&page.here)>
                <input type="hidden" name="token" value=model.token/>
                <Button label=words.submit/>
            </Form>
        }
    });
    view! {
        <Auth lang=page.lang title next frame=page.frame.clone()>
            <ErrorSummary title=page.text.form.problem problem/>
            {form}
            {settings}
        </Auth>
    }
}
