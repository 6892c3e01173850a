//! `/`: what Keel promises.

mod view;

pub use view::view;

use crate::page::{Loaded, Visit};
use keel_domain::access::{Read, Visitor};

/// The page has nothing to read.
pub struct Model;

/// Reads nothing.
pub async fn load(_: &mut Read<Visitor>, _: &Visit) -> Loaded<Model> {
    Ok(Model)
}
