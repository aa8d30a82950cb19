//! Numbers as they are written: digit for digit as Postgres prints them, as whole numbers, as floats.

/// Digits that a number of the mirror may have, those that its exponent adds included.
const MOST_DIGITS: usize = 16_000;

/// A number as Postgres prints it: without exponent, leading zeros and the sign of a zero, its scale kept. `None`
/// for what is no number or too long to be stored.
pub(super) fn plain_number(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let shift = usize::try_from(exponent.unsigned_abs()).ok()?;
    let written = text.len() - unsigned.len() + mantissa.len();
    if written.checked_add(shift)? > MOST_DIGITS {
        return None;
    }
    let (whole, fraction) = if exponent >= 0 {
        let moved = shift.min(fraction.len());
        let (moved, rest) = fraction.split_at(moved);
        (format!("{whole}{moved}{}", "0".repeat(shift - moved.len())), rest.to_owned())
    } else {
        let padded = format!("{}{whole}", "0".repeat(shift));
        let (whole, moved) = padded.split_at(padded.len() - shift);
        (whole.to_owned(), format!("{moved}{fraction}"))
    };
    let whole = whole.trim_start_matches('0');
    let is_zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let sign = if negative && !is_zero { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// A whole number that 64 bits hold, however it is written.
pub(super) fn integer(text: &str) -> Option<i64> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let plain = plain_number(text)?;
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
}

/// A finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    let begins_with_a_digit = text.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit());
    let value: f64 = if begins_with_a_digit { text.parse().ok()? } else { return None };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::plain_number;

    #[test]
    fn numbers_are_written_as_postgres_prints_them() {
        let cases = [
            ("0", Some("0")),
            ("-0", Some("0")),
            ("-0.00", Some("0.00")),
            ("007", Some("7")),
            ("1.10", Some("1.10")),
            ("-1.5e1", Some("-15")),
            ("1.50e1", Some("15.0")),
            ("1e3", Some("1000")),
            ("12.5E-3", Some("0.0125")),
            (
                "12345678901234567890.123456789012345678901",
                Some("12345678901234567890.123456789012345678901"),
            ),
            ("1e16000", None),
            ("1e-99999999999999999999", None),
            ("1.2.3", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(plain_number(text).as_deref(), expected, "{text}");
        }
    }
}
