//! `GET /api/org/exports/{export}`: the copy of a workspace, for its owners, or of what is kept of a person, for them. Before each piece the door is opened anew.

use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::try_unfold;
use http::{Uri, header};
use keel_domain::access::{Origin, Owner, Write};
use keel_domain::exports::{self, Download};
use keel_domain::{Refusal, Result};
use keel_types::{Code, ExportId, url};
use keel_web::arrival::Arrival;
use keel_web::page::refused;
use keel_web::pages::errors;

pub async fn download(Extension(arrival): Extension<Arrival>, uri: Uri, Path(export): Path<String>) -> Response {
    let here = uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let query: Vec<(String, String)> = uri.query().and_then(|query| serde_urlencoded::from_str(query).ok()).unwrap_or_default();
    let account = query.iter().find(|(name, _)| name == "account").map(|(_, account)| account.as_str());
    let arrival = arrival.about(account);
    match begin(&arrival, &export).await {
        Ok(download) => answer(download),
        Err(Refusal::SignInNeeded) if !arrival.is_program() => refused(Code::SignInRequired, &url::login(&here)),
        Err(refusal) if arrival.is_program() => errors::json(&refusal.into()),
        Err(refusal) => errors::page(&arrival, &here, &refusal).await,
    }
}

/// A GET that writes a row of the audit log and nothing else.
async fn begin(arrival: &Arrival, export: &str) -> Result<Download> {
    let mut asked = arrival.asked.clone();
    asked.origin = Origin::NamedGet;
    let mut call = Write::<Owner>::open(&arrival.keel, asked).await?;
    let export = ExportId::parse(export).map_err(|_| Refusal::NotFound)?;
    let download = exports::download(&mut call, &export).await?;
    call.commit().await?;
    Ok(download)
}

fn answer(download: Download) -> Response {
    let day = keel_text::iso(download.asked_at).chars().take(10).collect::<String>();
    let what = download.what;
    let head = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, download.size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{what}-{day}.zip\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let pieces = try_unfold(download, |mut download| async move {
        let piece = download.next().await.map_err(|refusal| std::io::Error::other(format!("{refusal:?}")))?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, download)))
    });
    (head, Body::from_stream(pieces)).into_response()
}
