//! Two generations of one ConfigMap of kustomize, which ends its name with a hash of its contents.
//!
//! After a change both exist until somebody deletes the older one, and both define the same.

/// The length of kustomize's hashes
const HASH_LENGTH: usize = 10;

/// The characters of kustomize's hashes: hexadecimal digits without those that could make a word
const HASH_CHARACTERS: &str = "2456789bcdfghkmt";

/// What to do about two documents, if they are in two generations of one ConfigMap
///
/// ```text
/// rules-5h9b7c2k4d/P.json, rules-f8t2m6g9hk/P.json   `rules-5h9b7c2k4d` and `rules-f8t2m6g9hk` are two generations …
/// rules-a/P.json, rules-b/P.json                     None
/// ```
pub(super) fn advice(first: &str, second: &str) -> Option<String> {
    let (first, second) = (config_map(first)?, config_map(second)?);
    let is_same = first != second && base(first)? == base(second)?;
    is_same.then(|| {
        format!(
            "`{first}` and `{second}` are two generations of one ConfigMap: delete the older one, or set \
             disableNameSuffixHash in kustomization.yaml"
        )
    })
}

/// The ConfigMap in the name of a document: `CONFIGMAP/KEY`, or `PATH[CONFIGMAP/KEY]`
fn config_map(document: &str) -> Option<&str> {
    let within = match document.strip_suffix(']') {
        Some(document) => document.rsplit_once('[')?.1,
        None => document,
    };
    within.split_once('/').map(|(name, _)| name)
}

/// A name without its hash
fn base(name: &str) -> Option<&str> {
    let (base, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == HASH_LENGTH && hash.chars().all(|c| HASH_CHARACTERS.contains(c));
    is_hash.then_some(base)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::folder::document_file::documents;
    use crate::config::named_document::load;

    #[test]
    fn a_policy_in_two_generations_names_both() {
        let config_map = |name: &str| {
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{ramgate.io/config: policy}}}}\ndata:\n  \
                 P.json: '{{\"Version\": \"1\", \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"eci:*\", \"Resource\": \"*\"}}]}}'\n"
            )
        };
        let file = format!(
            "{}---\n{}",
            config_map("rules-2b4c6d8f9g"),
            config_map("rules-hkmt245678")
        );
        let mut named = documents(Path::new("all.yaml"), file.as_bytes());
        let directory = b"account: {id: '1234567890123456', region: cn-hangzhou}";
        named.extend(documents(Path::new("people.yaml"), directory));
        let faults = load(&named).unwrap_err();
        assert_eq!(
            faults[0].to_string(),
            "all.yaml[rules-hkmt245678/P.json]: policy `P` is defined twice, first in all.yaml[rules-2b4c6d8f9g/P.json]; \
             `rules-2b4c6d8f9g` and `rules-hkmt245678` are two generations of one ConfigMap: delete the older one, or set \
             disableNameSuffixHash in kustomization.yaml"
        );
    }

    #[test]
    fn generations_differ_in_their_hash_alone() {
        let told = |first: &str, second: &str| advice(first, second).is_some();
        assert!(told("rules-5h9b7c2k4d/P.json", "rules-f8t2m6g9hk/P.json"));
        assert!(told(
            "a.yaml[rules-5h9b7c2k4d/P.json]",
            "b.yaml[rules-f8t2m6g9hk/P.json]"
        ));
        for (first, second) in [
            ("rules-5h9b7c2k4d/P.json", "rules-5h9b7c2k4d/Q.json"),
            ("rules-5h9b7c2k4d/P.json", "people-f8t2m6g9hk/P.json"),
            ("rules-5h9b7c2k4d/P.json", "rules/P.json"),
            ("rules-5h9b7c2k4d/P.json", "rules-f8t2m6g9h/P.json"),
            ("rules-5h9b7c2k4d/P.json", "rules-f8t2m6g9ha/P.json"),
            ("config/P.json", "config/Q.json"),
        ] {
            assert!(!told(first, second), "{first} {second}");
        }
    }
}
