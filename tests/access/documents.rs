//! What `docs/security.md` says, held against the tree: the code and the tests it names are there, and no requirement of the
//! standard's first two levels is left out.

use std::collections::BTreeSet;
use std::path::Path;

/// The numbers of the requirements.
const STANDARD: &str = include_str!("asvs.txt");

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md")).unwrap()
}

/// The numbers in a text, such as `1.2.3`.
fn numbers(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
    words.filter(|word| word.split('.').filter(|part| !part.is_empty()).count() == 3).collect()
}

/// What stands between backticks in a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "rs")
}

/// Whether a test of this name is in a file: a function in Rust's, a title in others.
fn has_test(path: &str, text: &str, name: &str) -> bool {
    if is_rust(path) { text.contains(&format!("fn {name}(")) } else { text.contains(&format!("'{name}'")) }
}

#[test]
fn the_page_on_security_names_what_is_there() {
    let (root, page) = (Path::new(env!("CARGO_MANIFEST_DIR")), page());
    let mut rows = 0;
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", requirement, _, code, tests, ""] = cells.as_slice() else { continue };
        if numbers(requirement).is_empty() {
            continue;
        }
        rows += 1;
        for path in quoted(code) {
            assert!(root.join(path).exists(), "{requirement}: there is no {path}");
        }
        for place in quoted(tests) {
            let (path, names) = place.split_once(": ").unwrap_or_else(|| panic!("{requirement}: {place} is no `file: test`"));
            let text = std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{requirement}: {path}: {error}"));
            let names: Vec<&str> = if is_rust(path) { names.split(", ").collect() } else { vec![names] };
            for name in names {
                assert!(has_test(path, &text, name), "{requirement}: {path} has no test {name}");
            }
        }
    }
    assert!(rows > 90, "only {rows} rows were found");
}

#[test]
fn the_page_on_security_leaves_no_requirement_out() {
    let (wanted, page) = (numbers(STANDARD), page());
    assert_eq!(wanted.len(), 70 + 183, "levels 1 and 2");
    let said = numbers(&page);
    let missing: Vec<&&str> = wanted.difference(&said).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
