//! A request as the pages and actions see it: what it says about itself, read once in front of everything.

use crate::cookies::Cookie;
use axum::body::Bytes;
use http::{HeaderMap, header};
use keel_domain::Keel;
use keel_domain::access::{Asked, Origin};
use keel_domain::secrets::PlainToken;
use keel_domain::settings::Settings;
use keel_text::Lang;
use keel_types::Currency;
use keel_types::url::LocalPath;
use std::net::IpAddr;

/// Longest description of a client that is kept.
const LONGEST_AGENT: usize = 200;

/// A request's Keel, and what it says about itself. An extension of every request.
#[derive(Clone)]
pub struct Arrival {
    /// The Keel it came to.
    pub keel: Keel,
    /// What the doors look at. No account is named at first: pages take it from the query, actions from their fields.
    pub asked: Asked,
    /// The language it asks for.
    pub lang: Lang,
    /// The headers, for cookies and currencies.
    pub headers: HeaderMap,
    /// The page a form was posted from.
    pub at: Option<LocalPath>,
    /// The files a form carries: the names of their fields, and their bytes.
    pub files: Vec<(&'static str, Bytes)>,
}

/// What a page for everybody still depends on. Pages that are kept are kept once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Audience {
    /// The language.
    pub lang: Lang,
    /// What prices are shown in.
    pub currency: Currency,
}

impl Audience {
    /// What a browser's languages tell.
    pub fn of(headers: &HeaderMap) -> Self {
        let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { lang: Lang::negotiate(languages), currency: Currency::of_languages(languages) }
    }
}

/// The language a request asks for: the one chosen in this browser, else the one its headers like best.
pub fn language(settings: &Settings, headers: &HeaderMap) -> Lang {
    Cookie::Language.read(settings, headers).and_then(Lang::parse).unwrap_or_else(|| Audience::of(headers).lang)
}

impl Arrival {
    /// Reads a request of this client.
    pub fn read(keel: &Keel, headers: &HeaderMap, client: Option<IpAddr>) -> Self {
        let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).unwrap_or_default();
        let session = Cookie::Session.read(keel.settings(), headers).and_then(PlainToken::parse);
        let asked = Asked {
            session,
            account: None,
            device: Cookie::Device.read(keel.settings(), headers).map(str::to_owned),
            origin: origin(keel, headers),
            address: client.map(|client| client.to_string()).unwrap_or_default(),
            agent: text(header::USER_AGENT).chars().take(LONGEST_AGENT).collect(),
        };
        let lang = language(keel.settings(), headers);
        Self { keel: keel.clone(), asked, lang, headers: headers.clone(), at: None, files: vec![] }
    }

    /// A cookie's value.
    pub fn cookie(&self, cookie: Cookie) -> Option<&str> {
        cookie.read(self.keel.settings(), &self.headers)
    }

    /// The currency the browser's languages suggest.
    pub fn currency(&self) -> Currency {
        Audience::of(&self.headers).currency
    }

    /// The same request, with the account it turned out to name.
    #[must_use]
    pub fn about(&self, account: Option<&str>) -> Self {
        Self { asked: self.asked_for(account), ..self.clone() }
    }

    /// Whether a program asks rather than a person with a browser.
    pub fn is_program(&self) -> bool {
        let accepted = self.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        accepted.contains("json") && !accepted.contains("text/html")
    }

    /// What the doors look at, when this account was named.
    pub fn asked_for(&self, account: Option<&str>) -> Asked {
        Asked { account: account.filter(|account| !account.is_empty()).map(str::to_owned), ..self.asked.clone() }
    }
}

/// Where a request comes from: browsers say it in `Sec-Fetch-Site`, older ones in `Origin`. Who sends neither and no cookie
/// carries nobody's rights.
fn origin(keel: &Keel, headers: &HeaderMap) -> Origin {
    let own = |is_own: bool| if is_own { Origin::Own } else { Origin::Unproven };
    let fetch_site = headers.get("sec-fetch-site").map(http::HeaderValue::as_bytes);
    let from = headers.get(header::ORIGIN).map(http::HeaderValue::as_bytes);
    match (fetch_site, from) {
        (Some(site), _) => own(matches!(site, b"same-origin" | b"none")),
        (None, Some(from)) => own(from == keel.settings().base_url.as_bytes()),
        (None, None) => own(!headers.contains_key(header::COOKIE)),
    }
}
