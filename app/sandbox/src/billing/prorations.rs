//! What part of a price falls on the rest of a period, to the second.

use serde_json::Value;

use crate::json::At;

/// The part of `amount` that falls on `part` of `whole` seconds, rounded half away from zero.
pub fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let (exact, whole) = (i128::from(amount) * i128::from(part), i128::from(whole));
    let rounded = (2 * exact.abs() + whole) / (2 * whole);
    i64::try_from(exact.signum() * rounded).unwrap_or_default()
}

/// What a subscription item costs from `at` to the end of its period.
pub fn remaining(item: &Value, at: i64) -> i64 {
    let (start, end) = (item.integer("current_period_start"), item.integer("current_period_end"));
    share(item.integer("price.unit_amount") * item.integer("quantity"), end - at.clamp(start, end), end - start)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;
    use crate::billing::periods::next_boundary;
    use crate::chance::Chance;

    fn below(chance: &mut Chance, end: i64) -> i64 {
        i64::try_from(chance.below(u64::try_from(end).unwrap())).unwrap()
    }

    fn item(period: (i64, i64), amount: i64, quantity: i64) -> Value {
        json!({ "current_period_start": period.0, "current_period_end": period.1, "price": { "unit_amount": amount }, "quantity": quantity })
    }

    /// A period that begins at any second of four years: months of every length, leap days, years.
    fn period(chance: &mut Chance) -> (i64, i64) {
        let start = datetime!(2026-01-01 00:00 UTC).unix_timestamp() + below(chance, 4 * 365 * 86_400);
        let interval = ["day", "week", "month", "year"][usize::try_from(chance.below(4)).unwrap()];
        (start, next_boundary(start, interval, 1, start))
    }

    /// An amount in minor units: cents as well as whole yen, nothing included.
    fn price(chance: &mut Chance) -> i64 {
        [0, 1, 500, 2_900, 29_000, 99_999_999][usize::try_from(chance.below(6)).unwrap()] + below(chance, 1_000)
    }

    #[test]
    fn any_row_of_changes_costs_what_was_used_to_half_a_unit_a_line() {
        for run in 0..2_000 {
            let mut chance = Chance::new(7, "changes", run);
            let period = period(&mut chance);
            let length = period.1 - period.0;
            let mut has = item(period, price(&mut chance), 1 + below(&mut chance, 500));
            let cost = |item: &Value| i128::from(item.integer("price.unit_amount") * item.integer("quantity"));
            let (mut billed, mut lines, mut since, mut used) = (remaining(&has, period.0), 1, period.0, 0_i128);
            for _ in 0..chance.below(12) {
                let at = since + below(&mut chance, period.1 - since + 1);
                let next = item(period, price(&mut chance), 1 + below(&mut chance, 500));
                let (credit, debit) = (remaining(&has, at), remaining(&next, at));
                assert!(credit <= remaining(&has, since), "no more is given back than was asked");
                billed += debit - credit;
                lines += 2;
                used += cost(&has) * i128::from(at - since);
                (has, since) = (next, at);
            }
            used += cost(&has) * i128::from(period.1 - since);
            let off = (i128::from(billed) * i128::from(length) - used).abs() * 2;
            assert!(off <= i128::from(lines) * i128::from(length), "run {run}: {lines} lines are off by {off} half seconds");
        }
    }

    #[test]
    fn there_and_back_at_the_same_second_costs_nothing() {
        for run in 0..500 {
            let mut chance = Chance::new(8, "back", run);
            let period = period(&mut chance);
            let (one, other) = (item(period, price(&mut chance), 3), item(period, price(&mut chance), 7));
            let at = period.0 + below(&mut chance, period.1 - period.0 + 1);
            let there = remaining(&other, at) - remaining(&one, at);
            assert_eq!(there + remaining(&one, at) - remaining(&other, at), 0);
            assert_eq!(remaining(&one, period.0), one.integer("price.unit_amount") * 3, "a whole period costs the whole price");
            assert_eq!(remaining(&one, period.1), 0);
        }
    }

    #[test]
    fn halves_are_rounded_away_from_nothing() {
        assert_eq!(
            [share(5, 1, 2), share(-5, 1, 2), share(1, 1, 3), share(2, 1, 3), share(100, 0, 7), share(100, 3, 0)],
            [3, -3, 0, 1, 0, 0]
        );
        let year = 366 * 86_400;
        assert_eq!(share(99_999_999 * 999_999, year - 1, year), 99_999_895_837_689);
    }
}
