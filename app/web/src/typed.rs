//! What was typed into a form whose person has to prove first who they are: kept in their browser, signed, for ten minutes, and
//! shown once on the page the form stands on.

use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::form::Fields;
use http::HeaderValue;
use keel_types::time::MINUTE;
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "typed";
/// Milliseconds it is shown.
const LIFE: i64 = 10 * MINUTE;
/// What a browser surely keeps in one cookie, in bytes. A form with more has to be typed again.
const LARGEST: usize = 3_000;
/// Never kept.
const SECRETS: [&str; 6] = ["password", "current_password", "code", "recovery_code", "passkey", "token"];

#[derive(Serialize, Deserialize)]
struct Kept {
    /// Path and query of the page.
    at: String,
    fields: Vec<(String, String)>,
    until: i64,
}

/// The `Set-Cookie` value that keeps the fields for the page at this address; where they are too many, it forgets earlier ones.
pub fn keep(arrival: &Arrival, at: &str, fields: &Fields) -> Option<HeaderValue> {
    let settings = arrival.keel.settings();
    let fields = fields.0.iter().filter(|(name, _)| !SECRETS.contains(&name.as_str())).cloned().collect();
    let sealed = settings.secret.seal(PURPOSE, &Kept { at: at.to_owned(), fields, until: arrival.keel.now().plus(LIFE).0 });
    if sealed.len() > LARGEST { Cookie::Typed.forget(settings) } else { Cookie::Typed.set(settings, &sealed) }
}

/// What was typed on the page at this address, if it waits.
pub fn find(arrival: &Arrival, here: &str) -> Option<Fields> {
    let kept: Kept = arrival.keel.settings().secret.open(PURPOSE, arrival.cookie(Cookie::Typed)?)?;
    (kept.at == here && kept.until > arrival.keel.now().0).then_some(Fields(kept.fields))
}
