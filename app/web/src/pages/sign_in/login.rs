//! `/login` and `/signup`: the same form, with other words around it. One address, and two buttons: with the password, or
//! with a mail; and one without an address, by a passkey.

use super::passkeys::SignInByPasskey;
use super::providers::ContinueWith;
use super::{by_password, request_link, sign_up};
use crate::cookies::Cookie;
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::pages::parts::problems;
use crate::ui::{Button, Field, Form, Kind, Maybe, Weight};
use keel_domain::access::{Read, SignedIn, Visitor};
use keel_domain::accounts::next_of;
use keel_domain::billing::intents;
use keel_domain::invitations;
use keel_domain::passkeys;
use keel_domain::passwords::SHORTEST;
use keel_domain::secrets::PlainToken;
use keel_text::fill;
use keel_types::Email;
use keel_types::email::LONGEST;
use keel_types::url::{self, LocalPath};
use leptos::prelude::*;

/// The page's model.
#[derive(Clone)]
pub struct Model {
    is_new: bool,
    redirect_to: Option<LocalPath>,
    /// What this browser has chosen to buy.
    chosen: Option<String>,
    /// The address of the invitation this leads to.
    invited: Option<Email>,
    providers: Vec<(String, String)>,
    /// Whether there are passkeys at this address.
    passkeys: bool,
}

/// People who are signed in are sent on.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let redirect_to = visit.query("redirectTo").and_then(LocalPath::parse);
    if call.caller().is_some() {
        let mut call = call.through::<SignedIn>()?;
        return Err(Stop::Go(next_of(&mut call, redirect_to.as_ref()).await?));
    }
    let choice = visit.arrival().cookie(Cookie::PendingCheckout).and_then(|cookie| intents::open(visit.keel(), cookie));
    let product = &visit.keel().settings().product;
    let chosen = choice.and_then(|choice| product.find(choice.kind, &choice.id).map(|article| article.name().to_owned()));
    let token = redirect_to.as_ref().and_then(|path| PlainToken::parse(path.path().strip_prefix("/invitations/")?));
    let invited = match token {
        Some(token) => invitations::find_address(&mut call, &token).await?,
        None => None,
    };
    let providers = super::providers::list(visit.keel());
    Ok(Model {
        is_new: visit.path() == super::SIGNUP,
        redirect_to,
        chosen,
        invited,
        providers,
        passkeys: passkeys::are_offered(visit.keel().settings()),
    })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let Model { is_new, redirect_to, chosen, invited, providers, passkeys } = model;
    let words = if is_new { Words::sign_up(&page) } else { Words::sign_in(&page) };
    let next = chosen.map_or_else(|| words.next.to_owned(), |chosen| fill(words.next_with_plan, &[("plan", &chosen)]));
    let other = redirect_to.as_ref().map_or(words.other.0.to_owned(), |to| (words.other.1)(to.as_str()));
    let by_passkey = passkeys.then(|| view! { <SignInByPasskey page=page.clone() next=redirect_to.clone()/> });
    let others = view! { <ContinueWith page=page.clone() providers redirect_to=redirect_to.clone()/> };
    let redirect_to = redirect_to.map(|to| view! { <input type="hidden" name="redirectTo" value=String::from(to)/> });
    let labels = [("email", words.email), ("password", words.password), ("passkey", page.text.passkeys.passkey)];
    let forgot = words.forgot.map(|label| view! { <p><a href=super::FORGOT>{label}</a></p> });
    view! {
        <Auth lang=page.lang title=words.title next description=words.title flash=page.flash()>
            {problems(&page, &labels)}
            <Form action=words.by_password.1>
                {redirect_to}
                <Field
                    name="email" label=words.email kind=Kind::Email autocomplete="email" maxlength=LONGEST_FIELD required=true
                    value=page.value("email", invited.map(String::from)) error=page.error("email")
                />
                <Field
                    name="password" label=words.password kind=Kind::Password autocomplete=words.autocomplete
                    hint=words.hint error=page.error("password")
                />
                <Button label=words.by_password.0/>
                <Button label=words.by_mail weight=Weight::Secondary to=request_link::at(&page.here)/>
            </Form>
            {by_passkey}
            {others}
            <div class="alternatives">{forgot}<p>{words.question}" "<a href=other>{words.link}</a></p></div>
        </Auth>
    }
}

/// What differs between the two pages.
struct Words {
    title: &'static str,
    next: &'static str,
    next_with_plan: &'static str,
    email: &'static str,
    password: &'static str,
    hint: Maybe,
    autocomplete: &'static str,
    /// The first button, and where it posts to.
    by_password: (&'static str, String),
    by_mail: &'static str,
    forgot: Option<&'static str>,
    question: &'static str,
    link: &'static str,
    /// The other page: as it is, and leading on.
    other: (&'static str, fn(&str) -> String),
}

impl Words {
    fn sign_up(page: &Page) -> Self {
        let text = &page.text.sign_up;
        Self {
            title: text.title,
            next: text.next,
            next_with_plan: text.next_with_plan,
            email: text.email,
            password: text.password,
            hint: fill(text.password_hint, &[("least", &SHORTEST)]).into(),
            autocomplete: "new-password",
            by_password: (text.by_password, sign_up::at(&page.here)),
            by_mail: text.by_mail,
            forgot: None,
            question: text.have_account,
            link: text.sign_in,
            other: (super::LOGIN, url::login),
        }
    }

    fn sign_in(page: &Page) -> Self {
        let text = &page.text.sign_in;
        Self {
            title: text.title,
            next: text.next,
            next_with_plan: text.next_with_plan,
            email: text.email,
            password: text.password,
            hint: None::<String>.into(),
            autocomplete: "current-password",
            by_password: (text.by_password, by_password::at(&page.here)),
            by_mail: text.by_mail,
            forgot: Some(text.forgot),
            question: text.no_account,
            link: text.sign_up,
            other: (super::SIGNUP, url::signup),
        }
    }
}

/// Characters that a field for an address or a password takes.
#[expect(clippy::cast_possible_truncation, reason = "254 fits")]
pub const LONGEST_FIELD: u16 = LONGEST as u16;
