//! `/org-dashboard/settings`: how the workspace is set up.

pub mod danger;
pub mod export;

use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::ErrorSummary;
use danger::{Danger, DangerZone};
use export::{Copies, Export};
use keel_domain::Refusal;
use keel_domain::access::Read;
use keel_text::fill;
use keel_types::AccountKind;
use keel_types::permission::may;
use leptos::prelude::*;

/// The page.
pub const PAGE: &str = "/org-dashboard/settings";

/// The page's model.
pub struct Model {
    account_name: String,
    copies: Option<Copies>,
    danger: Option<Danger>,
}

/// Reads how it is set up.
pub async fn load(mut call: Read<may::UpdateAccount>, _: &Visit) -> Loaded<Model> {
    let standing = call.proof().standing();
    if standing.kind == AccountKind::Personal {
        return Err(Refusal::ManagersOnly.into());
    }
    let account_name = standing.name.clone();
    let danger = danger::load(&mut call).await?;
    Ok(Model { account_name, danger, copies: export::load(call).await? })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.settings;
    let (problem, errors) = (page.form.message(page.text), page.form.summary(&danger::labels(page.text), page.text));
    let title = page.text.form.problem;
    let lead = fill(words.lead, &[("account", &model.account_name)]);
    let danger = model.danger.map(|danger| view! { <DangerZone page=page.clone() danger/> });
    let copies = model.copies.map(|copies| view! { <Export page=page.clone() copies/> });
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead>
                <ErrorSummary title problem errors/>
                <div class="regions">{copies}{danger}</div>
            </Dashboard>
        }
    })
}
