//! Texts people write about themselves and their workspaces.

use crate::Fault;
use serde::{Deserialize, Serialize};

/// Whether a character hides, breaks or turns text around.
pub fn is_hidden(c: char) -> bool {
    let hides = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    hides || c.is_control() || matches!(c, '\u{2028}'..='\u{202e}')
}

/// A trimmed text without control or direction-changing characters, of at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> Result<String, Fault> {
    let text = text.trim();
    if text.is_empty() {
        Err(Fault::Required)
    } else if text.chars().count() > most {
        Err(Fault::TooLong)
    } else if text.contains(is_hidden) {
        Err(Fault::BadCharacters)
    } else {
        Ok(text.to_owned())
    }
}

macro_rules! lines {
    ($($(#[$doc:meta])* $name:ident up to $most:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Most characters.
            pub const LONGEST: usize = $most;

            /// Reads what a person typed.
            pub fn parse(text: &str) -> Result<Self, Fault> {
                line(text, $most).map(Self)
            }

            /// The text as kept.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).map_err(|_| "not a line of text")
            }
        }

        impl From<$name> for String {
            fn from(line: $name) -> Self {
                line.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

lines! {
    /// A first or a last name.
    PersonName up to 80;
    /// What a person does: Head of Sales.
    JobTitle up to 80;
    /// What a workspace is called.
    WorkspaceName up to 80;
    /// What a company is called on its invoices.
    CompanyName up to 120;
    /// A tax number as typed: every country writes them in its own way.
    TaxId up to 40;
    /// What a person calls a passkey.
    PasskeyName up to 60;
    /// What a role is called.
    RoleName up to 40;
}

impl WorkspaceName {
    /// The name a bootstrapped workspace gets: the address's local part in title case.
    pub fn of(email: &crate::Email) -> Self {
        let words = email.local_part().split(['.', '_', '-', '+']).filter(|w| !w.is_empty()).map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        });
        let words: Vec<String> = words.collect();
        let owner = if words.is_empty() { "My".to_owned() } else { words.join(" ") + "'s" };
        Self(format!("{owner} workspace"))
    }
}

/// An address for letters, as typed: at most six lines and 400 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostalAddress(String);

impl PostalAddress {
    /// Most characters, line ends among them.
    pub const LONGEST: usize = 400;
    const MOST_LINES: usize = 6;

    /// Reads what a person typed; empty lines are left out.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.len() > Self::MOST_LINES {
            return Err(Fault::TooLong);
        }
        let lines: Vec<String> = lines.into_iter().map(|text| line(text, Self::LONGEST)).collect::<Result<_, _>>()?;
        let text = lines.join("\n");
        match text.chars().count() {
            0 => Err(Fault::Required),
            length if length > Self::LONGEST => Err(Fault::TooLong),
            _ => Ok(Self(text)),
        }
    }

    /// The address as kept, its lines apart.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A telephone number as typed: digits, spaces, `+ - ( ) .`, at least five digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone(String);

impl Phone {
    /// Reads what a person typed.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = line(text, 30)?;
        let allowed = |c: char| c.is_ascii_digit() || " +-().".contains(c);
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if !text.chars().all(allowed) {
            Err(Fault::BadCharacters)
        } else if digits < 5 {
            Err(Fault::TooShort)
        } else {
            Ok(Self(text))
        }
    }

    /// The number as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Email;

    #[test]
    fn a_workspace_is_named_after_the_address() {
        let named = |address: &str| Email::parse(address).map(|e| WorkspaceName::of(&e).0);
        assert_eq!(named("olivia.van_dam+keel@acme.example"), Ok("Olivia Van Dam Keel's workspace".into()));
        assert_eq!(named("__@acme.example"), Ok("My workspace".into()));
    }

    #[test]
    fn an_address_has_a_few_lines() {
        let parsed = |text: &str| PostalAddress::parse(text).map(|address| address.0);
        assert_eq!(parsed(" Quay 1 \r\n\r\n1011 AA  Amsterdam\n"), Ok("Quay 1\n1011 AA  Amsterdam".into()));
        assert_eq!(parsed(" \n "), Err(Fault::Required));
        assert_eq!(parsed("Quay\u{202e} 1"), Err(Fault::BadCharacters));
        assert_eq!(parsed("1\n2\n3\n4\n5\n6\n7"), Err(Fault::TooLong));
        assert_eq!(parsed(&format!("{}\n{}", "x".repeat(200), "y".repeat(200))), Err(Fault::TooLong));
    }

    #[test]
    fn hidden_characters_are_refused() {
        assert_eq!(PersonName::parse("Max\u{202e}"), Err(Fault::BadCharacters));
        assert_eq!(PersonName::parse("Max\nBcc: x"), Err(Fault::BadCharacters));
        for hidden in ['\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{2028}', '\u{2060}', '\u{2066}', '\u{206f}', '\u{feff}'] {
            assert_eq!(PersonName::parse(&format!("M{hidden}ax")), Err(Fault::BadCharacters), "{hidden:?}");
        }
        assert_eq!(PersonName::parse(&"x".repeat(400)), Err(Fault::TooLong));
        assert_eq!(PersonName::parse("  Łucja "), Ok(PersonName("Łucja".into())));
    }
}
