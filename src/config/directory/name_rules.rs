//! The names that RAM and Kubernetes accept (ram-spec section 1; Kubernetes' rules for labels).

use crate::config::directory::located_text::LocatedText;
use ram_policy::source::{Fault, Position};

/// The rule for one kind of name: its length and its characters
///
/// ```text
/// USER.refusal("alice")   None
/// USER.refusal("a b")     "`a b` is no user name: it takes 1 to 64 characters out of A-Z a-z 0-9 . _ -"
/// ```
pub(crate) struct NameRule {
    noun: &'static str,
    longest: usize,
    allowed: fn(char) -> bool,
    characters: &'static str,
}

impl NameRule {
    /// The message for a name that breaks the rule; `None` if the name keeps it
    pub(crate) fn refusal(&self, name: &str) -> Option<String> {
        let good = !name.is_empty() && name.len() <= self.longest && name.chars().all(self.allowed);
        (!good).then(|| {
            format!(
                "`{}` is no {}: it takes 1 to {} characters out of {}",
                shortened(name),
                self.noun,
                self.longest,
                self.characters
            )
        })
    }

    /// Checks a name of a document
    ///
    /// # Errors
    /// A name that breaks the rule
    pub(crate) fn check(&self, name: &LocatedText) -> Result<(), Fault> {
        match self.refusal(name) {
            Some(message) => Err(name.fault(message)),
            None => Ok(()),
        }
    }
}

/// RAM policy names
pub(crate) const POLICY: NameRule = NameRule {
    noun: "policy name",
    longest: 128,
    allowed: |c| c.is_ascii_alphanumeric() || c == '-',
    characters: "A-Z a-z 0-9 -",
};
/// RAM user names
pub(crate) const USER: NameRule = ram_name("user name");
/// RAM user group names
pub(crate) const GROUP: NameRule = ram_name("group name");
/// RAM role names
pub(crate) const ROLE: NameRule = ram_name("role name");
/// Resource group ids; the console makes `rg-` and 14 characters
pub(crate) const RESOURCE_GROUP: NameRule = ram_name("resource group id");
/// Region ids, which become part of resource names (ARNs)
pub(crate) const REGION: NameRule = NameRule {
    noun: "region",
    longest: 64,
    allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    characters: "a-z 0-9 -",
};
/// Account ids: 16 digits today, fewer in old accounts
pub(crate) const ACCOUNT: NameRule = NameRule {
    noun: "account id",
    longest: 32,
    allowed: |c| c.is_ascii_digit(),
    characters: "0-9",
};
/// Ids of RAM users and roles: 18 digits today; they become part of no name, so the length only spots other text
pub(crate) const RAM_ID: NameRule = NameRule {
    noun: "id of a RAM user or role",
    longest: 32,
    allowed: |c| c.is_ascii_digit(),
    characters: "0-9",
};
/// Cluster ids: 33 hexadecimal characters in ACK, anything in a self-managed cluster; a tag value takes 128
pub(crate) const CLUSTER: NameRule = NameRule {
    noun: "cluster id",
    longest: 128,
    allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
    characters: "A-Z a-z 0-9 . _ -",
};
/// Names of Kubernetes namespaces and service accounts; looser than Kubernetes' own rule, but enough to spot other text
pub(crate) const KUBERNETES: NameRule = NameRule {
    noun: "Kubernetes name",
    longest: 253,
    allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'),
    characters: "a-z 0-9 . -",
};
/// Names of namespaces: labels of DNS, but for a hyphen at an end, which only spots no other text
pub(crate) const NAMESPACE: NameRule = NameRule {
    noun: "namespace",
    longest: 63,
    allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    characters: "a-z 0-9 -",
};

const fn ram_name(noun: &'static str) -> NameRule {
    NameRule {
        noun,
        longest: 64,
        allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
        characters: "A-Z a-z 0-9 . _ -",
    }
}

/// Checks that a namespace is named, not matched
///
/// # Errors
/// A text with a star or a question mark
pub(crate) fn check_no_pattern(at: Position, namespace: &str) -> Result<(), Fault> {
    if namespace.contains(['*', '?']) {
        let message = format!(
            "`{}` is no name of a namespace: write each one in full, as no pattern is read here",
            shortened(namespace)
        );
        return Err(Fault::new(at, message));
    }
    Ok(())
}

/// Whether Kubernetes stores a label with this key and value
pub(crate) fn is_label(key: &str, value: &str) -> bool {
    is_key(key) && is_label_text(value)
}

/// Whether a text is `[PREFIX/]NAME`, the form of a label or annotation key
fn is_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let prefix_good = prefix.is_none_or(|prefix| KUBERNETES.refusal(prefix).is_none());
    prefix_good && !name.is_empty() && is_label_text(name)
}

/// Checks the key of a label or annotation
///
/// # Errors
/// A key that Kubernetes would not store
pub(crate) fn check_key(at: Position, key: &str) -> Result<(), Fault> {
    if is_key(key) {
        Ok(())
    } else {
        let message = format!("`{}` is not a label or annotation key", shortened(key));
        Err(Fault::new(at, message))
    }
}

/// Checks the value of a label
///
/// # Errors
/// A value that Kubernetes would not store
pub(crate) fn check_label_value(value: &LocatedText) -> Result<(), Fault> {
    if is_label_text(value) {
        Ok(())
    } else {
        Err(value.fault(format!("`{}` is not a label value", shortened(value))))
    }
}

/// Checks that a text is not empty; `noun` names it in the message
///
/// # Errors
/// An empty text
pub(crate) fn check_not_empty(text: &LocatedText, noun: &str) -> Result<(), Fault> {
    if text.is_empty() {
        Err(text.fault(format!("an empty {noun} is not accepted")))
    } else {
        Ok(())
    }
}

/// Whether a text may be a label value or the name in a key: at most 63 characters, a letter or digit at both ends
fn is_label_text(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && text.chars().all(inner)
        && text.chars().next().is_none_or(end)
        && text.chars().last().is_none_or(end)
}

/// The first 64 characters of user text, for a message
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((cut, _)) => format!("{}...", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn keys_refused(text: &str) -> usize {
        let keys: Vec<LocatedText> = yaml::parse(text).unwrap()[0].read().unwrap();
        keys.iter().filter(|key| check_key(key.at, key).is_err()).count()
    }

    #[test]
    fn names_hold_their_limits() {
        assert_eq!(POLICY.refusal(&"a".repeat(128)), None);
        assert!(POLICY.refusal(&"a".repeat(129)).is_some());
        assert!(POLICY.refusal("").is_some());
        assert!(POLICY.refusal("a_b").is_some());
        assert_eq!(USER.refusal(&"u".repeat(64)), None);
        assert!(USER.refusal(&"u".repeat(65)).is_some());
        assert_eq!(
            ROLE.refusal("ECI Role").unwrap(),
            "`ECI Role` is no role name: it takes 1 to 64 characters out of A-Z a-z 0-9 . _ -"
        );
        assert!(ACCOUNT.refusal("12a").is_some());
    }

    #[test]
    fn keys_follow_kubernetes() {
        assert_eq!(keys_refused(r#"[env, ramgate.io/env, "a.b/c_d.e"]"#), 0);
        assert_eq!(
            keys_refused(r#"["", "/env", "a/", "A/b", "a/b/c", "-a", "a b"]"#),
            7
        );
        assert_eq!(
            keys_refused(&format!("[{}, {}]", "a".repeat(63), "a".repeat(64))),
            1
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(shortened(&"é".repeat(65)), format!("{}...", "é".repeat(64)));
    }
}
