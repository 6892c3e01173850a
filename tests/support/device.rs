//! A device that keeps a passkey, in software: it answers what a phone or a security key would, and lies where a test tells it to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keel_domain::secrets::Secret;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;

/// A device with one passkey; a clone of it is a copy of the passkey too.
#[derive(Clone)]
pub struct Device {
    /// Where its browser says that it is.
    pub origin: String,
    /// The host that its browser lets ask.
    pub host: String,
    /// What its browser says that this is, where it does not say the truth.
    pub kind: Option<&'static str>,
    /// Whether it finds out who uses it.
    pub verifies: bool,
    /// How often it has signed; always 0 for devices that do not count.
    pub counter: u32,
    /// The person, as it was told.
    pub handle: Value,
    pub id: Vec<u8>,
    pub key: SigningKey,
}

impl Device {
    /// A device whose browser is at this address.
    pub fn at(origin: &str) -> Self {
        let host = origin.split("//").nth(1).unwrap().split(':').next().unwrap().to_owned();
        let key = SigningKey::from_slice(&random()).unwrap();
        Self { origin: origin.to_owned(), host, kind: None, verifies: true, counter: 1, handle: Value::Null, id: random(), key }
    }

    /// Makes its passkey by these options.
    pub fn registers(&mut self, options: &Value) -> String {
        self.handle = options["user"]["id"].clone();
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut data = self.data(WITH_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // The public key: kind EC2, algorithm ES256, curve P-256, x and y, as CBOR.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().unwrap());
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().unwrap());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        let client = self.client("webauthn.create", options);
        self.answer(&json!({ "clientDataJSON": text(client), "attestationObject": text(object), "transports": ["internal"] }))
    }

    /// Signs what these options ask.
    pub fn signs(&mut self, options: &Value) -> String {
        self.counter += u32::from(self.counter > 0);
        let (data, client) = (self.data(0), self.client("webauthn.get", options));
        let signature: Signature = self.key.sign(&[&data[..], &Sha256::digest(&client)[..]].concat());
        self.answer(&json!({
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(signature.to_der()),
            "userHandle": self.handle,
        }))
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let host = Sha256::digest(self.host.as_bytes());
        [&host[..], &[PRESENT | verified | flags], &self.counter.to_be_bytes()].concat()
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let kind = self.kind.unwrap_or(kind);
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false }).to_string().into_bytes()
    }

    fn answer(&self, response: &Value) -> String {
        let id = text(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} }).to_string()
    }
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn random() -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(Secret::generate()).unwrap()
}
