//! Money, numbers and dates as English readers expect them. Dates are in UTC.

use keel_types::{Currency, Instant, Money};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// An amount with its currency: `$29`, `$29.50`, `€1,290`. Whole amounts carry no cents.
pub fn money(amount: Money) -> String {
    let sign = if amount.minor < 0 { "-" } else { "" };
    let symbol = match amount.currency {
        Currency::Usd => "$",
        Currency::Eur => "€",
        Currency::Gbp => "£",
    };
    let minor = amount.minor.unsigned_abs();
    let major = grouped(minor / 100);
    match minor % 100 {
        0 => format!("{sign}{symbol}{major}"),
        cents => format!("{sign}{symbol}{major}.{cents:02}"),
    }
}

/// A number with its thousands grouped: `2,500`.
pub fn number(n: i64) -> String {
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(n.unsigned_abs()))
}

/// A change with its sign always shown: `+2,500`, `-3`, `0`.
pub fn signed(n: i64) -> String {
    let plus = if n > 0 { "+" } else { "" };
    format!("{plus}{}", number(n))
}

/// The day of a moment: `20 November 2026`.
pub fn date(at: Instant) -> String {
    moment(at).format(format_description!("[day padding:none] [month repr:long] [year]")).unwrap_or_default()
}

/// The day and minute of a moment: `20 November 2026, 14:05 UTC`.
pub fn date_time(at: Instant) -> String {
    moment(at).format(format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC")).unwrap_or_default()
}

/// A moment for machines: `2026-11-20T14:05:09Z`.
pub fn iso(at: Instant) -> String {
    moment(at).format(&Rfc3339).unwrap_or_default()
}

/// A moment beyond the calendar (year 9999) counts as 1970: it cannot come from a clock.
fn moment(at: Instant) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_its_currency() {
        let written = |minor, currency| money(Money { minor, currency });
        assert_eq!(written(2900, Currency::Usd), "$29");
        assert_eq!(written(2950, Currency::Usd), "$29.50");
        assert_eq!(written(129_000, Currency::Eur), "€1,290");
        assert_eq!(written(-5, Currency::Gbp), "-£0.05");
        assert_eq!(written(i64::MIN, Currency::Usd), "-$92,233,720,368,547,758.08");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(2500), "2,500");
        assert_eq!(number(100), "100");
        assert_eq!(signed(2500), "+2,500");
        assert_eq!(signed(-1000), "-1,000");
        assert_eq!(signed(0), "0");
    }

    #[test]
    fn moments_are_written_for_people_and_for_machines() {
        let at = Instant(1_795_183_509_123);
        assert_eq!(date(at), "20 November 2026");
        assert_eq!(date_time(at), "20 November 2026, 14:05 UTC");
        assert_eq!(iso(at), "2026-11-20T14:05:09Z");
        assert_eq!(date(Instant(-1)), "31 December 1969");
        assert_eq!(date(Instant(i64::MAX)), "1 January 1970");
    }
}
