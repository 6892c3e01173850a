//! Request parameters: url-encoded pairs whose names nest with brackets, as in `line_items[0][price]`.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::error::ApiError;

const MOST_PAIRS: usize = 1_000;
const LONGEST_VALUE: usize = 5_000;

/// The parameters of one request, by full name. `a[]=x&a[]=y` is kept as `a[0]` and `a[1]`; the last of two equal names counts.
#[derive(Clone, Debug, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads a query string or form body.
    ///
    /// # Errors
    /// Unbalanced brackets, too many pairs, over-long values.
    pub fn parse(encoded: &[u8]) -> Result<Self, ApiError> {
        let mut params = Self::default();
        // Some clients write an empty form as a pair of nothing and nothing.
        for (name, value) in form_urlencoded::parse(encoded).filter(|(name, value)| !(name.is_empty() && value.is_empty())) {
            if params.pairs.len() == MOST_PAIRS {
                return Err(ApiError::invalid(format!("A request has at most {MOST_PAIRS} parameters.")));
            }
            let segments = segments(&name).ok_or_else(|| ApiError::invalid(format!("Malformed parameter name: {name}")))?;
            if value.chars().count() > LONGEST_VALUE {
                let message = format!("{name} is longer than {LONGEST_VALUE} characters.");
                return Err(ApiError::wrong(&name, message));
            }
            let name = params.numbered(&segments);
            params.pairs.retain(|(known, _)| *known != name);
            params.pairs.push((name, value.into_owned()));
        }
        Ok(params)
    }

    /// The full name with every empty index replaced by a number. `a[]` begins a new entry; `a[][b]` goes on with the last
    /// entry, or begins a new one when that has a `b` already.
    fn numbered(&self, segments: &[&str]) -> String {
        let current = self.numbered_from(segments, 0);
        if self.sent(&current).is_some() { self.numbered_from(segments, 1) } else { current }
    }

    fn numbered_from(&self, segments: &[&str], ahead: usize) -> String {
        let mut name = segments[0].to_owned();
        for (place, segment) in segments.iter().enumerate().skip(1) {
            if segment.is_empty() {
                let known = self.children(&name).len();
                let index = if place + 1 == segments.len() { known } else { known.saturating_sub(1) + ahead };
                name = format!("{name}[{index}]");
            } else {
                name = format!("{name}[{segment}]");
            }
        }
        name
    }

    /// Refuses every parameter that no pattern accepts. In a pattern `[]` stands for an index, `[*]` for any key;
    /// `expand[]` is always accepted.
    ///
    /// # Errors
    /// The first unknown parameter.
    pub fn only(&self, accepted: &[&str]) -> Result<(), ApiError> {
        let unknown = self
            .pairs
            .iter()
            .find(|(name, value)| !accepted.iter().chain(&["expand[]"]).any(|pattern| fits(pattern, name, value.is_empty())));
        match unknown {
            Some((name, _)) => Err(ApiError::parameter("parameter_unknown", name, format!("Received unknown parameter: {name}"))),
            None => Ok(()),
        }
    }

    /// The value as sent, which is empty when the caller unsets something.
    pub fn sent(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value, when there is one and it is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.sent(name).filter(|value| !value.is_empty())
    }

    /// The value, or the refusal that names it.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// True when the name, or anything nested in it, was sent.
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name || inside(known, name).is_some())
    }

    /// The value as a whole number within `range`.
    pub fn integer(&self, name: &str, range: std::ops::RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = |message: String| ApiError::parameter("parameter_invalid_integer", name, message);
        let number: i64 = text.parse().map_err(|_| wrong(format!("Invalid integer: {text}")))?;
        if number < *range.start() {
            return Err(wrong(format!("Invalid integer: {name} must be at least {}.", range.start())));
        }
        if number > *range.end() {
            return Err(wrong(format!("Invalid integer: {name} must be at most {}.", range.end())));
        }
        Ok(Some(number))
    }

    /// The value as `true` or `false`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ApiError::wrong(name, format!("Invalid boolean: {other}"))),
        }
    }

    /// The value, if it is one of `choices`.
    pub fn one_of(&self, name: &str, choices: &[&'static str]) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match choices.iter().find(|choice| **choice == text) {
            Some(choice) => Ok(Some(choice)),
            None => Err(ApiError::invalid_choice(name, choices)),
        }
    }

    /// A three-letter currency code, in lower case.
    pub fn currency(&self, name: &str) -> Result<Option<String>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            Ok(Some(text.to_ascii_lowercase()))
        } else {
            Err(ApiError::wrong(name, format!("Invalid currency: {text}")))
        }
    }

    /// The full names of what is directly inside `name`, each once, in the order they came.
    pub fn children(&self, name: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (known, _) in &self.pairs {
            let child = inside(known, name).and_then(|rest| rest.split_once(']')).map(|(key, _)| format!("{name}[{key}]"));
            found.extend(child.filter(|child| !found.contains(child)));
        }
        found
    }

    /// The values of the list `name`.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.children(name).iter().filter_map(|child| self.text(child)).collect()
    }

    /// The metadata in `name` laid over `onto`: an empty value takes a key away, an empty `name` takes all.
    pub fn metadata(&self, name: &str, onto: &Value) -> Result<Value, ApiError> {
        let mut data = match self.sent(name) {
            Some(_) => Map::new(),
            None => onto.as_object().cloned().unwrap_or_default(),
        };
        for child in self.children(name) {
            let key = child[name.len() + 1..child.len() - 1].to_owned();
            match self.sent(&child) {
                None | Some("") => drop(data.remove(&key)),
                Some(_) if key.chars().count() > 40 => return Err(too_long(&child, "Metadata keys", 40)),
                Some(value) if value.chars().count() > 500 => return Err(too_long(&child, "Metadata values", 500)),
                Some(value) => drop(data.insert(key, value.into())),
            }
        }
        if data.len() > 50 {
            return Err(ApiError::wrong(name, "An object has at most 50 metadata keys."));
        }
        Ok(Value::Object(data))
    }

    /// The postal address in `name`, or null when nothing of it was sent.
    pub fn address(&self, name: &str) -> Value {
        if self.children(name).is_empty() {
            return Value::Null;
        }
        let part = |key: &str| self.text(&format!("{name}[{key}]"));
        json!({
            "city": part("city"), "country": part("country"), "line1": part("line1"), "line2": part("line2"),
            "postal_code": part("postal_code"), "state": part("state"),
        })
    }

    /// True when `moment` lies within the bounds in `name`: a number, or any of `gt`, `gte`, `lt`, `lte`.
    pub fn covers(&self, name: &str, moment: i64) -> Result<bool, ApiError> {
        let bound = |key: &str| self.integer(&format!("{name}[{key}]"), i64::MIN..=i64::MAX);
        let exact = self.integer(name, i64::MIN..=i64::MAX)?;
        Ok(exact.is_none_or(|at| moment == at)
            && bound("gt")?.is_none_or(|at| moment > at)
            && bound("gte")?.is_none_or(|at| moment >= at)
            && bound("lt")?.is_none_or(|at| moment < at)
            && bound("lte")?.is_none_or(|at| moment <= at))
    }

    /// All pairs in an order that does not depend on how they were sent, to compare two requests.
    pub fn fingerprint(&self) -> String {
        let mut pairs = self.pairs.clone();
        pairs.sort();
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}

impl ApiError {
    /// 400: the value is none of the choices.
    pub fn invalid_choice(name: &str, choices: &[&str]) -> Self {
        Self::wrong(name, format!("Invalid {name}: must be one of {}", choices.join(", ")))
    }
}

/// 400: a required parameter was not sent.
pub fn missing(name: &str) -> ApiError {
    ApiError::parameter("parameter_missing", name, format!("Missing required param: {name}."))
}

fn too_long(param: &str, what: &str, most: usize) -> ApiError {
    ApiError::wrong(param, format!("{what} have at most {most} characters."))
}

/// What follows `name[` in `known`.
fn inside<'k>(known: &'k str, name: &str) -> Option<&'k str> {
    known.strip_prefix(name)?.strip_prefix('[')
}

/// `a[b][0]` → `a`, `b`, `0`; nothing for unbalanced brackets or more than ten levels.
fn segments(name: &str) -> Option<Vec<&str>> {
    let Some((first, rest)) = name.split_once('[') else {
        return (!name.is_empty() && !name.contains(']')).then(|| vec![name]);
    };
    let rest = rest.strip_suffix(']')?;
    let mut all = vec![first];
    all.extend(rest.split("]["));
    let sound = !first.is_empty() && all.len() <= 10 && all.iter().all(|segment| !segment.contains(['[', ']']));
    sound.then_some(all)
}

fn fits(pattern: &str, name: &str, unset: bool) -> bool {
    let (Some(pattern), Some(name)) = (segments(pattern), segments(name)) else { return false };
    let unset_whole = unset && name.len() + 1 == pattern.len() && matches!(pattern.last(), Some(&("*" | "")));
    (pattern.len() == name.len() || unset_whole)
        && pattern.iter().zip(&name).all(|(pattern, segment)| match *pattern {
            "" => !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()),
            "*" => true,
            exact => exact == *segment,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        let params = Params::parse(text.as_bytes()).unwrap();
        params.pairs.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn names_nest_and_open_indices_are_counted() {
        assert_eq!(parsed("a[]=x&a[]=y&b[c][]=z"), ["a[0]=x", "a[1]=y", "b[c][0]=z"]);
        assert_eq!(parsed("l[][p]=1&l[][q]=2&l[][p]=3&l[][q]=4"), ["l[0][p]=1", "l[0][q]=2", "l[1][p]=3", "l[1][q]=4"]);
        assert_eq!(parsed("a%5B0%5D%5Bb%5D=%C3%A9+%26"), ["a[0][b]=é &"]);
        assert_eq!(parsed("a=1&a=2"), ["a=2"]);
        assert!(parsed("").is_empty() && parsed("=").is_empty());
    }

    #[test]
    fn malformed_names_are_refused() {
        for name in ["a[", "a]", "[a]", "a[b", "a[b]c", "a[[b]]", "a[b]]", "", "a[1][2][3][4][5][6][7][8][9][10]"] {
            assert!(Params::parse(format!("{name}=1").as_bytes()).is_err(), "{name}");
        }
        let many: String = (0..=MOST_PAIRS).fold(String::new(), |all, number| all + &format!("a{number}=&"));
        assert!(Params::parse(many.as_bytes()).is_err());
    }

    #[test]
    fn patterns_tell_indices_from_keys() {
        let accepts = |text: &str| Params::parse(text.as_bytes()).unwrap().only(&["l[][p]", "m[*]", "e[]"]).is_ok();
        for good in ["l[0][p]=1", "m[a b]=1", "m[0]=", "m=", "e[]=1", "e=", "expand[]=x"] {
            assert!(accepts(good), "{good}");
        }
        for bad in ["l[x][p]=1", "l[0]=1", "m=1", "m[a][b]=1", "e=1", "x=1", "expand[a]=1"] {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn the_order_of_parameters_does_not_matter() {
        let fingerprint = |text: &str| Params::parse(text.as_bytes()).unwrap().fingerprint();
        assert_eq!(fingerprint("a=1&b=2"), fingerprint("b=2&a=1"));
        assert_ne!(fingerprint("a=1&b=2"), fingerprint("a=2&b=1"));
    }
}
