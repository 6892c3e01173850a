//! The table: what was measured, against what, and whether that is enough.

use crate::servers::Server;
use crate::{Failure, load};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rounds of every comparison; the median counts.
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(1_200);
const WARM_UP: Duration = Duration::from_millis(800);
/// A server whose core is less busy than this waited for the client, and could do more.
const SATURATED: f64 = 0.9;

/// A line of the table.
pub struct Line {
    what: String,
    measured: String,
    bare: String,
    ratio: String,
    target: String,
    verdict: &'static str,
}

/// What a measurement adds to the table.
pub type Lines = Result<Vec<Line>, Failure>;

fn verdict(enough: bool) -> &'static str {
    if enough { "ok" } else { "short" }
}

impl Line {
    /// As much as `least` of a hundred of what it is measured against.
    pub fn ratio(what: impl Into<String>, comparison: &Comparison, least: u32) -> Self {
        let [ours, other] = comparison.per_second;
        Self {
            what: what.into(),
            measured: format!("{ours:.0}/s"),
            bare: format!("{other:.0}/s"),
            ratio: format!("{:.0} %{}", 100.0 * comparison.ratio, if comparison.saturated { "" } else { " *" }),
            target: format!("≥ {least} %"),
            verdict: verdict(comparison.ratio * 100.0 >= f64::from(least)),
        }
    }

    /// At most so much.
    pub fn most(what: impl Into<String>, measured: f64, unit: &str, most: f64) -> Self {
        Self::alone(what, measured, unit, format!("≤ {most} {unit}"), measured <= most)
    }

    /// At least so much.
    pub fn least(what: impl Into<String>, measured: f64, unit: &str, least: f64) -> Self {
        Self::alone(what, measured, unit, format!("≥ {least} {unit}"), measured >= least)
    }

    fn alone(what: impl Into<String>, measured: f64, unit: &str, target: String, enough: bool) -> Self {
        let measured = if measured < 10.0 { format!("{measured:.1} {unit}") } else { format!("{measured:.0} {unit}") };
        Self { what: what.into(), measured, bare: String::new(), ratio: String::new(), target, verdict: verdict(enough) }
    }

    /// Nothing of this kind may be found.
    pub fn none(what: impl Into<String>, found: &[String]) -> Self {
        let measured = if found.is_empty() { "none".to_owned() } else { found.join("; ") };
        let target = "none".to_owned();
        Self { what: what.into(), measured, bare: String::new(), ratio: String::new(), target, verdict: verdict(found.is_empty()) }
    }

    /// What cannot be measured, and why.
    pub fn missing(what: impl Into<String>, why: &str) -> Self {
        Self {
            what: what.into(), measured: why.to_owned(), bare: String::new(), ratio: String::new(), target: String::new(), verdict: "–"
        }
    }
}

/// Two servers asked in turn, in rounds.
pub struct Comparison {
    /// Medians, of ours and of the other.
    per_second: [f64; 2],
    /// The median of the rounds' ratios.
    ratio: f64,
    /// Whether the other server had as much to do as it could.
    saturated: bool,
    /// Of ours, all rounds together.
    pub ours: load::Outcome,
}

impl Comparison {
    /// One figure a round from each side.
    pub fn of(rounds: &[[f64; 2]]) -> Self {
        Self {
            per_second: [0, 1].map(|side| median(rounds.iter().map(|round| round[side]).collect())),
            ratio: median(rounds.iter().map(|[ours, other]| ours / other).collect()),
            saturated: true,
            ours: load::Outcome::default(),
        }
    }
}

/// The number in the middle.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Compares two servers that must answer the same bytes.
pub async fn compare(ours: (&Server, &[u8]), other: (&Server, &[u8])) -> Result<Comparison, Failure> {
    let (one, two) = (load::ask(ours.0.address, ours.1).await?, load::ask(other.0.address, other.1).await?);
    if one.body != two.body {
        return Err("the two servers do not answer the same".into());
    }
    in_turn(ours, other).await
}

/// Asks two servers in turn. Every answer must be 200.
pub async fn in_turn(ours: (&Server, &[u8]), other: (&Server, &[u8])) -> Result<Comparison, Failure> {
    let sides = [ours, other].map(|(server, request)| (server, Arc::<[u8]>::from(request)));
    for (server, request) in &sides {
        run_for(WARM_UP, server, request).await?;
    }
    let (mut rounds, mut busy, mut latencies) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let mut round = [0.0; 2];
        for (place, (server, request)) in sides.iter().enumerate() {
            let before = server.processor()?;
            let outcome = run_for(ROUND, server, request).await?;
            round[place] = outcome.per_second();
            if place == 0 {
                latencies.extend(outcome.latencies);
            } else {
                busy.push(server.processor()?.saturating_sub(before).as_secs_f64() / outcome.seconds);
            }
        }
        rounds.push(round);
    }
    latencies.sort_unstable();
    let ours = load::Outcome { latencies, seconds: 0.0 };
    Ok(Comparison { saturated: median(busy) >= SATURATED, ours, ..Comparison::of(&rounds) })
}

async fn run_for(time: Duration, server: &Server, request: &Arc<[u8]>) -> Result<load::Outcome, Failure> {
    load::run(server.address, &load::Plan::Until(Arc::clone(request), Instant::now() + time), 200).await
}

/// Prints lines as soon as they are known.
#[expect(clippy::print_stdout, reason = "the table is the output")]
pub fn print(lines: &[Line]) {
    for line in lines {
        let Line { what, measured, bare, ratio, target, verdict } = line;
        println!("{}{}{}{}{}{verdict}", wide(what, 58), wide(measured, 14), wide(bare, 14), wide(ratio, 10), wide(target, 12));
    }
}

/// Prints what the columns are.
pub fn print_head() {
    let [what, measured, bare, ratio, target] = ["what", "measured", "bare", "ratio", "target"].map(str::to_owned);
    print(&[Line { what, measured, bare, ratio, target, verdict: "" }]);
}

fn wide(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{} ", " ".repeat(missing))
}
