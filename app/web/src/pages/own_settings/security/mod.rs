//! `/private-dashboard/settings/security`: how a person signs in. Each region is a module with a model, which [`load`] puts
//! together, and a component.

mod passkeys;

use self::passkeys::Passkeys;
use super::{SECURITY, SettingsTabs};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::ErrorSummary;
use keel_domain::access::{Read, SignedIn};
use leptos::prelude::*;

/// The page's model.
pub struct Model {
    passkeys: passkeys::Model,
}

/// Reads how the caller signs in.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    Ok(Model { passkeys: passkeys::load(&mut call, visit).await? })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.security);
    let tabs = view! { <SettingsTabs page=page.clone() here=SECURITY/> };
    let problem = page.form.message(text);
    let errors = page.form.summary(&passkeys::labels(&page), text);
    let passkeys = view! { <Passkeys page=page.clone() model=model.passkeys/> };
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead=words.lead>
                {tabs}
                <ErrorSummary title=text.form.problem problem errors/>
                <div class="regions">{passkeys}</div>
            </Dashboard>
        }
    })
}
