//! Second factors: the app, the recovery codes, and the page of those who need one somewhere.

pub mod codes;
pub mod required;
pub mod set_up;

pub use codes::new_codes;
pub(crate) use codes::shown_once;
pub use set_up::{confirm, start};

/// Where an app is set up.
pub const SET_UP: &str = "/two-step/set-up";
/// Where recovery codes are shown, once.
pub(crate) const CODES: &str = "/two-step/recovery-codes";
/// Where those are led who lack a second factor.
pub const REQUIRED: &str = "/two-step/required";
