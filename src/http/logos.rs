//! `GET /logos/{account}/{file}`: a workspace's logo, for its members. A browser may keep it, and asks each time whether it still may
//! show it: after a sign-out, a removal or a deletion it may not. A file's name never stands for other bytes, so it is the tag.

use axum::Extension;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use keel_domain::access::{Member, Read};
use keel_domain::accounts::logos;
use keel_web::arrival::Arrival;
use keel_web::pages::errors;

pub async fn serve(Extension(arrival): Extension<Arrival>, headers: HeaderMap, Path((account, file)): Path<(String, String)>) -> Response {
    let found = async {
        let mut call = Read::<Member>::open(&arrival.keel, arrival.asked_for(Some(&account))).await?;
        logos::get(&mut call, &file).await
    };
    let png = match found.await {
        Ok(png) => png,
        Err(refusal) => return errors::json(&refusal.into()),
    };
    let tag = format!("\"{file}\"");
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let head = [(header::CACHE_CONTROL, "private, no-cache".to_owned()), (header::ETAG, tag)];
    if known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, [(header::CONTENT_TYPE, "image/png")], png).into_response()
}
