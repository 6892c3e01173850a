//! Doors: who gets in where, and who does not.

mod arrows;
mod documents;
mod endpoints;
mod matrix;
mod plans;
mod statements;
