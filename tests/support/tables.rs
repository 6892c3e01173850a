//! Committed tables, compared with what the code says. With `KEEL_WRITE_TABLES=1` they are written anew.

use std::path::Path;

/// Asserts that the file at `path` in this repository says what was found.
pub fn compare(path: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("KEEL_WRITE_TABLES").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = committed.lines().zip(found.lines()).find(|(committed, found)| committed != found);
    assert!(
        committed == found,
        "{} is not what the code says; run the tests with KEEL_WRITE_TABLES=1 and read the difference, which begins at {difference:?}",
        path.display()
    );
}
