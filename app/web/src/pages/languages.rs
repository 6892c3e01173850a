//! Choosing the language, on the pages that are open to all.

use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::{Input, Reader};
use keel_domain::access::{Visitor, Write};
use keel_domain::profiles;
use keel_text::Lang;
use keel_types::url::LocalPath;

actions! {
    /// Keeps the language in this browser, and for the person who is signed in.
    choose: "language/choose" on ["/"], Visitor, Choice;
}

struct Choice {
    lang: Lang,
    at: Option<LocalPath>,
}

impl Input for Choice {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { lang: form.choice("language", Lang::parse)?, at: form.arrival().at.clone() })
    }
}

async fn choose(call: &mut Write<Visitor>, choice: Choice) -> Answer {
    profiles::keep_language(call, choice.lang).await?;
    let next = choice.at.map_or_else(|| "/".to_owned(), String::from);
    Ok(Done::go(next).cookie(Cookie::Language.set(call.keel().settings(), choice.lang.tag())))
}
