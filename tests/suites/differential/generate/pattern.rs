//! From a text to patterns that hold it, and back.

use crate::random::Random;

/// The text itself, or with some of it behind a wildcard
pub fn blurred(random: &mut Random, text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let count = letters.len();
    let (from, to) = (random.between(0, count), random.between(0, count));
    let (from, to) = (from.min(to), from.max(to));
    let part = |range: std::ops::Range<usize>| letters[range].iter().collect::<String>();
    match random.below(10) {
        0..4 => text.into(),
        4 => format!("{}*", part(0..to)),
        5 => format!("*{}", part(from..count)),
        6 => format!("{}*{}", part(0..from), part(to..count)),
        7 => format!("*{}*", part(from..to)),
        8 if count > 0 => {
            let at = random.below(count);
            format!("{}?{}", part(0..at), part(at + 1..count))
        }
        8 => "?".into(),
        _ => "*".into(),
    }
}

/// A text that the pattern holds
pub fn instance(random: &mut Random, pattern: &str) -> String {
    let mut text = String::new();
    for letter in pattern.chars() {
        match letter {
            '*' => text.push_str(random.word(&["", "", "A", "AB", "/1", "*", "é"])),
            '?' => text.push_str(random.word(&["A", "e", "生"])),
            other => text.push(other),
        }
    }
    text
}

/// One letter in its other case
pub fn flipped(random: &mut Random, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return String::new();
    }
    let at = random.below(letters.len());
    let letter = letters[at];
    letters[at] = match letter.is_ascii_uppercase() {
        true => letter.to_ascii_lowercase(),
        false => letter.to_ascii_uppercase(),
    };
    letters.into_iter().collect()
}
