//! Keel as a whole, over real HTTP, on both databases: `support` starts it, `access` tries doors, `flows` go their way,
//! `process` kills and stops it.

#[cfg(test)]
mod access;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod process;
#[cfg(test)]
mod support;
