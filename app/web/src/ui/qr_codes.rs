//! A text for cameras.

use leptos::prelude::*;
use qrcodegen::{QrCode as Modules, QrCodeEcc};
use std::fmt::Write as _;

use super::Text;

/// Modules of light around the dark ones, as readers need them.
const MARGIN: i32 = 4;

/// The text as a QR code: drawn in the page, dark on light in every look. Nothing where it is too long for one.
#[component]
pub fn QrCode(
    text: String,
    /// What it is, for assistive technology.
    #[prop(into)]
    label: Text,
) -> impl IntoView {
    let modules = Modules::encode_text(&text, QrCodeEcc::Medium).ok();
    modules.map(|modules| {
        let side = modules.size() + 2 * MARGIN;
        let square = format!("0 0 {side} {side}");
        view! {
            <svg class="qr-code" viewBox=square role="img" aria-label=label shape-rendering="crispEdges">
                <rect width="100%" height="100%" fill="#fff"></rect>
                <path d=path(&modules) fill="#000"></path>
            </svg>
        }
    })
}

/// A square for each dark module.
fn path(modules: &Modules) -> String {
    let mut path = String::new();
    for y in 0..modules.size() {
        for x in (0..modules.size()).filter(|x| modules.get_module(*x, y)) {
            let _ = write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
        }
    }
    path
}
