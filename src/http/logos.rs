//! `GET /logos/{account}/{file}`: a workspace's logo, for its members. A file's name never stands for other bytes, so a browser
//! may keep it for ever; nobody else may.

use axum::Extension;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header;
use keel_domain::access::{Member, Read};
use keel_domain::accounts::logos;
use keel_web::arrival::Arrival;
use keel_web::pages::errors;

pub async fn serve(Extension(arrival): Extension<Arrival>, Path((account, file)): Path<(String, String)>) -> Response {
    let found = async {
        let mut call = Read::<Member>::open(&arrival.keel, arrival.asked_for(Some(&account))).await?;
        logos::get(&mut call, &file).await
    };
    match found.await {
        Ok(png) => {
            ([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=31536000, immutable")], png).into_response()
        }
        Err(refusal) => errors::json(&refusal.into()),
    }
}
