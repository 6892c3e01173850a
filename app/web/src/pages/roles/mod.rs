//! `/org-dashboard/members/roles`: who may do what, and the roles a workspace defines.

pub mod actions;
mod matrix;
mod view;

pub use view::view;

use crate::page::{Loaded, Visit};
use keel_domain::access::Read;
use keel_domain::roles::{self, Defined};
use keel_types::permission::may;
use keel_types::{BusinessModel, Permission, Role};

/// The page.
pub const PAGE: &str = "/org-dashboard/members/roles";
/// What the query says when a role is to be made.
const NEW: &str = "new";

/// The page's model.
pub struct Model {
    /// What the workspace is called.
    account_name: String,
    /// The roles the workspace sees.
    roles: Vec<Defined>,
    /// The caller's own role.
    own: Role,
    /// What depends on it: whether billing is the owner's alone.
    business: BusinessModel,
    /// The role whose form is open.
    open: Option<Open>,
}

/// Whose form is open.
enum Open {
    /// That of a role there is not yet.
    New,
    /// That of a role there is.
    Role(Defined),
}

impl Model {
    /// What the caller may put into a role.
    fn offered(&self) -> impl Iterator<Item = Permission> {
        let business = self.business;
        self.own.permissions.iter().filter(move |permission| !permission.is_reserved(business))
    }
}

/// The page with the form of a role.
fn page_of(role: &str) -> String {
    format!("{PAGE}?edit={role}")
}

/// Reads the roles of the caller's workspace.
pub async fn load(mut call: Read<may::UpdateRole>, visit: &Visit) -> Loaded<Model> {
    call.proof().standing().require_manager()?;
    let open = match visit.query("edit") {
        None | Some("") => None,
        Some(NEW) => Some(Open::New),
        Some(id) => Some(Open::Role(roles::get_editable(&mut call, id).await?)),
    };
    let (standing, business) = (call.proof().standing().clone(), call.keel().settings().model());
    Ok(Model { account_name: standing.name, roles: roles::list(&mut call).await?, own: standing.role, business, open })
}
