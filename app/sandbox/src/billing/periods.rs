//! Billing periods. Every boundary is counted from the anchor, so that a short month never shortens the following ones.

use time::{Date, Month, OffsetDateTime};

/// A day in seconds.
pub const DAY: i64 = 86_400;

/// The first boundary after `after`, all in unix seconds: `anchor` plus a multiple of `count` intervals.
pub fn next_boundary(anchor: i64, interval: &str, count: i64, after: i64) -> i64 {
    let count = count.max(1);
    let longest = match interval {
        "day" => DAY,
        "week" => 7 * DAY,
        "month" => 31 * DAY,
        _ => 366 * DAY,
    };
    // Never beyond the answer, because no interval is longer than `longest`.
    let mut steps = ((after - anchor) / (longest * count)).max(0);
    loop {
        let at = boundary(anchor, interval, count * steps);
        if at > after {
            return at;
        }
        steps += 1;
    }
}

/// `anchor` plus `steps` intervals; a day that the month does not have becomes its last.
fn boundary(anchor: i64, interval: &str, steps: i64) -> i64 {
    match interval {
        "day" => anchor + steps * 86_400,
        "week" => anchor + steps * 7 * 86_400,
        "month" => add_months(anchor, steps),
        _ => add_months(anchor, steps * 12),
    }
}

fn add_months(anchor: i64, months: i64) -> i64 {
    let start = OffsetDateTime::from_unix_timestamp(anchor).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let total = i64::from(start.year()) * 12 + i64::from(u8::from(start.month())) - 1 + months;
    let year = i32::try_from(total.div_euclid(12)).unwrap_or(9_999);
    let month = u8::try_from(total.rem_euclid(12) + 1).ok().and_then(|month| Month::try_from(month).ok()).unwrap_or(Month::December);
    let day = start.day().min(month.length(year));
    Date::from_calendar_date(year, month, day).map_or(i64::MAX, |date| start.replace_date(date).unix_timestamp())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn walk(anchor: OffsetDateTime, interval: &str, count: i64, steps: usize) -> Vec<String> {
        let anchor = anchor.unix_timestamp();
        let mut at = anchor;
        let mut days = Vec::new();
        for _ in 0..steps {
            at = next_boundary(anchor, interval, count, at);
            days.push(OffsetDateTime::from_unix_timestamp(at).unwrap().date().to_string());
        }
        days
    }

    #[test]
    fn the_31st_comes_back_after_short_months() {
        let days = walk(datetime!(2026-01-31 12:00 UTC), "month", 1, 4);
        assert_eq!(days, ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]);
    }

    #[test]
    fn leap_days_come_back() {
        let days = walk(datetime!(2024-02-29 00:00 UTC), "year", 1, 4);
        assert_eq!(days, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
    }

    #[test]
    fn quarters_keep_their_day() {
        let days = walk(datetime!(2026-11-30 23:59:59 UTC), "month", 3, 3);
        assert_eq!(days, ["2027-02-28", "2027-05-30", "2027-08-30"]);
    }

    #[test]
    fn from_every_day_every_boundary_follows_the_last_without_gaps() {
        for day in 0..1_500 {
            let anchor = datetime!(2026-01-01 17:31:07 UTC).unix_timestamp() + day * 86_400;
            let start = OffsetDateTime::from_unix_timestamp(anchor).unwrap();
            for (interval, count) in [("day", 1), ("week", 2), ("month", 1), ("month", 6), ("year", 1)] {
                let mut at = anchor;
                for step in 1..30 {
                    let next = next_boundary(anchor, interval, count, at);
                    assert_eq!(next, boundary(anchor, interval, count * step));
                    assert_eq!(next_boundary(anchor, interval, count, next - 1), next);
                    let end = OffsetDateTime::from_unix_timestamp(next).unwrap();
                    assert_eq!(end.time(), start.time());
                    if matches!(interval, "month" | "year") {
                        assert_eq!(end.day(), start.day().min(end.month().length(end.year())));
                    }
                    at = next;
                }
            }
        }
    }
}
