//! Quantities as Kubernetes writes them: a number with a suffix or an exponent.

/// The suffixes of a number
const SUFFIXES: [&str; 16] = [
    "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
];

/// The most digits before and behind the point, and in an exponent; no node offers a quantity with more
const MOST_DIGITS: usize = 20;
const MOST_EXPONENT_DIGITS: usize = 2;

/// Whether the text is a quantity as Kubernetes writes it
///
/// `500m`, `2Gi` and `1e3` are. `+1` and `.5` are not: Kubernetes accepts them, but never writes them.
pub(crate) fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(behind) => digits(behind),
        None => ("0", rest),
    };
    let is_number = [whole, fraction]
        .iter()
        .all(|part| (1..=MOST_DIGITS).contains(&part.len()));
    is_number && (SUFFIXES.contains(&rest) || is_exponent(rest))
}

fn is_exponent(text: &str) -> bool {
    let Some(signed) = text.strip_prefix(['e', 'E']) else {
        return false;
    };
    let (exponent, rest) = digits(signed.strip_prefix(['+', '-']).unwrap_or(signed));
    rest.is_empty() && (1..=MOST_EXPONENT_DIGITS).contains(&exponent.len())
}

/// The leading digits of a text, and the rest of it
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}
