//! `/two-step/recovery-codes`: shows recovery codes once, when they were made. Until then they are in the browser alone, encrypted.

use super::CODES;
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::Nothing;
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Visit};
use crate::problem::Problem;
use crate::ui::{ButtonLink, Secret};
use http::HeaderValue;
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::two_step::{self, RecoveryCode};
use keel_types::url::LocalPath;
use keel_types::url::SECURITY;
use leptos::prelude::*;

actions! {
    /// Gives the person ten other recovery codes.
    new_codes: "two-step/new-recovery-codes" on [SECURITY], Fresh<SignedIn>, Nothing;
}

async fn new_codes(call: &mut Write<Fresh<SignedIn>>, _: Nothing) -> Answer {
    let codes = two_step::renew_recovery_codes(call).await?;
    Ok(Done::go(CODES).cookie(shown_once(call, &codes)?))
}

/// The cookie that carries the codes to the page which shows them to this person.
pub(crate) fn shown_once(call: &Write<Fresh<SignedIn>>, codes: &[RecoveryCode]) -> Result<Option<HeaderValue>, Problem> {
    if codes.is_empty() {
        return Ok(None);
    }
    let carried = two_step::carry(call, codes)?;
    Ok(Cookie::RecoveryCodes.set(call.keel().settings(), &carried))
}

/// The page's model: the codes, if they were not shown yet.
pub struct Model {
    codes: Vec<String>,
    next: Option<LocalPath>,
}

/// Reads what the browser brings. It forgets it with this answer.
pub async fn load(call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    let carried = visit.arrival().cookie(Cookie::RecoveryCodes);
    let codes = carried.map(|carried| two_step::carried(&call, carried)).unwrap_or_default();
    visit.forget(Cookie::RecoveryCodes);
    Ok(Model { codes, next: visit.query("redirectTo").and_then(LocalPath::parse) })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.two_step;
    let next = model.next.map_or_else(|| SECURITY.to_owned(), String::from);
    let (lead, label) = if model.codes.is_empty() { (words.codes_gone, words.to_security) } else { (words.codes_next, words.proceed) };
    let codes = (!model.codes.is_empty()).then(|| {
        let copy = (page.text.components.copy.into(), page.text.components.copied.into());
        view! { <Secret id="codes" label=words.codes text=model.codes.join("\n") copy/> }
    });
    view! {
        <Auth lang=page.lang title=words.codes_title next=lead flash=page.flash() frame=page.frame.clone()>
            {codes}
            <p><ButtonLink label href=next/></p>
        </Auth>
    }
}
