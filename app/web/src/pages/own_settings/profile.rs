//! Who a person is, how Keel speaks to them, and the workspaces they may leave.

use super::{PROFILE, SettingsTabs};
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::pages::members::{self, actions::leave};
use crate::ui::{
    Button, ButtonLink, Column, Dialog, DialogButton, Drawing, EmptyState, ErrorSummary, Field, Form, Kind, Region, Select, Table, Text,
    Weight,
};
use keel_domain::access::{Read, SignedIn, Write};
use keel_domain::accounts::{self, Mine};
use keel_domain::people::Introduction;
use keel_domain::profiles::{self, Details, Profile};
use keel_text::{Lang, fill};
use keel_types::{AccountKind, Code, Fault, JobTitle, TimeZone, VatNumber, url};
use leptos::prelude::*;

actions! {
    /// Keeps what a person tells about themselves.
    save: "profile/save" on [PROFILE], SignedIn, Profile;
}

impl Input for Profile {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let introduction = Introduction::read(form);
        let (job_title, vat_number) = (form.find("job_title", JobTitle::parse), form.find("vat_number", VatNumber::parse));
        let language = form.find("language", |tag| Lang::parse(tag).ok_or(Fault::NotAChoice));
        let time_zone = form.find("time_zone", TimeZone::parse);
        Some(Self {
            introduction: introduction?,
            job_title: job_title?,
            vat_number: vat_number?,
            language: language?,
            time_zone: time_zone?,
        })
    }
}

async fn save(call: &mut Write<SignedIn>, profile: Profile) -> Answer {
    profiles::save(call, &profile).await?;
    // So that the pages that ask nobody who they are speak the same language.
    let settings = call.keel().settings();
    let cookie = match profile.language {
        Some(lang) => Cookie::Language.set(settings, lang.tag()),
        None => Cookie::Language.forget(settings),
    };
    Ok(Done::go(PROFILE).say(Said::ProfileSaved).cookie(cookie))
}

/// The page's model.
pub struct Model {
    /// First and last name, once told.
    name: Option<(String, String)>,
    details: Details,
    /// The language that was chosen.
    lang: Option<Lang>,
    /// The workspaces the person belongs to.
    workspaces: Vec<Mine>,
    /// Whether there are any for anybody.
    teams: bool,
}

/// Reads what was told, and the caller's workspaces.
pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
    let caller = call.proof().clone();
    let details = profiles::get(&mut call).await?;
    let mine = accounts::list_mine(&mut call).await?;
    let workspaces = mine.into_iter().filter(|mine| mine.kind == AccountKind::Workspace).collect();
    Ok(Model { name: caller.name, details, lang: caller.lang, workspaces, teams: visit.keel().settings().model().has_teams() })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.profile;
    let workspaces = model.teams.then(|| {
        let list = view! { <Workspaces page=page.clone() workspaces=model.workspaces.clone()/> };
        view! { <Region id="workspaces" title=words.workspaces wide=true>{list}</Region> }
    });
    let problem = view! { <Problem page=page.clone() workspaces=model.workspaces.clone()/> };
    let tabs = view! { <SettingsTabs page=page.clone() here=PROFILE/> };
    let frame = page.frame.clone()?;
    Some(view! {
        <Dashboard frame title=words.title lead=words.lead>
            {tabs}
            {problem}
            <div class="regions">
                <Region id="about" title=words.about><About page model/></Region>
                {workspaces}
            </div>
        </Dashboard>
    })
}

/// What is wrong with the profile, or why a workspace cannot be left, and the way out.
#[component]
fn Problem(page: Page, workspaces: Vec<Mine>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.profile);
    let account = page.form.fields.get("account").unwrap_or_default();
    let workspace = workspaces.into_iter().find(|mine| mine.account.as_str() == account);
    let refused = match &page.form.problem {
        Some(problem) if problem.code == Code::LastOwner => Some((words.leave_last_owner, words.leave_last_owner_text)),
        Some(problem) if problem.code == Code::BillingOwner => Some((words.leave_billing_owner, words.leave_billing_owner_text)),
        _ => None,
    };
    if let Some(((title, what), workspace)) = refused.zip(workspace) {
        let href = url::about(members::PAGE, workspace.slug.as_deref().unwrap_or(account));
        return view! {
            <ErrorSummary title=fill(title, &[("account", &workspace.name)]) problem=what/>
            <div><ButtonLink label=words.open_members href weight=Weight::Secondary/></div>
        }
        .into_any();
    }
    let onboarding = &text.onboarding;
    let fields = [
        ("first_name", onboarding.first_name),
        ("last_name", onboarding.last_name),
        ("job_title", words.job_title),
        ("phone", onboarding.phone),
        ("vat_number", words.vat_number),
        ("language", words.language),
        ("time_zone", words.time_zone),
    ];
    view! { <ErrorSummary title=text.form.problem problem=page.form.message(text) errors=page.form.summary(&fields, text)/> }.into_any()
}

#[component]
fn About(page: Page, model: Model) -> impl IntoView {
    let (words, labels) = (&page.text.profile, &page.text.onboarding);
    let (first_name, last_name) = model.name.unzip();
    let Details { job_title, phone, vat_number } = model.details;
    let languages = Lang::ALL.iter().map(|lang| (lang.tag().to_owned(), Text::from(lang.name())));
    let languages = std::iter::once((String::new(), Text::from(words.language_of_browser))).chain(languages).collect();
    let zones = TimeZone::all().map(|zone| (zone.as_str().to_owned(), Text::from(zone.as_str())));
    let zones = std::iter::once((String::new(), Text::from(words.time_zone_of_browser))).chain(zones).collect();
    let lang = model.lang.map(|lang| lang.tag().to_owned());
    let time_zone = page.time_zone.map(|zone| zone.as_str().to_owned());
    view! {
        <Form action=save::at(&page.here)>
            <Field
                name="first_name" label=labels.first_name autocomplete="given-name" maxlength=80_u16 required=true
                value=page.value("first_name", first_name) error=page.error("first_name")
            />
            <Field
                name="last_name" label=labels.last_name autocomplete="family-name" maxlength=80_u16 required=true
                value=page.value("last_name", last_name) error=page.error("last_name")
            />
            <Field
                name="job_title" label=words.job_title hint=words.job_title_hint autocomplete="organization-title" maxlength=80_u16
                value=page.value("job_title", job_title) error=page.error("job_title")
            />
            <Field
                name="phone" label=labels.phone hint=labels.phone_hint kind=Kind::Phone autocomplete="tel" maxlength=30_u16
                value=page.value("phone", phone) error=page.error("phone")
            />
            <Field
                name="vat_number" label=words.vat_number hint=words.vat_number_hint autocomplete="off" maxlength=30_u16
                value=page.value("vat_number", vat_number) error=page.error("vat_number")
            />
            <Select
                name="language" label=words.language hint=words.language_hint options=languages
                value=page.value("language", lang) error=page.error("language")
            />
            <Select
                name="time_zone" label=words.time_zone hint=words.time_zone_hint options=zones
                value=page.value("time_zone", time_zone) error=page.error("time_zone")
            />
            <Button label=words.submit/>
        </Form>
    }
}

/// The workspaces of the caller, each with the way out of it.
#[component]
fn Workspaces(page: Page, workspaces: Vec<Mine>) -> impl IntoView {
    let words = &page.text.profile;
    if workspaces.is_empty() {
        return view! { <EmptyState drawing=Drawing::Horizon title=words.no_workspaces text=words.no_workspaces_text/> }.into_any();
    }
    let columns = [words.workspace, page.text.members.role, words.actions].map(Column::text).to_vec();
    let rows = workspaces.into_iter().map(|workspace| row(&page, workspace)).collect();
    view! { <Table caption=words.workspaces quiet_caption=true columns rows/> }.into_any()
}

fn row(page: &Page, workspace: Mine) -> Vec<AnyView> {
    let role = page.text.role(&workspace.role.name).to_owned();
    vec![workspace.name.clone().into_any(), role.into_any(), view! { <Leaving page=page.clone() workspace/> }.into_any()]
}

#[component]
fn Leaving(page: Page, workspace: Mine) -> impl IntoView {
    let words = &page.text.member;
    let name = |text| fill(text, &[("account", &workspace.name)]);
    let (title, what, dialog) = (name(words.leave_title), name(words.leave_text), format!("leave-{}", workspace.account));
    view! {
        <DialogButton label=words.leave opens=dialog.clone()/>
        <Dialog id=dialog title close=words.cancel>
            <p>{what}</p>
            <Form action=leave::at(&page.here) account=workspace.account.to_string() class="">
                <Button label=words.leave weight=Weight::Danger/>
            </Form>
        </Dialog>
    }
}
