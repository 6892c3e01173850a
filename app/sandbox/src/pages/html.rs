//! The frame of every page, and text made inert.

use std::collections::BTreeSet;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use url::Url;

/// `<`, `>`, `&` and quotes written as entities.
pub fn inert(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A page with `main` inside the frame. Its forms may lead to the origins of `targets` and to the sandbox itself.
pub fn page(status: StatusCode, title: &str, wide: bool, main: &str, targets: &[&str]) -> Response {
    let title = inert(title);
    let class = if wide { "wide" } else { "narrow" };
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Billing sandbox</title>
<link rel="icon" href="/_sandbox/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/_sandbox/style.css">
</head>
<body class="{class}">
<header><img src="/_sandbox/mark.svg" alt="" width="24" height="24"><span>Billing sandbox</span><span class="note">No real money moves here</span></header>
<main>
{main}
</main>
</body>
</html>
"#
    );
    guarded((status, Html(html)).into_response(), targets)
}

/// The same headers on every answer a browser shows.
pub fn guarded(mut response: Response, targets: &[&str]) -> Response {
    let origins: BTreeSet<String> = targets.iter().filter_map(|target| origin(target)).collect();
    let origins = joined(origins.iter().map(|origin| format!(" {origin}")));
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'{origins}"
    );
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The parts one after the other.
pub fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.fold(String::new(), |all, part| all + &part)
}

/// `http://127.0.0.1:3000/a?b` → `http://127.0.0.1:3000`.
fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

/// `127.0.0.1:3000`, to name the seller by.
pub fn host(address: &str) -> String {
    Url::parse(address).ok().map(|url| url.authority().to_owned()).unwrap_or_default()
}
