//! The page of an invitation.

use super::{Model, Reader, accept, decline};
use crate::layouts::Auth;
use crate::page::Page;
use crate::pages::sign_in::sign_out;
use crate::ui::{Button, ButtonLink, Day, ErrorSummary, Fact, Facts, Form, Notice, Tone, Weight};
use keel_domain::invitations::Invitation;
use keel_domain::secrets::PlainToken;
use keel_text::fill;
use keel_types::{Code, Email, url};
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let Model { invitation, token, reader } = model;
    let words = &page.text.invitation;
    let title = fill(words.title, &[("account", &invitation.account)]);
    let next = fill(words.next, &[("inviter", &invitation.inviter), ("account", &invitation.account)]);
    // That it is for somebody else is what the page says anyway.
    let problem = page.form.problem.as_ref().filter(|problem| problem.code != Code::WrongAddress);
    let problem = problem.map(|_| view! { <ErrorSummary title=page.text.form.problem problem=page.form.message(page.text)/> });
    let ways = match reader {
        Reader::Invited => view! { <Accept page=page.clone() token=token.clone()/><Decline page=page.clone() token invitation=invitation.clone()/> }.into_any(),
        Reader::Anonymous => view! { <SignUp page=page.clone() invitation=invitation.clone()/><Decline page=page.clone() token invitation=invitation.clone()/> }.into_any(),
        Reader::Other(email) => view! { <Switch page=page.clone() token email invitation=invitation.clone()/> }.into_any(),
    };
    view! {
        <Auth lang=page.lang title next frame=page.frame.clone() flash=page.flash()>
            {problem}
            <Facts rows=true>
                <Fact label=words.role>{page.text.role(&invitation.role).to_owned()}</Fact>
                <Fact label=words.inviter>{invitation.inviter}</Fact>
                <Fact label=words.address>{invitation.email.to_string()}</Fact>
                <Fact label=words.expires><Day at=invitation.expires/></Fact>
            </Facts>
            {ways}
        </Auth>
    }
}

#[component]
fn Accept(page: Page, token: PlainToken) -> impl IntoView {
    view! {
        <Form action=accept::at(&page.here)>
            <input type="hidden" name="token" value=token.reveal().to_owned()/>
            <Button label=page.text.invitation.accept/>
        </Form>
    }
}

/// For people who are not signed in: an account first, then back to this page.
#[component]
fn SignUp(page: Page, invitation: Invitation) -> impl IntoView {
    let words = &page.text.invitation;
    view! {
        <p>{fill(words.new_here, &[("email", &invitation.email)])}</p>
        <p><ButtonLink label=words.accept href=url::signup(&page.here)/></p>
        <p>{words.have_account}" "<a href=url::login(&page.here)>{words.sign_in}</a></p>
    }
}

#[component]
fn Decline(page: Page, token: PlainToken, invitation: Invitation) -> impl IntoView {
    let words = &page.text.invitation;
    view! {
        <div class="alternatives">
            <Form action=decline::at(&page.here)>
                <input type="hidden" name="token" value=token.reveal().to_owned()/>
                <p class="soft">{fill(words.declining, &[("inviter", &invitation.inviter)])}</p>
                <Button label=words.decline weight=Weight::Secondary/>
            </Form>
        </div>
    }
}

/// For people who are signed in as another address: out, and back to this page.
#[component]
fn Switch(page: Page, token: PlainToken, email: Email, invitation: Invitation) -> impl IntoView {
    let words = &page.text.invitation;
    let title = fill(words.wrong_address, &[("invited", &invitation.email)]);
    let text = fill(words.wrong_address_text, &[("email", &email), ("invited", &invitation.email)]);
    view! {
        <Notice title text tone=Tone::Warning/>
        <Form action=sign_out::at(&page.here)>
            <input type="hidden" name="redirectTo" value=url::invitation(token.reveal())/>
            <Button label=words.switch/>
        </Form>
    }
}
