//! Signing up and in: by a link or a code in a mail, by a password, by a passkey, or by an account elsewhere; the second step; a new
//! password; and signing out again.

mod actions;
pub mod address;
pub mod forgot;
pub mod link;
pub mod login;
pub mod new_address;
pub mod onward;
pub mod passkeys;
pub mod providers;
pub mod reset;
pub mod second_step;
pub mod step_up;
pub mod verify;

pub(crate) use login::LONGEST_FIELD;
pub(crate) use passkeys::ConfirmByPasskey;

pub use actions::{
    by_password, confirm_link, request_link, request_reset, resend, reset_password, sign_out, sign_up, verify_otp, welcomed,
};

/// The pages somebody asks from.
pub const LOGIN: &str = "/login";
const SIGNUP: &str = "/signup";
/// The page that asks whose password is forgotten.
const FORGOT: &str = "/forgot-password";
/// The page where a new one is chosen.
const RESET: &str = "/reset-password";
/// The page that waits for the second factor.
const TWO_STEP: &str = "/two-step";
/// The page that asks for an address after a trip to a provider.
pub const ADDRESS: &str = "/auth/address";
/// The page that waits for the code.
const VERIFY: &str = "/verify";
/// The page that asks once more who one is.
const STEP_UP: &str = "/step-up";
