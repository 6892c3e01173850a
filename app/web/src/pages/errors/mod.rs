//! What people read when something was refused, with the real status.

mod view;

use crate::arrival::Arrival;
use crate::page::render;
use crate::problem::Problem;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use keel_domain::Refusal;
use keel_domain::access::{Read, SignedIn};
use keel_text::{EN, Lang};
use keel_types::{Code, url};

/// What an error page says.
pub struct Model {
    /// The language.
    pub lang: Lang,
    /// What happened.
    pub problem: Problem,
    /// The caller's role and the account, when a right is missing.
    pub standing: Option<(String, String)>,
    /// The dashboard of a person who is signed in.
    pub dashboard: Option<String>,
    /// Where to sign in, for people who are not.
    pub sign_in: String,
    /// Whether this is said about an invitation.
    pub invitation: bool,
}

/// The page for a refusal.
pub async fn page(arrival: &Arrival, here: &str, refusal: &Refusal) -> Response {
    problem(arrival, here, refusal.clone().into()).await
}

/// The page for a problem. Who is signed in is looked up only for what concerns rights and missing pages, and not while
/// the database is away.
pub async fn problem(arrival: &Arrival, here: &str, problem: Problem) -> Response {
    let personal = matches!(problem.code, Code::Forbidden | Code::NotFound | Code::Used | Code::Expired | Code::Revoked);
    let caller = if personal && arrival.asked.session.is_some() {
        let call = Read::<SignedIn>::open(&arrival.keel, arrival.asked.clone()).await;
        call.ok().map(|call| call.proof().clone())
    } else {
        None
    };
    let standing = caller.as_ref().filter(|_| problem.code == Code::Forbidden).map(|caller| {
        let standing = caller.usual_standing();
        (standing.role.name.clone(), standing.name.clone())
    });
    let dashboard = caller.map(|caller| keel_domain::accounts::dashboard(caller.usual_standing().is_manager()).to_owned());
    let sign_in = if here.starts_with("/api/") || here.starts_with("/auth/") { "/login".to_owned() } else { url::login(here) };
    let invitation = here.starts_with("/invitations/");
    answer(Model { lang: Lang::default(), problem, standing, dashboard, sign_in, invitation })
}

/// The page for a refusal before anything about the request is known.
pub fn bare(refusal: &Refusal) -> Response {
    answer(Model {
        lang: Lang::default(),
        problem: refusal.clone().into(),
        standing: None,
        dashboard: None,
        sign_in: "/login".to_owned(),
        invitation: false,
    })
}

/// `application/problem+json`, for programs.
pub fn json(problem: &Problem) -> Response {
    let body = serde_json::to_string(problem).unwrap_or_else(|_| format!("{{\"title\":\"{}\"}}", EN.problem.internal));
    with_status(([(header::CONTENT_TYPE, "application/problem+json")], body).into_response(), problem)
}

fn answer(model: Model) -> Response {
    let problem = model.problem.clone();
    with_status(Html(render(|| view::view(model))).into_response(), &problem)
}

/// The problem's status, and when to try again.
pub fn with_status(mut response: Response, problem: &Problem) -> Response {
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
