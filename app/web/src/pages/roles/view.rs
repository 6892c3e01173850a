//! The page of a workspace's roles.

use super::actions::{create, delete, update};
use super::matrix::Matrix;
use super::{Model, NEW, Open, PAGE, page_of};
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::ui::{
    Button, ButtonLink, Checkboxes, Choice, Column, Dialog, DialogButton, Drawing, EmptyState, ErrorSummary, Field, Form, Pill, Region,
    Select, Table, Text, Tone, Weight,
};
use keel_domain::roles::Defined;
use keel_text::fill;
use keel_types::{Role, RoleName, url};
use leptos::prelude::*;

/// Characters the field of a name takes.
const LONGEST: u16 = 40;
const _: () = assert!(LONGEST as usize == RoleName::LONGEST);

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words) = (page.text, &page.text.roles);
    let frame = page.frame.clone()?;
    let lead = fill(words.lead, &[("account", &model.account_name)]);
    let errors = page.form.summary(&[("name", words.name), ("permissions", words.permissions), ("replacement", words.replacement)], text);
    let problem = page.form.message(text);
    let action = match model.open {
        Some(_) => view! { <ButtonLink label=words.back href=page.link(PAGE) weight=Weight::Quiet/> },
        None => view! { <ButtonLink label=words.new href=page.link(&page_of(NEW))/> },
    };
    let open = model.open.as_ref().map(|open| form(&page, &model, open));
    let own = (model.open.is_none()).then(|| own(&page, &model));
    Some(view! {
        <Dashboard frame title=words.title lead action=action.into_any()>
            <ErrorSummary title=text.form.problem problem errors/>
            <div class="regions">
                {open}
                {own}
                <Region id="matrix" title=words.matrix wide=true><Matrix text roles=model.roles model=model.business/></Region>
            </div>
        </Dashboard>
    })
}

/// The form of a role that is to be made or changed, and of one that is there the way to end it.
fn form(page: &Page, model: &Model, open: &Open) -> impl IntoView + use<> {
    let words = &page.text.roles;
    let (title, action, known) = match open {
        Open::New => (words.new.to_owned(), create::at(&page.here), None),
        Open::Role(defined) => (fill(words.change, &[("role", &defined.role.name)]), update::at(&page.here), Some(defined.role.clone())),
    };
    // Another form stands on this page: what was not typed here is as it was.
    let (fields, role) = (&page.form.fields, known.clone());
    let typed = fields.get("name").map(str::to_owned);
    let (name, checked): (String, Vec<String>) = match (typed, role) {
        (Some(name), _) => (name, fields.all("permissions").map(str::to_owned).collect()),
        (None, Some(role)) => (role.name, role.permissions.iter().map(|permission| permission.as_str().to_owned()).collect()),
        (None, None) => (String::new(), vec![]),
    };
    let label = |permission| fill(words.permission, &[("allows", &page.text.permission(permission)), ("word", &permission.as_str())]);
    let choices = model.offered().map(|permission| Choice::new(permission.as_str(), label(permission), None::<String>)).collect();
    let which = known.map(|role| view! { <input type="hidden" name="role" value=role.id/> });
    let at_once = which.is_some().then(|| view! { <p class="soft">{words.counts_at_once}</p> });
    let end = match open {
        Open::New => None,
        Open::Role(defined) => Some(ending(page, model, defined)),
    };
    let page = page.clone();
    view! {
        <Region id="role" title wide=true>
            <Form action account=page.account.clone()>
                {which}
                <Field name="name" label=words.name value=name error=page.error("name") autocomplete="off" maxlength=LONGEST required=true/>
                <Checkboxes
                    name="permissions" legend=words.permissions hint=words.permissions_hint choices values=checked
                    error=page.error("permissions")
                />
                {at_once}
                <Button label=words.submit/>
            </Form>
        </Region>
        {end}
    }
}

/// Ending a role, and what those get who have it.
fn ending(page: &Page, model: &Model, defined: &Defined) -> impl IntoView + use<> {
    let words = &page.text.roles;
    let title = fill(words.delete_title, &[("role", &defined.role.name)]);
    let what = if defined.in_use { words.delete_used_text } else { words.delete_text };
    let others = model.roles.iter().map(|defined| &defined.role);
    let fits = |role: &&Role| !role.is_owner() && role.id != defined.role.id && model.own.covers(role);
    let none = (String::new(), Text::from(words.choose));
    let options = std::iter::once(none)
        .chain(others.filter(fits).map(|role| (role.id.clone(), Text::from(page.text.role(&role.name).to_owned()))))
        .collect();
    let chosen = page.form.fields.get("replacement").map(str::to_owned);
    let replacement = defined.in_use.then(|| {
        view! { <Select name="replacement" label=words.replacement options value=chosen error=page.error("replacement")/> }
    });
    let (page, id) = (page.clone(), defined.role.id.clone());
    view! {
        <Region id="end" title=words.delete danger=true wide=true>
            <p>{what}</p>
            <DialogButton label=words.delete opens="ask" weight=Weight::Danger/>
            <Dialog id="ask" title close=words.cancel>
                <p>{what}</p>
                <Form action=delete::at(&page.here) account=page.account.clone()>
                    <input type="hidden" name="role" value=id/>
                    {replacement}
                    <Button label=words.delete weight=Weight::Danger/>
                </Form>
            </Dialog>
        </Region>
    }
}

/// The workspace's own roles, each with the way to change it.
fn own(page: &Page, model: &Model) -> impl IntoView + use<> {
    let words = &page.text.roles;
    let rows: Vec<_> = model.roles.iter().filter(|defined| defined.is_own).map(|defined| row(page, &model.own, defined)).collect();
    let list = if rows.is_empty() {
        view! { <EmptyState drawing=Drawing::Stocks title=words.none text=words.none_text/> }.into_any()
    } else {
        let columns = vec![Column::text(words.role), Column::numbers(words.allows), Column::text(words.used), Column::text(words.edit)];
        view! { <Table caption=words.own quiet_caption=true columns rows/> }.into_any()
    };
    view! { <Region id="own" title=words.own wide=true>{list}</Region> }
}

fn row(page: &Page, own: &Role, defined: &Defined) -> Vec<AnyView> {
    let (words, role) = (&page.text.roles, &defined.role);
    let used = if defined.in_use {
        let holders = page.link(&format!("{}?show={}", crate::pages::members::PAGE, url::escape(&role.id)));
        view! { <a href=holders>{words.in_use}</a> }.into_any()
    } else {
        view! { <span class="soft">{words.unused}</span> }.into_any()
    };
    let edit = if role.id == own.id {
        view! { <Pill label=words.yours tone=Tone::Info/> }.into_any()
    } else if own.covers(role) {
        let label = fill(words.edit_which, &[("role", &role.name)]);
        view! { <a href=page.link(&page_of(&role.id)) aria-label=label>{words.edit}</a> }.into_any()
    } else {
        view! { <span class="soft">{words.above_you}</span> }.into_any()
    };
    vec![role.name.clone().into_any(), role.permissions.iter().count().to_string().into_any(), used, edit]
}
