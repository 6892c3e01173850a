//! The part of a URL that names a workspace.

use crate::Fault;
use serde::{Deserialize, Serialize};

/// Two to forty lower-case letters, digits and inner hyphens; never a reserved word.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Words that name something else in URLs.
const RESERVED: [&str; 38] = [
    "account",
    "admin",
    "admin-dashboard",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "checkout",
    "dev",
    "docs",
    "forgot-password",
    "health",
    "help",
    "invitations",
    "keel",
    "legal",
    "login",
    "logos",
    "me",
    "metrics",
    "new",
    "onboarding",
    "org-dashboard",
    "personal",
    "pricing",
    "private-dashboard",
    "projects",
    "reset-password",
    "settings",
    "signup",
    "step-up",
    "support",
    "two-step",
    "unsubscribe",
    "verify",
    "workspaces",
    "www",
];
const LONGEST: usize = 40;

impl Slug {
    /// Reads a slug as written.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let good = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        match text.len() {
            0 => Err(Fault::Required),
            1 => Err(Fault::TooShort),
            n if n > LONGEST => Err(Fault::TooLong),
            _ if !good || text.starts_with('-') || text.ends_with('-') => Err(Fault::BadCharacters),
            _ if RESERVED.contains(&text) => Err(Fault::Reserved),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The slug a name suggests; `workspace` when the name holds no Latin letter or digit.
    pub fn suggest(name: &str) -> Self {
        let mut text = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            match c {
                'a'..='z' | '0'..='9' => text.push(c),
                '\'' | '’' => {}
                _ if !text.is_empty() && !text.ends_with('-') => text.push('-'),
                _ => {}
            }
            if text.len() == LONGEST {
                break;
            }
        }
        let text = text.trim_end_matches('-');
        Self::parse(text).unwrap_or_else(|_| Self(format!("{text}-workspace").trim_start_matches('-').chars().take(LONGEST).collect()))
    }

    /// This slug with a number behind it, for when the plain one is taken.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let number = format!("-{number}");
        let room = LONGEST - number.len();
        let stem: String = self.0.chars().take(room).collect();
        Self(format!("{}{number}", stem.trim_end_matches('-')))
    }

    /// The slug as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).map_err(|_| "not a slug")
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_suggests_a_slug() {
        let suggested = |name: &str| Slug::suggest(name).as_str().to_owned();
        assert_eq!(suggested("Olivia's workspace"), "olivias-workspace");
        assert_eq!(suggested("  Ümläut & Söhne  "), "ml-ut-s-hne");
        assert_eq!(suggested("株式会社"), "workspace");
        assert_eq!(suggested("Admin"), "admin-workspace");
        assert_eq!(suggested(&"x".repeat(90)).len(), LONGEST);
        assert_eq!(Slug::suggest(&"x".repeat(90)).numbered(12).as_str().len(), LONGEST);
    }

    #[test]
    fn a_suggested_slug_is_a_slug() {
        for name in ["a", "-", "New", "x y", "🚢", "O'Brien", &"ab-".repeat(40)] {
            assert!(Slug::parse(Slug::suggest(name).as_str()).is_ok(), "{name}: {}", Slug::suggest(name));
        }
    }
}
