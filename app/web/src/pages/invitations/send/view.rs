//! The page where people are invited, and its parts.

use super::{Model, invite, resend, revoke};
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::pages::parts::Seats;
use crate::ui::{
    Button, ButtonLink, Column, Day, Drawing, EmptyState, ErrorSummary, Form, Notice, Pill, Region, Select, Table, Text, TextArea, Tone,
    Weight,
};
use keel_domain::invitations::{self, MOST, Pending};
use keel_text::fill;
use keel_types::{Role, email, role};
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let words = &page.text.invite;
    let lead = fill(words.lead, &[("account", &model.account_name)]);
    let frame = page.frame.clone()?;
    let form = view! { <InviteForm page=page.clone() roles=model.roles/> };
    let seats = view! { <SeatsUsed page=page.clone() seats=model.seats/> };
    let pending = view! { <PendingInvitations page pending=model.pending/> };
    Some(view! {
        <Dashboard frame title=words.title lead>
            <div class="regions">
                <Region id="invite" title=words.form>{form}</Region>
                <Region id="seats" title=words.seats>{seats}</Region>
                <Region id="pending" title=words.pending wide=true>{pending}</Region>
            </div>
        </Dashboard>
    })
}

/// The form that invites. What could not be invited is told above it, and stays typed.
#[component]
pub fn InviteForm(page: Page, roles: Vec<Role>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.invite);
    let refused = refused(&page);
    let (errors, typed) = if refused.is_empty() {
        (page.form.summary(&[("emails", words.emails), ("role", words.role)], text), page.value("emails", None::<String>))
    } else {
        let lines = refused.iter().map(|(_, line)| ("emails", Text::from(line.clone()))).collect();
        let typed: Vec<&str> = refused.iter().filter_map(|(typed, _)| typed.as_deref()).collect();
        (lines, typed.join("\n").into())
    };
    let error = if refused.is_empty() { page.error("emails") } else { words.emails_error.into() };
    // Who may not invite members invites into what holds least.
    let usual = roles.iter().find(|role| role.id == role::MEMBER).or(roles.last()).map(|role| role.id.clone()).unwrap_or_default();
    let options = roles.into_iter().map(|role| (role.id, Text::from(text.role(&role.name).to_owned()))).collect();
    view! {
        {(!refused.is_empty()).then(|| sent(&page, refused.len()))}
        <ErrorSummary title=text.form.problem problem=page.form.message(text) errors/>
        <Form action=invite::at(&page.here) account=page.account.clone()>
            <TextArea
                name="emails" label=words.emails hint=fill(words.emails_hint, &[("most", &MOST)]) required=true
                value=typed error
            />
            <Select
                name="role" label=words.role hint=words.role_hint options
                value=page.form.fields.get("role").unwrap_or(&usual).to_owned() error=page.error("role")
            />
            <Button label=words.submit/>
        </Form>
    }
}

/// The addresses that were not invited: what is to be typed again, if anything is, and the line that says why.
fn refused(page: &Page) -> Vec<(Option<String>, String)> {
    let problems = page.form.problem.iter().flat_map(|problem| &problem.errors);
    let each = problems.filter_map(|error| Some((error.value.clone()?, error.code)));
    let line = |(typed, fault): (String, keel_types::Fault)| {
        let line = fill(page.text.form.field, &[("label", &typed), ("error", &page.text.fault(fault))]);
        (Some(typed).filter(|_| fault != keel_types::Fault::Twice), line)
    };
    each.map(line).collect()
}

/// How many of the list were invited, when others were not.
fn sent(page: &Page, refused: usize) -> Option<impl IntoView + use<>> {
    let words = &page.text.invite;
    let typed = email::listed(page.form.fields.get("emails").unwrap_or_default()).len();
    let count = typed.saturating_sub(refused);
    (count > 0).then(|| view! { <Notice text=fill(words.sent, &[("count", &count)]) tone=Tone::Success/> })
}

/// How many seats are taken, and what to do when all are.
#[component]
pub fn SeatsUsed(page: Page, seats: invitations::Seats) -> impl IntoView {
    let (text, words) = (page.text, &page.text.invite);
    let full = (seats.free() <= 0).then(|| {
        let billing = page.billing.map(|href| view! { <ButtonLink label=words.see_billing href weight=Weight::Secondary/> });
        view! { <Notice title=words.full text=words.full_text tone=Tone::Warning>{billing}</Notice> }
    });
    view! { <Seats text used=seats.used() limit=seats.limit/>{full} }
}

/// The invitations that nobody has answered, each with what can be done about it.
#[component]
pub fn PendingInvitations(page: Page, pending: Vec<Pending>) -> impl IntoView {
    let words = &page.text.invite;
    if pending.is_empty() {
        return view! { <EmptyState drawing=Drawing::Buoy title=words.none text=words.none_text/> }.into_any();
    }
    let columns = [words.email, words.role, words.invited_by, words.expires, words.actions].map(Column::text).to_vec();
    let rows = pending.into_iter().map(|pending| row(&page, pending)).collect();
    view! { <Table caption=words.pending quiet_caption=true columns rows/> }.into_any()
}

fn row(page: &Page, pending: Pending) -> Vec<AnyView> {
    let words = &page.text.invite;
    let expires = if pending.expired {
        view! { <Pill label=words.expired tone=Tone::Warning/> }.into_any()
    } else {
        view! { <Day at=pending.expires/> }.into_any()
    };
    vec![
        pending.email.to_string().into_any(),
        page.text.role(&pending.role).to_owned().into_any(),
        pending.inviter.clone().into_any(),
        expires,
        actions(page, &pending).into_any(),
    ]
}

fn actions(page: &Page, pending: &Pending) -> impl IntoView + use<> {
    let words = &page.text.invite;
    let button = |action: String, label: &'static str, weight| {
        let id = pending.id.to_string();
        view! {
            <Form action account=page.account.clone() class="">
                <input type="hidden" name="invitation" value=id/>
                <Button label weight/>
            </Form>
        }
    };
    view! {
        <div class="cluster">
            {button(resend::at(&page.here), words.resend, Weight::Secondary)}
            {button(revoke::at(&page.here), words.revoke, Weight::Danger)}
        </div>
    }
}
