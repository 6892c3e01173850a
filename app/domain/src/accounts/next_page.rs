//! Where a person goes next, decided in one place.

use crate::access::{Caller, Read, SignedIn, Standing, Write};
use crate::billing::intents;
use crate::refusal::Result;
use keel_types::url::LocalPath;
use keel_types::{AccountKind, BusinessModel, Permission};

/// What decides where somebody goes next.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// Where the person wanted to go.
    pub redirect_to: Option<&'a LocalPath>,
    /// Whether a chosen plan waits to be paid.
    pub intent: bool,
    /// Whether the person has told the name.
    pub onboarded: bool,
    /// Whether the person runs the account paid for or joined: a workspace, and more than a member there.
    pub manager: bool,
}

/// The page to send a person to: first the checkout or an invitation, then a plan that was chosen, then what is missing of the
/// profile, then where the person wanted to go, then the dashboard that fits.
pub fn next_page(to: Destination<'_>) -> String {
    let wanted = to.redirect_to.filter(|path| !LEADS_BACK.contains(&path.path()));
    match wanted {
        Some(path) if is_never_put_off(path.path()) => path.as_str().to_owned(),
        _ if to.intent => "/checkout".to_owned(),
        _ if !to.onboarded => "/onboarding".to_owned(),
        Some(path) => path.as_str().to_owned(),
        None => dashboard(to.manager).to_owned(),
    }
}

/// Whoever pays or joins does that first.
fn is_never_put_off(path: &str) -> bool {
    path == "/checkout" || path.starts_with("/checkout/") || path.starts_with("/invitations/")
}

/// The dashboard that fits.
pub fn dashboard(manager: bool) -> &'static str {
    if manager { "/org-dashboard" } else { "/private-dashboard" }
}

/// The billing page of an account, for somebody who may see it. In b2b a personal account has none.
pub fn billing(standing: &Standing, model: BusinessModel) -> Option<&'static str> {
    match standing.kind {
        _ if !standing.role.permissions.has(Permission::ViewBilling) => None,
        AccountKind::Workspace => Some("/org-dashboard/billing"),
        AccountKind::Personal => (model != BusinessModel::B2b).then_some("/private-dashboard/billing"),
    }
}

/// Where a person who is signed in goes next.
pub async fn next_of(call: &mut Read<SignedIn>, redirect_to: Option<&LocalPath>) -> Result<String> {
    let (caller, now) = (call.proof().clone(), call.now());
    let intent = intents::is_live(call.conn(), &caller.user, now).await?;
    Ok(destination(&caller, intent, caller.onboarded, redirect_to))
}

/// Where a person goes who has just told the name.
pub async fn next_after_introduction(call: &mut Write<SignedIn>) -> Result<String> {
    let (caller, now) = (call.proof().clone(), call.now());
    let intent = intents::is_live(call.tx()?, &caller.user, now).await?;
    Ok(destination(&caller, intent, true, None))
}

/// Where a person goes who has just made a workspace, and owns it.
pub async fn next_after_creation(call: &mut Write<SignedIn>) -> Result<String> {
    next_after_joining(call, true).await
}

/// Where a person goes who has just joined a workspace, as somebody who runs it or not.
pub async fn next_after_joining(call: &mut Write<SignedIn>, manager: bool) -> Result<String> {
    let (caller, now) = (call.proof().clone(), call.now());
    let intent = intents::is_live(call.tx()?, &caller.user, now).await?;
    Ok(next_page(Destination { redirect_to: None, intent, onboarded: caller.onboarded, manager }))
}

fn destination(caller: &Caller, intent: bool, onboarded: bool, redirect_to: Option<&LocalPath>) -> String {
    next_page(Destination { redirect_to, intent, onboarded, manager: caller.usual_standing().is_manager() })
}

/// Pages that send signed-in people on by this very function.
const LEADS_BACK: [&str; 6] = ["/login", "/signup", "/verify", "/two-step", "/auth/link", "/onboarding"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_wishes() {
        let page = |redirect: &str, intent, onboarded, manager| {
            let redirect = LocalPath::parse(redirect);
            next_page(Destination { redirect_to: redirect.as_ref(), intent, onboarded, manager })
        };
        assert_eq!(page("/checkout?x=1", false, false, true), "/checkout?x=1");
        assert_eq!(page("/invitations/x", true, false, true), "/invitations/x");
        assert_eq!(page("/projects", true, false, true), "/checkout");
        assert_eq!(page("/projects", false, false, true), "/onboarding");
        assert_eq!(page("/projects", false, true, true), "/projects");
        assert_eq!(page("", false, true, true), "/org-dashboard");
        assert_eq!(page("", false, true, false), "/private-dashboard");
        assert_eq!(page("/login?redirectTo=/login", false, true, false), "/private-dashboard");
        assert_eq!(page("/checkout-elsewhere", false, true, false), "/checkout-elsewhere");
    }
}
