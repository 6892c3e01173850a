//! The region that gives out copies of everything the workspace has.

use super::PAGE;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::Nothing;
use crate::page::Page;
use crate::ui::{Button, ButtonLink, Form, Region, Weight};
use keel_domain::Refusal;
use keel_domain::access::{Fresh, Owner, Read, Write};
use keel_domain::exports::{self, Newest};
use keel_text::{Catalogue, fill};
use keel_types::permission::may;
use keel_types::url;
use leptos::prelude::*;

actions! {
    /// Has a copy made.
    export_data: "org/export-data" on [PAGE], Fresh<Owner>, Nothing;
}

async fn export_data(call: &mut Write<Fresh<Owner>>, _: Nothing) -> Answer {
    exports::request(call).await?;
    Ok(Done::back_to(call, PAGE).say(Said::ExportAsked))
}

/// What stands in the region.
pub struct Copies {
    account: String,
    newest: Option<Newest>,
}

/// The newest copy, for owners.
pub async fn load(call: Read<may::UpdateAccount>) -> Result<Option<Copies>, Refusal> {
    if !call.proof().standing().role.is_owner() {
        return Ok(None);
    }
    let mut call = call.through::<Owner>()?;
    let newest = exports::find_newest(&mut call).await?;
    Ok(Some(Copies { account: call.proof().standing().name.clone(), newest }))
}

/// The region.
#[component]
pub fn Export(page: Page, copies: Copies) -> impl IntoView {
    let words = &page.text.export;
    let newest = copies.newest.map(|newest| view! { <NewestCopy text=page.text newest account=page.account.clone()/> });
    view! {
        <Region id="export" title=words.title wide=true>
            <p>{fill(words.text, &[("account", &copies.account)])}</p>
            {newest}
            <Form action=export_data::at(&page.here) account=page.account.clone() class="">
                <Button label=words.submit weight=Weight::Secondary/>
            </Form>
        </Region>
    }
}

/// That a copy is being made, or the way to it.
#[component]
pub fn NewestCopy(
    text: &'static Catalogue,
    newest: Newest,
    /// The account it is of, as a link names it.
    account: String,
) -> impl IntoView {
    let words = &text.export;
    match newest {
        Newest::Due => view! { <p>{words.due}</p> }.into_any(),
        Newest::Ready(export, until) => {
            let href = url::about(&url::export(&export), &account);
            let until = fill(words.until, &[("until", &text.date_time(until))]);
            view! { <div class="cluster"><ButtonLink label=words.download href weight=Weight::Secondary/></div><p>{until}</p> }.into_any()
        }
    }
}
