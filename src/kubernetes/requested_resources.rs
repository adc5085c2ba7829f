//! The extended resources that a pod requests, read only where the configuration names some.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kubernetes::deserialize::{bounded_value, null_as_default};
use crate::kubernetes::pod_spec::Spec;

/// The resources of a container, or of the pod as a whole
#[derive(Default, Deserialize)]
struct Resources<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    requests: Quantities<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    limits: Quantities<'a>,
}

type Quantities<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    resources: Resources<'a>,
}

/// The parts of a pod's spec that request resources
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requests<'a> {
    pub(super) containers: Option<&'a RawValue>,
    pub(super) init_containers: Option<&'a RawValue>,
    pub(super) resources: Option<&'a RawValue>,
    pub(super) overhead: Option<&'a RawValue>,
}

impl Requests<'_> {
    /// The first of these resources that the pod requests, by a request or a limit of more than zero
    ///
    /// What cannot be read may request any of them.
    pub(crate) fn first_of<'w>(&self, wanted: &'w [String]) -> Option<&'w str> {
        let is_requested = |resource: &&'w String| self.requests(resource).unwrap_or(true);
        wanted.iter().find(is_requested).map(String::as_str)
    }

    fn requests(&self, resource: &str) -> Result<bool, serde_json::Error> {
        let has = |quantities: &Quantities<'_>| {
            let quantity = quantities.get(resource);
            quantity.is_some_and(|quantity| !is_zero(quantity.get()))
        };
        let any = |resources: &Resources<'_>| has(&resources.requests) || has(&resources.limits);
        for list in [self.containers, self.init_containers].into_iter().flatten() {
            let containers: Vec<Container<'_>> = bounded(list)?;
            if containers.iter().any(|container| any(&container.resources)) {
                return Ok(true);
            }
        }
        let whole: Resources<'_> = self.resources.map(bounded).transpose()?.unwrap_or_default();
        let overhead: Quantities<'_> = self.overhead.map(bounded).transpose()?.unwrap_or_default();
        Ok(any(&whole) || has(&overhead))
    }
}

/// Parses a value of bounded size; `null` is the default
fn bounded<'a, T: Deserialize<'a> + Default>(text: &'a RawValue) -> Result<T, serde_json::Error> {
    let value: Option<T> = bounded_value(text)?;
    Ok(value.unwrap_or_default())
}

/// Whether a quantity is zero, as JSON text: a number or a string
fn is_zero(text: &str) -> bool {
    let mut mantissa = text
        .trim_matches('"')
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    mantissa.all(|c| !matches!(c, '1'..='9'))
}

impl<'a> Spec<'a> {
    /// What the pod requests
    pub(crate) fn requests(&self) -> Requests<'a> {
        Requests {
            containers: self.containers,
            init_containers: self.init_containers,
            resources: self.resources,
            overhead: self.overhead,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::kubernetes::pod::Pod;

    fn requested(spec: &Value) -> Option<String> {
        let text = json!({"metadata": {}, "spec": spec}).to_string();
        let wanted = ["example.com/eci".to_owned(), "example.com/slots".to_owned()];
        let pod = Pod::parse(&text).unwrap();
        let requests = pod.spec.requests();
        requests.first_of(&wanted).map(str::to_owned)
    }

    #[test]
    fn a_resource_is_requested_by_any_part_of_a_pod() {
        let name = "example.com/slots";
        let container = |resources: Value| json!([{"name": "a"}, {"name": "b", "resources": resources}]);
        for spec in [
            json!({"containers": container(json!({"limits": {name: "1"}}))}),
            json!({"containers": container(json!({"requests": {name: 2}}))}),
            json!({"containers": container(json!({"limits": {name: "0"}, "requests": {name: "1k"}}))}),
            json!({"initContainers": container(json!({"limits": {name: "0.5"}})), "containers": null}),
            json!({"overhead": {name: "1"}}),
            json!({"resources": {"limits": {name: "1"}}}),
        ] {
            assert_eq!(requested(&spec).as_deref(), Some(name), "{spec}");
        }
    }

    #[test]
    fn what_is_not_requested_or_zero_is_none() {
        for spec in [
            json!({}),
            json!({"containers": [{"name": "a", "resources": null}, {"resources": {"limits": null}}]}),
            json!({"containers": [{"resources": {"limits": {"cpu": "1", "example.com/ecis": "1"}}}]}),
            json!({"containers": [{"resources": {"limits": {"example.com/eci": "0"}}}]}),
            json!({"containers": [{"resources": {"limits": {"example.com/eci": 0}}}]}),
            json!({"containers": [{"resources": {"requests": {"example.com/eci": "0e3"}}}]}),
            json!({"containers": [{"resources": {"requests": {"example.com/eci": "0.0Ki"}}}]}),
        ] {
            assert_eq!(requested(&spec), None, "{spec}");
        }
    }

    #[test]
    fn what_cannot_be_read_may_request_anything() {
        for containers in [
            json!({"a": 1}),
            json!([1]),
            json!([{"resources": {"limits": []}}]),
        ] {
            let spec = json!({"containers": containers});
            assert_eq!(requested(&spec).as_deref(), Some("example.com/eci"), "{spec}");
        }
        let many: Value = (0..9_000).map(|at| json!({"name": at.to_string()})).collect();
        assert!(requested(&json!({"containers": many})).is_some());
    }
}
