//! Bits of text for messages: user input is quoted, cut to a length and rid of what would break a line.

use std::borrow::Cow;

use crate::config::id_of;
use ram_policy::Principal;

/// The longest piece of user input in a message, in characters; names of Kubernetes and RAM mostly fit
pub(crate) const NAME_LENGTH: usize = 64;

/// Whether a character shows nothing or turns the text around it: zero-width and bidirectional characters, soft hyphens,
/// variation selectors, tags, line separators
///
/// The ranges are Unicode's format characters and those that it ignores by default.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}'
        | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// User input in backticks, at most `longest` characters of it, control and invisible characters shown as `?`
pub(crate) fn quoted(text: &str, longest: usize) -> String {
    format!("`{}`", clipped(text, longest))
}

/// User input without control characters, at most `longest` characters of it
pub(crate) fn clipped(text: &str, longest: usize) -> String {
    // As most texts are, and then a character is a byte
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out: String = text
        .chars()
        .take(longest)
        .map(|c| if c.is_control() || is_invisible(c) { '?' } else { c })
        .collect();
    if text.chars().nth(longest).is_some() {
        out.push('…');
    }
    out
}

/// Cuts text to at most `longest` bytes, between characters, and shows that something is missing
pub(crate) fn fitted(text: &str, longest: usize) -> Cow<'_, str> {
    const MARK: &str = "…";
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    let room = longest.saturating_sub(MARK.len());
    let end = (0..=room)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    Cow::Owned(format!("{}{MARK}", text.get(..end).unwrap_or_default()))
}

/// The first lines that fit into `longest` bytes, joined by `between`, and the number of those that do not
///
/// ```text
/// bounded(["first fault", "second fault", "third fault"], "; ", 70)   "first fault; second fault; and 1 more"
/// ```
pub(crate) fn bounded(lines: &[String], between: &str, longest: usize) -> String {
    // Leaves room for the words on the lines that do not fit
    let room = longest.saturating_sub(40);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let needed = text
            .len()
            .saturating_add(line.len())
            .saturating_add(between.len());
        if index > 0 && needed > room {
            let more = lines.len().saturating_sub(index);
            text.push_str(&format!("{between}and {more} more"));
            return text;
        }
        if index > 0 {
            text.push_str(between);
        }
        text.push_str(cut(line, room));
    }
    text
}

/// At most `longest` bytes of a text, cut between characters
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Names a few of many: `a`, `b`, `c` and 4 more
pub(crate) fn listed<T: AsRef<str>>(items: &[T], word: &str) -> String {
    const SHOWN: usize = 3;
    let mut parts: Vec<String> = items
        .iter()
        .take(SHOWN)
        .map(|item| quoted(item.as_ref(), NAME_LENGTH))
        .collect();
    let hidden = items.len().saturating_sub(SHOWN);
    if hidden > 0 {
        parts.push(format!("{hidden} more"));
    }
    match parts.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{} {word} {last}", before.join(", ")),
    }
}

/// A number with its noun: `1 document`, `2 documents`, `3 policies`
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

/// How many workloads lead somewhere, as a sentence that goes on with `to …`
pub(crate) fn leading(workloads: usize) -> String {
    match workloads {
        1 => "1 workload or bare pod leads".to_owned(),
        count => format!("{count} workloads and bare pods lead"),
    }
}

/// What makes an unbound user somebody: an id of ACK in the directory, or else a binding
pub(crate) fn binding_step(user: &str) -> String {
    match id_of(user) {
        Some(id) => format!(
            "write `id: \"{}\"` at the RAM user or role that has this number, or to bind one of its groups",
            clipped(id, NAME_LENGTH)
        ),
        None => format!("bind {} or one of its groups", subject(user)),
    }
}

/// A subject as a binding names it
pub(crate) fn subject(user: &str) -> String {
    match user
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'))
    {
        Some((namespace, name)) => {
            format!(
                "{{kind: ServiceAccount, namespace: {}, name: {}}}",
                clipped(namespace, NAME_LENGTH),
                clipped(name, NAME_LENGTH)
            )
        }
        None => format!("{{kind: User, name: {}}}", clipped(user, NAME_LENGTH)),
    }
}

/// A RAM principal in words: RAM user `alice`
pub(crate) fn described(principal: &Principal) -> String {
    match principal {
        Principal::Account => "the Alibaba Cloud account".to_owned(),
        Principal::User(name) => format!("RAM user `{name}`"),
        Principal::Role(name) => format!("RAM role `{name}`"),
        Principal::Group(name) => format!("RAM group `{name}`"),
        Principal::Service(name) => format!("service `{name}`"),
    }
}

/// RAM's AuthPrincipalDisplayName
pub(crate) fn display_name<'a>(principal: &'a Principal, account: &'a str) -> &'a str {
    match principal {
        Principal::Account => account,
        Principal::User(name) | Principal::Role(name) | Principal::Group(name) | Principal::Service(name) => {
            name
        }
    }
}
/// RAM's words in one line
pub(crate) fn joined(words: &[(&'static str, String)]) -> String {
    words
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_input_cannot_break_a_line_or_flood_it() {
        assert_eq!(quoted("a\nb\u{7f}", 10), "`a?b?`");
        assert_eq!(quoted("abcdef", 3), "`abc…`");
        assert_eq!(quoted("äöü", 3), "`äöü`");
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(fitted("abc", 3), "abc");
        assert_eq!(fitted("abcdef", 5), "ab…");
        assert_eq!(fitted("äöü", 5), "ä…");
        assert_eq!(fitted("äöü", 4), "…");
    }

    #[test]
    fn lines_that_do_not_fit_are_counted() {
        let lines = ["first fault", "second fault", "third fault"].map(str::to_owned);
        assert_eq!(bounded(&lines, "; ", 70), "first fault; second fault; and 1 more");
        assert_eq!(bounded(&["é".repeat(100)], "\n", 60), "é".repeat(10));
    }

    #[test]
    fn a_number_of_ack_is_written_into_the_directory() {
        assert_eq!(
            binding_step("2012-1676970192"),
            "write `id: \"2012\"` at the RAM user or role that has this number, or to bind one of its groups"
        );
        assert_eq!(
            binding_step("alice"),
            "bind {kind: User, name: alice} or one of its groups"
        );
    }

    #[test]
    fn one_of_a_kind_is_no_plural() {
        let counts = |noun| [0, 1, 2].map(|count| counted(count, noun));
        assert_eq!(counts("document"), ["0 documents", "1 document", "2 documents"]);
        assert_eq!(counts("policy"), ["0 policies", "1 policy", "2 policies"]);
    }

    #[test]
    fn lists_stay_short() {
        assert_eq!(listed::<&str>(&[], "or"), "nothing");
        assert_eq!(listed(&["a"], "or"), "`a`");
        assert_eq!(listed(&["a", "b"], "or"), "`a` or `b`");
        assert_eq!(
            listed(&["a", "b", "c", "d", "e"], "and"),
            "`a`, `b`, `c` and 2 more"
        );
    }
}
