//! What runs in a pod: read of its spec, and held against what its stamp says.

use crate::admission::outcome::container_difference::{ContainerDifference, Unlike};

use serde::Deserialize;

use crate::config::Injector;
use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::deserialize::null_as_default;
use crate::stamp::{ContainerDigest, ContainerDigests, ContainerList};

/// One container of a pod, as far as a stamp holds it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunningContainer {
    name: String,
    image: String,
    digest: ContainerDigest,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    spec: Option<Spec<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    init_containers: Vec<Container<'a>>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    containers: Vec<Container<'a>>,
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

/// The containers of a pod or pod template in JSON; nothing where it has no spec
///
/// Ephemeral containers are not among them: they are never in a template, and are judged when they are added.
pub(crate) fn running(json: &str) -> Option<Vec<RunningContainer>> {
    let spec = serde_json::from_str::<Whole<'_>>(json).ok()?.spec?;
    let list = |containers: &[Container<'_>], list| -> Vec<RunningContainer> {
        let running = containers.iter().map(|container| RunningContainer {
            name: container.name.to_string(),
            image: container.image.to_string(),
            digest: container.digest(list),
        });
        running.collect()
    };
    let mut all = list(&spec.init_containers, ContainerList::Init);
    all.extend(list(&spec.containers, ContainerList::Main));
    Some(all)
}

/// The digests of containers, as a stamp holds them
pub(crate) fn digests(running: &[RunningContainer]) -> ContainerDigests {
    let digests = running
        .iter()
        .map(|container| (container.name.clone(), container.digest));
    ContainerDigests::new(digests)
}

/// What of a pod is unlike its stamp, and not by the work of an injector
pub(crate) fn differences(
    stamped: &ContainerDigests,
    running: &[RunningContainer],
    injectors: &[Injector],
) -> Vec<ContainerDifference> {
    let found = digests(running);
    if found == *stamped {
        return Vec::new();
    }
    if stamped.is_folded() {
        // Which container it is cannot be told any more
        return vec![ContainerDifference {
            unlike: Unlike::Command,
            container: "*".to_owned(),
        }];
    }
    let differences = running.iter().filter_map(|container| {
        let unlike = container.unlike(stamped.container(&container.name))?;
        let is_injected = injectors.iter().any(|injector| container.is_by(injector, unlike));
        (!is_injected).then(|| ContainerDifference {
            unlike,
            container: container.name.clone(),
        })
    });
    let is_missing = |name: &str| running.iter().all(|container| container.name != name);
    let missing = stamped
        .iter()
        .filter(|(name, _)| is_missing(name))
        .map(|(name, _)| ContainerDifference {
            unlike: Unlike::Missing,
            container: name.to_owned(),
        });
    differences.chain(missing).collect()
}

impl RunningContainer {
    fn unlike(&self, stamped: Option<&ContainerDigest>) -> Option<Unlike> {
        match stamped {
            None => Some(Unlike::Added),
            Some(stamped) if !self.digest.same_command(stamped) => Some(Unlike::Command),
            Some(stamped) if !self.digest.same_image(stamped) => Some(Unlike::Image),
            Some(_) => None,
        }
    }

    /// Whether a listed injector may have made this of the container
    ///
    /// What it adds, or gives another command, it must name; another image alone it need not, if the image is one of its.
    fn is_by(&self, injector: &Injector, unlike: Unlike) -> bool {
        let is_named = injector.containers.contains(&self.name);
        let mut prefixes = injector.image_prefixes.iter();
        let has_its_image = prefixes.any(|prefix| self.image.starts_with(prefix.as_str()));
        let any_image = injector.image_prefixes.is_empty();
        match unlike {
            Unlike::Image => has_its_image && (is_named || injector.containers.is_empty()),
            Unlike::Added | Unlike::Command => is_named && (any_image || has_its_image),
            Unlike::Missing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn containers(containers: &Value) -> Vec<RunningContainer> {
        running(&json!({"metadata": {}, "spec": {"containers": containers}}).to_string()).unwrap()
    }

    fn unlike(stamped: &Value, found: &Value, injectors: &[Injector]) -> Vec<String> {
        let stamped = digests(&containers(stamped));
        let differences = differences(&stamped, &containers(found), injectors);
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
        let main = containers(&json!([{"name": "a", "image": "a"}]));
        let init = running(r#"{"spec": {"initContainers": [{"name": "a", "image": "a"}]}}"#).unwrap();
        let differences = differences(&digests(&main), &init, &[]);
        assert_eq!(differences[0].to_string(), "command of a");
        assert_eq!(running(r#"{"metadata": {}}"#), None);
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
