//! `/private-dashboard`: what is a person's own in an account.

pub use super::view::private as view;

use crate::page::{Loaded, Stop, Visit};
use crate::pages::workspaces::FIRST_PAGE;
use keel_domain::access::{Member, Read};
use keel_domain::accounts::{self, Colleague, Mine};
use keel_domain::audit::{self, Done};
use keel_domain::billing::overview::{self, Summary};
use keel_types::{AccountKind, BusinessModel, Permission};

const RECENT: u32 = 8;
const PEOPLE: u32 = 8;

/// The page's model.
pub struct Model {
    /// What the account is called.
    pub account_name: String,
    /// The person's first name, once told.
    pub first_name: Option<String>,
    /// Plan, seats and credits.
    pub summary: Summary,
    /// What the person did last.
    pub recent: Vec<Done>,
    /// Who else is there.
    pub people: Vec<Colleague>,
    /// In b2b with the personal account active: the workspaces, where work and billing live.
    pub workspaces: Option<Vec<Mine>>,
    /// What to do about the plan.
    pub step: Step,
    /// Whether this is the person's own account.
    pub personal: bool,
    /// Whether the caller runs this workspace.
    pub manager: bool,
    /// Whether the caller has told the name.
    pub onboarded: bool,
}

/// What a person can do about the plan.
pub enum Step {
    /// Take another one. Never offered in b2b, where that lives on the organization's page.
    Upgrade,
    /// Choose the first one.
    Choose,
    /// Ask an owner to choose one.
    AskOwner,
    /// There is a plan, and it is not changed here.
    Nothing,
}

/// People without a workspace make one first, where work lives in workspaces.
pub async fn load(mut call: Read<Member>, visit: &Visit) -> Loaded<Model> {
    let (caller, standing) = (call.proof().actor().clone(), call.proof().standing().clone());
    let model = visit.keel().settings().model();
    let personal = standing.kind == AccountKind::Personal;
    if model == BusinessModel::B2b && personal && !caller.has_workspace {
        return Err(Stop::Go(FIRST_PAGE.to_owned()));
    }
    let workspaces = if model == BusinessModel::B2b && personal {
        Some(accounts::list_mine(&mut call).await?.into_iter().filter(|mine| mine.kind == AccountKind::Workspace).collect())
    } else {
        None
    };
    let summary = overview::summary(&mut call).await?;
    let step = match &summary.plan {
        _ if personal && model != BusinessModel::B2b => Step::Upgrade,
        Some(_) => Step::Nothing,
        None if standing.role.permissions.has(Permission::ManageBilling) => Step::Choose,
        None => Step::AskOwner,
    };
    Ok(Model {
        first_name: caller.name.as_ref().map(|(first, _)| first.clone()),
        summary,
        recent: audit::list_mine(&mut call, RECENT).await?,
        people: accounts::list_people(&mut call, PEOPLE).await?,
        workspaces,
        step,
        personal,
        manager: standing.is_manager(),
        account_name: standing.name,
        onboarded: caller.onboarded,
    })
}
