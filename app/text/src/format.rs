//! Money, numbers and dates as English readers expect them. Dates are in UTC.

use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// An amount in minor units (cents) with its currency: `$29`, `$29.50`, `€1,290`, `CHF 12.50`.
/// Whole amounts carry no cents. The currency is an ISO code in any case, with two decimals.
pub fn money(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let (major, cents) = (minor.unsigned_abs() / 100, minor.unsigned_abs() % 100);
    let symbol = match currency.to_ascii_lowercase().as_str() {
        "usd" => "$".to_owned(),
        "eur" => "€".to_owned(),
        "gbp" => "£".to_owned(),
        other => format!("{} ", other.to_ascii_uppercase()),
    };
    let cents = if cents == 0 { String::new() } else { format!(".{cents:02}") };
    format!("{sign}{symbol}{}{cents}", grouped(major))
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

/// The day of a time in milliseconds since 1970: `20 November 2026`.
pub fn date(ms: i64) -> String {
    moment(ms).format(format_description!("[day padding:none] [month repr:long] [year]")).unwrap_or_default()
}

/// The day and minute of a time in milliseconds since 1970: `20 November 2026, 14:05 UTC`.
pub fn date_time(ms: i64) -> String {
    moment(ms).format(format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC")).unwrap_or_default()
}

/// A time in milliseconds since 1970 for machines: `2026-11-20T14:05:09Z`.
pub fn iso(ms: i64) -> String {
    moment(ms).format(&Rfc3339).unwrap_or_default()
}

/// A time beyond the calendar (year 9999) counts as 1970: it cannot come from a clock.
fn moment(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
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
        assert_eq!(money(2900, "usd"), "$29");
        assert_eq!(money(2950, "usd"), "$29.50");
        assert_eq!(money(129_000, "EUR"), "€1,290");
        assert_eq!(money(-5, "gbp"), "-£0.05");
        assert_eq!(money(1250, "chf"), "CHF 12.50");
        assert_eq!(money(i64::MIN, "usd"), "-$92,233,720,368,547,758.08");
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
    fn dates_are_written_for_people_and_for_machines() {
        let ms = 1_795_183_509_123;
        assert_eq!(date(ms), "20 November 2026");
        assert_eq!(date_time(ms), "20 November 2026, 14:05 UTC");
        assert_eq!(iso(ms), "2026-11-20T14:05:09Z");
        assert_eq!(date(-1), "31 December 1969");
        assert_eq!(date(i64::MAX), "1 January 1970");
    }
}
