//! `/org-dashboard/settings`: what the workspace is called, and what is known of it.

mod actions;
mod view;

pub use actions::{remove_logo, update_settings};
pub use view::view;

use crate::page::{Loaded, Stop, Visit};
use keel_domain::access::Read;
use keel_domain::accounts::{dashboard, settings};
use keel_types::AccountKind;
use keel_types::permission::may;

/// The page.
pub const PAGE: &str = "/org-dashboard/settings";

/// The page's model.
pub struct Model {
    /// What is known of the workspace.
    settings: settings::Settings,
    /// What links begin with.
    base_url: String,
}

/// Reads it. A personal account has no settings of this kind.
pub async fn load(mut call: Read<may::UpdateAccount>, visit: &Visit) -> Loaded<Model> {
    if call.proof().standing().kind == AccountKind::Personal {
        return Err(Stop::Go(dashboard(false).to_owned()));
    }
    Ok(Model { settings: settings::get(&mut call).await?, base_url: visit.keel().settings().base_url.clone() })
}
