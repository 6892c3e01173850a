//! The parts pages are made of: one server-rendered component each, a file per small family.
//!
//! They hold no text of their own and no rule; texts come in as props, looks from `style/components/`.
//! No component writes a script or a `style` attribute.

#![expect(clippy::needless_pass_by_value, reason = "a component owns its props")]

mod buttons;
mod choices;
mod dialogs;
mod fields;
mod figures;
mod icons;
mod messages;
mod passkeys;
mod qr_codes;
mod regions;
mod tables;
mod trails;

use std::borrow::Cow;

pub use buttons::*;
pub use choices::*;
pub use dialogs::*;
pub use fields::*;
pub use figures::*;
pub use icons::*;
pub use messages::*;
pub use passkeys::*;
pub use qr_codes::*;
pub use regions::*;
pub use tables::*;
pub use trails::*;

/// A text prop: from the catalogue as it is, or filled.
pub type Text = Cow<'static, str>;

/// A text prop that may be absent: takes a text or an `Option` of one.
#[derive(Debug, Clone, Default)]
pub struct Maybe(pub Option<Text>);

impl<T: Into<Text>> From<Option<T>> for Maybe {
    fn from(text: Option<T>) -> Self {
        Self(text.map(Into::into))
    }
}

impl From<&'static str> for Maybe {
    fn from(text: &'static str) -> Self {
        Self(Some(text.into()))
    }
}

impl From<String> for Maybe {
    fn from(text: String) -> Self {
        Self(Some(text.into()))
    }
}

impl From<Text> for Maybe {
    fn from(text: Text) -> Self {
        Self(Some(text))
    }
}
