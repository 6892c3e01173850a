//! Bytes in several encodings, compressed before anybody asks for them.

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, header};

/// The same content, plain and compressed.
#[derive(Clone, Copy)]
pub struct Encodings<B> {
    pub plain: B,
    /// Absent where it would not be smaller, as is the other.
    pub brotli: Option<B>,
    pub gzip: Option<B>,
}

impl<B: Into<Body>> Encodings<B> {
    /// The smallest form that the client reads. Without content type and rules for keeping.
    pub fn answer(self, headers: &HeaderMap) -> Response<Body> {
        let (encoding, bytes) = match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepts(headers, "br") => (Some("br"), bytes),
            (_, Some(bytes)) if accepts(headers, "gzip") => (Some("gzip"), bytes),
            _ => (None, self.plain),
        };
        let mut response = Response::new(bytes.into());
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut parts = lines.flat_map(|line| line.split(','));
    parts.any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(accepted: &'static str) -> Option<String> {
        let all = Encodings { plain: "plain", brotli: Some("brotli"), gzip: Some("gzip") };
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
        all.answer(&headers).headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_smallest_form_that_is_read_is_sent() {
        for (accepted, sent) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("br;q=0.1, gzip", Some("br")),
            ("GZIP", Some("gzip")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("br; q=0.000, gzip;q=0", None),
            ("brotli", None),
            ("identity", None),
            ("", None),
        ] {
            assert_eq!(encoding(accepted).as_deref(), sent, "{accepted}");
        }
    }
}
