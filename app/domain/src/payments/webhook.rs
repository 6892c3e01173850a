//! What Stripe posts: whether it is from Stripe, and what it is about.
//!
//! Of an event only the envelope is read. The object in it may be older than what is known, so the worker fetches it anew.

use hmac::{Hmac, KeyInit, Mac};
use miniserde::Deserialize;
use miniserde::json::{self, Value};
use sha2::Sha256;

use super::ms;

/// How far the signature's time may be from ours, either way.
const TOLERANCE_MS: i64 = 300_000;

/// Why a post is not taken for one of Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No `Stripe-Signature` header.
    #[error("the signature is missing")]
    Missing,
    /// The header has no time or no signature of the known scheme.
    #[error("the signature is malformed")]
    Malformed,
    /// Signed with no secret of ours, or not this body.
    #[error("the signature is wrong")]
    Wrong,
    /// Rightly signed, at a time too far from now: perhaps recorded and played again.
    #[error("the signature is of another time")]
    Stale,
}

/// A body that is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an event of Stripe")]
pub struct NotAnEvent;

/// `body` was signed with one of `secrets` (the present one, and the one before while it is being replaced) within five
/// minutes of now. `header` is `Stripe-Signature`: `t=<seconds>,v1=<hex>`, with as many `v1` as there are secrets in use.
pub fn verify(header: Option<&str>, body: &[u8], secrets: &[&str], now_ms: i64) -> Result<(), SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time).ok_or(SignatureError::Malformed)?;
    let seconds: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    let signatures: Vec<Vec<u8>> = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| bytes(hex)).collect();
    if signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    // An empty secret is a setting left out, and anybody could sign with it.
    let mut macs = secrets.iter().filter(|secret| !secret.is_empty()).filter_map(|secret| mac(secret, time, body));
    if !macs.any(|mac| signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())) {
        return Err(SignatureError::Wrong);
    }
    if now_ms.abs_diff(ms(seconds)) > TOLERANCE_MS.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

fn mac(secret: &str, time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = hex.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The event's id; the same when it is delivered again.
    pub id: String,
    /// What happened, such as `invoice.paid`.
    pub kind: String,
    /// When it happened.
    pub created_ms: i64,
    /// Real money, not a test.
    pub livemode: bool,
    /// The object's id; empty for objects without one, such as an invoice to come.
    pub object_id: String,
    /// The object's kind, such as `invoice`.
    pub object_type: String,
    /// The customer it concerns; itself, for a customer.
    pub customer: Option<String>,
    /// The charge it concerns, for a refund or a dispute.
    pub charge: Option<String>,
}

impl Envelope {
    /// The envelope of the event in `body`, whatever else is in it.
    pub fn read(body: &[u8]) -> Result<Self, NotAnEvent> {
        let text = std::str::from_utf8(body).map_err(|_| NotAnEvent)?;
        let event: Event = json::from_str(text).map_err(|_| NotAnEvent)?;
        if event.id.is_empty() || event.kind.is_empty() { Err(NotAnEvent) } else { Ok(event.into()) }
    }
}

/// An event as Stripe sends it.
#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Subject,
}

#[derive(Deserialize)]
struct Subject {
    id: Option<String>,
    object: Option<String>,
    customer: Option<Value>,
    charge: Option<Value>,
}

impl From<Event> for Envelope {
    fn from(event: Event) -> Self {
        let subject = event.data.object;
        let object_id = subject.id.unwrap_or_default();
        let object_type = subject.object.unwrap_or_default();
        let customer = if object_type == "customer" { Some(object_id.clone()) } else { subject.customer.and_then(id) };
        Self {
            id: event.id,
            kind: event.kind,
            created_ms: ms(event.created),
            livemode: event.livemode,
            object_id,
            object_type,
            customer,
            charge: subject.charge.and_then(id),
        }
    }
}

/// The id of an object that is given as its id or in full.
fn id(value: Value) -> Option<String> {
    match value {
        Value::String(id) => Some(id),
        Value::Object(mut fields) => match fields.remove("id") {
            Some(Value::String(id)) => Some(id),
            _ => None,
        },
        _ => None,
    }
}

/// The header Stripe would send with `body` at `t` seconds.
#[cfg(test)]
pub(crate) fn sign(secret: &str, t: i64, body: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in mac(secret, &t.to_string(), body).unwrap().finalize().into_bytes() {
        write!(hex, "{byte:02x}").unwrap();
    }
    format!("t={t},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_now";
    const T: i64 = 1_800_000_000;
    const NOW: i64 = T * 1_000;
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn check(header: &str) -> Result<(), SignatureError> {
        verify(Some(header), BODY, &[SECRET], NOW)
    }

    #[test]
    fn what_stripe_signed_is_taken() {
        assert_eq!(check(&sign(SECRET, T, BODY)), Ok(()));
    }

    /// HMAC-SHA256 of `1492774577.{}` with `whsec_test_secret`, worked out by OpenSSL.
    #[test]
    fn the_signature_is_the_one_others_work_out() {
        let header = "t=1492774577,v1=53140ab8fa70c511cc40d5c9198af7dde7bbaee877038c056d8250c3bd3b2e11";
        assert_eq!(verify(Some(header), b"{}", &["whsec_test_secret"], 1_492_774_577_000), Ok(()));
    }

    #[test]
    fn without_a_header_nothing_is_taken() {
        assert_eq!(verify(None, BODY, &[SECRET], NOW), Err(SignatureError::Missing));
    }

    #[test]
    fn a_header_without_time_or_signature_is_malformed() {
        let signed = sign(SECRET, T, BODY);
        let v1 = signed.split_once(',').unwrap().1;
        for header in ["", "t=", &format!("t={T}"), v1, &format!("t=soon,{v1}"), &format!("t={T},v1=xyz"), &format!("t={T},v1=abc")] {
            assert_eq!(check(header), Err(SignatureError::Malformed), "{header}");
        }
        assert_eq!(check(&signed.replace("v1=", "v0=")), Err(SignatureError::Malformed));
    }

    #[test]
    fn a_changed_body_time_or_secret_is_wrong() {
        let signed = sign(SECRET, T, BODY);
        assert_eq!(verify(Some(&signed), br#"{"id":"evt_2"}"#, &[SECRET], NOW), Err(SignatureError::Wrong));
        assert_eq!(check(&signed.replace(&T.to_string(), &(T + 1).to_string())), Err(SignatureError::Wrong));
        assert_eq!(check(&sign("whsec_other", T, BODY)), Err(SignatureError::Wrong));
        assert_eq!(check(&format!("t={T},v1=")), Err(SignatureError::Wrong));
        assert_eq!(check(&signed[..signed.len() - 2]), Err(SignatureError::Wrong));
    }

    #[test]
    fn the_secret_before_is_taken_while_it_is_listed() {
        let signed = sign("whsec_before", T, BODY);
        assert_eq!(verify(Some(&signed), BODY, &[SECRET, "whsec_before"], NOW), Ok(()));
        assert_eq!(verify(Some(&signed), BODY, &[SECRET], NOW), Err(SignatureError::Wrong));
    }

    #[test]
    fn one_right_signature_of_several_is_enough() {
        let other = sign("whsec_other", T, BODY);
        let right = sign(SECRET, T, BODY);
        assert_eq!(check(&format!("{other},{},v0=ab", right.split_once(',').unwrap().1)), Ok(()));
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        assert_eq!(verify(Some(&sign("", T, BODY)), BODY, &[""], NOW), Err(SignatureError::Wrong));
        assert_eq!(verify(Some(&sign(SECRET, T, BODY)), BODY, &[], NOW), Err(SignatureError::Wrong));
    }

    #[test]
    fn five_minutes_either_way_are_tolerated() {
        for (seconds, answer) in [(300, Ok(())), (-300, Ok(())), (301, Err(SignatureError::Stale)), (-301, Err(SignatureError::Stale))] {
            assert_eq!(check(&sign(SECRET, T + seconds, BODY)), answer, "{seconds}");
        }
        assert_eq!(check(&sign(SECRET, i64::MAX, BODY)), Err(SignatureError::Stale));
        assert_eq!(check(&sign(SECRET, i64::MIN, BODY)), Err(SignatureError::Stale));
    }

    fn about(object: &str) -> Envelope {
        let body = format!(
            r#"{{"id":"evt_1","object":"event","type":"a.b","api_version":"2030-01-01.later","created":5,"livemode":false,
                "data":{{"object":{object},"previous_attributes":{{"x":[1.5,null]}}}},"new":{{}}}}"#
        );
        Envelope::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn the_envelope_is_read_and_the_rest_is_not() {
        let envelope = about(r#"{"id":"in_1","object":"invoice","customer":"cus_1","lines":{"data":[{"id":"il_1"}]}}"#);
        assert_eq!(
            envelope,
            Envelope {
                id: "evt_1".to_owned(),
                kind: "a.b".to_owned(),
                created_ms: 5_000,
                livemode: false,
                object_id: "in_1".to_owned(),
                object_type: "invoice".to_owned(),
                customer: Some("cus_1".to_owned()),
                charge: None,
            }
        );
        assert_eq!(about(r#"{"id":"re_1","object":"refund","charge":"ch_1"}"#).charge.as_deref(), Some("ch_1"));
        assert_eq!(about(r#"{"id":"dp_1","object":"dispute","charge":{"id":"ch_1"}}"#).charge.as_deref(), Some("ch_1"));
    }

    #[test]
    fn the_customer_is_named_or_given_in_full_or_the_object_itself() {
        let customer = |object| about(object).customer;
        assert_eq!(
            customer(r#"{"id":"sub_1","object":"subscription","customer":{"id":"cus_1","deleted":true}}"#).as_deref(),
            Some("cus_1")
        );
        assert_eq!(customer(r#"{"id":"cus_1","object":"customer"}"#).as_deref(), Some("cus_1"));
        assert_eq!(customer(r#"{"id":"price_1","object":"price"}"#), None);
        assert_eq!(customer(r#"{"id":"ch_1","object":"charge","customer":null}"#), None);
    }

    #[test]
    fn an_object_may_have_no_id() {
        assert_eq!(about(r#"{"object":"invoice","customer":"cus_1"}"#).object_id, "");
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for body in
            ["", "null", "[]", "{}", r#"{"id":"evt_1"}"#, r#"{"id":"","type":"a","created":1,"livemode":false,"data":{"object":{}}}"#]
        {
            assert_eq!(Envelope::read(body.as_bytes()), Err(NotAnEvent), "{body}");
        }
        assert_eq!(Envelope::read(&[0xff]), Err(NotAnEvent));
    }
}
