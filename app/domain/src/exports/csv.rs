//! Comma-separated values (RFC 4180) that a spreadsheet shows and does not run: a text that begins like a formula begins with an
//! apostrophe.

use serde_json::Value;

/// One line with its end.
pub(super) fn line<'a>(cells: impl Iterator<Item = &'a Value>) -> String {
    let mut line = cells.map(cell).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    // What comes before is skipped by some programs.
    let first = text.trim_start_matches([' ', '\u{a0}', '\u{feff}']).chars().next();
    let runs = matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'));
    let inert = if runs { "'" } else { "" };
    format!("\"{inert}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_formula_is_a_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", " =1", "\u{feff}=1", "＝1"] {
            assert_eq!(line([json!(text)].iter()), format!("\"'{text}\"\r\n"));
        }
        assert_eq!(line([json!(-5), json!(null), json!(true), json!("a \"b\", c")].iter()), "-5,,true,\"a \"\"b\"\", c\"\r\n");
        assert_eq!(line([json!("1-2"), json!("a=b")].iter()), "\"1-2\",\"a=b\"\r\n");
    }
}
