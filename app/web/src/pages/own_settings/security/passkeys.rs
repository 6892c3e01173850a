//! A person's passkeys: adding, naming and removing them.

use super::super::SECURITY;
use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::flash::Said;
use crate::form::{Input, Nothing, Reader};
use crate::page::{Page, Visit};
use crate::pages::two_step::{CODES, shown_once};
use crate::problem::Problem;
use crate::ui::{Button, Column, Day, Dialog, DialogButton, Drawing, EmptyState, Field, Form, PasskeyForm, Region, Table, Weight};
use keel_domain::Refusal;
use keel_domain::access::{Fresh, Read, SignedIn, Write};
use keel_domain::passkeys::{self, MOST, Passkey, Registration};
use keel_text::{Catalogue, fill};
use keel_types::{Fault, PasskeyId, PasskeyName};
use leptos::prelude::*;

actions! {
    /// Gives what a device makes a passkey by.
    begin: "passkeys/begin" on [SECURITY], Fresh<SignedIn>, Nothing;
    /// Keeps a passkey that a device made.
    add: "passkeys/add" on [SECURITY], Fresh<SignedIn>, New;
    /// Calls a passkey otherwise.
    rename: "passkeys/rename" on [SECURITY], SignedIn, Renamed;
    /// Removes a passkey.
    remove: "passkeys/remove" on [SECURITY], Fresh<SignedIn>, PasskeyId;
}

async fn begin(call: &mut Write<Fresh<SignedIn>>, _: Nothing) -> Answer {
    Ok(Done::go(SECURITY).give(passkeys::begin(call).await?))
}

struct New {
    made: Registration,
    name: PasskeyName,
}

impl Input for New {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let (made, named) = (form.get("passkey", Registration::parse), form.find("passkey_name", PasskeyName::parse));
        let usual = PasskeyName::parse(form.arrival().lang.catalogue().passkeys.passkey).ok();
        Some(Self { made: made?, name: named?.or(usual)? })
    }
}

async fn add(call: &mut Write<Fresh<SignedIn>>, new: New) -> Answer {
    match passkeys::add(call, &new.made, &new.name).await? {
        Ok(added) => {
            let session = Cookie::Session.set(call.keel().settings(), added.token.reveal());
            // Recovery codes come with the first second factor.
            let next = if added.codes.is_empty() { SECURITY } else { CODES };
            Ok(Done::go(next).say(Said::PasskeyAdded).cookie(session).cookie(shown_once(call, &added.codes)?))
        }
        Err(fault) => Err(Problem::remembered("passkey", fault)),
    }
}

impl Input for PasskeyId {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        form.get("passkey_id", |id| Self::parse(id).map_err(|_| Fault::NotAChoice))
    }
}

struct Renamed {
    id: PasskeyId,
    name: PasskeyName,
}

impl Input for Renamed {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let (id, name) = (PasskeyId::read(form), form.get("passkey_name", PasskeyName::parse));
        Some(Self { id: id?, name: name? })
    }
}

async fn rename(call: &mut Write<SignedIn>, renamed: Renamed) -> Answer {
    passkeys::rename(call, &renamed.id, &renamed.name).await?;
    Ok(Done::go(SECURITY).say(Said::PasskeyRenamed))
}

async fn remove(call: &mut Write<Fresh<SignedIn>>, id: PasskeyId) -> Answer {
    passkeys::remove(call, &id).await?;
    Ok(Done::go(SECURITY).say(Said::PasskeyRemoved))
}

/// The region's model.
#[derive(Clone)]
pub struct Model {
    /// Whether there are passkeys at this address.
    offered: bool,
    passkeys: Vec<Passkey>,
    /// The one that is to be called otherwise.
    chosen: Option<Passkey>,
}

/// Reads the caller's passkeys.
pub async fn load(call: &mut Read<SignedIn>, visit: &Visit) -> Result<Model, Refusal> {
    let passkeys = passkeys::list(call).await?;
    let chosen = passkeys.iter().find(|passkey| visit.query("passkey") == Some(passkey.id.as_str())).cloned();
    Ok(Model { offered: passkeys::are_offered(visit.keel().settings()), passkeys, chosen })
}

/// Name and label of the fields that may be wrong.
pub fn fields(text: &'static Catalogue) -> [(&'static str, &'static str); 2] {
    [("passkey", text.passkeys.passkey), ("passkey_name", text.passkeys.name)]
}

/// The region. Where there can be no passkeys it says so to developers, and is not there for others.
#[component]
pub fn PasskeysRegion(page: Page, model: Model) -> impl IntoView {
    let words = &page.text.passkeys;
    let inside = if model.offered {
        let list = list(&page, &model.passkeys);
        let form = match model.chosen {
            Some(chosen) => view! { <Rename page chosen/> }.into_any(),
            None if model.passkeys.len() >= usize::try_from(MOST).unwrap_or(usize::MAX) => {
                view! { <p class="soft">{fill(words.full, &[("most", &MOST)])}</p> }.into_any()
            }
            None => view! { <Add page/> }.into_any(),
        };
        view! { <p class="soft">{words.lead}</p>{list}{form} }.into_any()
    } else if page.development {
        let text = fill(words.nameless, &[("example", &"http://localhost:3000")]);
        view! { <p class="soft">{text}</p> }.into_any()
    } else {
        return None;
    };
    Some(view! { <Region id="passkeys" title=words.title wide=true>{inside}</Region> })
}

fn list(page: &Page, passkeys: &[Passkey]) -> AnyView {
    let words = &page.text.passkeys;
    if passkeys.is_empty() {
        return view! { <EmptyState drawing=Drawing::Horizon title=words.none text=words.none_text/> }.into_any();
    }
    let columns = [words.name, words.added, words.used, words.actions].map(Column::text).to_vec();
    let rows = passkeys.iter().map(|passkey| row(page, passkey)).collect();
    view! { <Table caption=words.title quiet_caption=true columns rows/> }.into_any()
}

fn row(page: &Page, passkey: &Passkey) -> Vec<AnyView> {
    let words = &page.text.passkeys;
    let used = match passkey.used {
        Some(at) => view! { <Day at/> }.into_any(),
        None => view! { <span class="soft">{words.never}</span> }.into_any(),
    };
    let rename = page.link(&format!("{SECURITY}?passkey={}", passkey.id));
    let which = fill(words.rename_which, &[("name", &passkey.name)]);
    let title = fill(words.remove_which, &[("name", &passkey.name)]);
    let (dialog, action, id) = (format!("remove-{}", passkey.id), remove::at(&page.here), passkey.id.to_string());
    let actions = view! {
        <div class="cluster">
            <a href=rename aria-label=which>{words.rename}</a>
            <DialogButton label=words.remove opens=dialog.clone()/>
        </div>
        <Dialog id=dialog title close=words.cancel>
            <p>{words.remove_text}</p>
            <Form action class="">
                <input type="hidden" name="passkey_id" value=id/>
                <Button label=words.remove weight=Weight::Danger/>
            </Form>
        </Dialog>
    };
    vec![passkey.name.clone().into_any(), view! { <Day at=passkey.created/> }.into_any(), used, actions.into_any()]
}

#[component]
fn Add(page: Page) -> impl IntoView {
    let words = &page.text.passkeys;
    view! {
        <PasskeyForm action=add::at(&page.here) asks=begin::URL missing=words.missing>
            <Field
                name="passkey_name" label=words.name hint=words.name_hint autocomplete="off" maxlength=LONGEST
                value=page.value("passkey_name", None::<String>) error=page.error("passkey_name")
            />
            <Button label=words.add/>
        </PasskeyForm>
    }
}

#[component]
fn Rename(page: Page, chosen: Passkey) -> impl IntoView {
    let words = &page.text.passkeys;
    view! {
        <Form action=rename::at(&page.here)>
            <input type="hidden" name="passkey_id" value=chosen.id.to_string()/>
            <Field
                name="passkey_name" label=words.name hint=words.name_hint autocomplete="off" maxlength=LONGEST required=true
                value=page.value("passkey_name", chosen.name) error=page.error("passkey_name")
            />
            <Button label=words.save/>
        </Form>
    }
}

#[expect(clippy::cast_possible_truncation, reason = "60 fits")]
const LONGEST: u16 = PasskeyName::LONGEST as u16;
