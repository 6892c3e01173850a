//! `/legal/terms` and `/legal/privacy`: honest about being the operator's to fill in.

mod view;

use crate::page::{Loaded, Visit};
use keel_domain::access::{Read, Visitor};

/// The pages have nothing to read.
pub struct Model;

async fn load(_: Read<Visitor>, _: &Visit) -> Loaded<Model> {
    Ok(Model)
}

/// `/legal/terms`.
pub mod terms {
    pub use super::view::terms as view;

    /// Reads nothing.
    pub async fn load(call: super::Read<super::Visitor>, visit: &super::Visit) -> super::Loaded<super::Model> {
        super::load(call, visit).await
    }
}

/// `/legal/privacy`.
pub mod privacy {
    pub use super::view::privacy as view;

    /// Reads nothing.
    pub async fn load(call: super::Read<super::Visitor>, visit: &super::Visit) -> super::Loaded<super::Model> {
        super::load(call, visit).await
    }
}
