//! Browsers that have signed in before. Such a browser has a cookie that names its person's address; what it tries is
//! counted apart from what strangers try, so that strangers cannot use up the person's tries, and a sign-in in it is no news to be
//! mailed. It opens nothing by itself.

use crate::Keel;
use crate::access::Asked;
use crate::secrets::reference;
use keel_types::Email;
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "known browser";
const ADDRESS: &str = "known browser's address";

#[derive(Serialize, Deserialize)]
struct Device {
    id: String,
    /// The address, signed: whoever reads the cookie does not read it.
    address: String,
}

/// The cookie of a browser that has just signed in as this address.
pub(crate) fn remember(keel: &Keel, email: &Email) -> String {
    let secret = &keel.settings().secret;
    secret.seal(PURPOSE, &Device { id: reference(), address: secret.sign(ADDRESS, email.as_str()) })
}

/// The browser that asks, if it has signed in as this address before.
pub(crate) fn recognise(keel: &Keel, asked: &Asked, email: &Email) -> Option<String> {
    let secret = &keel.settings().secret;
    let device: Device = secret.open(PURPOSE, asked.device.as_deref()?)?;
    secret.signed(ADDRESS, email.as_str(), &device.address).then_some(device.id)
}
