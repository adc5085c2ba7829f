//! Which names RAM and Kubernetes accept (ram-spec section 1; Kubernetes' own rules for labels).

use crate::config::directory::text::Text;
use ram_policy::source::{Fault, Position};

/// One kind of name: what to call it, how long it may be, and of which characters it is made
pub(crate) struct NameRule {
    what: &'static str,
    longest: usize,
    allowed: fn(char) -> bool,
    characters: &'static str,
}

impl NameRule {
    /// What is wrong with a name, if anything
    pub(crate) fn refusal(&self, name: &str) -> Option<String> {
        let good = !name.is_empty() && name.len() <= self.longest && name.chars().all(self.allowed);
        (!good).then(|| {
            format!(
                "`{}` is no {}: it takes 1 to {} characters out of {}",
                shortened(name),
                self.what,
                self.longest,
                self.characters
            )
        })
    }

    /// Notes a name that this rule refuses
    pub(crate) fn check(&self, name: &Text, faults: &mut Vec<Fault>) {
        faults.extend(self.refusal(name).map(|message| name.fault(message)));
    }
}

/// RAM policy names
pub(crate) const POLICY: NameRule = NameRule {
    what: "policy name",
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
/// Resource group identifiers; the console makes `rg-` and 14 characters
pub(crate) const RESOURCE_GROUP: NameRule = ram_name("resource group id");
/// Region identifiers, which become part of resource names
pub(crate) const REGION: NameRule = NameRule {
    what: "region",
    longest: 64,
    allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    characters: "a-z 0-9 -",
};
/// Account numbers: 16 digits today, older ones are shorter
pub(crate) const ACCOUNT: NameRule = NameRule {
    what: "account id",
    longest: 32,
    allowed: |c| c.is_ascii_digit(),
    characters: "0-9",
};
/// Cluster identifiers: ACK makes 33 hexadecimal characters, self-managed clusters what they like; 128 fit a tag value
pub(crate) const CLUSTER: NameRule = NameRule {
    what: "cluster id",
    longest: 128,
    allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
    characters: "A-Z a-z 0-9 . _ -",
};
/// Names of Kubernetes namespaces and service accounts as far as they can be told apart from other text
pub(crate) const KUBERNETES: NameRule = NameRule {
    what: "Kubernetes name",
    longest: 253,
    allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'),
    characters: "a-z 0-9 . -",
};

const fn ram_name(what: &'static str) -> NameRule {
    NameRule {
        what,
        longest: 64,
        allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
        characters: "A-Z a-z 0-9 . _ -",
    }
}

/// Whether Kubernetes stores a label with this key and value
pub(crate) fn is_label(key: &str, value: &str) -> bool {
    is_key(key) && is_label_text(value)
}

/// Whether a text is `[PREFIX/]NAME` as Kubernetes takes it for the key of a label or annotation
fn is_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let prefix_good = prefix.is_none_or(|prefix| KUBERNETES.refusal(prefix).is_none());
    prefix_good && !name.is_empty() && is_label_text(name)
}

/// Notes a label or annotation key that Kubernetes would not store
pub(crate) fn check_key(at: Position, key: &str, faults: &mut Vec<Fault>) {
    if !is_key(key) {
        faults.push(Fault::new(
            at,
            format!("`{}` is not a label or annotation key", shortened(key)),
        ));
    }
}

/// Notes a label value that Kubernetes would not store
pub(crate) fn check_label_value(value: &Text, faults: &mut Vec<Fault>) {
    if !is_label_text(value) {
        faults.push(value.fault(format!("`{}` is not a label value", shortened(value))));
    }
}

/// Kubernetes' rule for label values and the name part of keys: at most 63 characters, a letter or digit at both ends
fn is_label_text(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && text.chars().all(inner)
        && text.chars().next().is_none_or(end)
        && text.chars().last().is_none_or(end)
}

/// User text short enough for a message
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
        let keys: Vec<Text> = yaml::parse(text).unwrap()[0].read().unwrap();
        let mut faults = Vec::new();
        keys.iter().for_each(|key| check_key(key.at, key, &mut faults));
        faults.len()
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
