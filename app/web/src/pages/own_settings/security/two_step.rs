//! The region Two-step verification.

use super::SECURITY;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::Nothing;
use crate::page::Page;
use crate::pages::two_step::{new_codes, start};
use crate::ui::{Button, Dialog, DialogButton, Form, Region, Weight};
use keel_domain::Refusal;
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::two_step::{self, Ways};
use keel_text::fill;
use keel_types::Instant;
use leptos::prelude::*;

actions! {
    /// The person's app counts no more.
    turn_off: "two-step/turn-off" on [SECURITY], Fresh<SignedIn>, Nothing;
}

async fn turn_off(call: &mut Write<Fresh<SignedIn>>, _: Nothing) -> Answer {
    two_step::turn_off(call).await?;
    Ok(Done::go(SECURITY).say(Said::TwoStepOff))
}

/// What stands in the region.
pub async fn load(call: &mut Read<SignedIn>) -> Result<Ways, Refusal> {
    two_step::ways_of_caller(call).await
}

/// The region.
#[component]
pub fn TwoStep(page: Page, ways: Ways) -> impl IntoView {
    let words = &page.text.two_step;
    // They stand in for passkeys too.
    let codes = ways.any().then(|| {
        let left = match ways.recovery_codes {
            0 => words.codes_none.to_owned(),
            left => fill(words.codes_left, &[("left", &left)]),
        };
        view! {
            <p>{left}</p>
            <Form action=new_codes::at(&page.here) class=""><Button label=words.new_codes weight=Weight::Secondary/></Form>
        }
    });
    let app = match ways.app_since {
        None => view! {
            <p>{words.off}</p>
            <Form action=start::at(&page.here) class=""><Button label=words.turn_on/></Form>
        }
        .into_any(),
        Some(since) => view! {
            <p>{fill(words.on, &[("date", &page.text.date(Instant(since)))])}</p>
            <div class="cluster">
                <Form action=start::at(&page.here) class=""><Button label=words.other_app weight=Weight::Secondary/></Form>
                <DialogButton label=words.turn_off opens="ask-two-step-off" weight=Weight::Danger/>
            </div>
            <Dialog id="ask-two-step-off" title=words.turn_off_ask close=words.close>
                <p>{words.turn_off_text}</p>
                <Form action=turn_off::at(&page.here)><Button label=words.turn_off weight=Weight::Danger/></Form>
            </Dialog>
        }
        .into_any(),
    };
    view! { <Region id="two-step" title=words.region wide=true>{app}{codes}</Region> }
}
