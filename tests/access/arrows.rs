//! The arrows between crates: who may use whom.

use std::path::Path;

/// Keel's own crates that a manifest names.
fn uses(manifest: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest)).unwrap();
    let dependencies = text.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    let ours = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    ours.filter(|name| name.starts_with("keel-") || *name == "billing-sandbox").map(str::to_owned).collect()
}

#[test]
fn a_crate_uses_only_those_below_it() {
    let none: [&str; 0] = [];
    assert_eq!(uses("app/types/Cargo.toml"), none);
    assert_eq!(uses("app/text/Cargo.toml"), ["keel-types"]);
    assert_eq!(uses("app/domain/Cargo.toml"), ["keel-types", "keel-text"]);
    assert_eq!(uses("app/web/Cargo.toml"), ["keel-types", "keel-text", "keel-domain"]);
    assert_eq!(uses("app/sandbox/Cargo.toml"), none, "a mistake must not hide on both sides");
}

#[test]
fn only_the_payments_module_speaks_to_stripe() {
    fn walk(dir: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && std::fs::read_to_string(&path).unwrap().contains("use stripe") {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = vec![];
    for root in ["src", "app"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root), &mut found);
    }
    assert!(!found.is_empty() && found.iter().all(|path| path.contains("domain/src/payments/")), "{found:?}");
}
