//! Moments in unix seconds, as people read them, in UTC.

use time::OffsetDateTime;

/// `20 November 2026, 09:30`.
pub fn moment(at: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{}, {:02}:{:02}", day(at), time.hour(), time.minute())
}

/// `4 December 2026`.
pub fn day(at: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{} {} {}", at.day(), at.month(), at.year())
}
