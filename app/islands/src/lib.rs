//! The parts of pages that go on working in the browser.
//!
//! The server renders them like any other component and they are whole without scripts; the browser's build of the same
//! code then takes them over. They hold no text and know nobody's rights: everything comes in as props, which travel in
//! the page. `end2end/journeys/islands.test.mjs` tries them in a browser.

mod credits_chart;

pub use credits_chart::{Balance, CreditsChart};
