//! Numbers in sentences for people.

use std::borrow::Borrow;

/// A number with its thousands apart: `12,345`.
pub fn number(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 line`, `2 lines`.
pub fn count(count: u64, one: &str, many: &str) -> String {
    let word = if count == 1 { one } else { many };
    format!("{} {word}", number(count))
}

/// `1 unit`, `2 units`.
pub fn units(units: u64) -> String {
    count(units, "unit", "units")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart() {
        for (given, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
            (crate::values::MAX_QUANTITY, "1,000,000,000,000"),
        ] {
            assert_eq!(number(given), text);
        }
        assert_eq!(count(1, "line", "lines"), "1 line");
        assert_eq!(units(1_200), "1,200 units");
    }
}
