//! The embedded files, in the smallest form the browser reads.

use super::encodings::Encodings;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use keel_web::assets;

pub async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let Some(asset) = assets::find(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", asset.hash);
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let head = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, cache), (header::VARY, "accept-encoding")];
    if known {
        return (StatusCode::NOT_MODIFIED, head, [(header::ETAG, tag)]).into_response();
    }
    let all = Encodings { plain: asset.plain, brotli: asset.brotli, gzip: asset.gzip };
    (head, [(header::ETAG, tag)], all.answer(&headers)).into_response()
}
