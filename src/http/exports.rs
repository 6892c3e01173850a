//! `GET /api/org/exports/{export}`: the copy of a workspace, for its owners, or of what is kept of a person, for them. Before each
//! piece the door is opened anew.

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::try_unfold;
use http::header;
use keel_domain::access::{Origin, Owner, Write};
use keel_domain::exports::{self, Download};
use keel_domain::{Refusal, Result};
use keel_types::ExportId;
use keel_web::page::Visit;

/// Refused as a page is.
pub async fn download(visit: Visit, Path(export): Path<String>) -> Response {
    match begin(&visit, &export).await {
        Ok(download) => answer(download),
        Err(refusal) => visit.stop(refusal.into()).await,
    }
}

/// A GET that writes a row of the audit log and nothing else.
async fn begin(visit: &Visit, export: &str) -> Result<Download> {
    let mut asked = visit.arrival().asked_for(visit.account());
    asked.origin = Origin::NamedGet;
    let mut call = Write::<Owner>::open(visit.keel(), asked).await?;
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
