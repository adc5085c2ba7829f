//! Limits on what ramgate keeps of an object in memory, because the sender of a review chooses its size.
//!
//! An element of a few bytes may take a hundred in memory, so every list and map has a limit. No pod that anybody runs
//! comes near one. An object beyond a limit is refused.

use memchr::memchr_iter;

/// The most labels, annotations or node labels of an object; 256 KiB of annotations would be 256 bytes each
pub(crate) const MAX_PAIRS: usize = 1_024;
/// The most taints that a pod may tolerate
pub(crate) const MAX_TOLERATIONS: usize = 1_024;
/// The most owners of an object
pub(crate) const MAX_OWNERS: usize = 256;
/// The most groups of a user; Active Directory allows 1,015
pub(crate) const MAX_GROUPS: usize = 4_096;
/// The most commas in the text of a node affinity, enough to name 8,000 nodes
pub(super) const MAX_COMMAS: usize = 8_192;
/// The most elements of all objects of a review together
pub(crate) const MAX_ELEMENTS: usize = 65_536;
/// The most memory of an element beside its text: that of a label whose key and value have escapes
const ELEMENT_BYTES: usize = 112;

/// The most memory that parsing a review takes beside its text
///
/// It counts commas, since a text has at most one element more than commas.
pub(crate) fn memory_cost(body: &[u8]) -> usize {
    let commas = memchr_iter(b',', body).count();
    commas.min(MAX_ELEMENTS).saturating_mul(ELEMENT_BYTES)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::kubernetes::pod::Pod;

    fn read(metadata: Value, spec: Value) -> Result<usize, String> {
        let text = json!({"metadata": metadata, "spec": spec}).to_string();
        Pod::parse(&text)
            .map(|pod| pod.element_count())
            .map_err(|error| error.to_string())
    }

    fn many(count: usize, each: impl Fn(usize) -> Value) -> Value {
        (0..count).map(each).collect()
    }

    fn pairs(count: usize) -> Value {
        Value::Object((0..count).map(|at| (at.to_string(), json!(""))).collect())
    }

    #[test]
    fn elements_of_an_object_are_limited() {
        let terms = |count| {
            let nodes = many(count, |at| json!(format!("node-{at}")));
            let expression = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": nodes});
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
                {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}})
        };
        assert_eq!(read(json!({}), terms(8_000)), Ok(8_002));
        let error = read(json!({}), terms(9_000)).unwrap_err();
        assert!(error.starts_with("a value has more than 8192 parts"), "{error}");
        for field in ["labels", "annotations"] {
            assert_eq!(read(json!({field: pairs(1_024)}), json!({})), Ok(1_024));
            let error = read(json!({field: pairs(1_025)}), json!({})).unwrap_err();
            assert!(
                error.starts_with("an object has more than 1024 fields"),
                "{error}"
            );
        }
        let error = read(json!({}), json!({"nodeSelector": pairs(1_025)})).unwrap_err();
        assert!(
            error.starts_with("an object has more than 1024 fields"),
            "{error}"
        );
        let tolerations = |count| json!({"tolerations": many(count, |_| json!({}))});
        assert_eq!(read(json!({}), tolerations(1_024)), Ok(1_024));
        let error = read(json!({}), tolerations(1_025)).unwrap_err();
        assert!(error.starts_with("a list has more than 1024 elements"), "{error}");
        let owners = |count| json!({"ownerReferences": many(count, |_| json!({"kind": "Job", "name": "a"}))});
        assert_eq!(read(owners(256), json!({})), Ok(256));
        let error = read(owners(257), json!({})).unwrap_err();
        assert!(error.starts_with("a list has more than 256 elements"), "{error}");
    }
}
