//! What surrounds every answer: its id, the access log and metrics, security headers, kept pages, compression, the catch for
//! faults, and the reading of what a request says about itself.

use super::Served;
use super::actions::accepts_html;
use super::buckets::{Buckets, stop_floods};
use super::kept::{Kept, keep};
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use keel_domain::secrets::reference;
use keel_domain::settings::Settings;
use keel_domain::{Refusal, request};
use keel_types::Code;
use keel_web::action::declared;
use keel_web::arrival::{Arrival, language};
use keel_web::page::PageRoute;
use keel_web::pages::accounts::switch;
use keel_web::pages::audit::EXPORT as AUDIT_EXPORT;
use keel_web::pages::errors;
use keel_web::pages::members::actions::leave;
use keel_web::problem::Problem;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate, SizeAbove};
use tracing::field::display;

/// The longest an answer may take.
const LONGEST: Duration = Duration::from_mins(1);
/// Bytes of an answer that is worth compressing: less fits one packet as it is.
const WORTH_COMPRESSING: u16 = 1_024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The application inside its layers. The last one named is the outermost. They stand around two routers, one in the other: a
/// request copies all layers of its route, one after another, but of a router only its handle.
pub fn around(app: Router, served: &Arc<Served>) -> Router {
    let headers = Arc::new(security_headers(served));
    let app = app
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(served.clone(), hide))
        .layer(from_fn_with_state(Buckets::new(), stop_floods))
        .layer(from_fn_with_state(served.clone(), arrive))
        .layer(from_fn(answer_in_time))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| errors::bare(&Refusal::internal(&"a panic"))))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(from_fn(note_route));
    let app = Router::new().fallback_service(app).layer(from_fn_with_state(Kept::default(), keep));
    let app = if served.keel.settings().in_development() { app.layer(from_fn_with_state(served.clone(), leave_localhost)) } else { app };
    app.layer(from_fn_with_state(headers, add_headers)).layer(from_fn_with_state(served.clone(), log))
}

/// Ends what takes too long.
async fn answer_in_time(request: Request, next: Next) -> Response {
    let html = accepts_html(request.headers());
    tokio::time::timeout(LONGEST, next.run(request))
        .await
        .unwrap_or_else(|_| if html { errors::bare(&Refusal::Unavailable) } else { errors::json(&Refusal::Unavailable.into()) })
}

/// Leaves with the answer which route gave it.
async fn note_route(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// What gets smaller by it: no picture, and no zip.
fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new().and(SizeAbove::new(WORTH_COMPRESSING)).and(NotForContentType::const_new("application/zip"))
}

async fn unknown(request: Request) -> Response {
    Asker::of(&request).refuse(Refusal::NotFound.into()).await
}

async fn wrong_method(request: Request) -> Response {
    Asker::of(&request).refuse(Problem::new(Code::MethodNotAllowed)).await
}

/// What is needed of a request to refuse it.
pub(super) struct Asker {
    arrival: Option<Arrival>,
    path: String,
    html: bool,
}

impl Asker {
    pub fn of(request: &Request) -> Self {
        let arrival = request.extensions().get::<Arrival>().cloned();
        Self { arrival, path: request.uri().path().to_owned(), html: accepts_html(request.headers()) }
    }

    pub async fn refuse(self, problem: Problem) -> Response {
        match self.arrival {
            Some(arrival) if self.html => errors::problem(&arrival, &self.path, problem).await,
            _ => errors::json(&problem),
        }
    }
}

/// Sends `localhost` to the base address, so that cookies and links agree.
async fn leave_localhost(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    let settings = served.keel.settings();
    if request.method() == Method::GET && is_localhost(request.headers(), settings) {
        let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        return Redirect::permanent(&format!("{}{path}", settings.base_url)).into_response();
    }
    next.run(request).await
}

/// Reads what the request says about itself.
async fn arrive(State(served): State<Arc<Served>>, mut request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Client>().map(|client| client.0);
    let arrival = Arrival::read(&served.keel, request.headers(), client);
    request.extensions_mut().insert(arrival);
    request.extensions_mut().insert(served);
    next.run(request).await
}

fn is_localhost(headers: &HeaderMap, settings: &Settings) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.split(':').next() == Some("localhost") && !settings.base_url.contains("//localhost")
}

/// In b2c there are no workspaces: their URLs are unknown.
async fn hide(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    if !served.keel.settings().model().has_teams() && is_of_teams(request.uri().path()) {
        return Asker::of(&request).refuse(Refusal::NotFound.into()).await;
    }
    next.run(request).await
}

/// Whether a URL is about workspaces: a page of theirs, or an action whose forms stand on such pages only.
fn is_of_teams(path: &str) -> bool {
    const TEAMS: [&str; 7] =
        ["/org-dashboard", "/onboarding/workspace", "/workspaces", "/invitations", switch::URL, leave::URL, AUDIT_EXPORT];
    let within = |path: &str| TEAMS.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    within(path) || declared().any(|action| action.url == path && action.pages.iter().all(|page| within(page)))
}

/// The address of whoever asks, as trusted proxies tell it.
#[derive(Clone, Copy)]
struct Client(IpAddr);

/// Gives the request its id, and writes one line when it is answered.
async fn log(State(served): State<Arc<Served>>, mut request: Request, next: Next) -> Response {
    let (id, started, under_way) = (reference(), tokio::time::Instant::now(), served.requests.begin());
    let (method, lang) = (request.method().clone(), language(served.keel.settings(), request.headers()));
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let client = peer.map(|peer| Client(served.proxies.client(peer, request.headers())));
    if let Some(client) = client {
        request.extensions_mut().insert(client);
    }
    let answer = async {
        let response = next.run(request).await;
        let (route, took) = (route(&served, &response), started.elapsed());
        tell(&method, route, client, &response, took);
        served.requests.answered(route, &method, response.status(), took);
        response
    };
    let mut response = request::within(id.clone(), lang, answer).await;
    drop(under_way);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if *served.stopping.borrow() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Who asked for what, from where, and what became of it: ids and the route's template, for an address may hold a token. What was
/// refused bears its code; who asked for what is not theirs, or too often, stands out.
fn tell(method: &Method, route: &str, client: Option<Client>, response: &Response, took: Duration) {
    let (status, milliseconds) = (response.status().as_u16(), took.as_secs_f64() * 1_000.0);
    let code = response.extensions().get::<Code>().map(|code| code.as_str());
    let client = client.map(|client| display(client.0));
    let asker = request::asker();
    let (user, account) = asker.as_ref().map(|(user, account)| (user.as_str(), account.as_str())).unzip();
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(target: "access", %method, route, status, milliseconds, client, user, account, code)
        };
    }
    if matches!(status, 401 | 403 | 429) { line!(warn) } else { line!(info) }
}

/// The template of the route that answered, as it stands in the table of endpoints.
fn route(served: &Served, response: &Response) -> &'static str {
    let kept = response.extensions().get::<PageRoute>().map(|page| page.0);
    let matched = || response.extensions().get::<MatchedPath>().and_then(|path| served.routes.get(path.as_str())).copied();
    matched().or(kept).unwrap_or("unknown")
}

fn security_headers(served: &Served) -> Vec<(HeaderName, HeaderValue)> {
    let mut all = vec![
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(served)) {
        all.push((header::CONTENT_SECURITY_POLICY, policy));
    }
    if served.keel.settings().is_https() {
        all.push((header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains")));
    }
    all
}

/// A form that is answered by a redirect elsewhere needs that host in `form-action`: the payment page's. Providers of sign-ins need
/// none, for a page of ours leads on to them.
fn content_security_policy(served: &Served) -> String {
    let payment = match (&served.sandbox, &served.keel.settings().stripe.api_base) {
        (Some((_, pages)), _) => pages.clone(),
        (None, Some(base)) if served.keel.settings().stripe.sandbox => base.trim_end_matches('/').replace("127.0.0.1", "localhost"),
        _ => "https://checkout.stripe.com https://billing.stripe.com".to_owned(),
    };
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' {payment}"
    )
}

/// Security headers on every answer, and no keeping of what was made for one person.
async fn add_headers(State(headers): State<Arc<Vec<(HeaderName, HeaderValue)>>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in headers.iter() {
        response.headers_mut().insert(name, value.clone());
    }
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
