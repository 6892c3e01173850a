//! Amounts of money: whole minor units and a currency, never a fraction, never mixed.

use serde::{Deserialize, Serialize};

/// The currencies Keel sells in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Currency {
    /// United States dollar.
    Usd,
    /// Euro.
    Eur,
    /// Pound sterling.
    Gbp,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 3] = [Self::Usd, Self::Eur, Self::Gbp];

    /// The lower-case ISO 4217 code, as Stripe writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usd => "usd",
            Self::Eur => "eur",
            Self::Gbp => "gbp",
        }
    }

    /// Reads a lower-case code.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == text)
    }

    /// The currency for a browser's `Accept-Language`: the first language with a region decides, or one that implies euros.
    pub fn of_languages(accept_language: &str) -> Self {
        const EURO: [&str; 21] =
            ["at", "be", "bg", "cy", "de", "ee", "es", "fi", "fr", "gr", "hr", "ie", "it", "lt", "lu", "lv", "mt", "nl", "pt", "si", "sk"];
        let mut parts = accept_language.split([',', ';']).next().unwrap_or_default().trim().split('-');
        let language = parts.next().unwrap_or_default();
        let is = |tag: &str, known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(tag));
        match parts.find(|p| p.len() == 2) {
            Some(region) if is(region, &["gb"]) => Self::Gbp,
            Some(region) if is(region, &EURO) => Self::Eur,
            None if is(language, &["nl", "de", "fr", "es"]) => Self::Eur,
            _ => Self::Usd,
        }
    }
}

/// An amount in minor units (cents) of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; negative for money given back.
    pub minor: i64,
    /// The currency of them.
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_suggests_a_currency() {
        for (languages, currency) in [
            ("en-GB,en;q=0.9", Currency::Gbp),
            ("en-IE", Currency::Eur),
            ("de", Currency::Eur),
            ("DE-at", Currency::Eur),
            ("de-CH", Currency::Usd),
            ("zh-Hans-DE", Currency::Eur),
            ("en", Currency::Usd),
            ("", Currency::Usd),
        ] {
            assert_eq!(Currency::of_languages(languages), currency, "{languages}");
        }
    }
}
