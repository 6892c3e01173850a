//! What can be done about a workspace's roles.

use super::PAGE;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use keel_domain::access::Write;
use keel_domain::roles::{self, Draft};
use keel_types::permission::may;
use keel_types::{Permission, RoleName};

actions! {
    /// Makes a role.
    create: "roles/create" on [PAGE], may::UpdateRole, Drafted;
    /// Gives a role another name and other permissions.
    update: "roles/update" on [PAGE], may::UpdateRole, Changed;
    /// Ends a role; whoever has it gets another one.
    delete: "roles/delete" on [PAGE], may::UpdateRole, Deleted;
}

/// A role as it was typed: its name, and a field `permissions` for each thing that it allows.
struct Drafted(Draft);

impl Input for Drafted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let name = form.get("name", RoleName::parse);
        let permissions = form.choices("permissions", Permission::parse);
        Some(Self(Draft { name: name?, permissions: permissions? }))
    }
}

struct Changed {
    role: String,
    draft: Draft,
}

impl Input for Changed {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let Drafted(draft) = Drafted::read(form)?;
        Some(Self { role: form.text("role").to_owned(), draft })
    }
}

struct Deleted {
    role: String,
    replacement: Option<String>,
}

impl Input for Deleted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let replacement = Some(form.text("replacement").to_owned()).filter(|id| !id.is_empty());
        Some(Self { role: form.text("role").to_owned(), replacement })
    }
}

async fn create(call: &mut Write<may::UpdateRole>, form: Drafted) -> Answer {
    roles::create(call, &form.0).await?;
    Ok(Done::back_to(call, PAGE).say(Said::RoleSaved))
}

async fn update(call: &mut Write<may::UpdateRole>, form: Changed) -> Answer {
    roles::update(call, &form.role, &form.draft).await?;
    Ok(Done::back_to(call, PAGE).say(Said::RoleSaved))
}

async fn delete(call: &mut Write<may::UpdateRole>, form: Deleted) -> Answer {
    roles::delete(call, &form.role, form.replacement.as_deref()).await?;
    Ok(Done::back_to(call, PAGE).say(Said::RoleDeleted))
}
