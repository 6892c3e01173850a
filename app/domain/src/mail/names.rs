//! Names that people chose, as they stand in mail to others.

use keel_types::name::is_hidden;

/// The name on one line, without what hides or turns text around, and of which no mail program makes a link: whatever ties the
/// parts of an address together is followed by a space.
pub(super) fn inert(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut letters = name.chars().filter(|letter| !is_hidden(*letter)).peekable();
    while let Some(letter) = letters.next() {
        out.push(letter);
        let ties = matches!(letter, '.' | ':' | '/' | '@' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
        if ties && letters.peek().is_some_and(|next| !next.is_whitespace()) {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_link_and_no_header() {
        for (name, shown) in [
            ("https://evil.example/pay", "https: / / evil. example/ pay"),
            ("www.evil.example", "www. evil. example"),
            ("mailto:eve@evil.example", "mailto: eve@ evil. example"),
            ("evil\u{3002}example", "evil\u{3002} example"),
            ("J.R. Ewing jr.", "J. R. Ewing jr."),
            ("a\r\nBcc: eve@evil.example", "aBcc: eve@ evil. example"),
            ("\u{202e}live\u{2069}.\u{200b}example", "live. example"),
            ("Olivia Zoë Owens & Co", "Olivia Zoë Owens & Co"),
        ] {
            assert_eq!(inert(name), shown);
        }
    }
}
