//! The cookies Keel sets, and reading them.

use http::{HeaderMap, HeaderValue, header};
use keel_domain::settings::Settings;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The session's token.
    Session,
    /// Which browser this is, of those that have signed in before.
    Device,
    /// The token of the browser that asked to sign in.
    SignIn,
    /// The token of the second step that waits.
    SecondStep,
    /// Recovery codes on their way to the page that shows them, encrypted.
    RecoveryCodes,
    /// The token of a trip to a provider of sign-ins.
    Trip,
    /// The token of the browser that asked for a passkey.
    Passkey,
    /// The plan chosen before signing in.
    PendingCheckout,
    /// What was typed into a form that waits for a proof of who one is.
    Typed,
    /// The language that was chosen.
    Language,
    /// A message for the next page.
    Flash,
}

impl Cookie {
    /// Its name: over https a browser takes it from this very host only, and for no other.
    fn name(self, https: bool) -> &'static str {
        let (host, plain) = match self {
            Self::Session => ("__Host-keel_session", "keel_session"),
            Self::Device => ("__Host-keel_device", "keel_device"),
            Self::SignIn => ("__Host-keel_sign_in", "keel_sign_in"),
            Self::SecondStep => ("__Host-keel_second_step", "keel_second_step"),
            Self::RecoveryCodes => ("__Host-keel_recovery_codes", "keel_recovery_codes"),
            Self::Trip => ("__Host-keel_trip", "keel_trip"),
            Self::Passkey => ("__Host-keel_passkey", "keel_passkey"),
            Self::PendingCheckout => ("__Host-keel_pending_checkout", "keel_pending_checkout"),
            Self::Typed => ("__Host-keel_typed", "keel_typed"),
            Self::Language => ("__Host-keel_lang", "keel_lang"),
            Self::Flash => ("__Host-keel_flash", "keel_flash"),
        };
        if https { host } else { plain }
    }

    /// Seconds a browser keeps it. The session's own limits are shorter and kept in the database.
    fn max_age(self) -> u32 {
        match self {
            Self::Session => 30 * 24 * 60 * 60,
            Self::Device | Self::Language => 365 * 24 * 60 * 60,
            Self::SignIn => 60 * 60,
            Self::Passkey => 5 * 60,
            Self::PendingCheckout => 30 * 60,
            // A trip that leads to the question for an address lasts twice as long as one there and back.
            Self::Trip => 20 * 60,
            Self::SecondStep | Self::Typed => 10 * 60,
            Self::RecoveryCodes | Self::Flash => 60,
        }
    }

    /// The `Set-Cookie` value that keeps `value`.
    pub fn set(self, settings: &Settings, value: &str) -> Option<HeaderValue> {
        self.header(settings, value, self.max_age())
    }

    /// The `Set-Cookie` value that forgets it.
    pub fn forget(self, settings: &Settings) -> Option<HeaderValue> {
        self.header(settings, "", 0)
    }

    fn header(self, settings: &Settings, value: &str, max_age: u32) -> Option<HeaderValue> {
        let https = settings.is_https();
        let secure = if https { "; Secure" } else { "" };
        let name = self.name(https);
        HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")).ok()
    }

    /// Its value among the headers of a request. Beside it stands what sites around this one have set, in whatever characters: it is
    /// passed over, and no space but that of ASCII is taken off a name, or another name would be this one.
    pub fn read<'a>(self, settings: &Settings, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.name(settings.is_https()).as_bytes();
        let pairs = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let mut values = pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(name)?.strip_prefix(b"="));
        values.next().and_then(|value| std::str::from_utf8(value).ok())
    }
}
