//! `/org-dashboard/members/{member}`: one of them, and what the caller may change about them.

use super::PAGE;
use super::actions::{change_role, leave, remove, transfer_ownership};
use super::view::{Standing, last_active};
use crate::layouts::Dashboard;
use crate::page::{Loaded, Page, Visit};
use crate::ui::{
    Button, ButtonLink, Day, Dialog, DialogButton, ErrorSummary, Fact, Facts, Field, Form, Region, Select, Switch, Text, Weight,
};
use keel_domain::Refusal;
use keel_domain::access::Read;
use keel_domain::members::{self, Member};
use keel_text::{Catalogue, fill};
use keel_types::permission::may;
use keel_types::{MembershipId, Permission, Role};
use leptos::prelude::*;

/// The page's model.
pub struct Model {
    /// What the workspace is called.
    account_name: String,
    /// Who it is about.
    member: Member,
    /// The roles the caller may give; none when they may not change this member's.
    roles: Option<Vec<Role>>,
    /// Whether the caller may hand the workspace over to them.
    may_transfer: bool,
    /// How the caller may end the membership.
    end: End,
}

/// How a membership may be ended by who looks at it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is their own.
    Leave,
    /// It is somebody else's, and they may.
    Remove,
    /// They may not.
    Not,
}

/// Reads a member of this account; nobody else's.
pub async fn load(mut call: Read<may::ViewMembers>, visit: &Visit) -> Loaded<Model> {
    call.proof().standing().require_manager()?;
    let id = MembershipId::parse(visit.part("member")).map_err(|_| Refusal::NotFound)?;
    let member = members::get(&mut call, &id).await?;
    let mut roles = members::list_roles(&mut call).await?;
    let standing = call.proof().standing();
    let own = &standing.role;
    roles.retain(|role| own.covers(role));
    let may = |permission| own.permissions.has(permission) && own.covers(&member.role);
    let end = match (standing.membership == member.id, may(Permission::RemoveMembers)) {
        (true, _) => End::Leave,
        (false, true) => End::Remove,
        (false, false) => End::Not,
    };
    let may_transfer = own.permissions.has(Permission::TransferOwnership) && standing.membership != member.id;
    let roles = may(Permission::UpdateRole).then_some(roles);
    Ok(Model { account_name: standing.name.clone(), roles, may_transfer, end, member })
}

/// The page.
pub fn view(model: Model, page: Page) -> impl IntoView {
    let (text, words, labels) = (page.text, &page.text.member, &page.text.members);
    let Model { account_name, member, roles, may_transfer, end } = model;
    let name = member.shown_name().to_owned();
    let summary = page.form.summary(&[("role", labels.role), ("confirmation", words.confirmation)], text);
    let problem = page.form.message(text);
    let back = view! { <ButtonLink label=words.all href=page.link(PAGE) weight=Weight::Quiet/> };
    let role = match roles {
        Some(roles) => view! { <NewRole page=page.clone() member=member.clone() roles/> }.into_any(),
        None => view! { <p>{fill(words.above_you, &[("account", &account_name)])}</p> }.into_any(),
    };
    let details = view! { <Details text member=member.clone()/> };
    let transfer = may_transfer.then(|| view! { <HandingOver page=page.clone() member=member.clone() account=account_name.clone()/> });
    let end = (end != End::Not).then(|| view! { <Ending page=page.clone() member account=account_name own={end == End::Leave}/> });
    page.frame.map(|frame| {
        view! {
            <Dashboard frame title=name action=back.into_any()>
                <ErrorSummary title=text.form.problem problem=problem errors=summary/>
                <div class="regions">
                    {details}
                    <Region id="change" title=labels.role>{role}</Region>
                    {transfer}
                    {end}
                </div>
            </Dashboard>
        }
    })
}

#[component]
fn Details(text: &'static Catalogue, member: Member) -> impl IntoView {
    let words = &text.members;
    let (email, joined, last_active) = (member.email.to_string(), member.joined, last_active(text, &member));
    let ai_requests = text.number(member.ai_requests);
    view! {
        <Region id="details" title=text.member.details wide=true>
            <Facts>
                <Fact label=words.email><span class="address">{email}</span></Fact>
                <Fact label=words.role><Standing text member/></Fact>
                <Fact label=words.joined><Day at=joined/></Fact>
                <Fact label=words.ai_requests>{ai_requests}</Fact>
                <Fact label=words.last_active>{last_active}</Fact>
            </Facts>
        </Region>
    }
}

#[component]
fn NewRole(page: Page, member: Member, roles: Vec<Role>) -> impl IntoView {
    let (words, labels) = (&page.text.member, &page.text.members);
    let roles = roles.into_iter().map(|role| (role.id, Text::from(page.text.role(&role.name).to_owned()))).collect::<Vec<_>>();
    let role = page.value("role", member.role.id);
    view! {
        <Form action=change_role::at(&page.here) account=page.account.clone()>
            <input type="hidden" name="member" value=member.id.to_string()/>
            <Select name="role" label=labels.role hint=words.role_hint options=roles value=role error=page.error("role")/>
            <Button label=words.change_role/>
        </Form>
    }
}

/// Making a member an owner in one's own place.
#[component]
fn HandingOver(page: Page, member: Member, account: String) -> impl IntoView {
    let words = &page.text.member;
    let name = member.shown_name().to_owned();
    let fill = |text| fill(text, &[("name", &name), ("account", &account)]);
    let (title, what, stay_hint, hint) =
        (fill(words.transfer_title), fill(words.transfer_text), fill(words.stay_hint), fill(words.confirmation_hint));
    let typed = page.form.fields.get("confirmation").is_some();
    view! {
        <Region id="transfer" title=words.transfer danger=true>
            <p>{what.clone()}</p>
            <DialogButton label=words.transfer opens="ask-transfer" weight=Weight::Danger/>
            <Dialog id="ask-transfer" title=title close=words.cancel open=typed>
                <p>{what}</p>
                <Form action=transfer_ownership::at(&page.here) account=page.account.clone()>
                    <input type="hidden" name="member" value=member.id.to_string()/>
                    <Switch name="stay" label=words.stay hint=stay_hint on={page.form.fields.get("stay").is_some()}/>
                    <Field
                        name="confirmation" label=words.confirmation hint=hint autocomplete="off" maxlength=80_u16 required=true
                        value=page.value("confirmation", None::<String>) error=page.error("confirmation")
                    />
                    <Button label=words.transfer weight=Weight::Danger/>
                </Form>
            </Dialog>
        </Region>
    }
}

/// Removing a member, or leaving oneself.
#[component]
fn Ending(page: Page, member: Member, account: String, own: bool) -> impl IntoView {
    let words = &page.text.member;
    let name = member.shown_name().to_owned();
    let (label, title, what) =
        if own { (words.leave, words.leave_title, words.leave_text) } else { (words.remove, words.remove_title, words.remove_text) };
    let fill = |text| fill(text, &[("name", &name), ("account", &account)]);
    let (title, what) = (fill(title), fill(what));
    let which = (!own).then(|| view! { <input type="hidden" name="member" value=member.id.to_string()/> });
    let action = if own { leave::at(&page.here) } else { remove::at(&page.here) };
    view! {
        <Region id="end" title=label danger=true>
            <p>{what.clone()}</p>
            <DialogButton label=label opens="ask" weight=Weight::Danger/>
            <Dialog id="ask" title=title close=words.cancel>
                <p>{what}</p>
                <Form action=action account=page.account.clone() class="">
                    {which}
                    <Button label=label weight=Weight::Danger/>
                </Form>
            </Dialog>
        </Region>
    }
}
