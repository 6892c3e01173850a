//! Every text a person reads: pages, mails, messages, and how money and dates are written.
//!
//! Server only: islands get their texts as props. `en` defines the shape and is what is translated; another language is one
//! more file beside it and its line in `languages`. What a translation lacks is English, and a test says so.
//! Never here: HTML, and texts of the operator (plan names and the like come from `keel.toml`).

mod catalogue;
mod de;
mod en;
mod es;
mod format;
mod fr;
mod languages;
mod nl;

pub use catalogue::{Terms, fill, placeholders};
pub use en::{Catalogue, EN, Mail, MailTwoStep};
pub use format::{Conventions, iso};
pub use languages::Lang;
