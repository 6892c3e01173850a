//! Every text a person reads: pages, mails, messages, and how money and dates are written.
//!
//! Server only: islands get their texts as props. [`en`] defines the shape; another language is
//! one more `const Catalogue`, which does not compile while an entry is missing.
//! Never here: HTML, and texts of the operator (plan names and the like come from `keel.toml`).

mod catalogue;
mod en;
mod format;

pub use catalogue::{Lang, fill, placeholders};
pub use en::{Catalogue, EN};
pub use format::{date, date_time, iso, money, number, signed};
