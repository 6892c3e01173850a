//! The arrows between crates: who may use whom.

use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Keel's own crates that a manifest names.
fn uses(manifest: &str) -> Vec<String> {
    let text = read(manifest);
    let dependencies = text.split("dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    let ours = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    ours.filter(|name| name.starts_with("keel-") || *name == "billing-sandbox").map(str::to_owned).collect()
}

#[test]
fn a_crate_uses_only_those_below_it() {
    let none: [&str; 0] = [];
    assert_eq!(uses("app/types/Cargo.toml"), none);
    assert_eq!(uses("app/text/Cargo.toml"), ["keel-types"]);
    assert_eq!(uses("app/domain/Cargo.toml"), ["keel-types", "keel-text"]);
    assert_eq!(uses("app/islands/Cargo.toml"), none);
    assert_eq!(uses("app/browser/Cargo.toml"), ["keel-islands"]);
    assert_eq!(uses("app/web/Cargo.toml"), ["keel-types", "keel-text", "keel-domain", "keel-islands"]);
    assert_eq!(uses("app/sandbox/Cargo.toml"), none, "a mistake must not hide on both sides");
}

/// What the lock file says a package needs, however far down.
fn reach(package: &str) -> BTreeSet<String> {
    let lock = read("Cargo.lock");
    let quoted = |line: &str| line.split('"').nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let needs = |package: &str| -> Vec<String> {
        let blocks = lock.split("[[package]]\n").filter(|block| block.starts_with(&format!("name = \"{package}\"\n")));
        blocks.flat_map(|block| block.lines().filter(|line| line.starts_with(" \"")).map(quoted)).collect()
    };
    let (mut found, mut open) = (BTreeSet::new(), vec![package.to_owned()]);
    while let Some(next) = open.pop() {
        open.extend(needs(&next).into_iter().filter(|need| found.insert(need.clone())));
    }
    found
}

#[test]
fn the_browser_cannot_reach_the_database() {
    let browser = reach("keel-browser");
    assert!(browser.contains("keel-islands") && browser.contains("leptos"), "{browser:?}");
    for server in ["sqlx", "sqlx-core", "keel-domain", "keel-web"] {
        assert!(!browser.contains(server), "the browser's part reaches {server}");
        assert!(reach("keel").contains(server), "{server} is not what the server uses any more");
    }
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
    // The billing sandbox is held against the client from outside, as any server is.
    found.retain(|path| !path.contains("app/sandbox/tests/"));
    assert!(!found.is_empty() && found.iter().all(|path| path.contains("domain/src/payments/")), "{found:?}");
}
