//! The balance of credits as bars, one for each transaction.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The whole width or height, in tenths of a per cent: the unit of everything drawn here.
const WHOLE: usize = 1_000;

/// The balance a transaction left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Balance {
    pub credits: i64,
    /// The balance as people read it: `2,500`.
    pub value: String,
    /// What it was left by, and when.
    pub note: String,
}

/// A bar chart with a line above it that reads out the newest balance. In the browser it reads out the bar under the pointer,
/// and becomes a slider along the bars for the keyboard and for screen readers.
#[island]
pub fn CreditsChart(
    /// What the chart shows, and where the same stands as a table.
    label: String,
    /// Oldest first; not empty.
    balances: Vec<Balance>,
    /// The days of the first bar and, if there is another, of the last.
    days: (String, Option<String>),
) -> impl IntoView {
    let newest = balances.len().saturating_sub(1);
    let bars = bars(&balances.iter().map(|balance| balance.credits).collect::<Vec<_>>());
    let balances = StoredValue::new(balances);
    let (chosen, choose) = signal(None::<usize>);
    let (awake, wake) = signal(false);
    Effect::new(move |_| wake.set(true));

    let shown = move || chosen.get().unwrap_or(newest);
    let value = move || balances.with_value(|all| all.get(shown()).map(|balance| balance.value.clone()));
    let note = move || balances.with_value(|all| all.get(shown()).map(|balance| balance.note.clone()));
    let spoken = move || awake.get().then(|| format!("{} {}", value().unwrap_or_default(), note().unwrap_or_default()));
    let slider = move |position: fn(usize) -> usize| move || awake.get().then(|| position(shown()).to_string());

    let on_key = move |event: KeyboardEvent| {
        let key = event.key();
        if let Some(next) = step(&key, shown(), newest) {
            event.prevent_default();
            choose.set(Some(next));
        } else if key == "Escape" {
            choose.set(None);
        }
    };
    // A finger leaves when it is lifted; what it touched stays read out.
    let on_leave = move |event: PointerEvent| {
        if event.pointer_type() == "mouse" {
            choose.set(None);
        }
    };
    let draw = |(i, bar): (usize, Bar)| {
        let class = move || if chosen.get() == Some(i) { "chart-bar chart-bar-chosen" } else { "chart-bar" };
        view! {
            <g class=class on:pointerenter=move |_| choose.set(Some(i))>
                <rect class="chart-slot" x=percent(bar.slot) width=percent(bar.slot_width) height="100%"></rect>
                <rect x=percent(bar.x) y=percent(WHOLE - bar.height) width=percent(bar.width) height=percent(bar.height)></rect>
            </g>
        }
    };
    view! {
        <div class="chart">
            <p class="chart-readout"><strong>{value}</strong>" "<span class="soft">{note}</span></p>
            <div
                class="chart-plot"
                role=move || if awake.get() { "slider" } else { "img" }
                aria-label=label
                tabindex=move || awake.get().then_some("0")
                aria-valuemin=slider(|_| 1)
                aria-valuemax=move || awake.get().then(|| (newest + 1).to_string())
                aria-valuenow=slider(|shown| shown + 1)
                aria-valuetext=spoken
                on:keydown=on_key
                on:focus=move |_| choose.set(Some(shown()))
                on:blur=move |_| choose.set(None)
                on:pointerleave=on_leave
            >
                <svg aria-hidden="true">{bars.into_iter().enumerate().map(draw).collect_view()}</svg>
            </div>
            <p class="chart-days"><span>{days.0}</span>{days.1.map(|day| view! { <span>{day}</span> })}</p>
        </div>
    }
}

/// The bar a key leads to.
fn step(key: &str, from: usize, newest: usize) -> Option<usize> {
    match key {
        "ArrowLeft" | "ArrowDown" => Some(from.saturating_sub(1)),
        "ArrowRight" | "ArrowUp" => Some(newest.min(from + 1)),
        "Home" => Some(0),
        "End" => Some(newest),
        _ => None,
    }
}

/// Where a bar stands: its slot from edge to edge, and the bar within it, which grows from below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bar {
    slot: usize,
    slot_width: usize,
    x: usize,
    width: usize,
    height: usize,
}

/// One bar a balance, the highest as high as there is room. A balance of nothing is still a line, and a few bars are no walls.
fn bars(balances: &[i64]) -> Vec<Bar> {
    const LINE: i64 = 8;
    const WIDEST: usize = 60;
    let highest = balances.iter().copied().max().unwrap_or_default().max(1);
    let bar = |(i, balance): (usize, &i64)| {
        let (slot, end) = (i * WHOLE / balances.len(), (i + 1) * WHOLE / balances.len());
        let slot_width = end - slot;
        let width = (slot_width * 3 / 4).min(WIDEST);
        let height = (i128::from(*balance) * 1_000 / i128::from(highest)).clamp(i128::from(LINE), 1_000);
        Bar { slot, slot_width, x: slot + (slot_width - width) / 2, width, height: usize::try_from(height).unwrap_or(WHOLE) }
    };
    balances.iter().enumerate().map(bar).collect()
}

/// Tenths of a per cent as SVG reads them: `12.5%`.
fn percent(tenths: usize) -> String {
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_balance_fills_the_height_and_nothing_is_a_line() {
        let heights: Vec<usize> = bars(&[0, 50, 200, i64::MAX / i64::MAX]).iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [8, 250, 1_000, 8]);
        assert_eq!(bars(&[i64::MAX])[0].height, 1_000);
        assert_eq!(bars(&[0])[0].height, 8);
    }

    #[test]
    fn bars_share_the_width_and_few_stay_narrow() {
        assert_eq!(bars(&[1]), [Bar { slot: 0, slot_width: WHOLE, x: 470, width: 60, height: WHOLE }]);
        for count in [2, 7, 20, 50] {
            let all = bars(&vec![1; count]);
            let last = all[count - 1];
            assert_eq!(last.slot + last.slot_width, WHOLE);
            assert!(all.windows(2).all(|pair| pair[0].slot + pair[0].slot_width == pair[1].slot));
            assert!(all.iter().all(|bar| bar.slot < bar.x && bar.x + bar.width < bar.slot + bar.slot_width));
        }
        assert_eq!(bars(&[]), []);
    }

    #[test]
    fn keys_stay_within_the_bars() {
        assert_eq!([step("ArrowLeft", 0, 3), step("ArrowRight", 3, 3)], [Some(0), Some(3)]);
        assert_eq!([step("ArrowRight", 1, 3), step("ArrowLeft", 1, 3)], [Some(2), Some(0)]);
        assert_eq!([step("Home", 2, 3), step("End", 2, 3), step("Tab", 2, 3)], [Some(0), Some(3), None]);
    }
}
