//! The router: every URL family on one screen.

mod actions;
mod assets;
mod audit_export;
mod billing;
mod buckets;
pub mod connections;
mod development;
mod encodings;
mod exports;
mod health;
mod kept;
mod layers;
mod logos;
mod overload;
mod pages;
mod platform_roles;
mod posts;
mod providers;
mod proxies;
mod stripe_webhook;
mod unread;
mod unsubscribe;
mod uploads;

pub use proxies::TrustedProxies;

use crate::metrics::Requests;
use axum::Router;
use axum::extract::RawQuery;
use axum::response::Redirect;
use axum::routing::{any, get, patch, post};
use keel_domain::Keel;
use keel_domain::access::{Door, PlatformAdmin, Visitor};
use keel_types::permission::may;
use keel_web::action::{Declared, declared};
use keel_web::endpoints::{Endpoint, Kind};
use keel_web::pages::audit::EXPORT as AUDIT_EXPORT;
use keel_web::pages::billing::PAPER;
use keel_web::pages::billing::records::EXPORT as BILLING_EXPORT;
use overload::bounded;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::watch;

/// Where Stripe posts events.
pub const STRIPE_WEBHOOK: &str = "/api/stripe/webhook";

/// Where copies of workspaces are downloaded.
const EXPORT: &str = "/api/org/exports/{export}";
/// The roles of all workspaces, for platform staff.
const ADMIN_ROLES: &str = "/api/admin/roles";
/// One of them.
const ADMIN_ROLE: &str = "/api/admin/roles/{id}";

/// Where the organization's overview was; it leads to where it is.
const OLD_OVERVIEW: &str = "/org-dashboard/admin";

/// A workspace's logo, by the name of its file.
const LOGO: &str = "/logos/{account}/{file}";
/// Where a trip to a provider of sign-ins begins.
const PROVIDER: &str = "/auth/oauth/{provider}";
/// Where it ends.
const PROVIDER_CALLBACK: &str = "/auth/oauth/{provider}/callback";
/// Where mail programs end notices, beside the page that asks people.
const UNSUBSCRIBE: &str = "/unsubscribe/{token}";

/// What the router serves.
pub struct Served {
    /// The Keel.
    pub keel: Keel,
    /// Where the billing sandbox of this process is: its API and its pages.
    pub sandbox: Option<(String, String)>,
    /// True once the process was told to stop.
    pub stopping: watch::Receiver<bool>,
    /// Whose word about a client's address is taken.
    pub proxies: TrustedProxies,
    /// What is counted of requests.
    pub requests: Requests,
    /// The routes as they stand in logs and metrics.
    routes: HashSet<&'static str>,
}

impl Served {
    /// A Keel to be served.
    pub fn new(keel: Keel, sandbox: Option<(String, String)>, stopping: watch::Receiver<bool>, proxies: TrustedProxies) -> Self {
        let routes = endpoints().iter().map(|endpoint| endpoint.path).collect();
        Self { keel, sandbox, stopping, proxies, requests: Requests::default(), routes }
    }
}

/// Endpoints that are neither pages nor Leptos's actions. Those of `/dev` exist in development only.
const PLAIN: &[Endpoint] = &[
    form::<may::ViewBilling>(BILLING_EXPORT),
    behind::<may::ViewBilling>("GET", PAPER),
    form::<may::ExportAudit>(AUDIT_EXPORT),
    behind::<PlatformAdmin>("GET", ADMIN_ROLES),
    behind::<PlatformAdmin>("POST", ADMIN_ROLES),
    behind::<PlatformAdmin>("PATCH", ADMIN_ROLE),
    behind::<PlatformAdmin>("DELETE", ADMIN_ROLE),
    plain("POST", STRIPE_WEBHOOK, "stripe's signature"),
    form::<Visitor>(PROVIDER),
    behind::<Visitor>("GET", PROVIDER_CALLBACK),
    plain("GET", OLD_OVERVIEW, "visitor"),
    plain("GET", LOGO, "member"),
    plain("GET", EXPORT, "owner"),
    plain("POST", UNSUBSCRIBE, "visitor"),
    plain("GET", "/health/live", "visitor"),
    plain("GET", "/health/ready", "visitor"),
    plain("GET", "/assets/{file}", "visitor"),
    plain("GET", "/favicon.svg", "visitor"),
    plain("GET", "/robots.txt", "visitor"),
    plain("GET", "/dev/mailbox.json", "development"),
    plain("GET", "/dev/sandbox.json", "development"),
    plain("POST", "/dev/clock", "development"),
];

/// What a form of a page is posted to, as to an action.
const fn form<D: Door>(path: &'static str) -> Endpoint {
    Endpoint { path, method: "POST", door: D::NAME, step_up: D::STEP_UP, kind: Kind::Action }
}

const fn behind<D: Door>(method: &'static str, path: &'static str) -> Endpoint {
    Endpoint { path, method, door: D::NAME, step_up: D::STEP_UP, kind: Kind::Plain }
}

const fn plain(method: &'static str, path: &'static str, door: &'static str) -> Endpoint {
    Endpoint { path, method, door, step_up: false, kind: Kind::Plain }
}

/// The whole application.
pub fn router(served: &Arc<Served>) -> Router {
    let pages = pages::router();
    let mut app = Router::new()
        .merge(bounded(
            Router::new()
                .merge(pages.clone())
                .merge(actions::router(&pages))
                .merge(apart())
                .route(LOGO, get(logos::serve))
                .route(UNSUBSCRIBE, post(unsubscribe::one_click)),
        ))
        .merge(bounded(Router::new().route(STRIPE_WEBHOOK, post(stripe_webhook::receive))))
        .merge(bounded(Router::new().route(EXPORT, get(exports::download))))
        .route(OLD_OVERVIEW, get(to_overview))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/assets/{file}", get(assets::serve))
        .route("/favicon.svg", get(assets::serve))
        .route("/robots.txt", get(assets::serve));
    if served.keel.settings().in_development() {
        app = app
            .route("/dev/mailbox.json", get(development::mailbox))
            .route("/dev/sandbox.json", get(development::sandbox))
            .route("/dev/clock", post(development::clock));
    }
    layers::around(app, served)
}

/// What people and programs ask for by other ways than pages and actions.
fn apart() -> Router {
    Router::new()
        .route(AUDIT_EXPORT, any(audit_export::export))
        .route(BILLING_EXPORT, any(billing::export))
        .route(PAPER, get(billing::paper))
        .route(PROVIDER, any(providers::depart))
        .route(PROVIDER_CALLBACK, get(providers::land))
        .route(ADMIN_ROLES, get(platform_roles::list).post(platform_roles::create))
        .route(ADMIN_ROLE, patch(platform_roles::update).delete(platform_roles::delete))
}

async fn to_overview(RawQuery(query): RawQuery) -> Redirect {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("/org-dashboard{query}"))
}

/// Every endpoint with its door, sorted.
pub fn endpoints() -> Vec<Endpoint> {
    let of_action =
        |action: &Declared| Endpoint { path: action.url, method: "POST", door: action.door, step_up: action.step_up, kind: Kind::Action };
    let actions = declared().map(of_action);
    let mut all: Vec<Endpoint> = pages::PAGES.iter().chain(PLAIN).copied().chain(actions).collect();
    all.sort_unstable();
    all
}
