//! E-mail addresses in the one form Keel keeps and compares.

use crate::Fault;
use serde::{Deserialize, Serialize};

/// An address in its canonical form: trimmed, lower case, ASCII, one `@`, a domain with a dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Most characters of an address (RFC 5321).
pub const LONGEST: usize = 254;

impl Email {
    /// Reads what a person typed.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::Required);
        }
        if text.len() > LONGEST {
            return Err(Fault::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(Fault::NotAnAddress)?;
        if local_is_good(local) && domain_is_good(domain) { Ok(Self(text.to_ascii_lowercase())) } else { Err(Fault::NotAnAddress) }
    }

    /// The address as kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

/// The addresses of a pasted list, as written there: parted by commas, semicolons, spaces or lines, plain or as
/// `Name <address>`. What is no address is given too, so that nothing somebody typed is dropped silently; names are not.
pub fn listed(text: &str) -> Vec<String> {
    text.lines().flat_map(parts).flat_map(|part| of_part(&part)).collect()
}

/// A line parted at commas and semicolons, but not within a name in quotes. A lone quote is a character like others.
fn parts(line: &str) -> Vec<String> {
    let paired = line.matches('"').count().is_multiple_of(2);
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        quoted ^= paired && c == '"';
        match parts.last_mut() {
            Some(part) if quoted || !matches!(c, ',' | ';') => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// `Name <address>`, or words that each are one.
fn of_part(part: &str) -> Vec<String> {
    match part.split_once('<').and_then(|(name, rest)| Some((name, rest.split_once('>')?))) {
        Some((name, (address, rest))) => {
            let names = name.split('"').step_by(2).flat_map(str::split_whitespace).filter(|word| word.contains('@'));
            let address = Some(address.trim()).filter(|address| !address.is_empty());
            names.chain(address).map(str::to_owned).chain(of_part(rest)).collect()
        }
        None => part.split_whitespace().map(str::to_owned).collect(),
    }
}

fn local_is_good(local: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn domain_is_good(domain: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !l.starts_with('-') && !l.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

impl TryFrom<String> for Email {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).map_err(|_| "not an address")
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_one_mailbox() {
        assert_eq!(Email::parse("  Olivia@Acme.Example ").map(String::from), Ok("olivia@acme.example".into()));
    }

    #[test]
    fn a_list_is_read_however_it_was_pasted() {
        let read = |text: &str| listed(text).join(" ");
        assert_eq!(
            read("a@x.example,b@x.example; c@x.example\r\n\td@x.example  e@x.example"),
            "a@x.example b@x.example c@x.example d@x.example e@x.example"
        );
        assert_eq!(read("Ann Other <a@x.example>, \"Bee, the b@d\" < b@x.example >;<c@x.example>"), "a@x.example b@x.example c@x.example");
        assert_eq!(read("a@x.example Bob <b@x.example> c@x.example"), "a@x.example b@x.example c@x.example");
        assert_eq!(read("nonsense, a@, <>, \"a@x.example"), "nonsense a@ \"a@x.example");
        assert_eq!(read(" ,; \n"), "");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let bad = ["a", "a@b", "@acme.example", "a@@acme.example", "a b@acme.example", "a@acme..example", "a@-acme.example"];
        let worse = ["a\r\nBcc: x@acme.example", "\"a b\"@acme.example", ".a@acme.example", "a@acme.example\u{202e}", "ü@acme.example"];
        for text in bad.iter().chain(&worse) {
            assert_eq!(Email::parse(text), Err(Fault::NotAnAddress), "{text}");
        }
        assert_eq!(Email::parse(" "), Err(Fault::Required));
        assert_eq!(Email::parse(&format!("{}@acme.example", "a".repeat(300))), Err(Fault::TooLong));
    }
}
