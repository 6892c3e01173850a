//! Where a person is signed in, and the end of that.

use super::SECURITY;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Nothing, Reader};
use crate::page::{Loaded, Page};
use crate::problem::Problem;
use crate::ui::{Button, Column, Form, Moment, Pill, Region, Table, Tone, Weight};
use keel_domain::access::sessions::Factor;
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::sign_in::own_sessions::{self, Session};
use keel_text::Catalogue;
use keel_types::{Code, SessionId};
use leptos::prelude::*;

actions! {
    /// Ends one of the person's sessions.
    end_session: "auth/end-session" on [SECURITY], Fresh<SignedIn>, Chosen;
    /// Ends every session of the person's but this one.
    end_other_sessions: "auth/end-other-sessions" on [SECURITY], Fresh<SignedIn>, Nothing;
}

struct Chosen(Option<SessionId>);

impl Input for Chosen {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(SessionId::parse(form.text("session")).ok()))
    }
}

async fn end_session(call: &mut Write<Fresh<SignedIn>>, Chosen(session): Chosen) -> Answer {
    let session = session.ok_or_else(|| Problem::new(Code::NotFound))?;
    own_sessions::end(call, &session).await?;
    Ok(Done::go(SECURITY).say(Said::SessionEnded))
}

async fn end_other_sessions(call: &mut Write<Fresh<SignedIn>>, _: Nothing) -> Answer {
    own_sessions::end_others(call).await?;
    Ok(Done::go(SECURITY).say(Said::SessionsEnded))
}

/// The region's model.
pub struct Model {
    sessions: Vec<Session>,
}

/// Reads the caller's sessions.
pub async fn load(call: &mut Read<SignedIn>) -> Loaded<Model> {
    Ok(Model { sessions: own_sessions::list(call).await? })
}

/// The region.
#[component]
pub fn SessionsRegion(page: Page, model: Model) -> impl IntoView {
    let words = &page.text.sessions;
    let columns = [words.device, words.address, words.signed_in, words.last_seen, words.actions].map(Column::text).to_vec();
    let others = model.sessions.iter().any(|session| !session.is_this);
    let rows = model.sessions.into_iter().map(|session| row(&page, session)).collect();
    let end_others = others.then(|| {
        view! {
            <Form action=end_other_sessions::at(&page.here) class="">
                <Button label=words.end_others weight=Weight::Danger/>
            </Form>
        }
    });
    view! {
        <Region id="sessions" title=words.title wide=true>
            <p>{words.lead}</p>
            <Table caption=words.title quiet_caption=true columns rows/>
            {end_others}
        </Region>
    }
}

fn row(page: &Page, session: Session) -> Vec<AnyView> {
    let (text, words) = (page.text, &page.text.sessions);
    let address = if session.address.is_empty() { words.unknown_address.to_owned() } else { session.address };
    let by = session.factor.map(|factor| format!(" · {}", way(text, factor)));
    let (last_seen, end) = if session.is_this {
        (words.now.into_any(), view! { <Pill label=words.this_device tone=Tone::Success/> }.into_any())
    } else {
        let (id, action) = (session.id.to_string(), end_session::at(&page.here));
        let end = view! {
            <Form action=action class="">
                <input type="hidden" name="session" value=id/>
                <Button label=words.end weight=Weight::Secondary/>
            </Form>
        };
        (view! { <Moment at=session.last_seen/> }.into_any(), end.into_any())
    };
    vec![
        session.agent.words(text).into_any(),
        address.into_any(),
        view! { <span><Moment at=session.started/>{by}</span> }.into_any(),
        last_seen,
        end,
    ]
}

/// By what somebody signed in.
fn way(text: &'static Catalogue, factor: Factor) -> &'static str {
    let words = &text.sessions;
    match factor {
        Factor::Link => words.by_link,
        Factor::Code => words.by_code,
        Factor::Password => words.by_password,
        Factor::Passkey => words.by_passkey,
        Factor::Provider => words.by_provider,
    }
}
