//! The tags that the author of a pod wrote where ECI does not read them.

use crate::admission::fields::parse_tags::parse_tags;
use crate::admission::routing::lookalike;
use crate::kubernetes::eci_annotations::CUSTOM_TAGS;
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::pod::Pod;
use eci_calls::fix::DesiredFields;

/// The fields; without tags, with those under a name that only looks like their annotation's, or else beside the template
///
/// ```text
/// pod:                  {k8s.aliyun.com/eci-custom-tag: "env:test"}     ->  tags: [("env", "test")]
/// workload around it:   {k8s.aliyun.com/eci-custom-tags: "env:test"}    ->  tags: [("env", "test")]
/// ```
pub(super) fn with_misplaced_tags(
    desired: DesiredFields,
    pod: &Pod<'_>,
    workload: Option<&Metadata<'_>>,
) -> DesiredFields {
    if !desired.tags.is_empty() {
        return desired;
    }
    let lookalikes = lookalike::warnings(pod);
    let misspelled = lookalikes.iter().filter(|found| found.meant_key() == CUSTOM_TAGS);
    let misspelled = misspelled.filter_map(|found| pod.annotation(&found.key));
    let beside = workload.and_then(|workload| workload.annotations.as_ref()?.value(CUSTOM_TAGS));
    let tags = misspelled.chain(beside).find_map(|text| parse_tags(text).ok());
    DesiredFields {
        tags: tags.unwrap_or_default(),
        ..desired
    }
}
