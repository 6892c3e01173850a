//! The region that says what a workspace asks of its members' sign-ins.

use super::PAGE;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader, is_on};
use crate::page::Page;
use crate::pages::two_step::SET_UP;
use crate::ui::{Button, Form, Region, Switch};
use keel_domain::access::{Fresh, Read, Write};
use keel_domain::two_step::requirement;
use keel_text::fill;
use keel_types::permission::may;
use keel_types::url;
use leptos::prelude::*;

actions! {
    /// Lets the workspace require two-step verification, or not.
    require_two_step: "org/require-two-step" on [PAGE], Fresh<may::UpdateAccount>, Wanted;
}

struct Wanted(bool);

impl Input for Wanted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(is_on(form.text("two_step"))))
    }
}

async fn require_two_step(call: &mut Write<Fresh<may::UpdateAccount>>, wanted: Wanted) -> Answer {
    requirement::set(call, wanted.0).await?;
    Ok(Done::back_to(call, PAGE).say(Said::TwoStepSaved))
}

/// What stands in the region.
#[derive(Clone)]
pub struct Asked {
    account: String,
    required: bool,
    /// Whether the caller may require it: they have shown a second factor themselves.
    may_require: bool,
}

/// What the workspace asks, and of the caller.
pub fn load(call: &Read<may::UpdateAccount>) -> Asked {
    let (standing, actor) = (call.proof().standing(), call.proof().actor());
    Asked { account: standing.name.clone(), required: standing.two_step_required, may_require: actor.second_factor }
}

/// The region.
#[component]
pub fn SignIn(page: Page, asked: Asked) -> impl IntoView {
    let words = &page.text.two_step;
    let hint = fill(words.require_hint, &[("account", &asked.account)]);
    let locked = !asked.required && !asked.may_require;
    let first = locked.then(|| {
        let href = url::leading_on(SET_UP, &page.link(PAGE));
        view! { <p class="soft">{words.require_first}" "<a href=href>{words.turn_on}</a></p> }
    });
    view! {
        <Region id="sign-in" title=words.require_region wide=true>
            <Form action=require_two_step::at(&page.here) account=page.account.clone()>
                <div class="checks"><Switch name="two_step" label=words.require hint on=asked.required locked/></div>
                {first}
                {(!locked).then(|| view! { <Button label=words.save/> })}
            </Form>
        </Region>
    }
}
