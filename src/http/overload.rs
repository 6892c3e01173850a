//! Too much at once: requests beyond what can be answered in time are turned away before anything is done for them.

use super::Served;
use super::actions::accepts_html;
use super::encodings::Encodings;
use super::kept::compressed;
use axum::body::{Bytes, to_bytes};
use axum::error_handling::HandleErrorLayer;
use axum::response::{IntoResponse as _, Response};
use axum::{BoxError, Extension, Router};
use http::{HeaderMap, header};
use keel_domain::{Refusal, request};
use keel_text::Lang;
use keel_web::pages::errors;
use std::sync::Arc;
use tokio::sync::OnceCell;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;

/// Requests of one family under way at once. On SQLite, which commits some four hundred a second, the last of as many writers
/// still waits less than two seconds.
const AT_ONCE: usize = 512;

/// The routes, of which so many requests are under way at most. Each family has a bound of its own: a flood of page views
/// turns no event of Stripe away.
pub fn bounded(routes: Router) -> Router {
    routes.layer((HandleErrorLayer::new(turn_away), LoadShedLayer::new(), GlobalConcurrencyLimitLayer::new(AT_ONCE)))
}

async fn turn_away(Extension(served): Extension<Arc<Served>>, headers: HeaderMap, _: BoxError) -> Response {
    static PAGES: [OnceCell<Encodings<Bytes>>; Lang::ALL.len()] = [const { OnceCell::const_new() }; Lang::ALL.len()];
    served.requests.shed();
    let problem = Refusal::Unavailable.into();
    if !accepts_html(&headers) {
        return errors::json(&problem);
    }
    let render = async || compressed(to_bytes(errors::bare(&Refusal::Unavailable).into_body(), usize::MAX).await.unwrap_or_default());
    let lang = request::lang().unwrap_or_default();
    let page = PAGES[lang as usize].get_or_init(render).await.clone();
    let head = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_LANGUAGE, lang.tag())];
    errors::with_status((head, page.answer(&headers)).into_response(), &problem)
}
