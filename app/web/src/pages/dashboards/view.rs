//! The dashboards.

use super::private::Step;
use super::{organization, private};
use crate::layouts::{Dashboard, Frame};
use crate::page::Page;
use crate::pages::invitations::INVITE;
use crate::pages::own_settings::PROFILE;
use crate::pages::parts::{ActivityList, Seats, StatusPill};
use crate::ui::{Avatar, Button, ButtonLink, Drawing, EmptyState, Form, Icon, IconOf, Notice, Region, Stat, Tone, Weight};
use keel_domain::accounts::{Colleague, Mine};
use keel_domain::billing::overview::Summary;
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

const ONBOARDING: &str = "/onboarding";

/// The organization's.
pub fn organization(model: organization::Model, page: Page) -> impl IntoView {
    let text = page.text;
    let words = &text.overview;
    let account = model.account_name;
    let lead = fill(words.lead, &[("account", &account)]);
    let reminder = (!model.onboarded).then(|| view! { <Reminder text/> });
    let plan = if let Some(plan) = model.summary.plan.clone() {
        let billing = page.billing.clone().map(|href| view! { <p><a href=href>{words.see_billing}</a></p> });
        view! { <Stat value=plan/>{billing} }.into_any()
    } else {
        let choose = model.may_manage_billing.then(|| view! { <ButtonLink label=words.choose_plan href=page.pricing.clone()/> });
        view! { <Stat value=words.no_plan note=words.no_plan_text/>{choose} }.into_any()
    };
    let activity = match model.recent {
        Some(done) => {
            let empty = (words.no_activity, fill(words.no_activity_text, &[("account", &account)]));
            view! { <ActivityList text done empty/> }.into_any()
        }
        None => view! { <p class="soft">{words.unseen_activity}</p> }.into_any(),
    };
    let (members, credits) = (text.number(model.summary.members), text.number(model.summary.credits));
    let seats = view! { <Seats text used=model.summary.seats_used limit=model.summary.seat_limit/> };
    let status = status(text, &model.summary);
    let invite = model.may_invite.then(|| view! { <p><a href=page.link(INVITE)>{words.invite}</a></p> });
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead>
                {reminder}
                <div class="regions regions-three">
                    <Region id="members" title=words.members><Stat value=members/>{seats}{invite}</Region>
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
        None => view! { <Own page model/> }.into_any(),
    };
    Some(view! { <Dashboard frame title lead>{reminder}{body}</Dashboard> })
}

/// What a person has in this account.
#[component]
fn Own(page: Page, model: private::Model) -> impl IntoView {
    let text = page.text;
    let words = &text.private_dashboard;
    let status = status(text, &model.summary);
    let empty = (words.no_activity, words.no_activity_text.to_owned());
    let plan = match &model.summary.plan {
        Some(plan) => view! { <Stat value=plan.clone()/> }.into_any(),
        None => view! { <Stat value=words.no_plan note=words.no_plan_text/> }.into_any(),
    };
    let step = match model.step {
        Step::Upgrade => Some(view! { <ButtonLink label=words.upgrade href=page.pricing.clone()/> }.into_any()),
        Step::Choose => Some(view! { <ButtonLink label=words.choose_plan href=page.pricing.clone()/> }.into_any()),
        Step::AskOwner => {
            let ask = fill(words.ask_owner, &[("account", &model.account_name)]);
            Some(view! { <p class="soft">{ask}</p> }.into_any())
        }
        Step::Nothing => None,
    };
    let credits = text.number(model.summary.credits);
    let actions = actions(&page, &model);
    view! {
        <div class="regions regions-three">
            <Region id="subscription" title=words.subscription aside=status>{plan}{step}</Region>
            <Region id="credits" title=words.credits><Stat value=credits note=words.credits_left brass=true/></Region>
            <Region id="actions" title=words.quick_actions><ul class="actions">{actions}</ul></Region>
            <Region id="activity" title=words.activity><ActivityList text done=model.recent empty own=true/></Region>
            <Region id="projects" title=words.projects>
                <EmptyState drawing=Drawing::Stocks title=words.no_projects text=words.no_projects_text/>
            </Region>
            <Region id="people" title=words.people><People text people=model.people personal=model.personal/></Region>
        </div>
    }
}

/// Where to go from here, by what the person may do.
fn actions(page: &Page, model: &private::Model) -> impl IntoView + use<> {
    let words = &page.text.private_dashboard;
    let compares = matches!(model.step, Step::Upgrade) && model.summary.plan.is_some();
    let actions = [
        model.manager.then(|| (Icon::Overview, words.open_overview, page.link("/org-dashboard"))),
        page.billing.clone().map(|href| (Icon::Billing, words.see_billing, href)),
        compares.then(|| (Icon::Credits, words.compare_plans, page.pricing.clone())),
        Some((Icon::Person, words.edit_profile, page.link(PROFILE))),
    ];
    actions
        .into_iter()
        .flatten()
        .map(|(icon, label, href)| view! { <li><a class="action" href=href><IconOf icon=icon/>{label}</a></li> })
        .collect_view()
}

#[component]
fn People(text: &'static Catalogue, people: Vec<Colleague>, personal: bool) -> impl IntoView {
    let words = &text.private_dashboard;
    let only_you = if personal { words.yours_alone } else { words.only_you };
    let alone = (people.len() <= 1).then(|| view! { <p class="soft">{only_you}</p> });
    let person = |person: Colleague| {
        view! {
            <li class="person">
                <Avatar name=person.name.clone() id=person.name.clone()/>
                <p><strong>{person.name.clone()}</strong><span class="soft">{text.role(&person.role).to_owned()}</span></p>
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
                    <p><strong>{mine.name.clone()}</strong><span class="soft">{text.role(&mine.role.name).to_owned()}</span></p>
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
