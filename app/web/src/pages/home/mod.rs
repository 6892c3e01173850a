//! `/`: what Keel promises.

mod view;

pub use view::view;

use crate::page::{Loaded, Visit};
use keel_domain::access::{Read, Visitor};
use keel_domain::billing::catalogue::{Article, Plan};
use keel_types::Currency;

/// The page's model.
pub struct Model {
    /// In the order of `keel.toml`.
    pub plans: Vec<Plan>,
    /// What prices are shown in.
    pub currency: Currency,
}

/// What is sold, in the visitor's currency.
pub async fn load(_: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    Ok(Model {
        plans: visit.keel().settings().product.offered().filter_map(Article::plan).cloned().collect(),
        currency: visit.arrival().currency(),
    })
}
