//! Numbers: the policies' own, whole numbers beside them, and what lies just below and above each.

use crate::analysis::diff::axis::Candidate;

/// A decimal as a whole number of its smallest unit; none if it is longer than any that is worth trying
fn scaled(text: &str, places: usize) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let zeros = places.checked_sub(fraction.len())?;
    format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().ok()
}

fn written(value: i128, places: usize) -> String {
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

pub(crate) fn candidates(wanted: &[String]) -> Vec<Candidate> {
    let digits = |text: &String| text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    // One digit more than the policies use, so that something lies between any two of their values
    let places = wanted
        .iter()
        .map(digits)
        .max()
        .unwrap_or_default()
        .saturating_add(1);
    let one = u32::try_from(places)
        .ok()
        .and_then(|places| 10_i128.checked_pow(places));
    let mut values: Vec<i128> = wanted.iter().filter_map(|text| scaled(text, places)).collect();
    values.sort_unstable();
    values.dedup();
    let exact = wanted.iter().map(Candidate::exactly);
    let steps: Vec<i128> = one.into_iter().chain([1]).collect();
    let beside = values.iter().flat_map(|value| {
        steps
            .iter()
            .flat_map(move |step| [value.checked_add(*step), value.checked_sub(*step)])
            .flatten()
    });
    let beside: Vec<i128> = beside.filter(|value| !values.contains(value)).collect();
    exact
        .chain(beside.into_iter().map(|value| {
            let below = values.iter().rev().find(|known| **known < value);
            let above = values.iter().find(|known| **known > value);
            let shown = |known: &i128| written(*known, places);
            Candidate::words(
                shown(&value),
                crate::analysis::diff::values::between(below.map(shown), above.map(shown)),
            )
        }))
        .collect()
}

/// The same number in other digits, to tell operators on texts from those on numbers
pub(crate) fn written_otherwise(number: &str) -> Candidate {
    let text = match number.strip_prefix('-') {
        Some(digits) => format!("-0{digits}"),
        None => format!("0{number}"),
    };
    Candidate::words(text, format!("{number} in other digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gap_between_numbers_has_a_value() {
        let told: Vec<String> = candidates(&["4".into(), "5".into(), "-0.5".into()])
            .into_iter()
            .map(|each| format!("{} {:?}", each.value.unwrap(), each.told))
            .collect();
        for wanted in [
            "4 Exactly",
            "-0.5 Exactly",
            "4.01 Words(\"> 4 and < 5\")",
            "6 Words(\"> 5\")",
            "-1.5 Words(\"< -0.5\")",
            "3 Words(\"> -0.5 and < 4\")",
        ] {
            assert!(told.contains(&wanted.to_owned()), "{wanted}: {told:?}");
        }
        assert!(candidates(&["9".repeat(60)]).len() == 1);
    }
}
