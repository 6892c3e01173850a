//! Names for new objects: a prefix that tells the kind, then random letters and digits.

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A fresh id: `prefix` followed by `length` random letters and digits.
pub fn fresh(prefix: &str, length: usize) -> String {
    let mut bytes = vec![0_u8; length];
    if getrandom::fill(&mut bytes).is_err() {
        // Without a random source ids must still differ, or objects would overwrite each other.
        let now = crate::clock::wall_ms().to_be_bytes();
        bytes.iter_mut().zip(now.iter().cycle()).for_each(|(byte, seed)| *byte = *seed);
    }
    let letters = bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    prefix.chars().chain(letters).collect()
}
