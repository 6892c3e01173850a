//! `/private-dashboard/settings/security`: how a person signs in. Each region is a module with a model, which [`load`] puts
//! together, and a component.

pub mod two_step;

use super::{SECURITY, SettingsTabs};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::ErrorSummary;
use keel_domain::access::{Read, SignedIn};
use keel_domain::two_step::Ways;
use leptos::prelude::*;
use two_step::TwoStep;

/// The page's model.
pub struct Model {
    two_step: Ways,
}

/// Reads how the caller signs in.
pub async fn load(mut call: Read<SignedIn>, _: &Visit) -> Loaded<Model> {
    Ok(Model { two_step: two_step::load(&mut call).await? })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.security);
    let tabs = view! { <SettingsTabs page=page.clone() here=SECURITY/> };
    let problem = page.form.message(text);
    let two_step = view! { <TwoStep page=page.clone() ways=model.two_step/> };
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead=words.lead>
                {tabs}
                <ErrorSummary title=text.form.problem problem=problem/>
                <div class="regions">{two_step}</div>
            </Dashboard>
        }
    })
}
