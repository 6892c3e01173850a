//! The one asset step: `style/`, `public/` and what a browser build left in `app/browser/pkg/` become a table
//! of hashed, compressed files that [`assets`](src/assets.rs) embeds.
//!
//! Every stylesheet lies in the cascade layer it is named after: `style/base.css` in `base`,
//! `style/components/tables.css` in `components`.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

type Step<T = ()> = Result<T, Box<dyn Error>>;

/// Weakest first.
const LAYERS: [&str; 6] = ["reset", "tokens", "base", "layout", "components", "utilities"];

/// Files of `public/` that also answer at their bare name, because others ask for them there.
const WELL_KNOWN: [&str; 2] = ["favicon.svg", "robots.txt"];

/// What a browser build leaves.
const PKG: &str = "app/browser/pkg";
/// The module that loads it.
const BOOT: &str = "app/browser/boot.js";

fn main() -> Step {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed=build.rs");
    for source in ["style", "public", PKG, BOOT] {
        // From here, so that a target directory that was copied looks at its own clone.
        println!("cargo:rerun-if-changed=../../{source}");
    }

    let mut table = Table { out: &out, rows: Vec::new() };
    table.add("keel.css", stylesheet(&root.join("style"))?.as_bytes())?;
    for file in files(&root.join("public"))? {
        table.add(&file_name(&file), &fs::read(&file)?)?;
    }
    islands(&mut table, &root)?;
    table.write()
}

/// What runs in the browser, if a build left it, and the module that loads it from where it is served.
fn islands(table: &mut Table<'_>, root: &Path) -> Step {
    let parts = files(&root.join(PKG))?;
    if parts.is_empty() {
        return Ok(());
    }
    let mut boot = fs::read_to_string(root.join(BOOT))?;
    for part in parts {
        let name = file_name(&part);
        let path = table.add(&name, &fs::read(&part)?)?;
        boot = boot.replace(&format!("./{name}"), &path);
    }
    table.add("boot.js", boot.as_bytes())?;
    Ok(())
}

/// All stylesheets as one, layer by layer.
fn stylesheet(style: &Path) -> Step<String> {
    let mut css = format!("@layer {};", LAYERS.join(","));
    for layer in LAYERS {
        let mut parts = files(&style.join(layer))?;
        parts.insert(0, style.join(format!("{layer}.css")));
        write!(css, "@layer {layer}{{")?;
        for part in parts.iter().filter(|part| part.exists()) {
            css.push_str(&smaller(&fs::read_to_string(part)?));
        }
        css.push('}');
    }
    Ok(css)
}

/// CSS without comments and needless white space. Quoted strings stay as they are.
fn smaller(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css.chars().peekable();
    let mut quote = None;
    while let Some(c) = rest.next() {
        if quote.is_some() || c == '"' || c == '\'' {
            quote = match quote {
                None => Some(c),
                Some(q) if q == c => None,
                open => open,
            };
            out.push(c);
        } else if c == '/' && rest.peek() == Some(&'*') {
            let mut last = ' ';
            for inner in rest.by_ref().skip(1) {
                if last == '*' && inner == '/' {
                    break;
                }
                last = inner;
            }
        } else if c.is_whitespace() {
            if !out.ends_with([' ', '{', '}', ';', ',', ':']) {
                out.push(' ');
            }
        } else {
            if matches!(c, '{' | '}' | ';' | ',') && out.ends_with(' ') {
                out.pop();
            }
            if c == '}' && out.ends_with(';') {
                out.pop();
            }
            out.push(c);
        }
    }
    out.trim_end().to_owned()
}

/// The files directly in a folder, by name; none if there is no such folder.
fn files(folder: &Path) -> Step<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && !file_name(&path).starts_with('.') {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The rows of the embedded table, and where their bytes are put.
struct Table<'a> {
    out: &'a Path,
    rows: Vec<String>,
}

impl Table<'_> {
    /// Gives the hashed path.
    fn add(&mut self, name: &str, plain: &[u8]) -> Step<String> {
        let hash = Sha256::digest(plain)[..8].iter().fold(String::new(), |hex, b| format!("{hex}{b:02x}"));
        let (stem, kind) = name.rsplit_once('.').ok_or("an asset needs an extension")?;
        let embedded = self.embed(name, plain)?;
        let brotli = self.embed_smaller(&format!("{name}.br"), &brotli(plain)?, plain)?;
        let gzip = self.embed_smaller(&format!("{name}.gz"), &gzip(plain)?, plain)?;
        let mut row = |path: &str, immutable: bool| {
            self.rows.push(format!(
                "Asset {{ name: {name:?}, path: {path:?}, content_type: {:?}, hash: {hash:?}, \
                 immutable: {immutable}, plain: {embedded}, brotli: {brotli}, gzip: {gzip} }},\n",
                content_type(kind),
            ));
        };
        let hashed = format!("/assets/{stem}.{hash}.{kind}");
        row(&hashed, true);
        if WELL_KNOWN.contains(&name) {
            row(&format!("/{name}"), false);
        }
        Ok(hashed)
    }

    fn embed(&self, name: &str, bytes: &[u8]) -> Step<String> {
        let path = self.out.join(name);
        fs::write(&path, bytes)?;
        Ok(format!("include_bytes!({:?})", path.display().to_string()))
    }

    /// A compressed form is kept only when it saves something, as it does not for pictures.
    fn embed_smaller(&self, name: &str, bytes: &[u8], plain: &[u8]) -> Step<String> {
        if bytes.len() + 64 > plain.len() {
            return Ok("None".to_owned());
        }
        Ok(format!("Some({})", self.embed(name, bytes)?))
    }

    fn write(&self) -> Step {
        let table = format!("&[\n{}]\n", self.rows.concat());
        Ok(fs::write(self.out.join("assets.rs"), table)?)
    }
}

fn brotli(plain: &[u8]) -> Step<Vec<u8>> {
    // The strongest setting takes seconds in an unoptimised build step, for a few per cent.
    let quality = if env::var("PROFILE")? == "release" { 11 } else { 5 };
    let settings = brotli::enc::BrotliEncoderParams { quality, ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*plain, &mut out, &settings)?;
    Ok(out)
}

fn gzip(plain: &[u8]) -> Step<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
