//! Keel as a whole, over real HTTP, on both databases: `support` starts it, `access` tries doors, `flows` go their way.

mod access;
mod flows;
mod support;
