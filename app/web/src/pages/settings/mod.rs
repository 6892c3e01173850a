//! `/org-dashboard/settings`: what the workspace is called, what is known of it, copies of it, and its end.

mod actions;
pub mod danger;
pub mod export;
pub mod sign_in;
mod view;

pub use actions::{remove_logo, update_settings};
pub use view::view;

use crate::page::{Loaded, Stop, Visit};
use danger::Danger;
use export::Copies;
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
    /// What it asks of its members' sign-ins.
    asked: sign_in::Asked,
    /// The copies of it, for who may have them.
    copies: Option<Copies>,
    /// Its deletion, for who may schedule it.
    danger: Option<Danger>,
}

/// Reads it. A personal account has no settings of this kind.
pub async fn load(mut call: Read<may::UpdateAccount>, visit: &Visit) -> Loaded<Model> {
    if call.proof().standing().kind == AccountKind::Personal {
        return Err(Stop::Go(dashboard(false).to_owned()));
    }
    let settings = settings::get(&mut call).await?;
    let (asked, danger) = (sign_in::load(&call), danger::load(&call));
    let base_url = visit.keel().settings().base_url.clone();
    Ok(Model { settings, base_url, asked, danger, copies: export::load(call).await? })
}
