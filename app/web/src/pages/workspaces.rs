//! Making workspaces: the first one among a person's first steps, and further ones.

use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::layouts::Auth;
use crate::page::{Loaded, Page, Stop, Visit};
use crate::pages::parts::problems;
use crate::ui::{Button, Field, Form, Notice};
use keel_domain::access::{Read, SignedIn, Write};
use keel_domain::accounts::{self, dashboard};
use keel_domain::invitations::{self, Waiting};
use keel_domain::{Keel, Refusal};
use keel_text::fill;
use keel_types::WorkspaceName;
use leptos::prelude::*;

/// The page of the first workspace.
pub const FIRST_PAGE: &str = "/onboarding/workspace";
/// The page of further ones.
pub const NEW_PAGE: &str = "/workspaces/new";

actions! {
    /// Makes the workspace of a person who has none.
    create_first: "workspaces/create-first" on [FIRST_PAGE], SignedIn, NewWorkspace;
    /// Makes a workspace.
    create: "workspaces/create" on [NEW_PAGE], SignedIn, NewWorkspace;
}

struct NewWorkspace {
    name: WorkspaceName,
}

impl Input for NewWorkspace {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { name: form.get("name", WorkspaceName::parse)? })
    }
}

async fn create_first(call: &mut Write<SignedIn>, form: NewWorkspace) -> Answer {
    require_teams(call.keel())?;
    if call.proof().has_workspace {
        return Ok(Done::go(dashboard(call.proof().usual_standing().is_manager())));
    }
    accounts::create_first(call, form.name).await?;
    created(call).await
}

async fn create(call: &mut Write<SignedIn>, form: NewWorkspace) -> Answer {
    require_teams(call.keel())?;
    accounts::create(call, form.name).await?;
    created(call).await
}

async fn created(call: &mut Write<SignedIn>) -> Answer {
    Ok(Done::go(accounts::next_after_creation(call).await?).say(Said::WorkspaceCreated))
}

/// In b2c there are no workspaces.
fn require_teams(keel: &Keel) -> Result<(), Refusal> {
    if keel.settings().model().has_teams() { Ok(()) } else { Err(Refusal::NotFound) }
}

/// `/onboarding/workspace`: people who have a workspace are sent to their dashboard.
pub mod first {
    use super::{
        Loaded, Page, Read, SignedIn, Stop, Visit, Waiting, WorkspaceName, create_first, dashboard, form, invitations, require_teams,
    };
    use leptos::prelude::*;

    /// The name a workspace would get by itself, and the workspaces that invite this person.
    pub struct Model {
        suggested: String,
        waiting: Vec<Waiting>,
    }

    /// Works out the name.
    pub async fn load(mut call: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
        require_teams(visit.keel())?;
        let caller = call.proof().clone();
        if caller.has_workspace {
            return Err(Stop::Go(dashboard(caller.usual_standing().is_manager()).to_owned()));
        }
        let waiting = invitations::list_waiting(&mut call).await?;
        Ok(Model { suggested: WorkspaceName::of(&caller.email).to_string(), waiting })
    }

    /// The page.
    pub fn view(model: Model, page: Page) -> impl IntoView {
        let action = create_first::at(&page.here);
        form(page, action, Some(model.suggested), model.waiting)
    }
}

/// `/workspaces/new`.
pub mod another {
    use super::{Loaded, Page, Read, SignedIn, Visit, create, form, require_teams};
    use leptos::prelude::*;

    /// There is nothing to know.
    pub struct Model;

    /// Nothing to load.
    pub async fn load(_: Read<SignedIn>, visit: &Visit) -> Loaded<Model> {
        require_teams(visit.keel())?;
        Ok(Model)
    }

    /// The page.
    pub fn view(_: Model, page: Page) -> impl IntoView {
        let action = create::at(&page.here);
        form(page, action, None, vec![])
    }
}

fn form(page: Page, action: String, suggested: Option<String>, waiting: Vec<Waiting>) -> impl IntoView {
    let text = &page.text.create_workspace;
    let back = page.dashboard.clone().filter(|_| suggested.is_none());
    let words = &page.text.invitation;
    let waiting = waiting.into_iter().map(|waiting| {
        let title = fill(words.waiting, &[("inviter", &waiting.inviter), ("account", &waiting.account)]);
        view! { <Notice title text=words.waiting_text/> }
    });
    let waiting = waiting.collect_view();
    let back = back.map(|href| view! { <div class="alternatives"><p><a href=href>{text.back}</a></p></div> });
    view! {
        <Auth lang=page.lang title=text.title next=text.next frame=page.frame.clone() flash=page.flash()>
            {waiting}
            {problems(&page, &[("name", text.name)])}
            <Form action=action>
                <Field
                    name="name" label=text.name hint=text.name_hint autocomplete="organization" maxlength=80_u16 required=true
                    value=page.value("name", suggested) error=page.error("name")
                />
                <Button label=text.submit/>
            </Form>
            {back}
        </Auth>
    }
}
