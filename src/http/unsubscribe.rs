//! Ending notices from within a mail program.

use axum::Extension;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keel_domain::access::{Visitor, Write};
use keel_domain::notices;
use keel_web::arrival::Arrival;
use keel_web::pages::errors;

/// `POST /unsubscribe/{token}`: one click (RFC 8058), without a page, a cookie or a redirect. The address says it all, so
/// whatever is in the body is not read.
pub async fn one_click(Extension(arrival): Extension<Arrival>, Path(token): Path<String>) -> Response {
    let end = async {
        let mut call = Write::<Visitor>::open(&arrival.keel, arrival.asked_for(None)).await?;
        notices::end(&mut call, &token).await?;
        call.commit().await
    };
    match end.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => errors::json(&refusal.into()),
    }
}
