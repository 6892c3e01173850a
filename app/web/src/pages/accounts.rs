//! Switching accounts.

use crate::action::{Answer, Done};
use crate::actions;
use crate::endpoints::opens;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::pages::two_step::REQUIRED;
use keel_domain::access::{Member, Write};
use keel_domain::accounts::{self, billing, dashboard};
use keel_types::url::LocalPath;

actions! {
    /// Makes an account the one pages are about.
    switch: "accounts/switch" on ["/private-dashboard"], Member, Back;
}

/// The page the switch was made on.
struct Back {
    at: Option<LocalPath>,
}

impl Input for Back {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { at: form.arrival().at.clone() })
    }
}

async fn switch(call: &mut Write<Member>, back: Back) -> Answer {
    accounts::switch(call).await?;
    let at = back.at.as_ref().map(LocalPath::path).unwrap_or_default();
    Ok(Done::go(same_page(call, at)).say(Said::AccountSwitched))
}

/// The page to go on with in the account of this call: the same one where the person may open it there, else the dashboard.
fn same_page(call: &Write<Member>, at: &str) -> String {
    let (caller, standing) = (call.proof().actor(), call.proof().standing());
    let there_is = standing.is_manager() || !at.starts_with("/org-dashboard");
    let same = match at {
        "/org-dashboard/billing" | "/private-dashboard/billing" => billing(standing, call.keel().settings().model()),
        // What became of one payment is one account's; so is what one lacks.
        "/checkout/success" | REQUIRED => None,
        _ => Some(at).filter(|at| there_is && opens(at, caller)),
    };
    same.unwrap_or(dashboard(standing.is_manager())).to_owned()
}
