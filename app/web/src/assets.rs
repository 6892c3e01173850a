//! The files a browser downloads besides pages, embedded by `build.rs`.
//!
//! A hashed path never changes its bytes, so it may be kept for ever. What answers a request for
//! one, with which encoding and headers, is the server's.

/// One embedded file under one path.
#[derive(Debug)]
pub struct Asset {
    /// The name pages ask for it by: `keel.css`.
    pub name: &'static str,
    /// Where it is served: `/assets/keel.0a1b2c3d4e5f6071.css`.
    pub path: &'static str,
    pub content_type: &'static str,
    /// The beginning of the SHA-256 of the plain bytes, in hexadecimal; serves as the `ETag`.
    pub hash: &'static str,
    /// Whether the path carries the hash. Without it the file has to be asked for again.
    pub immutable: bool,
    pub plain: &'static [u8],
    /// Compressed forms, absent where they would not be smaller.
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The hashed URL of an asset; for a name that is none, a URL that answers 404.
pub fn url(name: &str) -> &'static str {
    find_url(name).unwrap_or("/assets/")
}

/// The hashed URL of an asset that Keel may have been built without, as `boot.js` is where nothing compiled the islands.
pub fn find_url(name: &str) -> Option<&'static str> {
    ASSETS.iter().find(|asset| asset.immutable && asset.name == name).map(|asset| asset.path)
}

/// The asset served at a path, hashed (`/assets/…`) or well known (`/favicon.svg`).
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_where_its_url_points() {
        for name in ["keel.css", "favicon.svg"] {
            let asset = find(url(name)).expect(name);
            assert!(asset.immutable && asset.path.contains(asset.hash));
        }
    }

    #[test]
    fn well_known_files_answer_at_their_bare_name_too() {
        let asset = find("/favicon.svg").expect("the icon");
        assert_eq!((asset.content_type, asset.immutable), ("image/svg+xml", false));
        assert!(find("/robots.txt").is_some());
        assert!(find("/keel.css").is_none());
    }

    #[test]
    fn the_boot_module_loads_what_is_served() {
        // Only where the browser's part was built.
        let Some(boot) = find_url("boot.js").and_then(find) else { return };
        let source = std::str::from_utf8(boot.plain).expect("text");
        for part in ["keel.js", "keel_bg.wasm"] {
            assert!(source.contains(&format!("'{}'", url(part))), "{source}");
        }
    }

    #[test]
    fn the_stylesheet_is_one_small_file_with_its_layers_in_order() {
        let asset = find(url("keel.css")).expect("the stylesheet");
        let css = std::str::from_utf8(asset.plain).expect("text");
        assert!(css.starts_with("@layer reset,tokens,base,layout,components,utilities;@layer reset{"));
        assert!(!css.contains("/*") && !css.contains('\n'));
        assert_eq!(css.matches('{').count(), css.matches('}').count());
        assert!(asset.brotli.expect("compressed").len() < 12 * 1024);
    }
}
