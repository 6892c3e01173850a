//! What people read when something was refused, with the real status.

mod view;

use crate::arrival::Arrival;
use crate::page::{html, render};
use crate::problem::Problem;
use crate::reading::Reading;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use keel_domain::access::{Read, SignedIn};
use keel_domain::accounts::dashboard;
use keel_domain::roles::{self, Grantor};
use keel_domain::{Refusal, request};
use keel_text::Lang;
use keel_types::{Code, Permission, url};

/// What an error page says.
pub struct Model {
    /// How it is read.
    pub reading: Reading,
    /// What happened.
    pub problem: Problem,
    /// What the caller lacks, when that is the problem.
    pub lack: Option<Lack>,
    /// The dashboard of a person who is signed in.
    pub dashboard: Option<String>,
    /// Where to sign in, for people who are not.
    pub sign_in: String,
    /// Whether this is said about an invitation.
    pub invitation: bool,
}

/// What somebody may not do, and who could help.
pub struct Lack {
    /// The caller's role.
    pub role: String,
    /// The account.
    pub account: String,
    /// Whether no role but the owner's allows it.
    pub owners_alone: bool,
    /// Who could give the caller what they lack.
    pub grantors: Vec<Grantor>,
}

/// The page for a refusal.
pub async fn page(arrival: &Arrival, here: &str, refusal: &Refusal) -> Response {
    problem(arrival, here, refusal.clone().into()).await
}

/// The page for a problem. Who is signed in is looked up only for what concerns rights and missing pages, and not while
/// the database is away.
pub async fn problem(arrival: &Arrival, here: &str, problem: Problem) -> Response {
    let personal = matches!(problem.code, Code::Forbidden | Code::NotFound | Code::Used | Code::Expired | Code::Revoked);
    let mut call = None;
    if personal && arrival.asked.session.is_some() {
        call = Read::<SignedIn>::open(&arrival.keel, arrival.asked.clone()).await.ok();
    }
    let mut lack = None;
    if let Some(call) = call.as_mut().filter(|_| problem.code == Code::Forbidden) {
        lack = lack_of(call, &problem).await.ok();
    }
    let caller = call.map(|call| call.proof().clone());
    let reading = Reading {
        lang: caller.as_ref().and_then(|caller| caller.lang).unwrap_or(arrival.lang),
        time_zone: caller.as_ref().and_then(|caller| caller.time_zone),
        here: here.to_owned(),
    };
    let dashboard = caller.map(|caller| dashboard(caller.usual_standing().is_manager()).to_owned());
    let sign_in = if here.starts_with("/api/") || here.starts_with("/auth/") { "/login".to_owned() } else { url::login(here) };
    let invitation = here.starts_with("/invitations/");
    answer(Model { reading, problem, lack, dashboard, sign_in, invitation })
}

async fn lack_of(call: &mut Read<SignedIn>, problem: &Problem) -> Result<Lack, Refusal> {
    let missing = problem.permission.as_deref().and_then(Permission::parse);
    let model = call.keel().settings().model();
    let grantors = roles::list_grantors(call, missing).await?;
    let standing = call.proof().usual_standing();
    Ok(Lack {
        role: standing.role.name.clone(),
        account: standing.name.clone(),
        owners_alone: missing.is_none_or(|permission| permission.is_reserved(model)),
        grantors,
    })
}

/// The page for a refusal before anything about the request is known.
pub fn bare(refusal: &Refusal) -> Response {
    answer(Model {
        reading: Reading { lang: lang(), ..Reading::default() },
        problem: refusal.clone().into(),
        lack: None,
        dashboard: None,
        sign_in: "/login".to_owned(),
        invitation: false,
    })
}

/// `application/problem+json`, for programs.
pub fn json(problem: &Problem) -> Response {
    let lang = lang();
    let body = serde_json::to_string(problem).unwrap_or_else(|_| format!("{{\"title\":\"{}\"}}", lang.catalogue().problem.internal));
    let head = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::CONTENT_LANGUAGE, lang.tag()),
        (header::VARY, "accept-language, cookie"),
    ];
    with_status((head, body).into_response(), problem)
}

/// What the request asks for; who is signed in is not known here.
fn lang() -> Lang {
    request::lang().unwrap_or_default()
}

fn answer(model: Model) -> Response {
    let (problem, reading) = (model.problem.clone(), model.reading.clone());
    with_status(html(&reading, render(reading.clone(), || view::view(model))), &problem)
}

/// The problem's status, and when to try again. Its code goes along for the access log.
pub fn with_status(mut response: Response, problem: &Problem) -> Response {
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(problem.code);
    response
}
