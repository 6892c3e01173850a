//! Forms: fields as they arrive, typed input with every fault collected, and a form shown again with what was typed.

use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::problem::{FieldProblem, Problem};
use crate::ui::{Maybe, Text};
use keel_domain::clock::day;
use keel_text::Catalogue;
use keel_types::time::DAY;
use keel_types::{Code, Fault, Instant};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Most fields a form may carry.
pub const MOST_FIELDS: usize = 200;

/// The fields of a form: names and texts, repeated names in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The fields of an urlencoded body; `None` when it is none, or carries too many.
    pub fn of_form(body: &[u8]) -> Option<Self> {
        serde_urlencoded::from_bytes(body).ok().map(Self).filter(|fields| fields.0.len() <= MOST_FIELDS)
    }

    /// Every text of a name, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The first text of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

// A JSON object of text, number, flag, null or a list of texts; a list is a repeated name.
impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Value {
            Text(String),
            Flag(bool),
            Number(serde_json::Number),
            Many(Vec<String>),
            Nothing(()),
        }
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = vec![];
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    match value {
                        Value::Text(text) => fields.push((name, text)),
                        Value::Flag(flag) => fields.push((name, flag.to_string())),
                        Value::Number(number) => fields.push((name, number.to_string())),
                        Value::Many(texts) => fields.extend(texts.into_iter().map(|text| (name.clone(), text))),
                        Value::Nothing(()) => {}
                    }
                    if fields.len() > MOST_FIELDS {
                        return Err(serde::de::Error::custom("too many fields"));
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (place, (name, _)) in self.0.iter().enumerate() {
            let is_first = !self.0[..place].iter().any(|(earlier, _)| earlier == name);
            if is_first {
                let texts: Vec<&str> = self.0[place..].iter().filter(|(known, _)| known == name).map(|(_, text)| text.as_str()).collect();
                match texts.as_slice() {
                    [one] => map.serialize_entry(name, one)?,
                    many => map.serialize_entry(name, many)?,
                }
            }
        }
        map.end()
    }
}

/// Input of an action: read from fields, or refused with all faults at once.
#[diagnostic::on_unimplemented(message = "`{Self}` is no form input: implement `keel_web::form::Input`")]
pub trait Input: Sized {
    /// The fields that carry files. With any, the form may also be `multipart/form-data`.
    const FILES: &'static [&'static str] = &[];

    /// Reads every field before giving up, so that all faults are told.
    fn read(form: &mut Reader<'_>) -> Option<Self>;

    /// The input, or the problem with it.
    fn parse(fields: &Fields, arrival: &Arrival) -> Result<Self, Problem> {
        let mut reader = Reader { fields, arrival, faults: vec![] };
        match (Self::read(&mut reader), reader.faults) {
            (Some(input), faults) if faults.is_empty() => Ok(input),
            (_, faults) if faults.is_empty() => Err(Problem::new(Code::Malformed)),
            (_, faults) => Err(Problem::invalid(faults)),
        }
    }
}

/// The input of an action that needs none.
#[derive(Debug)]
pub struct Nothing;

impl Input for Nothing {
    fn read(_: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

/// Reads fields and remembers what was wrong with each.
pub struct Reader<'a> {
    fields: &'a Fields,
    arrival: &'a Arrival,
    faults: Vec<FieldProblem>,
}

impl<'a> Reader<'a> {
    /// A field that is needed.
    pub fn get<T>(&mut self, field: &'static str, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        match parse(self.text(field)) {
            Ok(value) => Some(value),
            Err(fault) => self.refuse(field, fault),
        }
    }

    /// A field that may be left empty.
    pub fn find<T>(&mut self, field: &'static str, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<Option<T>> {
        if self.text(field).trim().is_empty() { Some(None) } else { self.get(field, parse).map(Some) }
    }

    /// A field with one of several words.
    pub fn choice<T>(&mut self, field: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.get(field, |text| parse(text).ok_or(Fault::NotAChoice))
    }

    /// A field with several of some words, each told by `parse`; none is a choice too.
    pub fn choices<T, C: FromIterator<T>>(&mut self, field: &'static str, parse: impl Fn(&str) -> Option<T>) -> Option<C> {
        let chosen: Option<C> = self.fields.all(field).map(parse).collect();
        chosen.map_or_else(|| self.refuse(field, Fault::NotAChoice), Some)
    }

    /// A field as it was sent; empty when it was not.
    pub fn text(&self, field: &str) -> &'a str {
        self.fields.get(field).unwrap_or_default()
    }

    /// Whether a field was sent.
    pub fn has(&self, field: &str) -> bool {
        self.fields.get(field).is_some()
    }

    /// The bytes of a file; none when no file was chosen.
    pub fn file(&self, field: &str) -> Option<Vec<u8>> {
        let file = self.arrival.files.iter().find(|(known, _)| *known == field);
        file.map(|(_, bytes)| bytes.to_vec()).filter(|bytes| !bytes.is_empty())
    }

    /// A cookie's value.
    pub fn cookie(&self, cookie: Cookie) -> Option<&'a str> {
        self.arrival.cookie(cookie)
    }

    /// The request.
    pub fn arrival(&self) -> &'a Arrival {
        self.arrival
    }

    /// Remembers what is wrong with several fields.
    pub fn refuse_all(&mut self, faults: Vec<FieldProblem>) {
        self.faults.extend(faults);
    }

    /// Remembers what is wrong with a field.
    pub fn refuse<T>(&mut self, field: &'static str, fault: Fault) -> Option<T> {
        self.faults.push(FieldProblem::new(field, fault));
        None
    }
}

/// Whether a checkbox was sent as ticked: browsers send `on`, programs `true`.
pub fn is_on(text: &str) -> bool {
    matches!(text, "on" | "true")
}

/// The span of a filter's fields `from` and `to`: from the beginning of the first day until the end of the last, and what is wrong.
pub fn days(from: &str, to: &str, faults: &mut Vec<FieldProblem>) -> (Option<Instant>, Option<Instant>) {
    let mut read = |name, text: &str| -> Option<Instant> {
        let at = day(text);
        if at.is_none() && !text.is_empty() {
            faults.push(FieldProblem::new(name, Fault::NotADay));
        }
        at
    };
    let (from, to) = (read("from", from), read("to", to));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        faults.push(FieldProblem::new("to", Fault::EndsTooEarly));
    }
    (from, to.map(|to| to.plus(DAY)))
}

/// A whole number as people and programs write it.
pub fn number(text: &str) -> Result<i64, Fault> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(if text.is_empty() { Fault::Required } else { Fault::NotANumber });
    }
    text.parse().map_err(|_| Fault::OutOfRange)
}

/// A form that is shown again: what was typed, and what is wrong with it, if anything is. Empty on the first showing.
#[derive(Clone, Debug, Default)]
pub struct FormState {
    /// What was typed.
    pub fields: Fields,
    /// What is wrong.
    pub problem: Option<Problem>,
}

impl FormState {
    /// What was typed into a field, else `usual`: also where another form of the page was sent. Fields that never show a value
    /// again decide so by their kind.
    pub fn value(&self, field: &str, usual: impl Into<Maybe>) -> Maybe {
        self.fields.get(field).map_or_else(|| usual.into(), |typed| typed.to_owned().into())
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str, text: &Catalogue) -> Maybe {
        let fault = self.problem.iter().flat_map(|p| &p.errors).find(|e| e.field == field);
        fault.map(|e| text.fault(e.code)).into()
    }

    /// What is wrong as a whole, when it is more than single fields.
    pub fn message(&self, text: &Catalogue) -> Maybe {
        let problem = self.problem.as_ref().filter(|p| p.errors.is_empty());
        problem.map(|p| p.sentence(text)).into()
    }

    /// Every faulty field of `known` (name and label) with its sentence, for the summary above the form.
    pub fn summary(&self, known: &[(&'static str, &'static str)], text: &Catalogue) -> Vec<(&'static str, Text)> {
        let line = |label: &str, error: Text| keel_text::fill(text.form.field, &[("label", &label), ("error", &error)]).into();
        known.iter().filter_map(|(field, label)| self.error(field, text).0.map(|error| (*field, line(label, error)))).collect()
    }

    /// Whether this code was the problem.
    pub fn has(&self, code: Code) -> bool {
        self.problem.as_ref().is_some_and(|p| p.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_the_way_through_json() {
        let fields = Fields([("a", "1"), ("b", ""), ("a", "2"), ("c", "ü\u{0}\"")].map(|(n, t)| (n.to_owned(), t.to_owned())).to_vec());
        let json = serde_json::to_string(&fields).unwrap();
        let back: Fields = serde_json::from_str(&json).unwrap();
        assert_eq!(back.0.iter().filter(|(n, _)| n == "a").map(|(_, t)| t.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(back.get("c"), fields.get("c"));
    }

    #[test]
    fn only_flat_objects_are_fields() {
        for text in ["[]", "3", "{\"a\":{}}", "{\"a\":[1]}", "{\"a\":", "null"] {
            assert!(serde_json::from_str::<Fields>(text).is_err(), "{text}");
        }
        let fields: Fields = serde_json::from_str(r#"{"a":1,"b":true,"c":null,"d":["x","y"]}"#).unwrap();
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("c"), fields.get("d")), (Some("1"), Some("true"), None, Some("x")));
    }

    #[test]
    fn numbers_are_whole_and_in_range() {
        assert_eq!(number(" 12 "), Ok(12));
        assert_eq!(number("-1"), Ok(-1));
        for (text, fault) in [
            ("", Fault::Required),
            ("1.5", Fault::NotANumber),
            ("1e9", Fault::NotANumber),
            ("--1", Fault::NotANumber),
            ("99999999999999999999", Fault::OutOfRange),
        ] {
            assert_eq!(number(text), Err(fault), "{text}");
        }
    }
}
