//! The containers of a pod, compared with those in its stamp.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::admission::outcome::container_difference::{ContainerDifference, DifferenceKind};
use crate::config::Injector;
use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::null_as_default;
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::{ContainerDigest, ContainerDigests, ContainerList};

/// One container of a pod, with the digest that a stamp has of it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunningContainer<'a> {
    name: Text<'a>,
    image: Text<'a>,
    digest: ContainerDigest,
}

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    image: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    command: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    args: Vec<Text<'a>>,
}

impl Container<'_> {
    fn digest(&self, list: ContainerList) -> ContainerDigest {
        let (command, arguments) = (self.command.iter(), self.args.iter());
        ContainerDigest::new(
            list,
            &self.image,
            command.map(|text| &**text),
            arguments.map(|text| &**text),
        )
    }
}

/// The containers of a pod or pod template; `None` if it has no spec, or containers that cannot be read
///
/// Ephemeral containers are left out: no template has any, and ramgate evaluates each when it is added.
pub(crate) fn running<'a>(template: &PodTemplate<'a>) -> Option<Vec<RunningContainer<'a>>> {
    let lists = template.container_lists()?;
    let mut all = read(lists.init_containers, ContainerList::Init)?;
    all.extend(read(lists.containers, ContainerList::Main)?);
    Some(all)
}

fn read(json: Option<&RawValue>, list: ContainerList) -> Option<Vec<RunningContainer<'_>>> {
    let containers: Vec<Container<'_>> = match json {
        Some(json) => serde_json::from_str(json.get()).ok()?,
        None => Vec::new(),
    };
    let running = containers.into_iter().map(|container| RunningContainer {
        digest: container.digest(list),
        name: container.name,
        image: container.image,
    });
    Some(running.collect())
}

/// Whether somebody added a container to a running pod, or its containers cannot be read
pub(crate) fn has_ephemeral(template: &PodTemplate<'_>) -> bool {
    #[derive(Deserialize)]
    struct Whole {
        spec: Option<Spec>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Spec {
        #[serde(default, deserialize_with = "null_as_default")]
        ephemeral_containers: Vec<IgnoredAny>,
    }
    let whole = serde_json::from_str::<Whole>(template.json()).ok();
    let spec = whole.and_then(|whole| whole.spec);
    spec.is_none_or(|spec| !spec.ephemeral_containers.is_empty()) || running(template).is_none()
}

/// The digests of containers for a stamp
pub(crate) fn digests(running: &[RunningContainer<'_>]) -> ContainerDigests {
    let digests = running
        .iter()
        .map(|container| (container.name.to_string(), container.digest));
    ContainerDigests::new(digests)
}

/// The differences between a pod and its stamp, without those that a listed injector makes
///
/// ```text
/// stamp: app (app:1)   pod: app (app:1), proxy (proxy:2)   -> added of proxy
/// stamp: app (app:1)   pod: app (evil:1)                   -> image of app
/// ```
pub(crate) fn differences(
    stamped: &ContainerDigests,
    running: &[RunningContainer<'_>],
    injectors: &[Injector],
) -> Vec<ContainerDifference> {
    let found = digests(running);
    if found == *stamped {
        return Vec::new();
    }
    if stamped.is_folded() {
        // A folded stamp has one digest for all containers
        return vec![ContainerDifference {
            kind: DifferenceKind::Command,
            container: "*".to_owned(),
        }];
    }
    let differences = running.iter().filter_map(|container| {
        let kind = container.difference(stamped.container(&container.name))?;
        let is_injected = injectors
            .iter()
            .any(|injector| container.is_made_by(injector, kind));
        (!is_injected).then(|| ContainerDifference {
            kind,
            container: container.name.to_string(),
        })
    });
    let is_missing = |name: &str| running.iter().all(|container| *container.name != *name);
    let missing = stamped
        .iter()
        .filter(|(name, _)| is_missing(name))
        .map(|(name, _)| ContainerDifference {
            kind: DifferenceKind::Missing,
            container: name.to_owned(),
        });
    differences.chain(missing).collect()
}

impl RunningContainer<'_> {
    fn difference(&self, stamped: Option<&ContainerDigest>) -> Option<DifferenceKind> {
        match stamped {
            None => Some(DifferenceKind::Added),
            Some(stamped) if !self.digest.same_command(stamped) => Some(DifferenceKind::Command),
            Some(stamped) if !self.digest.same_image(stamped) => Some(DifferenceKind::Image),
            Some(_) => None,
        }
    }

    /// Whether a listed injector may have made this difference
    ///
    /// It has to name containers that it adds or gives another command. Of a container with only another image, it is
    /// enough that the image is one of the injector's.
    fn is_made_by(&self, injector: &Injector, kind: DifferenceKind) -> bool {
        let is_named = injector.containers.iter().any(|name| **name == *self.name);
        let mut prefixes = injector.image_prefixes.iter();
        let has_its_image = prefixes.any(|prefix| self.image.starts_with(prefix.as_str()));
        let any_image = injector.image_prefixes.is_empty();
        match kind {
            DifferenceKind::Image => has_its_image && (is_named || injector.containers.is_empty()),
            DifferenceKind::Added | DifferenceKind::Command => is_named && (any_image || has_its_image),
            DifferenceKind::Missing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(containers: &Value) -> String {
        json!({"metadata": {}, "spec": {"containers": containers}}).to_string()
    }

    fn containers(pod: &str) -> Vec<RunningContainer<'_>> {
        running(&PodTemplate::pod(pod).unwrap()).unwrap()
    }

    fn unlike(stamped: &Value, found: &Value, injectors: &[Injector]) -> Vec<String> {
        let stamped = digests(&containers(&pod(stamped)));
        let found = pod(found);
        let differences = differences(&stamped, &containers(&found), injectors);
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_difference_is_named() {
        let app = json!({"name": "app", "image": "app:1", "command": ["run"], "env": [{"name": "A"}]});
        let found = |change: &dyn Fn(&mut Value)| {
            let mut list = json!([app.clone()]);
            change(&mut list);
            unlike(&json!([app]), &list, &[])
        };
        assert_eq!(found(&|_| {}), Vec::<String>::new());
        let nothing = found(&|list| {
            list[0]["env"] = json!([]);
            list[0]["args"] = json!(null);
        });
        assert_eq!(nothing, Vec::<String>::new(), "an environment is not held");
        assert_eq!(
            found(&|list| list[0]["image"] = json!("evil:1")),
            ["image of app"]
        );
        assert_eq!(found(&|list| list[0]["command"] = json!([])), ["command of app"]);
        assert_eq!(found(&|list| list[0]["args"] = json!(["x"])), ["command of app"]);
        assert_eq!(
            found(&|list| list[0]["name"] = json!("other")),
            ["added of other", "missing of app"]
        );
        let sidecar = found(&|list| {
            list.as_array_mut()
                .unwrap()
                .push(json!({"name": "side", "image": "s"}))
        });
        assert_eq!(sidecar, ["added of side"]);
    }

    #[test]
    fn a_container_that_becomes_an_init_container_is_another() {
        let main = pod(&json!([{"name": "a", "image": "a"}]));
        let init = r#"{"metadata": {}, "spec": {"initContainers": [{"name": "a", "image": "a"}], "containers": null}}"#;
        let differences = differences(&digests(&containers(&main)), &containers(init), &[]);
        assert_eq!(differences[0].to_string(), "command of a");
    }

    #[test]
    fn no_spec_is_not_the_same_as_no_containers() {
        let containers = |json| running(&PodTemplate::pod(json).unwrap()).map(|all| all.len());
        assert_eq!(containers(r#"{"metadata": {}}"#), None);
        assert_eq!(containers(r#"{"metadata": {}, "spec": null}"#), None);
        assert_eq!(containers(r#"{"metadata": {}, "spec": {}}"#), Some(0));
        let unreadable = r#"{"metadata": {}, "spec": {"containers": [{"name": 1}]}}"#;
        assert_eq!(containers(unreadable), None);
        let has_ephemeral = |json| has_ephemeral(&PodTemplate::pod(json).unwrap());
        assert!(has_ephemeral(unreadable) && has_ephemeral(r#"{"metadata": {}}"#));
        assert!(has_ephemeral(
            r#"{"metadata": {}, "spec": {"ephemeralContainers": [{"name": "a"}]}}"#
        ));
        assert!(!has_ephemeral(r#"{"metadata": {}, "spec": {}}"#));
    }

    #[test]
    fn injectors_account_for_what_they_name() {
        let stamped = json!([{"name": "app", "image": "registry.example.com/app:1", "command": ["run"]}]);
        let mirrored = json!([{"name": "app", "image": "mirror.example.com/app:1", "command": ["run"]}]);
        let wrapped =
            json!([{"name": "app", "image": "registry.example.com/app:1", "command": ["agent", "run"]}]);
        let mut injected = stamped.clone();
        let list = injected.as_array_mut().unwrap();
        list.push(json!({"name": "istio-proxy", "image": "registry.example.com/istio/proxyv2:1"}));
        let injector = |containers: &[&str], prefixes: &[&str]| Injector {
            containers: containers.iter().map(|name| (*name).to_owned()).collect(),
            image_prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        };
        let istio = injector(&["istio-proxy"], &["registry.example.com/istio/"]);
        assert_eq!(unlike(&stamped, &injected, &[]), ["added of istio-proxy"]);
        assert!(unlike(&stamped, &injected, std::slice::from_ref(&istio)).is_empty());
        let elsewhere = injector(&["istio-proxy"], &["other.example.com/"]);
        assert_eq!(
            unlike(&stamped, &injected, &[elsewhere]),
            ["added of istio-proxy"]
        );

        let mirror = injector(&[], &["mirror.example.com/"]);
        assert!(unlike(&stamped, &mirrored, std::slice::from_ref(&mirror)).is_empty());
        assert_eq!(unlike(&stamped, &mirrored, &[istio]), ["image of app"]);
        // Its image alone is no leave to run something else
        let both = json!([{"name": "app", "image": "mirror.example.com/app:1", "command": ["sh"]}]);
        assert_eq!(
            unlike(&stamped, &both, std::slice::from_ref(&mirror)),
            ["command of app"]
        );
        let added = json!([stamped[0], {"name": "x", "image": "mirror.example.com/x"}]);
        assert_eq!(unlike(&stamped, &added, &[mirror]), ["added of x"]);

        let agent = injector(&["app"], &[]);
        assert!(unlike(&stamped, &wrapped, &[agent]).is_empty());
        let gone = injector(&["app"], &["registry.example.com/"]);
        assert_eq!(unlike(&stamped, &json!([]), &[gone]), ["missing of app"]);
    }
}
