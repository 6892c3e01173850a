//! `POST /api/audit/export`: what the audit page's filters choose, as a file. It is written while it is read, a batch at a time;
//! whoever loses the right meanwhile gets a file that breaks off.

use super::posts::Post;
use axum::Extension;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderMap, Method, header};
use keel_domain::access::Write;
use keel_domain::audit::{self, Event, Export};
use keel_text::iso;
use keel_types::Instant;
use keel_types::permission::may;
use keel_web::arrival::Arrival;
use keel_web::csv;
use keel_web::form::{Fields, Input as _};
use keel_web::pages::audit::{Format, PAGE, Wanted};
use keel_web::problem::Problem;
use serde_json::{Value, json};
use std::io;

/// The names of the columns.
const COLUMNS: [&str; 8] = ["id", "time", "actor", "action", "resource", "ip_address", "user_agent", "details"];

pub async fn export(Extension(arrival): Extension<Arrival>, method: Method, headers: HeaderMap, body: Body) -> Response {
    Post { method, headers, body, page: PAGE }.answer(arrival, |arrival, fields| async move { begin(&arrival, &fields).await }).await
}

async fn begin(arrival: &Arrival, fields: &Fields) -> Result<Response, Problem> {
    let mut call = Write::<may::ExportAudit>::open(&arrival.keel, arrival.asked.clone()).await?;
    let Wanted { filter, format } = Wanted::parse(fields, arrival)?;
    let export = audit::export(&mut call, &filter, format.as_str()).await?;
    let name = file_name(call.proof().standing().handle(), call.now(), format);
    call.commit().await?;
    let writing = Writing { export, format, at: At::Head };
    let body = Body::from_stream(stream::try_unfold(writing, |mut writing| async move {
        let chunk = writing.next().await?;
        Ok::<_, io::Error>(chunk.map(|chunk| (chunk, writing)))
    }));
    let kind = if format == Format::Csv { "text/csv; charset=utf-8" } else { "application/json" };
    let head = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))];
    Ok((head, body).into_response())
}

/// Of letters, digits, hyphens and one point.
fn file_name(account: &str, now: Instant, format: Format) -> String {
    let day = iso(now).split('T').next().unwrap_or_default().to_owned();
    format!("audit-{account}-{day}.{}", format.as_str())
}

/// A file on its way.
struct Writing {
    export: Export,
    format: Format,
    at: At,
}

/// What was written last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Nothing.
    Head,
    /// What stands before the first event.
    First,
    /// Events.
    Events,
    /// Everything.
    End,
}

impl Writing {
    /// The next part of the file; none after the last.
    async fn next(&mut self) -> io::Result<Option<String>> {
        if self.at == At::End {
            return Ok(None);
        }
        if self.at == At::Head {
            self.at = At::First;
            return Ok(Some(if self.format == Format::Csv { csv::row(COLUMNS) } else { "[".to_owned() }));
        }
        let events = self.export.next().await.map_err(|refusal| {
            tracing::warn!(?refusal, "an export breaks off");
            io::Error::other("the export breaks off")
        })?;
        let Some(events) = events else {
            self.at = At::End;
            return Ok((self.format == Format::Json).then(|| "]\n".to_owned()));
        };
        let rows = events.iter().map(|event| match self.format {
            Format::Csv => csv_row(event),
            Format::Json => {
                let comma = if self.at == At::First { "\n" } else { ",\n" };
                self.at = At::Events;
                format!("{comma}{}", json_object(event))
            }
        });
        let chunk = rows.collect();
        self.at = At::Events;
        Ok(Some(chunk))
    }
}

fn csv_row(event: &Event) -> String {
    let details: Vec<String> = event.details().iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let (id, at, details) = (event.id.as_str(), iso(event.at), details.join("; "));
    csv::row([id, &at, &event.actor, &event.action, &event.resource, &event.address, &event.agent, &details])
}

fn json_object(event: &Event) -> Value {
    let details: serde_json::Map<String, Value> = event.details().into_iter().map(|(name, value)| (name, value.into())).collect();
    json!({
        "id": event.id, "time": iso(event.at), "actor": event.actor, "action": event.action, "resource": event.resource,
        "ip_address": event.address, "user_agent": event.agent, "details": details,
    })
}
