//! The shells pages stand in. Each writes the whole document, so a page is one component.
//!
//! They decide nothing about rights or addresses: what is shown and where it leads comes in a
//! [`Frame`], which is filled from the session where pages are shown.

#![expect(clippy::needless_pass_by_value, reason = "a component owns its props")]

mod accounts;
mod auth;
mod dashboard;
mod document;
mod languages;
mod marketing;

use keel_text::Lang;

pub use auth::Auth;
pub use dashboard::Dashboard;
pub use document::Document;
pub use marketing::Marketing;

use crate::ui::{Icon, Spoken, Text, Tone};

/// What surrounds every page of a signed-in person.
#[derive(Debug, Clone)]
pub struct Frame {
    pub lang: Lang,
    pub user: User,
    /// The account this response is about.
    pub account: AccountEntry,
    /// The pages this person may open, in order.
    pub sections: Vec<Section>,
    /// All accounts of the switcher, with the current one; without them there is no switcher.
    pub accounts: Vec<AccountEntry>,
    /// Where a switch posts to, with the chosen account as `account`.
    pub switch_action: String,
    /// The page that creates a workspace, where that is possible.
    pub create_workspace: Option<String>,
    /// The weightiest thing to say about the account.
    pub banner: Option<BannerText>,
    /// What the last action said.
    pub flash: Option<Spoken>,
}

/// The person signed in.
#[derive(Debug, Clone)]
pub struct User {
    /// Their name, or their address while they have none.
    pub name: String,
    pub email: String,
    /// The page of their profile.
    pub your_account: String,
    /// Where signing out posts to.
    pub sign_out_action: String,
}

/// One account of the switcher.
#[derive(Debug, Clone)]
pub struct AccountEntry {
    pub id: String,
    pub name: String,
    /// Plan and role, or that it is personal.
    pub note: String,
    /// Where its logo is, if it has one.
    pub logo: Option<String>,
    pub current: bool,
}

/// One page of the navigation.
#[derive(Debug, Clone)]
pub struct Section {
    pub label: Text,
    pub href: String,
    pub icon: Icon,
    pub current: bool,
}

/// What the banner says.
#[derive(Debug, Clone)]
pub struct BannerText {
    pub tone: Tone,
    pub text: Text,
    /// Label and address of what to do about it.
    pub link: Option<(Text, String)>,
}
