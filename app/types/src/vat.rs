//! VAT numbers.

use crate::{Fault, name};
use serde::{Deserialize, Serialize};

/// How the countries of the European Union write theirs behind the two letters: `9` stands for a digit, `A` for a letter, `*` for
/// either, anything else for itself. Where the length varies, each is listed. XI is Northern Ireland.
const FORMS: [(&str, &[&str]); 28] = [
    ("AT", &["U99999999"]),
    ("BE", &["9999999999"]),
    ("BG", &["999999999", "9999999999"]),
    ("CY", &["99999999A"]),
    ("CZ", &["99999999", "999999999", "9999999999"]),
    ("DE", &["999999999"]),
    ("DK", &["99999999"]),
    ("EE", &["999999999"]),
    ("EL", &["999999999"]),
    ("ES", &["*9999999*"]),
    ("FI", &["99999999"]),
    ("FR", &["**999999999"]),
    ("HR", &["99999999999"]),
    ("HU", &["99999999"]),
    ("IE", &["9999999A", "9999999AA", "9*99999A"]),
    ("IT", &["99999999999"]),
    ("LT", &["999999999", "999999999999"]),
    ("LU", &["99999999"]),
    ("LV", &["99999999999"]),
    ("MT", &["99999999"]),
    ("NL", &["999999999B99"]),
    ("PL", &["9999999999"]),
    ("PT", &["999999999"]),
    ("RO", &["99", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "9999999999"]),
    ("SE", &["999999999999"]),
    ("SI", &["99999999"]),
    ("SK", &["9999999999"]),
    ("XI", &["999999999", "999999999999"]),
];

/// A VAT number: of a country of the European Union as that country writes it, without spaces; any other as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatNumber(String);

impl VatNumber {
    /// Reads what a person typed.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let typed = name::line(text, 30)?;
        let plain: String = typed.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '/')).map(|c| c.to_ascii_uppercase()).collect();
        let form = FORMS.iter().find_map(|(country, forms)| Some((plain.strip_prefix(country)?, forms)));
        match form {
            Some((number, forms)) if forms.iter().any(|form| is_written(number, form)) => Ok(Self(plain)),
            Some(_) => Err(Fault::NotAVatNumber),
            None => Ok(Self(typed)),
        }
    }

    /// Whether it is one of the European Union, or of Northern Ireland.
    pub fn is_european(&self) -> bool {
        FORMS.iter().any(|(country, _)| self.0.starts_with(country))
    }

    /// The number as kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_written(number: &str, form: &str) -> bool {
    let fits = |(c, sign): (char, char)| match sign {
        '9' => c.is_ascii_digit(),
        'A' => c.is_ascii_uppercase(),
        '*' => c.is_ascii_digit() || c.is_ascii_uppercase(),
        _ => c == sign,
    };
    number.chars().count() == form.len() && number.chars().zip(form.chars()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_of_the_union_write_theirs_their_own_way() {
        for (typed, kept) in [
            ("de 123 456 789", "DE123456789"),
            ("NL123456789B01", "NL123456789B01"),
            ("BE 0123.456.789", "BE0123456789"),
            ("ATU12345678", "ATU12345678"),
            ("ES-B12345678", "ESB12345678"),
            ("FR XX 123456789", "FRXX123456789"),
            ("ie1a12345b", "IE1A12345B"),
            ("RO12", "RO12"),
        ] {
            assert_eq!(VatNumber::parse(typed).map(|vat| vat.0), Ok(kept.to_owned()), "{typed}");
        }
        for typed in ["DE12345678", "DE1234567890", "NL123456789", "NL123456789A01", "AT12345678", "ES12345", "FRé1123456789", "DE"] {
            assert_eq!(VatNumber::parse(typed), Err(Fault::NotAVatNumber), "{typed}");
        }
    }

    #[test]
    fn others_are_kept_as_typed() {
        for typed in ["CHE-123.456.789 MWST", "GB 123 4567 89", "123456789", "no/1"] {
            assert_eq!(VatNumber::parse(typed).map(|vat| vat.0), Ok(typed.to_owned()));
        }
        assert_eq!(VatNumber::parse(" "), Err(Fault::Required));
        assert_eq!(VatNumber::parse(&"1".repeat(31)), Err(Fault::TooLong));
        assert_eq!(VatNumber::parse("GB\u{202e}1"), Err(Fault::BadCharacters));
    }
}
