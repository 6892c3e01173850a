//! What can be done about the settings.

use super::PAGE;
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Nothing, Reader};
use crate::problem::{FieldProblem, Problem};
use keel_domain::Refusal;
use keel_domain::access::Write;
use keel_domain::accounts::logos;
use keel_domain::accounts::settings::{self, Change};
use keel_types::permission::may;
use keel_types::{Code, Fault, Slug, WorkspaceName, url};

actions! {
    /// Gives the workspace another name, slug or logo.
    update_settings: "org/update-settings" on [PAGE], may::UpdateAccount, Change;
    /// Takes its logo away.
    remove_logo: "org/remove-logo" on [PAGE], may::UpdateAccount, Nothing;
}

impl Input for Change {
    const FILES: &'static [&'static str] = &["logo"];

    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let name = form.get("name", WorkspaceName::parse);
        // People write addresses as they write names.
        let slug = form.get("slug", |text| Slug::parse(&text.trim().to_lowercase()));
        Some(Self { name: name?, slug: slug?, logo: form.file("logo") })
    }
}

async fn update_settings(call: &mut Write<may::UpdateAccount>, change: Change) -> Answer {
    let slug = change.slug.clone();
    settings::update(call, change).await.map_err(at_its_field)?;
    // Under the name it has now.
    let next = if call.proof().standing().is_active { PAGE.to_owned() } else { url::about(PAGE, slug.as_str()) };
    Ok(Done::go(next).say(Said::SettingsSaved))
}

async fn remove_logo(call: &mut Write<may::UpdateAccount>, _: Nothing) -> Answer {
    logos::remove(call).await?;
    Ok(Done::back_to(call, PAGE).say(Said::LogoRemoved))
}

/// A slug that somebody else has is told at its field.
fn at_its_field(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Refused(Code::SlugTaken) => {
            Problem { errors: vec![FieldProblem::new("slug", Fault::Taken)], ..Problem::new(Code::SlugTaken) }
        }
        other => other.into(),
    }
}
