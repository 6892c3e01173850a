//! The dashboards.

use super::private::Step;
use super::{organization, private};
use crate::layouts::{Dashboard, Frame};
use crate::page::Page;
use crate::pages::parts::{ActivityList, Seats, StatusPill};
use crate::ui::{Avatar, Button, ButtonLink, Drawing, EmptyState, Form, Icon, IconOf, Notice, Region, Stat, Tone, Weight};
use keel_domain::accounts::{Colleague, Mine};
use keel_domain::billing::overview::Summary;
use keel_text::{Catalogue, fill, number};
use leptos::prelude::*;

const PRICING: &str = "/pricing";
const ONBOARDING: &str = "/onboarding";

/// The organization's.
pub fn organization(model: organization::Model, page: Page) -> impl IntoView {
    let text = page.text;
    let words = &text.overview;
    let account = model.account_name;
    let lead = fill(words.lead, &[("account", &account)]);
    let reminder = (!model.onboarded).then(|| view! { <Reminder text/> });
    let plan = if let Some(plan) = model.summary.plan.clone() {
        let billing = model.sees_billing.then(|| view! { <p><a href="/org-dashboard/billing">{words.see_billing}</a></p> });
        view! { <Stat value=plan/>{billing} }.into_any()
    } else {
        let choose = model.may_manage_billing.then(|| view! { <ButtonLink label=words.choose_plan href=PRICING/> });
        view! { <Stat value=words.no_plan note=words.no_plan_text/>{choose} }.into_any()
    };
    let activity = match model.recent {
        Some(done) => {
            let empty = (words.no_activity, fill(words.no_activity_text, &[("account", &account)]));
            view! { <ActivityList text done empty/> }.into_any()
        }
        None => view! { <p class="soft">{words.unseen_activity}</p> }.into_any(),
    };
    let (members, credits) = (number(model.summary.members), number(model.summary.credits));
    let status = status(text, &model.summary);
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead>
                {reminder}
                <div class="regions regions-three">
                    <Region id="members" title=words.members><Stat value=members/><Seats text summary=model.summary/></Region>
                    <Region id="plan" title=words.plan aside=status>{plan}</Region>
                    <Region id="credits" title=words.credits><Stat value=credits note=words.credits_left brass=true/></Region>
                    <Region id="activity" title=words.activity wide=true>{activity}</Region>
                </div>
            </Dashboard>
        }
    })
}

/// A person's own.
pub fn private(model: private::Model, page: Page) -> impl IntoView {
    let words = &page.text.private_dashboard;
    let title = model.first_name.as_ref().map_or_else(|| words.title_nameless.to_owned(), |name| fill(words.title, &[("name", name)]));
    let lead = if model.personal { words.lead_personal.to_owned() } else { fill(words.lead, &[("account", &model.account_name)]) };
    let frame = page.frame.clone()?;
    let reminder = (!model.onboarded).then(|| view! { <Reminder text=page.text/> });
    let body = match model.workspaces {
        Some(workspaces) => view! { <Workspaces text=page.text workspaces frame=frame.clone()/> }.into_any(),
        None => view! { <Own text=page.text model/> }.into_any(),
    };
    Some(view! { <Dashboard frame title lead>{reminder}{body}</Dashboard> })
}

/// What a person has in this account.
#[component]
fn Own(text: &'static Catalogue, model: private::Model) -> impl IntoView {
    let words = &text.private_dashboard;
    let status = status(text, &model.summary);
    let empty = (words.no_activity, words.no_activity_text.to_owned());
    let plan = match &model.summary.plan {
        Some(plan) => view! { <Stat value=plan.clone()/> }.into_any(),
        None => view! { <Stat value=words.no_plan note=words.no_plan_text/> }.into_any(),
    };
    let step = match model.step {
        Step::Upgrade => Some(view! { <ButtonLink label=words.upgrade href=PRICING/> }.into_any()),
        Step::Choose => Some(view! { <ButtonLink label=words.choose_plan href=PRICING/> }.into_any()),
        Step::AskOwner => {
            let ask = fill(words.ask_owner, &[("account", &model.account_name)]);
            Some(view! { <p class="soft">{ask}</p> }.into_any())
        }
        Step::Nothing => None,
    };
    let credits = number(model.summary.credits);
    let actions = actions(text, &model);
    view! {
        <div class="regions regions-three">
            <Region id="subscription" title=words.subscription aside=status>{plan}{step}</Region>
            <Region id="credits" title=words.credits><Stat value=credits note=words.credits_left brass=true/></Region>
            <Region id="actions" title=words.quick_actions><ul class="actions">{actions}</ul></Region>
            <Region id="activity" title=words.activity><ActivityList text done=model.recent empty own=true/></Region>
            <Region id="projects" title=words.projects>
                <EmptyState drawing=Drawing::Stocks title=words.no_projects text=words.no_projects_text/>
            </Region>
            <Region id="people" title=words.people><People text people=model.people/></Region>
        </div>
    }
}

/// Where to go from here, by what the person may do.
fn actions(text: &'static Catalogue, model: &private::Model) -> impl IntoView + use<> {
    let words = &text.private_dashboard;
    let actions = [
        model.manager.then_some((Icon::Overview, words.open_overview, "/org-dashboard")),
        model.billing.map(|href| (Icon::Billing, words.see_billing, href)),
        model.summary.plan.is_some().then_some((Icon::Credits, words.compare_plans, PRICING)),
        Some((Icon::Person, words.edit_profile, ONBOARDING)),
    ];
    actions
        .into_iter()
        .flatten()
        .map(|(icon, label, href)| view! { <li><a class="action" href=href><IconOf icon=icon/>{label}</a></li> })
        .collect_view()
}

#[component]
fn People(text: &'static Catalogue, people: Vec<Colleague>) -> impl IntoView {
    let alone = (people.len() <= 1).then(|| view! { <p class="soft">{text.private_dashboard.only_you}</p> });
    let person = |person: Colleague| {
        view! {
            <li class="person">
                <Avatar name=person.name.clone() id=person.name.clone()/>
                <p><strong>{person.name.clone()}</strong><span class="soft">{person.role}</span></p>
            </li>
        }
    };
    view! { <ul class="people">{people.into_iter().map(person).collect_view()}</ul>{alone} }
}

/// The ways into the workspaces, where the personal account holds neither work nor billing.
#[component]
fn Workspaces(text: &'static Catalogue, workspaces: Vec<Mine>, frame: Frame) -> impl IntoView {
    let words = &text.private_dashboard;
    let workspace = move |mine: Mine| {
        let label = fill(words.open_workspace, &[("account", &mine.name)]);
        view! {
            <li>
                <Form action=frame.switch_action.clone() account=mine.account.to_string() class="person">
                    <Avatar name=mine.name.clone() id=mine.account.to_string() square=true/>
                    <p><strong>{mine.name.clone()}</strong><span class="soft">{mine.role.name}</span></p>
                    <Button label=label weight=Weight::Secondary/>
                </Form>
            </li>
        }
    };
    view! {
        <div class="regions">
            <Region id="workspaces" title=words.personal wide=true>
                <p class="soft">{words.personal_text}</p>
                <ul class="people">{workspaces.into_iter().map(workspace).collect_view()}</ul>
            </Region>
        </div>
    }
}

/// Nobody is held up for a name, but it is asked for.
#[component]
fn Reminder(text: &'static Catalogue) -> impl IntoView {
    let words = &text.onboarding;
    view! {
        <Notice text=words.unfinished tone=Tone::Info>
            <ButtonLink label=words.finish href=ONBOARDING weight=Weight::Secondary/>
        </Notice>
    }
}

/// How the plan stands, beside its heading.
fn status(text: &'static Catalogue, summary: &Summary) -> Option<AnyView> {
    summary.status.clone().map(|status| view! { <StatusPill text status/> }.into_any())
}
