//! The error page: what happened, why, and where to go on.

use super::{Lack, Model};
use crate::layouts::Auth;
use crate::pages::two_step::REQUIRED;
use crate::ui::{ButtonLink, Fact, Facts, Weight};
use keel_text::{Catalogue, fill};
use keel_types::{Code, Permission};
use leptos::prelude::*;

/// The page.
pub fn view(model: Model) -> impl IntoView {
    let text = model.reading.text();
    let words = &text.error_page;
    let of_invitation = of_invitation(text, model.problem.code).filter(|_| model.invitation);
    let (title, next) = of_invitation.unwrap_or_else(|| match (model.problem.code, &model.lack) {
        (Code::NotFound, _) => (words.not_found, words.not_found_text.to_owned()),
        (Code::Forbidden, Some(lack)) => (words.forbidden, fill(words.forbidden_text, &[("account", &lack.account)])),
        (Code::Forbidden, None) => (words.forbidden, text.problem.forbidden.to_owned()),
        (code, _) => (words.failed, sentence(text, code, model.problem.retry_after)),
    });
    let facts = facts(text, &model);
    let wide = model.lack.is_some();
    let ways = ways(text, &model);
    view! {
        <Auth lang=model.reading.lang title next wide>
            {facts}
            <div class="stack">{ways}</div>
        </Auth>
    }
}

/// What is said about an invitation that opens nothing.
fn of_invitation(text: &'static Catalogue, code: Code) -> Option<(&'static str, String)> {
    let words = &text.invitation;
    let (title, next) = match code {
        Code::NotFound => (text.error_page.not_found, words.not_found_text),
        Code::Expired => (words.expired, words.expired_text),
        Code::Used => (words.used, words.used_text),
        Code::Revoked => (words.revoked, words.revoked_text),
        _ => return None,
    };
    Some((title, next.to_owned()))
}

fn sentence(text: &'static Catalogue, code: Code, retry_after: Option<u32>) -> String {
    fill(text.code(code), &[("seconds", &retry_after.unwrap_or(60))])
}

/// The permission that is missing and whom to ask, or what finds a fault of ours in the log.
fn facts(text: &'static Catalogue, model: &Model) -> Option<AnyView> {
    let words = &text.error_page;
    if let Some(lack) = &model.lack {
        let missing = model.problem.permission.clone().map(|word| {
            let allows = Permission::parse(&word).map(|permission| text.permission(permission));
            view! { <Fact label=words.missing>{allows}" "<code>{word}</code></Fact> }
        });
        let (role, help) = (text.role(&lack.role).to_owned(), who_can_help(text, lack));
        let facts = view! {
            <Facts rows=true>
                {missing}
                <Fact label=words.your_role>{role}</Fact>
                <Fact label=words.who_can_help>{help}</Fact>
            </Facts>
        };
        return Some(facts.into_any());
    }
    let reference = model.problem.reference.clone()?;
    let facts = view! { <Facts rows=true><Fact label=words.reference><code>{reference}</code>" "{words.reference_text}</Fact></Facts> };
    Some(facts.into_any())
}

/// Whom to ask, by name where there is somebody to name.
fn who_can_help(text: &'static Catalogue, lack: &Lack) -> impl IntoView + use<> {
    let words = &text.error_page;
    let sentence = match (lack.grantors.is_empty(), lack.owners_alone) {
        (true, _) => words.who_can_help_text,
        (false, true) => words.owners_text,
        (false, false) => words.grantors_text,
    };
    let grantors = lack
        .grantors
        .iter()
        .map(|grantor| view! { <li><bdi>{grantor.name.clone()}</bdi>{format!(" · {}", text.role(&grantor.role))}</li> });
    let grantors = (!lack.grantors.is_empty()).then(|| view! { <ul>{grantors.collect_view()}</ul> });
    view! { <p>{fill(sentence, &[("account", &lack.account)])}</p>{grantors} }
}

/// The links onwards: the likeliest first, as a button.
fn ways(text: &'static Catalogue, model: &Model) -> impl IntoView + use<> {
    let words = &text.error_page;
    let signs_in = matches!(model.problem.code, Code::SignInRequired | Code::Used | Code::Expired) && model.dashboard.is_none();
    let two_step = (model.problem.code == Code::TwoStepRequired).then(|| (text.two_step.turn_on, REQUIRED.to_owned()));
    // The empty address is this page again, or the form's page where an action answered.
    let again = model.problem.retry_after.is_some() || matches!(model.problem.code, Code::Internal | Code::Unavailable);
    let home = match &model.dashboard {
        Some(dashboard) => (words.to_dashboard, dashboard.clone()),
        None => (words.to_start, "/".to_owned()),
    };
    let ways =
        [two_step, again.then(|| (words.retry, String::new())), signs_in.then(|| (words.sign_in, model.sign_in.clone())), Some(home)];
    let link = |(place, (label, href)): (usize, (&'static str, String))| {
        let weight = if place == 0 { Weight::Primary } else { Weight::Secondary };
        view! { <ButtonLink label=label href=href weight=weight/> }
    };
    ways.into_iter().flatten().enumerate().map(link).collect_view()
}
