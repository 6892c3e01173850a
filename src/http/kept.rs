//! Pages that are the same for all, kept as bytes: rendered once, compressed once. The table of pages says which.
//!
//! A request without a cookie and without a query is answered from here. Whatever else a kept page may depend on is in its
//! [`Key`]; nothing of the request itself ever gets into one. Tested in `tests/flows/kept.rs`.

use super::encodings::Encodings;
use super::pages::KEPT;
use axum::Extension;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, Method, StatusCode, header};
use keel_web::arrival::Audience;
use keel_web::page::PageRoute;
use std::collections::HashMap;
use std::io::{Cursor, Write as _};
use std::sync::{Arc, PoisonError, RwLock};

/// Smaller than the best by a hundredth, quicker by ten times.
const BROTLI: i32 = 9;
const WINDOW: i32 = 22;

/// What a kept page depends on. There are as many as kept pages, languages and currencies.
type Key = (&'static str, Audience);

/// The kept pages of a process.
#[derive(Clone, Default)]
pub struct Kept(Arc<RwLock<HashMap<Key, Encodings<Bytes>>>>);

/// Answers from the kept pages; one that is not there yet is rendered, and kept when it is whole.
pub async fn keep(State(kept): State<Kept>, mut request: Request, next: Next) -> Response {
    let Some(key) = key(&request) else { return next.run(request).await };
    let found = kept.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(page) = found {
        return answer(key, page, request.headers());
    }
    // What is kept is the whole page, plain, whatever the first one asks for.
    let headers = request.headers().clone();
    request.headers_mut().remove(header::ACCEPT_ENCODING);
    *request.method_mut() = Method::GET;
    let response = next.run(request).await;
    if response.status() != StatusCode::OK || response.headers().contains_key(header::SET_COOKIE) {
        return response;
    }
    let Ok(html) = to_bytes(response.into_body(), usize::MAX).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let page = compressed(html);
    kept.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, page.clone());
    answer(key, page, &headers)
}

fn key(request: &Request) -> Option<Key> {
    let plain = matches!(*request.method(), Method::GET | Method::HEAD) && request.uri().query().is_none();
    if !plain || request.headers().contains_key(header::COOKIE) {
        return None;
    }
    let route = KEPT.iter().find(|route| **route == request.uri().path())?;
    Some((route, Audience::of(request.headers())))
}

fn answer((route, audience): Key, page: Encodings<Bytes>, headers: &HeaderMap) -> Response {
    let head = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LANGUAGE, audience.lang.tag()),
        (header::CACHE_CONTROL, "public, max-age=60"),
        (header::VARY, "accept-encoding, accept-language, cookie"),
    ];
    (Extension(PageRoute(route)), head, page.answer(headers)).into_response()
}

/// The content with its compressed forms.
pub(super) fn compressed(plain: Bytes) -> Encodings<Bytes> {
    let mut brotli = vec![];
    let parameters = brotli::enc::BrotliEncoderParams { quality: BROTLI, lgwin: WINDOW, ..Default::default() };
    let brotli = brotli::BrotliCompress(&mut Cursor::new(&plain), &mut brotli, &parameters).ok().map(|_| brotli.into());
    let mut gzip = GzEncoder::new(vec![], Compression::best());
    let gzip = gzip.write_all(&plain).and_then(|()| gzip.finish()).ok().map(Bytes::from);
    Encodings { plain, brotli, gzip }
}
