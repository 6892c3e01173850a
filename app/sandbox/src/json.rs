//! Reading and writing JSON objects by dotted paths such as `recurring.interval` or `items.data.0.price`.

use serde_json::Value;

static NULL: Value = Value::Null;

/// Paths into a JSON value. What is not there reads as null, empty, zero or false.
pub trait At {
    /// The value at `path`, or null.
    fn at(&self, path: &str) -> &Value;
    /// Replaces the value at `path`; missing objects on the way are made.
    fn set(&mut self, path: &str, value: impl Into<Value>);

    /// The text at `path`, or an empty one.
    fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }
    /// The whole number at `path`, or zero.
    fn integer(&self, path: &str) -> i64 {
        self.at(path).as_i64().unwrap_or_default()
    }
    /// The truth at `path`, or false.
    fn flag(&self, path: &str) -> bool {
        self.at(path).as_bool().unwrap_or_default()
    }
    /// The entries of the array at `path`, or none.
    fn entries(&self, path: &str) -> &[Value] {
        self.at(path).as_array().map_or(&[], Vec::as_slice)
    }
}

impl At for Value {
    fn at(&self, path: &str) -> &Value {
        path.split('.').try_fold(self, step).unwrap_or(&NULL)
    }

    fn set(&mut self, path: &str, value: impl Into<Value>) {
        let place = path.split('.').fold(self, |place, key| match key.parse::<usize>() {
            Ok(index) if place.is_array() => &mut place[index],
            _ => &mut place[key],
        });
        *place = value.into();
    }
}

fn step<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Array(entries) => entries.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    }
}

/// The parts of `before` that differ in `after`, as events report them in `previous_attributes`.
pub fn differences(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else { return before.clone() };
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    let changed = keys.filter(|key| old.get(*key) != new.get(*key)).map(|key| {
        let previous = match (old.get(key), new.get(key)) {
            (Some(was @ Value::Object(_)), Some(is @ Value::Object(_))) => differences(was, is),
            (was, _) => was.cloned().unwrap_or(Value::Null),
        };
        (key.clone(), previous)
    });
    Value::Object(changed.collect())
}
