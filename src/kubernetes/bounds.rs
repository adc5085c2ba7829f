//! How much of an object is kept while it is judged: whoever sends it also chooses how many parts it has.
//!
//! A part of a few bytes may take a hundred in memory, so each list and map that is kept has a most, which no pod that somebody
//! wants to run comes near; an object beyond it is not read.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How many labels, annotations or node labels an object may have; 256 KiB of annotations would be 256 bytes each
pub(crate) const PAIRS: usize = 1_024;
/// How many taints a pod may tolerate
pub(crate) const TOLERATIONS: usize = 1_024;
/// How many owners an object may claim
pub(crate) const OWNERS: usize = 256;
/// How many groups somebody may be in: Active Directory allows 1,015
pub(crate) const GROUPS: usize = 4_096;
/// How many commas an affinity to nodes may have, so that it may name 8,000 nodes
const COMMAS: usize = 8_192;
/// How many parts all objects of a review may have together
pub(crate) const PARTS: usize = 65_536;
/// What a part takes in memory at most, beside the length of its text: a label whose key and value have escapes
const PART: usize = 112;

/// What reading a review costs at most beside its text, by its commas: no text has more parts than one more than them
pub(crate) fn cost(body: &[u8]) -> usize {
    let commas = body.iter().filter(|byte| **byte == b',').count();
    commas.min(PARTS).saturating_mul(PART)
}

/// Reads a list of few elements, `null` as an empty one
pub(crate) fn few<'de, const MOST: usize, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Few<const MOST: usize, T>(PhantomData<T>);
    impl<'de, const MOST: usize, T: Deserialize<'de>> Visitor<'de> for Few<MOST, T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a sequence")
        }
        fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = list.next_element()? {
                if elements.len() >= MOST {
                    return Err(A::Error::custom(format_args!(
                        "a list has more than {MOST} elements"
                    )));
                }
                elements.push(element);
            }
            Ok(elements)
        }
    }
    deserializer.deserialize_any(Few::<MOST, T>(PhantomData))
}

/// Reads a value of few parts, whatever they are, `null` as none
pub(crate) fn modest<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let Some(text) = Option::<&'de RawValue>::deserialize(deserializer)?.map(RawValue::get) else {
        return Ok(None);
    };
    if text.bytes().filter(|byte| *byte == b',').count() > COMMAS {
        return Err(D::Error::custom(format_args!(
            "a value has more than {COMMAS} parts"
        )));
    }
    serde_json::from_str(text).map_err(|error| {
        let error = error.to_string();
        // Its place in the part is none in the whole
        let what = error.rsplit_once(" at line ").map_or(&*error, |(what, _)| what);
        D::Error::custom(what)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::admission::review::Review;
    use crate::config::{ClusterSettings, DelegatedController};
    use crate::kubernetes::pod::Pod;

    fn read(metadata: Value, spec: Value) -> Result<usize, String> {
        let text = json!({"metadata": metadata, "spec": spec}).to_string();
        Pod::parse(&text)
            .map(|pod| pod.parts())
            .map_err(|error| error.to_string())
    }

    fn many(count: usize, each: impl Fn(usize) -> Value) -> Value {
        (0..count).map(each).collect()
    }

    fn pairs(count: usize) -> Value {
        Value::Object((0..count).map(|at| (at.to_string(), json!(""))).collect())
    }

    #[test]
    fn what_is_kept_of_an_object_is_bounded() {
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

    #[test]
    fn what_is_kept_of_a_review_is_bounded() {
        let review = |templates: usize, groups: usize| {
            let template =
                json!({"metadata": {"labels": pairs(1_000), "annotations": pairs(1_000)}, "spec": {}});
            let object = json!({"metadata": {}, "spec": {"tasks": many(templates, |_| template.clone())}});
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u",
                "resource": {"group": "example.com", "version": "v1", "resource": "things"}, "namespace": "n",
                "operation": "CREATE", "userInfo": {"username": "alice", "groups": many(groups, |at| json!(at.to_string()))},
                "object": object}})
            .to_string()
        };
        let settings = ClusterSettings {
            carriers: vec![DelegatedController {
                user: "u".to_owned(),
                group: "example.com".to_owned(),
                kind: "Thing".to_owned(),
                resource: "things".to_owned(),
                templates: vec!["spec.tasks".to_owned()],
                harmless: Vec::new(),
            }],
            ..ClusterSettings::default()
        };
        let read = |templates| {
            let text = review(templates, 1);
            let mut review = Review::parse(text.as_bytes()).unwrap();
            review
                .read_listed(&settings)
                .map(|()| review.templates().len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(32), Ok(32));
        assert!(read(33).unwrap_err().contains("more than 65536 labels"));
        assert!(Review::parse(review(1, 4_096).as_bytes()).is_ok());
        let error = Review::parse(review(1, 4_097).as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("a list has more than 4096 elements"), "{error}");
    }
}
