//! Addresses among the settings: what they are, and whether what is sent there is safe on its way.

use std::net::IpAddr;
use url::{Host, Url};

/// Whether it is the address of a site as a browser says where a request comes from.
pub(super) fn is_origin(text: &str) -> bool {
    is_web(text) && Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

/// Whether it is an address that HTTP is spoken at.
pub(super) fn is_web(text: &str) -> bool {
    let is_bare = |url: &Url| url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && is_bare(&url))
}

/// Whether HTTP is spoken there over TLS, or within this machine.
pub(super) fn is_safe_web(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" || is_this_machine(&url))
}

/// Whether mail goes there over TLS, which the server cannot talk itself out of, or stays within this machine.
pub(super) fn is_safe_smtp(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let is_required = url.query_pairs().find(|(name, _)| name == "tls").is_some_and(|(_, value)| value == "required");
        url.scheme() == "smtps" || is_required || is_this_machine(&url)
    })
}

/// Whether it is an address without TLS on this machine.
pub(super) fn is_loopback(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "http" && is_this_machine(&url))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        // Of schemes that browsers do not speak, numbers are left as they were written.
        Some(Host::Domain(name)) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_base_is_the_sandbox() {
        for (url, sandbox) in [
            ("http://127.0.0.1:3001", true),
            ("http://localhost:1/", true),
            ("http://[::1]:3001", true),
            ("https://127.0.0.1", false),
            ("http://stripe.example", false),
            ("http://127.0.0.1.stripe.example", false),
            ("http://127.0.0.1@stripe.example", false),
        ] {
            assert_eq!(is_loopback(url), sandbox, "{url}");
        }
    }

    #[test]
    fn mail_that_can_be_read_on_its_way_is_not_safe() {
        for (url, safe) in [
            ("smtps://mail.example", true),
            ("smtp://user:password@mail.example:587?tls=required", true),
            ("smtp://127.0.0.1:25", true),
            ("smtp://localhost", true),
            ("smtp://[::1]:25", true),
            ("smtp://mail.example", false),
            ("smtp://mail.example?tls=opportunistic", false),
            ("smtp://mail.example?tls=opportunistic&tls=required", false),
            ("smtp://localhost.mail.example", false),
            ("smtp://localhost@mail.example", false),
            ("smtp://10.0.0.7", false),
        ] {
            assert_eq!(is_safe_smtp(url), safe, "{url}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in ["https://keel.example", "http://127.0.0.1:3000", "https://keel.example:8443", "http://[::1]:3000"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "keel.example",
            "https://",
            "https://keel.example/",
            "https://keel.example/app",
            "https://keel.example?a",
            "https://a@keel.example",
            "https://Keel.example",
            "https://keel.example:443",
            "https://keel example",
            "ftp://keel.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
