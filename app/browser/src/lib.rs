//! What a browser loads on a page that contains an island: the islands, compiled to WebAssembly, and the way in.
//! `boot.js` calls it. For any other target this crate is empty.

#![cfg(target_arch = "wasm32")]

// Each island is exported by its own macro, so the crate only has to be there.
extern crate keel_islands as _;

use wasm_bindgen::prelude::wasm_bindgen;

/// Islands can be woken from here on. A panic is written to the console: without that it is only `unreachable`.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    leptos::mount::hydrate_islands();
}
