//! The region Danger zone: deleting the workspace, and taking that back.

use super::PAGE;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Nothing, Reader};
use crate::page::Page;
use crate::ui::{Button, Dialog, DialogButton, Field, Form, Region, Weight};
use keel_domain::access::{Fresh, Read, Write};
use keel_domain::deletions;
use keel_text::{Catalogue, fill};
use keel_types::permission::may;
use keel_types::{Instant, Permission};
use leptos::prelude::*;

actions! {
    /// Schedules the deletion of the workspace.
    schedule_deletion: "org/schedule-deletion" on [PAGE], Fresh<may::DeleteAccount>, Confirmed;
    /// Takes it back.
    cancel_deletion: "org/cancel-deletion" on [PAGE], may::DeleteAccount, Nothing;
}

/// The name of what is to be deleted, typed.
struct Confirmed(String);

impl Input for Confirmed {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(form.text("confirmation").to_owned()))
    }
}

async fn schedule_deletion(call: &mut Write<Fresh<may::DeleteAccount>>, form: Confirmed) -> Answer {
    deletions::schedule(call, &form.0).await?;
    Ok(Done::back_to(call, PAGE).say(Said::DeletionScheduled))
}

async fn cancel_deletion(call: &mut Write<may::DeleteAccount>, _: Nothing) -> Answer {
    deletions::cancel(call).await?;
    Ok(Done::back_to(call, PAGE).say(Said::DeletionCanceled))
}

/// What stands in the region.
pub struct Danger {
    account: String,
    /// When the workspace is deleted, if that is scheduled.
    due: Option<Instant>,
}

/// What the caller may do here; nothing for people who own nothing of it.
pub fn load(call: &Read<may::UpdateAccount>) -> Option<Danger> {
    let standing = call.proof().standing();
    let may = standing.role.permissions.has(Permission::DeleteAccount);
    may.then(|| Danger { account: standing.name.clone(), due: standing.deletion_due })
}

/// The fields, for the summary of errors.
pub fn labels(text: &'static Catalogue) -> [(&'static str, &'static str); 1] {
    [("confirmation", text.danger.confirmation)]
}

/// The region.
#[component]
pub fn DangerZone(page: Page, danger: Danger) -> impl IntoView {
    let words = &page.text.danger;
    let account = danger.account.as_str();
    let body = if let Some(due) = danger.due {
        let text = fill(words.due, &[("account", &account), ("date", &page.text.date(due))]);
        view! {
            <p>{text}</p>
            <Form action=cancel_deletion::at(&page.here) account=page.account.clone() class="">
                <Button label=words.cancel weight=Weight::Secondary/>
            </Form>
        }
        .into_any()
    } else {
        let [text, title, hint] = [words.text, words.ask, words.confirmation_hint].map(|text| fill(text, &[("account", &account)]));
        let typed = page.form.fields.get("confirmation").is_some();
        view! {
            <p>{text.clone()}</p>
            <DialogButton label=words.schedule opens="ask-deletion" weight=Weight::Danger/>
            <Dialog id="ask-deletion" title close=words.close open=typed>
                <p>{text}</p>
                <Form action=schedule_deletion::at(&page.here) account=page.account.clone()>
                    <Field
                        name="confirmation" label=words.confirmation hint autocomplete="off" maxlength=80_u16
                        required=true value=page.value("confirmation", None::<String>) error=page.error("confirmation")
                    />
                    <Button label=words.schedule weight=Weight::Danger/>
                </Form>
            </Dialog>
        }
        .into_any()
    };
    view! { <Region id="danger" title=words.title wide=true danger=true>{body}</Region> }
}
