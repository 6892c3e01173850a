//! Doors: who gets in where, and who does not.

mod endpoints;
mod matrix;
mod statements;
