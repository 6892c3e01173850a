//! Money, numbers and dates as readers of a language expect them. Dates are in UTC.

use keel_types::{Currency, Instant, Money};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::catalogue::fill;
use crate::en::Catalogue;

/// How a language writes figures.
#[derive(Debug)]
pub struct Conventions {
    /// Between whole and cents.
    pub decimal: char,
    /// Between groups of three digits.
    pub group: char,
    /// How many digits a number has that is grouped.
    pub grouped_from: usize,
    /// An amount, of `{sign}`, `{symbol}` and `{number}`.
    pub money: &'static str,
    /// A day, of `{day}`, `{month}` and `{year}`.
    pub date: &'static str,
    /// The first day of a month.
    pub first: &'static str,
    /// The months, as they stand in a date.
    pub months: [&'static str; 12],
}

impl Catalogue {
    /// An amount with its currency: `$29`, `$29.50`, `€1,290`. Whole amounts carry no cents.
    pub fn money(&self, amount: Money) -> String {
        let symbol = match amount.currency {
            Currency::Usd => "$",
            Currency::Eur => "€",
            Currency::Gbp => "£",
        };
        let minor = amount.minor.unsigned_abs();
        let mut number = self.grouped(minor / 100);
        if !minor.is_multiple_of(100) {
            number = format!("{number}{}{:02}", self.conventions.decimal, minor % 100);
        }
        fill(self.conventions.money, &[("sign", &sign(amount.minor)), ("symbol", &symbol), ("number", &number)])
    }

    /// A number with its thousands grouped: `2,500`.
    pub fn number(&self, n: i64) -> String {
        format!("{}{}", sign(n), self.grouped(n.unsigned_abs()))
    }

    /// A change with its sign always shown: `+2,500`, `-3`, `0`.
    pub fn signed(&self, n: i64) -> String {
        let plus = if n > 0 { "+" } else { "" };
        format!("{plus}{}", self.number(n))
    }

    /// The day of a moment: `20 November 2026`.
    pub fn date(&self, at: Instant) -> String {
        let (at, how) = (moment(at), &self.conventions);
        let month = how.months[usize::from(u8::from(at.month())) - 1];
        let day = if at.day() == 1 { how.first.to_owned() } else { at.day().to_string() };
        fill(how.date, &[("day", &day), ("month", &month), ("year", &at.year())])
    }

    /// The day and minute of a moment: `20 November 2026, 14:05 UTC`.
    pub fn date_time(&self, at: Instant) -> String {
        let time = moment(at);
        format!("{}, {:02}:{:02} UTC", self.date(at), time.hour(), time.minute())
    }

    fn grouped(&self, n: u64) -> String {
        let digits = n.to_string();
        let mut out = String::with_capacity(2 * digits.len());
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() >= self.conventions.grouped_from {
                out.push(self.conventions.group);
            }
            out.push(digit);
        }
        out
    }
}

fn sign(n: i64) -> &'static str {
    if n < 0 { "-" } else { "" }
}

/// A moment for machines: `2026-11-20T14:05:09Z`.
pub fn iso(at: Instant) -> String {
    moment(at).format(&Rfc3339).unwrap_or_default()
}

/// A moment beyond the calendar (year 9999) counts as 1970: it cannot come from a clock.
fn moment(at: Instant) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lang;
    use keel_types::time::DAY;

    const EN: &Catalogue = &crate::EN;

    #[test]
    fn money_is_written_with_its_currency() {
        let written = |minor, currency| EN.money(Money { minor, currency });
        assert_eq!(written(2900, Currency::Usd), "$29");
        assert_eq!(written(2950, Currency::Usd), "$29.50");
        assert_eq!(written(129_000, Currency::Eur), "€1,290");
        assert_eq!(written(-5, Currency::Gbp), "-£0.05");
        assert_eq!(written(i64::MIN, Currency::Usd), "-$92,233,720,368,547,758.08");
    }

    #[test]
    fn every_language_writes_money_its_own_way() {
        for (lang, small, large, back) in [
            (Lang::En, "€29.50", "€12,900", "-$1,290.05"),
            (Lang::De, "29,50\u{a0}€", "12.900\u{a0}€", "-1.290,05\u{a0}$"),
            (Lang::Nl, "€\u{a0}29,50", "€\u{a0}12.900", "$\u{a0}-1.290,05"),
            (Lang::Fr, "29,50\u{a0}€", "12\u{202f}900\u{a0}€", "-1\u{202f}290,05\u{a0}$"),
            (Lang::Es, "29,50\u{a0}€", "12.900\u{a0}€", "-1290,05\u{a0}$"),
        ] {
            let written = |minor, currency| lang.catalogue().money(Money { minor, currency });
            assert_eq!(written(2950, Currency::Eur), small);
            assert_eq!(written(1_290_000, Currency::Eur), large);
            assert_eq!(written(-129_005, Currency::Usd), back);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(EN.number(2500), "2,500");
        assert_eq!(EN.number(100), "100");
        assert_eq!(EN.signed(2500), "+2,500");
        assert_eq!(EN.signed(-1000), "-1,000");
        assert_eq!(EN.signed(0), "0");
        assert_eq!(Lang::De.catalogue().signed(1_234_567), "+1.234.567");
        assert_eq!((Lang::Es.catalogue().number(2500), Lang::Es.catalogue().number(25_000)), ("2500".to_owned(), "25.000".to_owned()));
    }

    #[test]
    fn moments_are_written_for_people_and_for_machines() {
        let at = Instant(1_795_183_509_123);
        assert_eq!(EN.date(at), "20 November 2026");
        assert_eq!(EN.date_time(at), "20 November 2026, 14:05 UTC");
        assert_eq!(iso(at), "2026-11-20T14:05:09Z");
        assert_eq!(EN.date(Instant(-1)), "31 December 1969");
        assert_eq!(EN.date(Instant(i64::MAX)), "1 January 1970");
    }

    #[test]
    fn every_language_writes_dates_its_own_way() {
        let (at, first) = (Instant(1_795_183_509_123), Instant(1_795_183_509_123 + 11 * DAY));
        for (lang, day, first_day) in [
            (Lang::En, "20 November 2026", "1 December 2026"),
            (Lang::De, "20. November 2026", "1. Dezember 2026"),
            (Lang::Nl, "20 november 2026", "1 december 2026"),
            (Lang::Fr, "20 novembre 2026", "1er décembre 2026"),
            (Lang::Es, "20 de noviembre de 2026", "1 de diciembre de 2026"),
        ] {
            assert_eq!((lang.catalogue().date(at), lang.catalogue().date(first)), (day.to_owned(), first_day.to_owned()));
            assert_eq!(lang.catalogue().date_time(at), format!("{day}, 14:05 UTC"));
        }
    }
}
