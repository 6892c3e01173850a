//! How what is rendered will be read: in which language, in whose time, at which address. Parts of a page find it by
//! themselves, so that nobody has to hand it down to them.

#![expect(clippy::disallowed_methods, reason = "this is the one module that keeps something for what is being rendered")]

use keel_text::{Catalogue, Lang};
use keel_types::TimeZone;
use leptos::prelude::{provide_context, use_context};

/// How a page is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The language.
    pub lang: Lang,
    /// The reader's time zone, when they told one.
    pub time_zone: Option<TimeZone>,
    /// Path and query of the page.
    pub here: String,
}

impl Reading {
    /// That of the page which is being rendered.
    pub fn now() -> Self {
        use_context().unwrap_or_default()
    }

    /// The texts.
    pub fn text(&self) -> &'static Catalogue {
        self.lang.catalogue()
    }

    /// Lets what is rendered from here on find it.
    pub(crate) fn begin(self) {
        provide_context(self);
    }
}
