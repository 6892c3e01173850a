//! What Keel is measured against: servers that do the least for the same answer. They run in processes of their own, by
//! `keel-bench bare ADDRESS WHAT`.

use crate::Failure;
use crate::data::{self, Database, Person};
use crate::servers::settings;
use axum::Router;
use axum::extract::{FromRequestParts as _, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{any, post};
use axum::serve::ListenerExt as _;
use http::{Request, StatusCode};
use keel::config::Config;
use keel_domain::Keel;
use keel_domain::access::Visitor;
use keel_domain::args;
use keel_domain::clock::Clock;
use keel_domain::db::Db;
use keel_web::arrival::Arrival;
use keel_web::page::{Page, Visit, render};
use keel_web::pages::{pricing, sign_in::login};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;

/// Which one.
#[derive(Serialize, Deserialize)]
pub enum Bare {
    /// Answers the bytes of a file.
    Bytes { file: PathBuf },
    /// Renders `/pricing` or `/login` from a model made once.
    Leptos { path: String, home: PathBuf },
    /// Runs the statements of a page, and answers the bytes of a file.
    Statements { page: String, database: String, person: Person, file: PathBuf },
    /// Inserts the body it is sent, and commits.
    Inserts { database: String },
}

/// Serves until the process is ended.
pub async fn serve(listen: SocketAddr, bare: Bare) -> Result<(), Failure> {
    let app = match bare {
        Bare::Bytes { file } => bytes(&file)?,
        Bare::Leptos { path, home } => Box::pin(leptos(&path, &home, listen)).await?,
        Bare::Statements { page, database, person, file } => statements(&page, &database, person, &file).await?,
        Bare::Inserts { database } => inserts(&database).await?,
    };
    let listener = TcpListener::bind(listen).await?.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

fn bytes(file: &Path) -> Result<Router, Failure> {
    let body: &'static str = std::fs::read_to_string(file)?.leak();
    Ok(Router::new().fallback(any(move || async move { Html(body) })))
}

async fn leptos(path: &str, home: &Path, listen: SocketAddr) -> Result<Router, Failure> {
    let visit = visit(path, home, listen).await?;
    let mut call = visit.read::<Visitor>().await.map_err(stopped)?;
    let page = visit.around(&mut call).await.map_err(stopped)?;
    Ok(if path == "/pricing" {
        let model = pricing::load(call, &visit).await.map_err(stopped)?;
        rendered(page, move |page| render(page.reading(), || pricing::view(model.clone(), page)))
    } else {
        let model = login::load(call, &visit).await.map_err(stopped)?;
        rendered(page, move |page| render(page.reading(), || login::view(model.clone(), page)))
    })
}

fn rendered(page: Page, render: impl Fn(Page) -> String + Clone + Send + Sync + 'static) -> Router {
    Router::new().fallback(any(move || async move { Html(render(page)) }))
}

/// A visit as Keel would see it, without a request.
async fn visit(path: &str, home: &Path, listen: SocketAddr) -> Result<Visit, Failure> {
    let database = format!("sqlite:{}", home.join("leptos.db").display());
    let set = settings(home, &database, listen, listen);
    let mut config = Config::read(&[], |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()))?;
    let stripe = config.stripe.take().ok_or("Stripe is set")?;
    let keel = Keel::start(Db::open(&database).await?, Clock::default(), config.settings(listen, stripe)).await?;
    let (mut parts, ()) = Request::get(path).body(())?.into_parts();
    parts.extensions.insert(Arrival::read(&keel, &parts.headers, None));
    Visit::from_request_parts(&mut parts, &()).await.map_err(|_| "the request is not taken".into())
}

/// What Keel refuses is told as it stands.
fn stopped(why: impl std::fmt::Debug) -> Failure {
    format!("{why:?}").into()
}

/// What a server of statements needs.
struct Reads {
    page: String,
    database: Database,
    person: Person,
    body: String,
}

async fn statements(page: &str, database: &str, person: Person, file: &Path) -> Result<Router, Failure> {
    let database = Database::open(database).await?;
    let reads = Reads { page: page.to_owned(), database, person, body: std::fs::read_to_string(file)? };
    Ok(Router::new().fallback(any(read)).with_state(Arc::new(reads)))
}

async fn read(State(reads): State<Arc<Reads>>) -> Response {
    let read = async { reads.database.run_all(&data::statements_of(&reads.page, &reads.person)?).await };
    match read.await {
        Ok(()) => Html(reads.body.clone()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// What a server of inserts needs.
struct Inserts {
    database: Database,
    made: AtomicU64,
}

async fn inserts(database: &str) -> Result<Router, Failure> {
    let inserts = Inserts { database: Database::open_writer(database).await?, made: AtomicU64::new(0) };
    Ok(Router::new().route("/", any(|| async {})).fallback(post(insert)).with_state(Arc::new(inserts)))
}

async fn insert(State(inserts): State<Arc<Inserts>>, body: String) -> Response {
    let id = format!("evt_bare_{}", inserts.made.fetch_add(1, Ordering::Relaxed));
    match inserts.database.insert_and_commit(data::INSERT_EVENT, args![id, body]).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
