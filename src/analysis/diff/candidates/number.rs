//! Numbers: those of the policies, the numbers one above and below, and the numbers directly above and below.

use super::Candidate;
use crate::analysis::boundary_values::fraction_digits;

/// `4`, `5` -> `4`, `5`, `3`, `4.1`, `3.9`, `6`, `5.1`, `4.9`
pub(crate) fn candidates(wanted: &[String]) -> Vec<Candidate> {
    let digits = wanted.iter().map(|text| fraction_digits(text)).max();
    // One digit more than the policies use, so that a number fits between any two of theirs.
    let places = digits.unwrap_or_default().saturating_add(1);
    let mut values: Vec<i128> = wanted.iter().filter_map(|text| scaled(text, places)).collect();
    values.sort_unstable();
    values.dedup();
    let exact = wanted.iter().map(Candidate::exactly);
    let neighbours = neighbours(&values, places).into_iter().map(|value| {
        let below = values.iter().rev().find(|known| **known < value);
        let above = values.iter().find(|known| **known > value);
        let shown = |known: &i128| unscaled(*known, places);
        Candidate::between(shown(&value), below.map(shown), above.map(shown))
    });
    exact.chain(neighbours).collect()
}

/// The scaled numbers that are one, or one unit of the last place, beside a value, and no value themselves
fn neighbours(values: &[i128], places: usize) -> Vec<i128> {
    let one = u32::try_from(places)
        .ok()
        .and_then(|places| 10_i128.checked_pow(places));
    let steps: Vec<i128> = one.into_iter().chain([1]).collect();
    let all = values.iter().flat_map(|value| {
        steps
            .iter()
            .flat_map(move |step| [value.checked_add(*step), value.checked_sub(*step)])
            .flatten()
    });
    all.filter(|value| !values.contains(value)).collect()
}

/// `1.5` with 2 places -> `150`; `None` if the number is too long
fn scaled(text: &str, places: usize) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let zeros = places.checked_sub(fraction.len())?;
    format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().ok()
}

/// `150` with 2 places -> `1.5`
fn unscaled(value: i128, places: usize) -> String {
    let digits = format!(
        "{:0>width$}",
        value.unsigned_abs(),
        width = places.saturating_add(1)
    );
    let (whole, fraction) = digits
        .split_at_checked(digits.len().saturating_sub(places))
        .unwrap_or((&digits, ""));
    let sign = if value < 0 { "-" } else { "" };
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// `5` -> `05`: an equal number that is another string, which shows how string and number operators differ
pub(crate) fn with_leading_zero(number: &str) -> Candidate {
    let text = match number.strip_prefix('-') {
        Some(digits) => format!("-0{digits}"),
        None => format!("0{number}"),
    };
    Candidate::wording(text, format!("{number} in other digits"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::candidates::shown;

    #[test]
    fn every_gap_between_numbers_has_a_value() {
        let shown = shown(&candidates(&["4".into(), "5".into(), "-0.5".into()]));
        for wanted in [
            "4 Exactly",
            "-0.5 Exactly",
            "4.01 Wording(\"> 4 and < 5\")",
            "6 Wording(\"> 5\")",
            "-1.5 Wording(\"< -0.5\")",
            "3 Wording(\"> -0.5 and < 4\")",
        ] {
            assert!(shown.contains(&wanted.to_owned()), "{wanted}: {shown:?}");
        }
        assert!(candidates(&["9".repeat(60)]).len() == 1);
    }
}
