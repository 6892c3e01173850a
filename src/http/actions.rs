//! The layer in front of every action: reads forms and JSON alike, and makes of what the action did what a browser or a
//! program expects. Leptos sees a JSON call and nothing else.

use super::uploads;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use keel_domain::Refusal;
use keel_domain::access::Origin;
use keel_types::Code;
use keel_types::url::{self, LocalPath};
use keel_web::action::{Declared, Done, declared};
use keel_web::arrival::Arrival;
use keel_web::flash;
use keel_web::form::{Fields, FormState};
use keel_web::page::{PageRoute, append, home_of, refused, see_other};
use keel_web::pages::errors;
use keel_web::pages::sign_in::onward;
use keel_web::problem::Problem;
use keel_web::typed;
use tokio::sync::SemaphorePermit;
use tower::ServiceExt as _;

/// The largest form, in bytes, files aside.
pub(super) const LARGEST: usize = 64 * 1024;

/// An action, and the pages its form can be shown again on.
#[derive(Clone)]
struct Front {
    pages: Router,
    action: &'static Declared,
}

/// Every declared action, and no other server function.
pub fn router(pages: &Router) -> Router {
    declared().fold(Router::new(), |router, action| {
        let front = Front { pages: pages.clone(), action };
        let route = Router::new().route(action.url, any(leptos_axum::handle_server_fns));
        router.merge(route.layer(from_fn_with_state(front, negotiate)))
    })
}

async fn negotiate(State(front): State<Front>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(mut arrival) = parts.extensions.get::<Arrival>().cloned() else {
        return errors::bare(&Refusal::internal(&"an action was reached past the layers in front of it"));
    };
    let home = home_of(front.action, &parts.uri);
    if parts.method == Method::GET || parts.method == Method::HEAD {
        return see_other(&home);
    }
    let with_files = media_type(&parts.headers) == uploads::MEDIA_TYPE && !front.action.files.is_empty();
    let form = is_form(&parts.headers);
    let browser = (form || with_files) && accepts_html(&parts.headers);
    if parts.method != Method::POST {
        return refuse_method(&arrival, &home, browser).await;
    }
    let is_proven = arrival.asked.origin != Origin::Unproven;
    // Read whole even where it is refused for something else: who is still sending might never hear the answer.
    let received = if with_files && is_proven {
        uploads::read(&arrival, front.action, &parts.headers, body).await
    } else {
        understand(&parts.headers, to_bytes(body, LARGEST).await).map(Received::from).map_err(Unread::from)
    };
    if !is_proven {
        return refuse(&arrival, &home, browser, Problem::new(Code::OriginRequired)).await;
    }
    arrival.at = LocalPath::parse(&home);
    parts.extensions.insert(arrival.clone());
    let (headers, known) = (parts.headers.clone(), parts.extensions.clone());
    let (fields, cookies, result) = match received.and_then(Received::for_leptos) {
        Err(Unread { fields, problem }) => (fields, vec![], Err(*problem)),
        Ok((Received { fields, files, place: _place }, json)) => {
            parts.extensions.insert(Arrival { files, ..arrival.clone() });
            let (cookies, result) = run(parts, json, next).await;
            (fields, cookies, result)
        }
    };
    arrival = arrival.about(fields.get("account"));
    let mut response = match result {
        Ok(done) if browser => go(&arrival, &home, &done).await,
        Ok(done) => axum::Json(done).into_response(),
        Err(problem) if browser && problem.code == Code::StepUpRequired => {
            proof_first(&arrival, problem.code, &url::step_up(&home), &home, &fields)
        }
        Err(problem) if browser && problem.code == Code::TwoStepRequired => {
            proof_first(&arrival, problem.code, &url::two_step_required(&home, fields.get("account")), &home, &fields)
        }
        Err(problem) if browser && is_shown_again(&problem) => again(&front, &arrival, &home, headers, known, fields, problem).await,
        Err(problem) => refuse(&arrival, &home, browser, problem).await,
    };
    for cookie in cookies {
        append(&mut response, Some(cookie));
    }
    response
}

fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether the body is a form's.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers) == "application/x-www-form-urlencoded"
}

/// Whether the body is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers) == "application/json"
}

/// Whether a person reads the answer.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accepted| accepted.contains("text/html"))
}

/// A form as it was sent.
#[derive(Default)]
pub(super) struct Received {
    pub fields: Fields,
    pub files: Vec<(&'static str, Bytes)>,
    /// Among the forms with files that are under way.
    pub place: Option<SemaphorePermit<'static>>,
}

/// A form that was not taken, as far as it was read.
pub(super) struct Unread {
    pub fields: Fields,
    pub problem: Box<Problem>,
}

impl Received {
    /// With the JSON that Leptos reads the fields from.
    fn for_leptos(self) -> Result<(Self, String), Unread> {
        match serde_json::to_string(&self.fields) {
            Ok(json) => Ok((self, json)),
            Err(_) => Err(Problem::new(Code::Malformed).into()),
        }
    }
}

impl From<Fields> for Received {
    fn from(fields: Fields) -> Self {
        Self { fields, ..Self::default() }
    }
}

impl From<Problem> for Unread {
    fn from(problem: Problem) -> Self {
        Self { fields: Fields::default(), problem: problem.into() }
    }
}

/// The fields of a form without files.
pub(super) fn understand(headers: &HeaderMap, body: Result<Bytes, axum::Error>) -> Result<Fields, Problem> {
    let form = is_form(headers);
    if !form && !is_json(headers) {
        return Err(Problem::new(Code::MediaType));
    }
    let bytes = body.map_err(|error| {
        let too_large = std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("limit"));
        Problem::new(if too_large { Code::TooLarge } else { Code::Malformed })
    })?;
    let fields = if form { Fields::of_form(&bytes) } else { serde_json::from_slice(&bytes).ok() };
    fields.ok_or_else(|| Problem::new(Code::Malformed))
}

/// The action has run, as Leptos calls it: the cookies it sets, and what it did.
async fn run(mut parts: Parts, json: String, next: Next) -> (Vec<HeaderValue>, Result<Done, Problem>) {
    for name in [header::REFERER, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    for name in [header::ACCEPT, header::CONTENT_TYPE] {
        parts.headers.insert(name, HeaderValue::from_static("application/json"));
    }
    let answered = next.run(Request::from_parts(parts, Body::from(json))).await;
    let cookies = answered.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
    (cookies, read_answer(answered).await)
}

/// Leptos answers every problem with 500; the problem in the body says what it is.
async fn read_answer(response: Response) -> Result<Done, Problem> {
    let ok = response.status() == StatusCode::OK;
    let lost = |why: &dyn std::fmt::Display| Problem::from(Refusal::internal(why));
    let body = to_bytes(response.into_body(), LARGEST).await.map_err(|error| lost(&error))?;
    if ok {
        serde_json::from_slice(&body).map_err(|error| lost(&error))
    } else {
        Err(serde_json::from_slice(&body).unwrap_or_else(|error| lost(&error)))
    }
}

async fn go(arrival: &Arrival, home: &str, done: &Done) -> Response {
    if let Some(provider) = &done.provider {
        return onward::page(arrival, home, provider, &done.next).await;
    }
    let mut response = see_other(&done.next);
    if let Some(said) = done.said {
        append(&mut response, flash::carry(&arrival.keel, said));
    }
    response
}

/// To a page that asks who the person is; it leads back to the form, where what was typed stands again.
fn proof_first(arrival: &Arrival, code: Code, page: &str, home: &str, fields: &Fields) -> Response {
    let mut response = refused(code, page);
    append(&mut response, typed::keep(arrival, home, fields));
    response
}

/// Whether a person can mend it on the form: then it comes back with what was typed.
fn is_shown_again(problem: &Problem) -> bool {
    let too_large = problem.code == Code::TooLarge && !problem.errors.is_empty();
    too_large
        || matches!(problem.status, 402 | 409 | 422 | 429 | 503)
        || matches!(problem.code, Code::WorkspaceRequired | Code::PriceUnknown)
}

pub(super) async fn refuse(arrival: &Arrival, here: &str, browser: bool, problem: Problem) -> Response {
    if browser { errors::problem(arrival, here, problem).await } else { errors::json(&problem) }
}

/// Refuses whatever is neither a form nor a question where its page is.
pub(super) async fn refuse_method(arrival: &Arrival, here: &str, browser: bool) -> Response {
    let mut refused = refuse(arrival, here, browser, Problem::new(Code::MethodNotAllowed)).await;
    refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD,POST"));
    refused
}

/// The form's own page, by its own route, in this response: same door, same load, same view.
async fn again(
    front: &Front,
    arrival: &Arrival,
    at: &str,
    mut headers: HeaderMap,
    known: http::Extensions,
    fields: Fields,
    problem: Problem,
) -> Response {
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        headers.remove(name);
    }
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = at.parse().unwrap_or_default();
    *request.headers_mut() = headers;
    *request.extensions_mut() = known;
    request.extensions_mut().insert(FormState { fields, problem: Some(problem.clone()) });
    let Ok(page) = front.pages.clone().oneshot(request).await;
    match page.extensions().get::<PageRoute>() {
        Some(PageRoute(route)) if front.action.pages.contains(route) => errors::with_status(page, &problem),
        _ => errors::problem(arrival, at, problem).await,
    }
}
