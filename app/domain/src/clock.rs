//! The one clock. In development it can be moved; the offset is kept in the database, so that every instance and the
//! billing sandbox tell the same time.

use crate::db::{Db, Tx};
use crate::{args, sql};
use keel_types::Instant;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

sql! {
    FIND_OFFSET = "SELECT milliseconds FROM clock_offset WHERE id = 1";
    MOVE = "UPDATE clock_offset SET milliseconds = milliseconds + $1 WHERE id = 1";
}

/// Tells the time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The moment it is.
    pub fn now(&self) -> Instant {
        Instant(self.wall().saturating_add(self.offset.load(Ordering::Relaxed)))
    }

    #[expect(clippy::unused_self, reason = "the wall clock is read here and nowhere else")]
    #[expect(clippy::disallowed_methods, reason = "this is the one module that reads the wall clock")]
    fn wall(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// Takes over the offset kept in the database. Time goes forward only: who read the offset before somebody moved it may
    /// come later than who read it afterwards.
    pub async fn refresh(&self, db: &Db) -> Result<(), sqlx::Error> {
        let (offset,): (i64,) = db.read().get(FIND_OFFSET, args![]).await?;
        self.offset.fetch_max(offset, Ordering::Relaxed);
        Ok(())
    }

    /// Moves the clock by so many milliseconds, for every instance. Development only: [`crate::Keel::move_clock`] asks.
    pub(crate) async fn advance(tx: &mut Tx, milliseconds: i64) -> Result<(), sqlx::Error> {
        tx.run(MOVE, args![milliseconds]).await.map(drop)
    }
}

/// The same day and time so many months later; the month's last day where it has no such day.
pub fn add_months(from: Instant, months: u32) -> Instant {
    shift_months(from, i64::from(months))
}

/// The same so many months earlier, or later.
pub fn shift_months(from: Instant, months: i64) -> Instant {
    let Ok(start) = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(from.0) * 1_000_000) else { return from };
    let index = i64::from(start.year()) * 12 + i64::from(u8::from(start.month())) - 1 + months;
    let (Ok(year), Ok(month)) = (i32::try_from(index.div_euclid(12)), u8::try_from(index.rem_euclid(12) + 1)) else { return from };
    let Ok(month) = time::Month::try_from(month) else { return from };
    let day = start.day().min(month.length(year));
    let Ok(date) = time::Date::from_calendar_date(year, month, day) else { return from };
    i64::try_from(start.replace_date(date).unix_timestamp_nanos() / 1_000_000).map_or(from, Instant)
}

/// The moment a day begins in UTC, of a day written as `2026-11-20`.
pub fn day(text: &str) -> Option<Instant> {
    let date = time::Date::parse(text.trim(), time::macros::format_description!("[year]-[month]-[day]")).ok()?;
    i64::try_from(date.midnight().assume_utc().unix_timestamp_nanos() / 1_000_000).ok().map(Instant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_day_is_read_as_it_is_written() {
        assert_eq!(day(" 2026-11-20 "), Some(Instant(1_795_132_800_000)));
        for text in ["", "2026-13-01", "2026-02-30", "20.11.2026", "2026-1-1", "2026-11-20T00:00", "99999-01-01", "x"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn months_end_where_they_end() {
        let at = |t: time::OffsetDateTime| Instant(t.unix_timestamp() * 1_000);
        assert_eq!(add_months(at(datetime!(2026-01-31 12:00 UTC)), 1), at(datetime!(2026-02-28 12:00 UTC)));
        assert_eq!(add_months(at(datetime!(2027-12-15 00:00 UTC)), 2), at(datetime!(2028-02-15 00:00 UTC)));
        assert_eq!(add_months(at(datetime!(2027-11-30 00:00 UTC)), 3), at(datetime!(2028-02-29 00:00 UTC)));
        assert_eq!(add_months(at(datetime!(2026-03-01 00:00 UTC)), 12), at(datetime!(2027-03-01 00:00 UTC)));
        assert_eq!(shift_months(at(datetime!(2026-03-31 00:00 UTC)), -1), at(datetime!(2026-02-28 00:00 UTC)));
        assert_eq!(shift_months(at(datetime!(2026-01-05 00:00 UTC)), -12), at(datetime!(2025-01-05 00:00 UTC)));
    }
}
