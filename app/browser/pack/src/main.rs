//! Makes the two files that a browser loads out of the compiled `keel-browser`: `keel-pack MODULE FOLDER` writes `keel.js` and
//! `keel_bg.wasm`.
//!
//! It is what the `wasm-bindgen` command does, built from the same lock file as the module: the two must agree exactly, and
//! cargo allows only one version of what they share.

use std::env::args_os;
use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let [_, module, folder] = args_os().collect::<Vec<_>>().try_into().map_err(|_| "usage: keel-pack MODULE FOLDER")?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name("keel").web(true)?.typescript(false).omit_default_module_path(true);
    Ok(bindgen.remove_name_section(true).remove_producers_section(true).generate(folder)?)
}
