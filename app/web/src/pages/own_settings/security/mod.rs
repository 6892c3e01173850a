//! `/private-dashboard/settings/security`: how a person signs in. Each region is a module with a model, which [`load`] puts
//! together, and a component.

pub mod providers;

use super::{SECURITY, SettingsTabs};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::ErrorSummary;
use keel_domain::access::{Read, SignedIn};
use leptos::prelude::*;

/// The page's model.
pub struct Model {
    providers: providers::Providers,
}

/// Reads how the caller signs in.
pub async fn load(mut call: Read<SignedIn>, _: &Visit) -> Loaded<Model> {
    Ok(Model { providers: providers::load(&mut call).await? })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.security);
    let tabs = view! { <SettingsTabs page=page.clone() here=SECURITY/> };
    let problem = page.form.message(text);
    let providers = view! { <providers::OtherAccounts page=page.clone() providers=model.providers/> };
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead=words.lead>
                {tabs}
                <ErrorSummary title=text.form.problem problem=problem/>
                <div class="regions">{providers}</div>
            </Dashboard>
        }
    })
}
