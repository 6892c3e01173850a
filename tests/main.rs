//! Keel as a whole, over real HTTP, on both databases: `support` starts it, `access` tries doors, `flows` go their way.

#[cfg(test)]
mod access;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod support;
