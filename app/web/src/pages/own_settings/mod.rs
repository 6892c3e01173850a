//! `/private-dashboard/settings`: what people set for themselves, whichever account is the active one.

pub mod data;
pub mod notifications;
pub mod profile;
pub mod security;

use crate::endpoints;
use crate::page::Page;
use crate::ui::{Place, Tabs};
use keel_types::url::SECURITY;
use leptos::prelude::*;

/// Who a person is, and the workspaces they belong to.
pub const PROFILE: &str = "/private-dashboard/settings";
/// Which mails a person gets.
pub const NOTIFICATIONS: &str = "/private-dashboard/settings/notifications";
/// What is kept of a person.
pub const DATA: &str = "/private-dashboard/settings/data";

/// The pages of the settings, as far as there are any.
#[component]
pub fn SettingsTabs(page: Page, here: &'static str) -> impl IntoView {
    let words = &page.text.own_settings;
    let places = [(words.profile, PROFILE), (words.security, SECURITY), (words.notifications, NOTIFICATIONS), (words.data, DATA)];
    let there_are = places.into_iter().filter(|(_, path)| endpoints::is_page(path));
    let places = there_are.map(|(label, path)| Place::new(label, page.link(path))).collect();
    view! { <Tabs label=words.pages places here=page.link(here)/> }
}
