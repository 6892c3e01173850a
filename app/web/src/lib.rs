pub mod assets;
pub mod layouts;
pub mod ui;
