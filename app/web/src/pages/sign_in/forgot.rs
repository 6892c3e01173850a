//! `/forgot-password`: asks whose password it is, and mails the way to a new one.

use super::login::LONGEST_FIELD;
use super::{LOGIN, request_reset};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::pages::parts::problems;
use crate::ui::{Button, Field, Form, Kind};
use keel_domain::access::{Read, Visitor};
use keel_domain::sign_in::LIFE;
use keel_text::fill;
use keel_types::time::MINUTE;
use leptos::prelude::*;

/// The page's model: there is nothing to know.
pub struct Model;

/// Nothing to load.
pub async fn load(_: Read<Visitor>, _: &Visit) -> Loaded<Model> {
    Ok(Model)
}

/// The page.
pub fn view(_: Model, page: Page) -> impl IntoView {
    let text = &page.text.forgot_password;
    let next = fill(text.next, &[("minutes", &(LIFE / MINUTE))]);
    let mailbox = page.development.then(|| view! { <p><a href="/dev/mailbox">{page.text.verify.mailbox}</a></p> });
    view! {
        <Auth lang=page.lang title=text.title next flash=page.flash()>
            {problems(&page, &[("email", text.email)])}
            <Form action=request_reset::at(&page.here)>
                <Field
                    name="email" label=text.email kind=Kind::Email autocomplete="email" maxlength=LONGEST_FIELD required=true
                    value=page.value("email", None::<String>) error=page.error("email")
                />
                <Button label=text.submit/>
            </Form>
            <div class="alternatives"><p>{text.remembered}" "<a href=LOGIN>{text.sign_in}</a></p>{mailbox}</div>
        </Auth>
    }
}
