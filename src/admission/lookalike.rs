//! Annotations that look like ECI's but are not: a slip of the pen would otherwise be ignored without a word.

use super::annotation::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS};
use super::pod::Pod;

/// How many warnings one pod gets, so that a pod full of odd annotations does not drown the rest
const MAX_WARNINGS: usize = 5;

/// The longest name that is compared letter by letter; the longest real one has 58 characters
const MAX_COMPARED: usize = 80;

/// How many letters a name may differ from a real one and still be taken for a slip
const MAX_SLIPS: usize = 3;

/// Where the provider's annotations live
const PREFIX: &str = "k8s.aliyun.com/";

/// Beginnings of the provider's annotation names that may become ECI parameters
const FAMILIES: [&str; 3] = ["eci-", "acr-", "imc-"];

/// The annotations that ramgate itself reads
const READ: [&str; 5] = [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME, SERVICE_ARNS, USER_ARNS];

/// The other names that the provider reads or writes, without the prefix (eci-facts section 2b)
#[rustfmt::skip]
const OTHERS: [&str; 77] = [
    "acr-instance-id", "acr-instance-ids", "eci-auto-imc", "eci-compute-category", "eci-core-pattern",
    "eci-cpu-option-core", "eci-cpu-option-ht", "eci-created-by-template", "eci-custom-dnsconfig", "eci-custom-hosts",
    "eci-data-cache-bucket", "eci-data-cache-burstingEnabled", "eci-data-cache-pl", "eci-data-cache-provisionedIops",
    "eci-eip-instanceid", "eci-enable-ipv6", "eci-ephemeral-storage-options", "eci-eviction-enable",
    "eci-extra-ephemeral-storage", "eci-fail-strategy", "eci-fixed-ip", "eci-fixed-ip-retain-hour",
    "eci-gpu-driver-version", "eci-gpu-type", "eci-image-cache", "eci-image-snapshot-id", "eci-imc-id",
    "eci-instance-compute-category", "eci-instance-family", "eci-instance-generation", "eci-instance-id",
    "eci-instance-spec", "eci-instance-type", "eci-ipv6-bandwidth", "eci-ipv6-bandwidth-enable",
    "eci-matched-image-cache", "eci-max-pending-minute", "eci-ntp-server", "eci-private-ip-address",
    "eci-privatepool-id", "eci-privatepool-matchcriteria", "eci-request-id", "eci-reschedule-enable",
    "eci-schedule-result", "eci-schedule-strategy", "eci-security-group", "eci-set-diskvolume", "eci-sls-enable",
    "eci-spot-duration", "eci-spot-fallback", "eci-spot-price-limit", "eci-spot-release-strategy",
    "eci-spot-strategy", "eci-use-specs", "eci-vpc", "eci-vswitch", "eci-with-eip", "eip-bandwidth",
    "eip-common-bandwidth-package-id", "eip-internet-charge-type", "eip-isp", "eip-public-ip-address-pool-id",
    "eni-instance-id", "imc-enable-reuse", "imc-match-count-request", "imc-perfect-match", "insecure-registry",
    "plain-http-registry", "pod-fail-on-create-err", "allocated-eipAddress", "allocated-eipInstanceId",
    "allocated-ipv6Address", "eci-profile", "eci-custom-dns-config", "eci-image-cache-id", "eci-auto-create-imc",
    "eci-ram-role",
];

/// Warnings about annotations that look like ECI's and are none that ECI is known to read
pub fn warnings(pod: &Pod<'_>) -> Vec<String> {
    let keys = pod.metadata.annotations.iter().flat_map(|annotations| annotations.iter()).map(|(key, _)| key);
    keys.filter_map(warning).take(MAX_WARNINGS).collect()
}
