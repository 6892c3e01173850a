//! How long answers take tells nobody who has an account: known and unknown addresses in turn, compared by rank.

use super::{BETTER, GOOD, sign_up};
use crate::both;
use crate::support::{App, Browser};
use keel_types::time::MINUTE;
use std::cmp::Ordering;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

pub(in crate::flows) const PAIRS: u8 = 100;
/// What one measurement of answers alike leaves in one of seventy times by chance, with a standard deviation of 0.041; the mean of five,
/// with 0.018, in one of twenty million.
const ALIKE: RangeInclusive<f64> = 0.4..=0.6;
const MEASUREMENTS: u8 = 5;
/// Pairs before the limits would answer instead: then time moves on, and another client goes on.
const AT_A_TIME: u8 = 10;

/// Of [`PAIRS`] measurements each: how often a known address took longer than an unknown one: a half when the two cannot be told apart.
pub(in crate::flows) fn rank(known: &[Duration], unknown: &[Duration]) -> f64 {
    let longer = |one: &Duration, other: &Duration| match one.cmp(other) {
        Ordering::Greater => 1.0,
        Ordering::Equal => 0.5,
        Ordering::Less => 0.0,
    };
    let sum: f64 = known.iter().flat_map(|one| unknown.iter().map(move |other| longer(one, other))).sum();
    sum / f64::from(PAIRS).powi(2)
}

/// Asserts that answers of two kinds are alike in how long they take: the mean of what `measure` finds, a [`rank`] each time, is in this
/// range. A further measurement does not take the place of those before: what they found counts with it.
pub(in crate::flows) async fn assert_alike(what: &str, alike: &RangeInclusive<f64>, mut measure: impl AsyncFnMut() -> f64) {
    let (mut ranks, mut mean) = (vec![], f64::NAN);
    for number in 1..=MEASUREMENTS {
        ranks.push(measure().await);
        mean = ranks.iter().sum::<f64>() / f64::from(number);
        if alike.contains(&mean) {
            break;
        }
    }
    println!("{what}: {ranks:?}, on average {mean:.3}");
    assert!(alike.contains(&mean), "{what} tells who has an account: {ranks:?}");
}

async fn measure(app: &App, path: &str) -> f64 {
    let (mut known, mut unknown) = (vec![], vec![]);
    let mut browser = Browser::at(&app.base, Ipv4Addr::LOCALHOST);
    for pair in 0..PAIRS {
        if pair % AT_A_TIME == 0 {
            app.advance(15 * MINUTE).await;
            browser = Browser::at(&app.base, Ipv4Addr::new(127, 0, 1, pair + 1));
            browser.get("/login").await;
        }
        // Each goes first as often as the other: what one leaves behind, such as a mail to send, meets both alike.
        let order = if pair % 2 == 0 { [true, false] } else { [false, true] };
        for is_known in order {
            let email = if is_known { "known@acme.example" } else { "never@acme.example" };
            let started = Instant::now();
            let answer = browser.json(path, &serde_json::json!({ "email": email, "password": BETTER })).await;
            let took = started.elapsed();
            assert!([200, 422].contains(&answer.status), "{path} {} {}", answer.status, answer.body);
            if is_known { &mut known } else { &mut unknown }.push(took);
        }
    }
    rank(&known, &unknown)
}

both! {
    async fn known_and_unknown_addresses_take_the_same_time(app: App) {
        sign_up(&app, &app.browser(), "known@acme.example", GOOD).await;
        for path in ["/api/auth/sign-in", "/api/auth/sign-up", "/api/auth/request-link", "/api/auth/request-reset"] {
            assert_alike(path, &ALIKE, async || measure(&app, path).await).await;
        }
    }
}
