//! Numbers as they come: `3`, `3.0`, `"3"`, `1e2`, and what only looks like one.
//!
//! Owns: which texts are an integer or a finite number. Leaves to `normalize`: what happens to the others.

/// More digits than any `i64` has; whoever writes an exponent beyond this means no such number.
const MAX_SHIFT: i64 = 400;

/// The integer that a number's text stands for, when it is one exactly and fits: `3.0` and `1e2` are integers,
/// `3.5` and `1e30` are none.
pub(crate) fn integer(text: &str) -> Option<i64> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_decimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_decimal(whole) || !is_decimal(fraction) {
        return None;
    }

    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    // The value is `significant` followed by `zeros` zeros; with fewer than none it has a fraction.
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let fraction_length = i64::try_from(fraction.len()).ok()?;
    let zeros = exponent.checked_add(dropped)?.checked_sub(fraction_length)?;
    if !(0..=MAX_SHIFT).contains(&zeros) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    let zeros = "0".repeat(usize::try_from(zeros).ok()?);
    format!("{sign}{significant}{zeros}").parse().ok()
}

/// The number that a number's text stands for, when it is finite; what is too small for a float is 0.
pub(crate) fn float(text: &str) -> Option<f64> {
    let starts_like_one = text.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit());
    let value: f64 = if starts_like_one {
        text.parse().ok()?
    } else {
        return None;
    };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_exactly_or_not_at_all() {
        let cases = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("3", Some(3)),
            ("-3", Some(-3)),
            ("3.0", Some(3)),
            ("3.000", Some(3)),
            ("300", Some(300)),
            ("1e2", Some(100)),
            ("1E+2", Some(100)),
            ("1.5e1", Some(15)),
            ("120e-1", Some(12)),
            ("0e999999999999", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("-9223372036854775808.0", Some(i64::MIN)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("9223372036854775808", None),
            ("1e19", None),
            ("1e400", None),
            ("1e999999999999999999999", None),
            ("1e-1", None),
            ("3.5", None),
            ("-3.000001", None),
            ("", None),
            ("-", None),
            (".", None),
            ("e5", None),
            ("1e", None),
            ("NaN", None),
            ("Infinity", None),
            ("0x10", None),
            ("1 2", None),
            ("--1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(integer(text), expected, "{text}");
        }
    }

    #[test]
    fn floats_are_finite() {
        let cases = [
            ("1.5", Some(1.5)),
            ("-1.5", Some(-1.5)),
            ("1e2", Some(100.0)),
            ("1e-400", Some(0.0)),
            ("1e400", None),
            ("-1e400", None),
            ("nan", None),
            ("-inf", None),
            ("infinity", None),
            ("", None),
            ("1.5s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(float(text), expected, "{text}");
        }
    }
}
