//! Amounts in minor units, as people read them.

/// Currencies that have no minor unit.
const WHOLE: [&str; 16] = ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];
/// Currencies whose minor unit is a thousandth.
const THOUSANDTHS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// `2900, "usd"` → `$29.00`; `500, "jpy"` → `¥500`.
pub fn written(amount: i64, currency: &str) -> String {
    let decimals = if WHOLE.contains(&currency) {
        0
    } else if THOUSANDTHS.contains(&currency) {
        3
    } else {
        2
    };
    let scale = 10_u64.pow(decimals);
    let sign = if amount < 0 { "-" } else { "" };
    let (whole, part) = (grouped(amount.unsigned_abs() / scale), amount.unsigned_abs() % scale);
    let number = match decimals {
        0 => whole,
        2 => format!("{whole}.{part:02}"),
        _ => format!("{whole}.{part:03}"),
    };
    let symbol = match currency {
        "usd" => "$",
        "eur" => "€",
        "gbp" => "£",
        "jpy" => "¥",
        other => return format!("{sign}{} {number}", other.to_uppercase()),
    };
    format!("{sign}{symbol}{number}")
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        let cases = [
            (2_900, "usd", "$29.00"),
            (500, "jpy", "¥500"),
            (1_234_567, "krw", "KRW 1,234,567"),
            (1_500, "kwd", "KWD 1.500"),
            (-5, "eur", "-€0.05"),
        ];
        for (amount, currency, expected) in cases {
            assert_eq!(super::written(amount, currency), expected);
        }
    }
}
