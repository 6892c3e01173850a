//! The page of all members.

use super::{Model, PAGE, page_of};
use crate::layouts::Dashboard;
use crate::page::Page;
use crate::pages::invitations::{INVITE, PendingInvitations, SeatsUsed};
use crate::pages::parts::Seats;
use crate::pages::roles;
use crate::ui::{
    ButtonLink, Column, Day, Drawing, EmptyState, ErrorSummary, Field, Filters, Pagination, Pill, Region, Select, Table, Text, Tone, Weight,
};
use keel_domain::billing::overview::Summary;
use keel_domain::invitations;
use keel_domain::members::{Filter, Listed, Member};
use keel_text::{Catalogue, fill};
use keel_types::{MembershipId, Role, url};
use leptos::prelude::*;

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let text = page.text;
    let words = &text.members;
    let problem = page.form.message(text);
    let alone = model.summary.members <= 1;
    let seats = view! { <SeatsTaken page=page.clone() summary=model.summary may_invite={model.pending.is_some()}/> };
    let lead = fill(words.lead, &[("account", &model.account_name)]);
    let search = view! { <Search page=page.clone() filter=model.filter.clone() roles=model.roles/> };
    let found = view! { <Found page=page.clone() filter=model.filter listed=model.listed own=model.own/> };
    let roles = page.link(roles::PAGE);
    let roles = model.may_define_roles.then(|| view! { <ButtonLink label=text.roles.title href=roles weight=Weight::Secondary/> });
    let invite = model.pending.is_some().then(|| view! { <ButtonLink label=text.invite.title href=page.link(INVITE)/> });
    let actions = view! { <div class="cluster">{roles}{invite}</div> }.into_any();
    let pending = model.pending.map(|pending| {
        let list = view! { <PendingInvitations page=page.clone() pending/> };
        view! { <Region id="pending" title=text.invite.pending wide=true>{list}</Region> }
    });
    let nobody_else = alone.then(|| view! { <EmptyState drawing=Drawing::Afloat title=words.only_you text=words.only_you_text/> });
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=words.title lead action=actions>
                <ErrorSummary title=text.form.problem problem=problem/>
                <div class="regions">
                    <Region id="seats" title=words.seats>{seats}</Region>
                    <Region id="find" title=words.find>{search}</Region>
                    <Region id="people" title=words.people wide=true>
                        {found}
                        {nobody_else}
                    </Region>
                    {pending}
                </div>
            </Dashboard>
        }
    })
}

/// How many seats are taken; for people who may invite, also what to do when all are.
#[component]
fn SeatsTaken(page: Page, summary: Summary, may_invite: bool) -> impl IntoView {
    if !may_invite {
        return view! { <Seats text=page.text used=summary.seats_used limit=summary.seat_limit/> }.into_any();
    }
    let invited = summary.seats_used - summary.members;
    view! { <SeatsUsed page seats=invitations::Seats { members: summary.members, invited, limit: summary.seat_limit }/> }.into_any()
}

#[component]
fn Search(page: Page, filter: Filter, roles: Vec<Role>) -> impl IntoView {
    let (text, words) = (page.text, &page.text.members);
    let all = (String::new(), Text::from(words.everybody));
    let roles: Vec<(String, Text)> =
        std::iter::once(all).chain(roles.into_iter().map(|role| (role.id, text.role(&role.name).to_owned().into()))).collect();
    view! {
        <Filters action=PAGE account=page.about().map(str::to_owned) submit=words.submit>
            <Field name="search" label=words.search hint=words.search_hint value=filter.search autocomplete="off" maxlength=254_u16/>
            <Select name="show" label=words.show options=roles value=filter.role/>
        </Filters>
    }
}

/// The members that were asked for, and the ways to the others.
#[component]
fn Found(page: Page, filter: Filter, listed: Listed, own: MembershipId) -> impl IntoView {
    let words = &page.text.members;
    let everybody = page.link(PAGE);
    if listed.members.is_empty() {
        return view! {
            <EmptyState drawing=Drawing::Horizon title=words.nobody text=words.nobody_text>
                <ButtonLink label=words.show_all href=everybody weight=Weight::Secondary/>
            </EmptyState>
        }
        .into_any();
    }
    let at = |after: Option<String>| {
        let known = [("search", Some(filter.search.clone())), ("show", filter.role.clone()), ("after", after)];
        let asked = known.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        let query: Vec<String> = asked.map(|(name, value)| format!("{name}={}", url::escape(&value))).collect();
        if query.is_empty() { everybody.clone() } else { page.link(&format!("{PAGE}?{}", query.join("&"))) }
    };
    let first = filter.after.as_ref().map(|_| at(None));
    let next = listed.next.map(|place| at(Some(place.to_string())));
    let columns = [
        Column::text(words.name),
        Column::text(words.email),
        Column::text(words.role),
        Column::text(words.joined),
        Column::numbers(words.ai_requests),
        Column::text(words.last_active),
    ];
    let rows = listed.members.into_iter().map(|member| row(&page, member, &own)).collect();
    view! {
        <Table caption=words.title quiet_caption=true wide=true columns=columns.to_vec() rows/>
        <Pagination label=words.pages newer=(words.first.into(), first.into()) older=(words.next.into(), next.into())/>
    }
    .into_any()
}

fn row(page: &Page, member: Member, own: &MembershipId) -> Vec<AnyView> {
    let words = &page.text.members;
    let you = (member.id == *own).then(|| view! { " " <Pill label=words.you tone=Tone::Info/> });
    let href = page.link(&page_of(&member.id));
    let name = member.shown_name().to_owned();
    vec![
        view! { <span><a href=href>{name}</a>{you}</span> }.into_any(),
        view! { <span class="address">{member.email.to_string()}</span> }.into_any(),
        view! { <Standing text=page.text member=member.clone()/> }.into_any(),
        view! { <Day at=member.joined/> }.into_any(),
        page.text.number(member.ai_requests).into_any(),
        last_active(page.text, &member),
    ]
}

/// What a member is: the role, and whether they answer for the money.
#[component]
pub(super) fn Standing(text: &'static Catalogue, member: Member) -> impl IntoView {
    let owner = member.is_billing_owner.then(|| view! { " " <Pill label=text.members.billing_owner tone=Tone::Brass/> });
    view! { <span>{text.role(&member.role.name).to_owned()}{owner}</span> }
}

/// When a member was last there.
pub(super) fn last_active(text: &'static Catalogue, member: &Member) -> AnyView {
    match member.last_active {
        Some(at) => view! { <Day at/> }.into_any(),
        None => view! { <span class="soft">{text.members.never}</span> }.into_any(),
    }
}
