//! Warnings about misspelled annotations of ECI, which ECI ignores silently.

use std::fmt;
use std::sync::LazyLock;

use crate::kubernetes::eci_annotations::ECI_FIELDS;
use crate::kubernetes::pod::Pod;
use crate::wording::quoted;

/// The most warnings for one pod, so that other warnings still fit
const MAX_WARNINGS: usize = 5;

/// The most annotations that are checked; no honest pod has as many
const MAX_CHECKED: usize = 200;

/// The longest name that is compared letter by letter; the longest name of ECI has 31 letters
const MAX_COMPARED: usize = 48;

/// The most letters by which a misspelled name may differ from one of ECI's
const MAX_DISTANCE: usize = 3;

/// The prefix of the provider's annotations
const PREFIX: &str = "k8s.aliyun.com/";

/// Beginnings of the provider's annotation names that may become ECI parameters
const FAMILIES: [&str; 3] = ["eci", "acr", "imc"];

/// Whether ECI may read an annotation
pub(crate) fn is_eci_annotation(annotation: &str) -> bool {
    let name = annotation.strip_prefix(PREFIX);
    ECI_FIELDS.contains(&annotation)
        || name.is_some_and(|name| FAMILIES.iter().any(|family| name.starts_with(family)))
}

/// The names that the provider reads or writes beside ramgate's fields, without the prefix
const OTHERS: [&str; 72] = [
    "acr-instance-id",
    "acr-instance-ids",
    "allocated-eipAddress",
    "allocated-eipInstanceId",
    "allocated-ipv6Address",
    "eci-auto-imc",
    "eci-compute-category",
    "eci-core-pattern",
    "eci-cpu-option-core",
    "eci-cpu-option-ht",
    "eci-created-by-template",
    "eci-custom-dnsconfig",
    "eci-custom-hosts",
    "eci-data-cache-bucket",
    "eci-data-cache-burstingEnabled",
    "eci-data-cache-pl",
    "eci-data-cache-provisionedIops",
    "eci-eip-instanceid",
    "eci-enable-ipv6",
    "eci-ephemeral-storage-options",
    "eci-eviction-enable",
    "eci-extra-ephemeral-storage",
    "eci-fail-strategy",
    "eci-fixed-ip",
    "eci-fixed-ip-retain-hour",
    "eci-gpu-driver-version",
    "eci-gpu-type",
    "eci-image-cache",
    "eci-image-snapshot-id",
    "eci-imc-id",
    "eci-instance-compute-category",
    "eci-instance-family",
    "eci-instance-generation",
    "eci-instance-id",
    "eci-instance-spec",
    "eci-instance-type",
    "eci-ipv6-bandwidth",
    "eci-ipv6-bandwidth-enable",
    "eci-matched-image-cache",
    "eci-max-pending-minute",
    "eci-ntp-server",
    "eci-private-ip-address",
    "eci-privatepool-id",
    "eci-privatepool-matchcriteria",
    "eci-request-id",
    "eci-reschedule-enable",
    "eci-schedule-result",
    "eci-schedule-strategy",
    "eci-security-group",
    "eci-set-diskvolume",
    "eci-sls-enable",
    "eci-spot-duration",
    "eci-spot-fallback",
    "eci-spot-price-limit",
    "eci-spot-release-strategy",
    "eci-spot-strategy",
    "eci-use-specs",
    "eci-vpc",
    "eci-vswitch",
    "eci-with-eip",
    "eip-bandwidth",
    "eip-common-bandwidth-package-id",
    "eip-internet-charge-type",
    "eip-isp",
    "eip-public-ip-address-pool-id",
    "eni-instance-id",
    "imc-enable-reuse",
    "imc-match-count-request",
    "imc-perfect-match",
    "insecure-registry",
    "plain-http-registry",
    "pod-fail-on-create-err",
];

/// The warnings about a pod's misspelled annotations of ECI
///
/// ```text
/// k8s.aliyun.com/eci-custom-tag -> annotation `k8s.aliyun.com/eci-custom-tag` is none that ECI is known to read:
///                                  did you mean `k8s.aliyun.com/eci-custom-tags`?
/// example.com/anything          -> no warning
/// ```
pub(crate) fn warnings(pod: &Pod<'_>) -> Vec<Lookalike> {
    let keys = pod
        .metadata
        .annotations
        .iter()
        .flat_map(|annotations| annotations.iter())
        .map(|(key, _)| key);
    keys.take(MAX_CHECKED)
        .filter_map(lookalike)
        .take(MAX_WARNINGS)
        .collect()
}

/// An annotation that looks like one of ECI's and is not; prints as a warning
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lookalike {
    /// The annotation
    pub key: String,
    /// The name of ECI's annotation that is meant, without its prefix
    pub meant: Option<&'static str>,
}

impl Lookalike {
    /// ECI's annotation that is meant
    pub(crate) fn meant_key(&self) -> String {
        format!("{PREFIX}{}", self.meant.unwrap_or_default())
    }
}

impl fmt::Display for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = quoted(&self.key, 80);
        match self.meant {
            Some(_) => write!(
                f,
                "annotation {shown} is none that ECI is known to read: did you mean `{}`?",
                self.meant_key()
            ),
            None => write!(
                f,
                "annotation {shown} looks like one of ECI's but is not known to ramgate, so it is not judged"
            ),
        }
    }
}

fn lookalike(key: &str) -> Option<Lookalike> {
    if ECI_FIELDS.contains(&key)
        || key
            .strip_prefix(PREFIX)
            .is_some_and(|name| OTHERS.contains(&name))
    {
        return None;
    }
    let (domain, name) = key.rsplit_once('/').unwrap_or(("", key));
    let letters = letters(name);
    let equals_field = FIELDS.iter().any(|(field, _)| *field == letters);
    let has_provider_domain = || {
        let domain = domain.to_ascii_lowercase();
        domain.is_empty() || domain.contains("aliyun") || domain.contains("alibabacloud")
    };
    // Nearly all annotations of other domains end here, before the letters are compared one by one
    if !equals_field && !has_provider_domain() {
        return None;
    }
    let meant = nearest(&letters);
    let in_family = name.contains(['-', '_']) && FAMILIES.iter().any(|family| letters.starts_with(family));
    (equals_field || in_family || meant.is_some()).then(|| Lookalike {
        key: key.to_owned(),
        meant,
    })
}

/// ramgate's fields without the prefix, each after its letters
static FIELDS: LazyLock<Vec<(String, &str)>> = LazyLock::new(|| {
    let names = ECI_FIELDS.iter().filter_map(|read| read.strip_prefix(PREFIX));
    names.map(|name| (letters(name), name)).collect()
});

/// The other names, each after its letters
static OTHER_LETTERS: LazyLock<Vec<(String, &str)>> =
    LazyLock::new(|| OTHERS.iter().map(|name| (letters(name), *name)).collect());

/// The name of ECI that is nearest to a misspelled one, if any is near enough
fn nearest(letters: &str) -> Option<&'static str> {
    if letters.len() > MAX_COMPARED {
        return None;
    }
    // A short name is near to almost any name
    let max = MAX_DISTANCE.min(letters.len() / 4);
    let names = FIELDS.iter().chain(&*OTHER_LETTERS);
    let alike = names.filter(|(real, _)| real.len().abs_diff(letters.len()) <= max);
    let near = alike.map(|(real, name)| (strsim::levenshtein(letters, real), *name));
    near.filter(|(distance, _)| *distance <= max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A name in lower case without separators, which are easily mistaken
fn letters(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(key: &str) -> Option<String> {
        lookalike(key).map(|alike| alike.to_string())
    }

    #[test]
    fn known_and_foreign_annotations_pass() {
        for key in ECI_FIELDS
            .iter()
            .copied()
            .chain(["k8s.aliyun.com/eci-use-specs", "k8s.aliyun.com/acr-instance-id"])
        {
            assert_eq!(warning(key), None, "{key}");
        }
        let foreign = [
            "prometheus.io/scrape",
            "eci",
            "example.com/eci-thing",
            "k8s.aliyun.com/ingress",
            "recipe-tags",
            "a/b",
        ];
        for key in foreign {
            assert_eq!(warning(key), None, "{key}");
        }
    }

    #[test]
    fn slips_name_what_was_meant() {
        let slips = [
            ("k8s.aliyun.com/eci-resourcegroup-id", "eci-resource-group-id"),
            ("k8s.aliyun.com/eci-custom-tag", "eci-custom-tags"),
            ("k8s.aliyun.com/ECI-Custom-Tags", "eci-custom-tags"),
            ("K8S.aliyun.com/eci-custom-tags", "eci-custom-tags"),
            ("k8s.aliyun.com/eci_ram_role_name", "eci-ram-role-name"),
            ("k8s.aliyun.com/eci-ram-rolename", "eci-ram-role-name"),
            ("alibabacloud.com/eci-ram-role-name", "eci-ram-role-name"),
            ("example.com/eci-ram-role-name", "eci-ram-role-name"),
            ("eci-custom-tags", "eci-custom-tags"),
            ("k8s.aliyun.com/acr-service-arn", "acr-service-arns"),
            ("k8s.aliyun.com/eci-vswitches", "eci-vswitch"),
        ];
        for (key, meant) in slips {
            let message = warning(key).unwrap_or_default();
            assert!(
                message.ends_with(&format!("did you mean `k8s.aliyun.com/{meant}`?")),
                "{key}: {message}"
            );
        }
    }

    #[test]
    fn what_resembles_nothing_is_still_named() {
        insta::assert_snapshot!(
            warning("k8s.aliyun.com/eci-something-else-entirely").unwrap(),
            @"annotation `k8s.aliyun.com/eci-something-else-entirely` looks like one of ECI's but is not known to ramgate, so it is not judged"
        );
    }

    #[test]
    fn warnings_fit_into_a_header_and_are_few() {
        let long = format!("k8s.aliyun.com/eci-custom-tags{}", "x".repeat(600));
        assert!(warning(&long).unwrap().chars().count() <= 256);
        let odd: Vec<String> = (0..20)
            .map(|n| format!(r#""k8s.aliyun.com/eci-odd-{n}": """#))
            .collect();
        let json = format!(r#"{{"metadata": {{"annotations": {{{}}}}}}}"#, odd.join(","));
        assert_eq!(warnings(&Pod::parse(&json).unwrap()).len(), MAX_WARNINGS);
    }
}
