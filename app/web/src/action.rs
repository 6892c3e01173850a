//! Actions: a URL, a door, an input and a function, one line in a table.
//!
//! Each is a Leptos server function. The layer in front of them (in the server) reads forms and JSON alike, hands the
//! fields over as JSON, and makes of a [`Done`] or [`Problem`] what a browser or a program expects.

#![expect(clippy::disallowed_methods, reason = "this is the one module that reads the request from the context")]

use crate::arrival::Arrival;
use crate::flash::Said;
use crate::form::Fields;
use crate::problem::Problem;
use http::{HeaderValue, header};
use keel_domain::Refusal;
use keel_domain::access::{Door, Grant, Write};
use keel_types::url;
use leptos::prelude::use_context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an action did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// Where a browser goes next.
    pub next: String,
    /// What to say there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What a program gets besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Value>,
    /// What the provider is known as that a browser goes to next, by a step in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(skip)]
    cookies: Vec<HeaderValue>,
}

/// What an action's function gives.
pub type Answer = Result<Done, Problem>;

impl Done {
    /// Done; go there. The address is written by our code, never taken from a field.
    pub fn go(next: impl Into<String>) -> Self {
        Self { next: next.into(), said: None, given: None, provider: None, cookies: vec![] }
    }

    /// Done; go to a page about the account of this call, whichever is the active one.
    pub fn back_to<R, D: Door<Proof = Grant<R>>>(call: &Write<D>, path: &str) -> Self {
        let standing = call.proof().standing();
        Self::go(if standing.is_active { path.to_owned() } else { url::about(path, standing.handle()) })
    }

    /// The cookies it sets.
    pub fn cookies(&self) -> &[HeaderValue] {
        &self.cookies
    }

    /// And say this there.
    #[must_use]
    pub fn say(self, said: Said) -> Self {
        Self { said: Some(said), ..self }
    }

    /// And give this to a program.
    #[must_use]
    pub fn give(self, given: Value) -> Self {
        Self { given: Some(given), ..self }
    }

    /// And lead a browser there by a step in between, for it is the provider known as this.
    #[must_use]
    pub fn by_step_to(self, provider: impl Into<String>) -> Self {
        Self { provider: Some(provider.into()), ..self }
    }

    /// And set this cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: Option<HeaderValue>) -> Self {
        self.cookies.extend(cookie);
        self
    }
}

/// An action as it was declared.
#[derive(Debug)]
pub struct Declared {
    /// Where it is posted to.
    pub url: &'static str,
    /// The routes of the pages its form stands on.
    pub pages: &'static [&'static str],
    /// Its door.
    pub door: &'static str,
    /// The fields of its form that carry files.
    pub files: &'static [&'static str],
    /// Whether the person must have proven lately who they are.
    pub step_up: bool,
}
inventory::collect!(Declared);

/// Every action of the program.
pub fn declared() -> impl Iterator<Item = &'static Declared> {
    inventory::iter::<Declared>()
}

/// Declares actions: `name: "area/verb" on ["/page"], Door, Input;`. Each becomes a module with `URL` and `at`, and needs a
/// function of the same name that takes the call and the input.
#[macro_export]
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $endpoint:literal on $pages:expr, $door:ty, $input:ty;)*) => { $(
        $(#[$doc])*
        pub mod $name {
            use super::*;

            /// The action behind its door.
            ///
            /// # Errors
            /// Whatever the door or the verb refuses.
            #[leptos::prelude::server(prefix = "/api", endpoint = $endpoint, input = leptos::server_fn::codec::Json)]
            pub async fn call(#[server(flatten)] fields: $crate::form::Fields) -> $crate::action::Answer {
                let arrival = $crate::action::arrival()?;
                let mut tries = 0;
                loop {
                    let mut call = $crate::action::open::<$door>(&arrival, &fields).await?;
                    let form = <$input as $crate::form::Input>::parse(&fields, &arrival)?;
                    let answer = super::$name(&mut call, form).await;
                    match $crate::action::end(call, answer).await {
                        Err(problem) if problem.collision && tries < 2 => tries += 1,
                        answer => return answer,
                    }
                }
            }

            /// Where it is posted to.
            pub const URL: &str = <Call as leptos::server_fn::ServerFn>::PATH;

            /// Where a form that stands on `here` posts to, so that the same page can be shown again.
            #[must_use]
            pub fn at(here: &str) -> String {
                format!("{URL}?at={}", keel_types::url::escape(here))
            }

            inventory::submit! {
                $crate::action::Declared {
                    url: URL,
                    pages: &$pages,
                    door: <$door as keel_domain::access::Door>::NAME,
                    files: <$input as $crate::form::Input>::FILES,
                    step_up: <$door as keel_domain::access::Door>::STEP_UP,
                }
            }
        }
    )* };
}

#[doc(hidden)]
pub fn arrival() -> Result<Arrival, Problem> {
    let parts = use_context::<http::request::Parts>();
    let arrival = parts.and_then(|parts| parts.extensions.get::<Arrival>().cloned());
    arrival.ok_or_else(|| Refusal::internal(&"an action was reached past the layers in front of it").into())
}

#[doc(hidden)]
pub async fn open<D: Door>(arrival: &Arrival, fields: &Fields) -> Result<Write<D>, Problem> {
    Ok(Write::open(&arrival.keel, arrival.asked_for(fields.get("account"))).await?)
}

/// Commits what was done, or what must be remembered; anything else never happened.
#[doc(hidden)]
pub async fn end<D: Door>(call: Write<D>, answer: Answer) -> Answer {
    match answer {
        Ok(done) => {
            call.commit().await?;
            if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
                for cookie in &done.cookies {
                    response.append_header(header::SET_COOKIE, cookie.clone());
                }
            }
            Ok(done)
        }
        Err(problem) if problem.remembered => {
            call.commit().await?;
            Err(problem)
        }
        Err(problem) => Err(problem),
    }
}
