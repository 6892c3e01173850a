//! The settings page: regions, one under the other.

use super::danger::{self, DangerZone};
use super::export::Export;
use super::sign_in::SignIn;
use super::{Model, remove_logo, update_settings};
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::pages::billing::CompanyFacts;
use crate::ui::{Avatar, Button, ButtonLink, Day, ErrorSummary, Fact, Facts, Field, FileField, Form, Region, Weight};
use keel_domain::accounts::settings::Settings;
use keel_domain::companies::Company;
use keel_text::{Catalogue, fill};
use keel_types::url;
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.settings);
    let Model { settings, base_url, asked, copies, danger } = model;
    let lead = fill(words.lead, &[("account", &settings.name)]);
    let labels = [("name", words.name), ("slug", words.slug), ("logo", words.logo)];
    let errors = page.form.summary(&[&labels[..], &danger::labels(text)].concat(), text);
    let problem = page.form.message(text);
    let workspace = view! { <Workspace page=page.clone() settings=settings.clone() base_url/> };
    let sign_in = view! { <SignIn page=page.clone() asked/> };
    let info = view! { <Info text settings=settings.clone()/> };
    let company = settings.company.zip(page.billing.clone()).map(|(company, billing)| view! { <InvoiceDetails text company billing/> });
    let copies = copies.map(|copies| view! { <Export page=page.clone() copies/> });
    let danger = danger.map(|danger| view! { <DangerZone page=page.clone() danger/> });
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead>
                <ErrorSummary title=text.form.problem problem=problem errors/>
                <div class="regions">
                    {workspace}
                    {sign_in}
                    {info}
                    {company}
                    {copies}
                    {danger}
                </div>
            </Dashboard>
        }
    })
}

/// What people may change.
#[component]
fn Workspace(page: Page, settings: Settings, base_url: String) -> impl IntoView {
    let words = &page.text.settings;
    let link = format!("{base_url}{}", url::about("/org-dashboard", &settings.slug));
    let logo = settings.logo.as_ref().map(|file| url::logo(settings.account.as_str(), file));
    let now = logo.map(|logo| {
        view! { <Logo page=page.clone() name=settings.name.clone() logo/> }
    });
    view! {
        <Region id="workspace" title=words.workspace wide=true>
            <Form action=update_settings::at(&page.here) account=page.account.clone() files=true>
                <Field
                    name="name" label=words.name autocomplete="organization" maxlength=80_u16 required=true
                    value=page.value("name", settings.name) error=page.error("name")
                />
                <Field
                    name="slug" label=words.slug hint=fill(words.slug_hint, &[("link", &link)]) autocomplete="off" maxlength=40_u16
                    required=true value=page.value("slug", settings.slug) error=page.error("slug")
                />
                <FileField name="logo" label=words.logo hint=words.logo_hint accept="image/png,image/jpeg,image/webp" error=page.error("logo")/>
                <Button label=words.submit/>
            </Form>
            {now}
        </Region>
    }
}

/// The logo there is, and taking it away.
#[component]
fn Logo(page: Page, name: String, logo: String) -> impl IntoView {
    let words = &page.text.settings;
    view! {
        <div class="cluster">
            <Avatar name id=page.account.clone() square=true picture=logo/>
            <p class="soft">{words.logo_now}</p>
            <Form action=remove_logo::at(&page.here) account=page.account.clone() class="">
                <Button label=words.remove_logo weight=Weight::Secondary/>
            </Form>
        </div>
    }
}

/// What nobody changes.
#[component]
fn Info(text: &'static Catalogue, settings: Settings) -> impl IntoView {
    let words = &text.settings;
    view! {
        <Region id="info" title=words.info wide=true>
            <Facts>
                <Fact label=words.account_id><code class="address">{settings.account.to_string()}</code></Fact>
                <Fact label=words.account_type>{words.workspace_type}</Fact>
                <Fact label=words.members>{text.number(settings.members)}</Fact>
                <Fact label=words.created><Day at=settings.created/></Fact>
            </Facts>
        </Region>
    }
}

/// What stands on the invoices, and where that is changed.
#[component]
fn InvoiceDetails(text: &'static Catalogue, company: Company, billing: String) -> impl IntoView {
    let words = &text.company;
    view! {
        <Region id="invoice-details" title=words.title wide=true>
            <CompanyFacts text company/>
            <p class="soft">{words.elsewhere}</p>
            <ButtonLink label=words.see_billing href=billing weight=Weight::Secondary/>
        </Region>
    }
}
