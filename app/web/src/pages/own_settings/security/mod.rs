//! `/private-dashboard/settings/security`: how a person signs in. Each region is a module with a model, which [`load`] puts
//! together, and a component.

use super::{SECURITY, SettingsTabs};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::ErrorSummary;
use keel_domain::access::{Read, SignedIn};
use leptos::prelude::*;

/// The page's model.
pub struct Model {}

/// Reads how the caller signs in.
pub async fn load(_: Read<SignedIn>, _: &Visit) -> Loaded<Model> {
    Ok(Model {})
}

/// The page.
pub fn view(_: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.security);
    let tabs = view! { <SettingsTabs page=page.clone() here=SECURITY/> };
    let problem = page.form.message(text);
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead=words.lead>
                {tabs}
                <ErrorSummary title=text.form.problem problem=problem/>
                <div class="regions"></div>
            </Dashboard>
        }
    })
}
