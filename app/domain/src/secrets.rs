//! Tokens, their hashes, and texts sealed under `KEEL_SECRET`.

use crate::refusal::{Refusal, Result as Answer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, Payload};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// A random token of 256 bits as the person's browser or mailbox holds it. Shown nowhere, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedToken(String);

impl PlainToken {
    /// A token nobody can guess.
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random::<32>()))
    }

    /// A token somebody sent. Its form is checked so that nothing else is ever hashed and looked up.
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        good.then(|| Self(text.to_owned()))
    }

    /// The token itself, for the cookie or the mail.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What to keep or look up.
    pub fn hashed(&self) -> HashedToken {
        hash(&self.0)
    }
}

/// What to keep of a text that nobody can guess.
pub(crate) fn hash(text: &str) -> HashedToken {
    HashedToken(hexadecimal(&Sha256::digest(text.as_bytes())))
}

impl std::fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

impl HashedToken {
    /// The hash in hexadecimal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&HashedToken> for crate::db::Arg {
    fn from(token: &HashedToken) -> Self {
        token.as_str().into()
    }
}

/// The keys of `KEEL_SECRET`: the current one signs and encrypts, the previous one is still believed.
#[derive(Clone)]
pub struct Secret {
    current: Vec<u8>,
    previous: Option<Vec<u8>>,
}

/// Why a `KEEL_SECRET` is not taken.
#[derive(Debug, thiserror::Error)]
#[error("must be base64 of at least 32 bytes, optionally followed by a comma and the previous one")]
pub struct BadSecret;

impl Secret {
    /// Reads `base64[,base64 of the previous one]`.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let key = |text: &str| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).map_err(|_| BadSecret)?;
            if bytes.len() >= 32 { Ok(bytes) } else { Err(BadSecret) }
        };
        let (current, previous) = text.split_once(',').map_or((text, None), |(now, before)| (now, Some(before)));
        Ok(Self { current: key(current)?, previous: previous.map(key).transpose()? })
    }

    /// A new secret in the form [`Secret::parse`] reads.
    pub fn generate() -> String {
        base64::engine::general_purpose::STANDARD.encode(random::<32>())
    }

    /// The signature of `text` for one purpose, in hexadecimal.
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        hexadecimal(&mac(&self.current, purpose, text).finalize().into_bytes())
    }

    /// Whether `signature` is that of `text` for this purpose, under the current or the previous key. Constant time.
    pub fn signed(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let Some(signature) = bytes_of(signature) else { return false };
        let by = |key: &[u8]| mac(key, purpose, text).verify_slice(&signature).is_ok();
        by(&self.current) || self.previous.as_deref().is_some_and(by)
    }

    /// `value` as a text that [`Secret::open`] gives back and nobody else can make.
    pub fn seal<T: Serialize>(&self, purpose: &str, value: &T) -> String {
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default());
        format!("{text}.{}", self.sign(purpose, &text))
    }

    /// The value of a sealed text; `None` when it was not sealed here for this purpose.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Option<T> {
        let (text, signature) = sealed.split_once('.')?;
        if !self.signed(purpose, text, signature) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

impl Secret {
    /// `bytes` as a text that only [`Secret::decrypt`] for the same purpose reads, and nobody else can make.
    pub(crate) fn encrypt(&self, purpose: &str, bytes: &[u8]) -> Answer<String> {
        let nonce = random::<NONCE>();
        let payload = Payload { msg: bytes, aad: purpose.as_bytes() };
        let sealed = cipher(&self.current).encrypt(&nonce.into(), payload).map_err(|_| Refusal::internal(&"too much to encrypt"))?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// The bytes of an encrypted text; `None` when it was not encrypted here for this purpose, under the current or the previous key.
    pub(crate) fn decrypt(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let by = |key: &[u8]| cipher(key).decrypt(&(*nonce).into(), Payload { msg: sealed, aad: purpose.as_bytes() }).ok();
        by(&self.current).or_else(|| by(self.previous.as_deref()?))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Six random digits.
pub fn six_digits() -> String {
    // 2^64 is so much larger than 10^6 that the remainder favours no code noticeably.
    format!("{:06}", u64::from_le_bytes(random::<8>()) % 1_000_000)
}

/// A short text that finds a line in the log.
pub fn reference() -> String {
    hexadecimal(&random::<6>())
}

/// So many bytes nobody can guess.
#[expect(clippy::expect_used, reason = "without randomness from the system nothing here may go on")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// Bytes of a nonce: so many that random ones never meet.
const NONCE: usize = 24;

/// Encrypts under a key of its own, which is made of `key`.
fn cipher(key: &[u8]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&mac(key, "encryption", "").finalize().into_bytes())
}

fn mac(key: &[u8], purpose: &str, text: &str) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    mac
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes_of(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes();
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::parse(&Secret::generate()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_only() {
        let (secret, another) = (secret(), secret());
        let sealed = secret.seal("flash", &("welcome", 7));
        assert_eq!(secret.open("flash", &sealed), Some(("welcome".to_owned(), 7)));
        assert_eq!(secret.open::<(String, i32)>("intent", &sealed), None);
        assert_eq!(another.open::<(String, i32)>("flash", &sealed), None);
        for broken in ["", ".", "a.b", &sealed[1..], &sealed[..sealed.len() - 1], &sealed.replace('.', "")] {
            assert_eq!(secret.open::<(String, i32)>("flash", broken), None, "{broken}");
        }
    }

    #[test]
    fn the_previous_key_is_believed_and_signs_nothing() {
        let (old, new) = (Secret::generate(), Secret::generate());
        let before = Secret::parse(&old).unwrap();
        let after = Secret::parse(&format!("{new},{old}")).unwrap();
        assert!(after.signed("code", "123456", &before.sign("code", "123456")));
        assert!(!before.signed("code", "123456", &after.sign("code", "123456")));
    }

    #[test]
    fn what_was_encrypted_is_read_for_its_purpose_only_and_tells_nothing() {
        let (old, new) = (Secret::generate(), Secret::generate());
        let secret = Secret::parse(&old).unwrap();
        let sealed = secret.encrypt("totp of usr_1", b"a secret").unwrap();
        assert_eq!(secret.decrypt("totp of usr_1", &sealed).as_deref(), Some(&b"a secret"[..]));
        assert_eq!(secret.decrypt("totp of usr_2", &sealed), None);
        assert_eq!(Secret::parse(&new).unwrap().decrypt("totp of usr_1", &sealed), None);
        let after = Secret::parse(&format!("{new},{old}")).unwrap();
        assert_eq!(after.decrypt("totp of usr_1", &sealed).as_deref(), Some(&b"a secret"[..]));
        assert_ne!(secret.encrypt("totp of usr_1", b"a secret").unwrap(), sealed);
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"a secret"));
        for place in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[place] ^= 1;
            assert_eq!(secret.decrypt("totp of usr_1", &URL_SAFE_NO_PAD.encode(broken)), None, "{place}");
        }
        for text in ["", "AAAA", &sealed[1..]] {
            assert_eq!(secret.decrypt("totp of usr_1", text), None, "{text}");
        }
    }

    #[test]
    fn short_or_unreadable_secrets_are_refused() {
        assert!(Secret::parse("c2hvcnQ=").is_err());
        assert!(Secret::parse("not base64 !").is_err());
        assert!(Secret::parse("").is_err());
    }
}
