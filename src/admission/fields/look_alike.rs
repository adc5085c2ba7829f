//! Tag keys that look like another one: with a letter of another alphabet, an invisible character, or another case.

/// The difference between two keys that look alike
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookAlike {
    /// This character only looks like the right one, or is invisible
    Letter(char),
    /// Upper and lower case
    Case,
}

/// Letters that look like Latin ones, in the order of the Latin ones
const LETTERS: [(&str, char); 22] = [
    ("аαɑ", 'a'),
    ("Вв", 'b'),
    ("сϲ", 'c'),
    ("ԁ", 'd'),
    ("еєε", 'e'),
    ("ɡ", 'g'),
    ("һНн", 'h'),
    ("іıι", 'i'),
    ("ј", 'j'),
    ("кκ", 'k'),
    ("ӏ", 'l'),
    ("мΜ", 'm'),
    ("пη", 'n'),
    ("оοσ", 'o'),
    ("рρ", 'p'),
    ("ԛ", 'q'),
    ("ѕ", 's'),
    ("тτ", 't'),
    ("υ", 'u'),
    ("νѵ", 'v'),
    ("ԝω", 'w'),
    ("хχ", 'x'),
];

/// Characters that take no room
const INVISIBLE: [char; 6] = [
    '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}',
];

/// How a key that looks like the wanted one differs from it; `None` if it is the same, or looks different
///
/// ```text
/// look_alike("еnv", "env") -> Letter('е'), which is Cyrillic
/// look_alike("Env", "env") -> Case
/// look_alike("team", "env") -> None
/// ```
pub(crate) fn look_alike(found: &str, wanted: &str) -> Option<LookAlike> {
    if found == wanted || folded(found) != folded(wanted) {
        return None;
    }
    let mut chars = found.chars().chain(wanted.chars());
    let letter = chars.find(|c| !c.is_ascii() && latin(*c) != Some(*c));
    Some(letter.map_or(LookAlike::Case, LookAlike::Letter))
}

fn folded(key: &str) -> String {
    key.chars().filter_map(latin).collect()
}

/// The Latin letter in lower case that a character looks like, or itself; `None` if it is invisible
fn latin(c: char) -> Option<char> {
    if INVISIBLE.contains(&c) {
        return None;
    }
    // Full-width forms, in the order of ASCII
    let ascii = u32::from(c).checked_sub(0xfee0).and_then(char::from_u32);
    if let Some(ascii) = ascii.filter(|_| ('\u{ff01}'..='\u{ff5e}').contains(&c)) {
        return Some(ascii.to_ascii_lowercase());
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    let same = LETTERS
        .iter()
        .find(|(alike, _)| alike.contains(c) || alike.contains(lower));
    Some(same.map_or_else(|| c.to_ascii_lowercase(), |(_, letter)| *letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_look_alike_are_told() {
        assert_eq!(look_alike("\u{435}nv", "env"), Some(LookAlike::Letter('\u{435}')));
        assert_eq!(look_alike("\u{415}NV", "env"), Some(LookAlike::Letter('\u{415}')));
        assert_eq!(
            look_alike("e\u{200b}nv", "env"),
            Some(LookAlike::Letter('\u{200b}'))
        );
        assert_eq!(
            look_alike("\u{ff45}nv", "env"),
            Some(LookAlike::Letter('\u{ff45}'))
        );
        assert_eq!(
            look_alike("env", "\u{435}nv"),
            Some(LookAlike::Letter('\u{435}')),
            "in the policy"
        );
        assert_eq!(look_alike("Env", "env"), Some(LookAlike::Case));
    }

    #[test]
    fn other_keys_do_not_look_alike() {
        for (found, wanted) in [
            ("env", "env"),
            ("team", "env"),
            ("envs", "env"),
            ("团队", "团体"),
            ("", "env"),
        ] {
            assert_eq!(look_alike(found, wanted), None, "{found} {wanted}");
        }
    }
}
