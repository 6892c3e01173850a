//! The region Billing owner: who answers for the account's money, and handing that over.

use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::page::Page;
use crate::ui::{Avatar, Button, Dialog, DialogButton, Form, Region, Select, Text, Weight};
use keel_domain::access::{Fresh, Write};
use keel_domain::members::{self, Owner};
use keel_text::fill;
use keel_types::MembershipId;
use keel_types::permission::may;
use leptos::prelude::*;

const PAGE: &str = "/org-dashboard/billing";

actions! {
    /// Makes another owner answer for the workspace's money.
    change_billing_owner: "billing/change-owner" on [PAGE], Fresh<may::TransferOwnership>, NewOwner;
}

struct NewOwner {
    member: MembershipId,
}

impl Input for NewOwner {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { member: form.choice("member", |id| MembershipId::parse(id).ok())? })
    }
}

async fn change_billing_owner(call: &mut Write<Fresh<may::TransferOwnership>>, form: NewOwner) -> Answer {
    members::change_billing_owner(call, &form.member).await?;
    Ok(Done::back_to(call, PAGE).say(Said::BillingOwnerChanged))
}

/// The region. `owners` are those to choose from, for people who may hand it over.
#[component]
pub(super) fn BillingOwner(page: Page, name: String, account: String, owners: Option<Vec<Owner>>) -> impl IntoView {
    let words = &page.text.billing;
    let change = owners.map(|owners| {
        let others: Vec<(String, Text)> =
            owners.into_iter().filter(|owner| !owner.is_billing_owner).map(|owner| (owner.id.to_string(), owner.name.into())).collect();
        if others.is_empty() {
            return view! { <p class="soft">{words.only_owner}</p> }.into_any();
        }
        let open = page.form.fields.get("member").is_some();
        let chosen = page.value("member", None::<String>);
        view! {
            <DialogButton label=words.change_owner opens="ask-owner"/>
            <Dialog id="ask-owner" title=fill(words.change_owner_title, &[("account", &account)]) close=words.cancel open>
                <p>{words.change_owner_text}</p>
                <Form action=change_billing_owner::at(&page.here) account=page.account.clone()>
                    <Select name="member" label=words.new_owner options=others value=chosen error=page.error("member")/>
                    <Button label=words.change_owner weight=Weight::Danger/>
                </Form>
            </Dialog>
        }
        .into_any()
    });
    view! {
        <Region id="billing-owner" title=words.owner wide=true>
            <div class="person">
                <Avatar name=name.clone() id=name.clone()/>
                <p><strong>{name}</strong><span class="soft">{words.owner_text}</span></p>
            </div>
            {change}
        </Region>
    }
}
