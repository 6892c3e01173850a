//! Links to Keel's own pages, and the judgement of links that came from outside.

/// A path on this site that is safe to send a browser to, as a browser parses it: `/…`, no second slash or backslash
/// behind the first, no control characters, at most 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Reads a path that came from outside. `None` for whatever could lead elsewhere.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let escapes = rest.starts_with('/') || text.contains('\\') || text.bytes().any(|b| b <= b' ' || b >= 0x7f);
        (!escapes && text.len() <= 512).then(|| Self(text.to_owned()))
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }
}

impl From<LocalPath> for String {
    fn from(path: LocalPath) -> Self {
        path.0
    }
}

/// `text` as a value in a query.
pub fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `path` about an account: its id, its slug or `personal`.
pub fn about(path: &str, account: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}account={}", escape(account))
}

/// The sign-in page that leads on to `next`.
pub fn login(next: &str) -> String {
    format!("/login?redirectTo={}", escape(next))
}

/// The sign-up page that leads on to `next`.
pub fn signup(next: &str) -> String {
    format!("/signup?redirectTo={}", escape(next))
}

/// The page that asks for a new proof of who one is, and leads on to `next`.
pub fn step_up(next: &str) -> String {
    format!("/step-up?redirectTo={}", escape(next))
}

/// The page that says what opens only to sessions with a second factor, about this account if one is named, and leads on to `next`.
pub fn two_step_required(next: &str, account: Option<&str>) -> String {
    let page = leading_on("/two-step/required", next);
    account.map_or_else(|| page.clone(), |account| about(&page, account))
}

/// `page`, leading on to `next`.
pub fn leading_on(page: &str, next: &str) -> String {
    format!("{page}?redirectTo={}", escape(next))
}

/// The page of a sign-in link.
pub fn sign_in_link(token: &str) -> String {
    format!("/auth/link?token={token}")
}

/// The page of a link to a new password.
pub fn reset_link(token: &str) -> String {
    format!("/reset-password?token={token}")
}

/// The page of a link to another address of one's own.
pub fn new_address_link(token: &str) -> String {
    format!("/auth/email?token={token}")
}

/// Where people see how they sign in, and change it.
pub const SECURITY: &str = "/private-dashboard/settings/security";

/// Where the trip to a provider of sign-ins begins.
pub fn provider(slug: &str) -> String {
    format!("/auth/oauth/{slug}")
}

/// Where a provider of sign-ins sends browsers back to.
pub fn provider_callback(slug: &str) -> String {
    format!("/auth/oauth/{slug}/callback")
}

/// Where a copy of a workspace is downloaded.
pub fn export(export: &crate::ExportId) -> String {
    format!("/api/org/exports/{export}")
}

/// The page of an invitation.
pub fn invitation(token: &str) -> String {
    format!("/invitations/{token}")
}

/// A workspace's logo, by the name of its file.
pub fn logo(account: &str, file: &str) -> String {
    format!("/logos/{account}/{file}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_which_account_it_is_about() {
        assert_eq!(about("/checkout", "acme"), "/checkout?account=acme");
        assert_eq!(about("/checkout?canceled=1", "a&b"), "/checkout?canceled=1&account=a%26b");
    }

    #[test]
    fn only_paths_of_ours_are_followed() {
        for good in ["/", "/checkout", "/org-dashboard/billing?account=acme", "/a//b"] {
            assert!(LocalPath::parse(good).is_some(), "{good}");
        }
        let bad = [
            "",
            "checkout",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\tb",
            "/\n/evil",
            "\\\\evil",
            "/a b",
            "javascript:alert(1)",
        ];
        for text in bad {
            assert!(LocalPath::parse(text).is_none(), "{text}");
        }
    }
}
