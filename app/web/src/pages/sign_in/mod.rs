//! Signing up and in by e-mail: ask for a link and a code, type the code or open the link, and sign out again.

mod actions;
pub mod link;
pub mod login;
pub mod verify;

pub use actions::{confirm_link, request_link, resend, sign_out, verify_otp};

/// The pages somebody asks from.
const LOGIN: &str = "/login";
const SIGNUP: &str = "/signup";
/// The page that waits for the code.
const VERIFY: &str = "/verify";
