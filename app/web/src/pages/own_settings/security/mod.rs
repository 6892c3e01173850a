//! `/private-dashboard/settings/security`: how a person signs in. Each region is a module with a model, which [`load`] puts
//! together, and a component.

pub mod email;
pub mod passkeys;
pub mod password;
pub mod providers;
pub mod sessions;
pub mod two_step;

use super::{SECURITY, SettingsTabs};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::ErrorSummary;
use email::EmailRegion;
use keel_domain::access::{Read, SignedIn};
use keel_domain::two_step::Ways;
use leptos::prelude::*;
use passkeys::PasskeysRegion;
use password::PasswordRegion;
use providers::OtherAccounts;
use sessions::SessionsRegion;
use two_step::TwoStep;

/// The page's model.
pub struct Model {
    email: email::Model,
    password: password::Model,
    passkeys: passkeys::Model,
    two_step: Ways,
    providers: providers::Providers,
    sessions: sessions::Model,
}

/// Reads how the caller signs in.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    Ok(Model {
        email: email::load(&mut call).await?,
        password: password::load(&mut call).await?,
        passkeys: passkeys::load(&mut call, visit).await?,
        two_step: two_step::load(&mut call).await?,
        providers: providers::load(&mut call).await?,
        sessions: sessions::load(&mut call).await?,
    })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.security);
    let tabs = view! { <SettingsTabs page=page.clone() here=SECURITY/> };
    let fields: Vec<_> = email::fields(text).into_iter().chain(password::fields(text)).chain(passkeys::fields(text)).collect();
    let (problem, errors) = (page.form.message(text), page.form.summary(&fields, text));
    let frame = page.frame.clone()?;
    Some(view! {
        <Dashboard frame title=words.title lead=words.lead>
            {tabs}
            <ErrorSummary title=text.form.problem problem=problem errors/>
            <div class="regions">
                <EmailRegion page=page.clone() model=model.email/>
                <PasswordRegion page=page.clone() model=model.password/>
                <PasskeysRegion page=page.clone() model=model.passkeys/>
                <TwoStep page=page.clone() ways=model.two_step/>
                <OtherAccounts page=page.clone() providers=model.providers/>
                <SessionsRegion page model=model.sessions/>
            </div>
        </Dashboard>
    })
}
