//! New ids: unique, and in the order they were made.

use keel_types::id::Id;

/// An id nobody has.
pub fn new<I: Id>() -> I {
    I::from_bits(uuid::Uuid::now_v7().as_u128())
}
