//! How ramgate is installed, as its own Deployment says.

use k8s_openapi::api::apps::v1::Deployment;
use kube::core::params::ListParams;
use regex::Regex;
use serde_json::Value;

use crate::admission::{Mode, Modes};
use crate::analysis::survey::live::reach::Port;
use crate::analysis::survey::live::{ReadError, Reader};

/// The name of the webhook configurations, if nothing tells another one: the release's in all examples
const WEBHOOK_CONFIGURATION: &str = "ramgate";
/// The name of the Secret, if nothing tells another one: that of `serve`
const STAMP_SECRET: &str = "ramgate-stamp";

/// What an installation was told
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    /// The Secret with the keys of the stamps
    pub stamp_secret: String,
    /// The name of both webhook configurations
    pub webhook_configuration: String,
    /// The ConfigMap with the chart's digests of their entries
    pub installed_webhooks: Option<String>,
    /// What a denial does where; nothing where there is no Deployment
    pub modes: Option<Modes>,
    /// The names of real nodes, whole
    pub real_node_names: Option<Regex>,
    /// Where it is asked for reviews
    pub port: Option<Port>,
    /// Whether there is a Deployment
    pub is_found: bool,
}

impl Default for Installation {
    fn default() -> Self {
        Self {
            stamp_secret: STAMP_SECRET.to_owned(),
            webhook_configuration: WEBHOOK_CONFIGURATION.to_owned(),
            installed_webhooks: None,
            modes: None,
            real_node_names: None,
            port: None,
            is_found: false,
        }
    }
}

impl Installation {
    /// The installation in a namespace; the defaults where there is none, or where it may not be read
    ///
    /// # Errors
    ///
    /// The API server does not answer.
    pub(crate) async fn read(reader: &Reader, namespace: &str) -> Result<Self, ReadError> {
        let what = format!("Deployments of namespace {namespace}");
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
        let mut found = None;
        let take = |deployment: Value| {
            let deployment: Option<Deployment> = serde_json::from_value(deployment).ok();
            let read = |deployment: &Deployment| {
                let arguments = arguments(deployment)?;
                let port = Port::of(deployment, &arguments);
                Some(Self {
                    port,
                    ..Self::of(&arguments)
                })
            };
            found = found.take().or_else(|| read(deployment.as_ref()?));
        };
        match reader
            .list(&what, &path, &ListParams::default(), false, take)
            .await
        {
            Err(error) if !error.is_forbidden() => Err(error),
            Ok(()) | Err(_) => Ok(found.unwrap_or_default()),
        }
    }

    /// What the arguments of `ramgate serve` say
    fn of(arguments: &[String]) -> Self {
        let defaults = Self::default();
        let mut modes = Modes::everywhere(Mode::default());
        if let Some(mode) = flag(arguments, "--mode").and_then(|mode| mode.parse().ok()) {
            modes.default = mode;
        }
        let namespaces = flags(arguments, "--namespace-mode").filter_map(|pair| {
            let (namespace, mode) = pair.split_once('=')?;
            Some((namespace.to_owned(), mode.parse().ok()?))
        });
        modes.namespaces = namespaces.collect();
        Self {
            stamp_secret: flag(arguments, "--stamp-secret").unwrap_or(defaults.stamp_secret),
            webhook_configuration: flag(arguments, "--webhook-configuration")
                .unwrap_or(defaults.webhook_configuration),
            installed_webhooks: flag(arguments, "--installed-webhooks"),
            modes: Some(modes),
            real_node_names: flag(arguments, "--real-node-names").and_then(|text| whole(&text).ok()),
            port: None,
            is_found: true,
        }
    }
}

/// A pattern of whole names, as the webhook rules have it
///
/// # Errors
///
/// It is no regular expression.
pub(crate) fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

/// The arguments of the container that serves
fn arguments(deployment: &Deployment) -> Option<Vec<String>> {
    let spec = deployment.spec.as_ref()?.template.spec.as_ref()?;
    spec.containers.iter().find_map(|container| {
        let words = container.command.iter().chain(&container.args).flatten();
        // The kubelet writes the names of variables so
        let words: Vec<String> = words.map(|word| word.replace("$$(", "$(")).collect();
        let serves = words.iter().any(|word| word == "serve");
        let is_ours = flag(&words, "--stamp-secret").is_some() || flag(&words, "--namespace").is_some();
        (serves && is_ours).then_some(words)
    })
}

pub(crate) fn flag(arguments: &[String], name: &str) -> Option<String> {
    flags(arguments, name).next()
}

/// The values of a flag, written `--flag=value` or in two words
fn flags(arguments: &[String], name: &str) -> impl Iterator<Item = String> {
    let values = arguments.iter().enumerate().filter_map(move |(at, argument)| {
        let rest = argument.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None if rest.is_empty() => arguments.get(at.checked_add(1)?).cloned(),
            None => None,
        }
    });
    values.collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(arguments: Value) -> Deployment {
        let spec = json!({"containers": [{"name": "other", "args": ["serve"]}, {"name": "ramgate", "args": arguments}]});
        serde_json::from_value(json!({"spec": {"selector": {}, "template": {"spec": spec}}})).unwrap()
    }

    #[test]
    fn what_the_deployment_says_counts() {
        let deployment = deployment(json!([
            "serve",
            "--namespace=r",
            "--mode=enforce",
            "--namespace-mode=soft=warn",
            "--namespace-mode",
            "quiet=audit",
            "--stamp-secret=keys",
            "--webhook-configuration",
            "gate",
            "--installed-webhooks=gate-installed",
            "--real-node-names=node-[0-9]+$$(|x)",
        ]));
        let found = Installation::of(&arguments(&deployment).unwrap());
        assert_eq!(
            (found.stamp_secret.as_str(), found.webhook_configuration.as_str()),
            ("keys", "gate")
        );
        assert_eq!(found.installed_webhooks.as_deref(), Some("gate-installed"));
        let modes = found.modes.unwrap();
        let of = ["soft", "quiet", "any"].map(|namespace| modes.of(namespace));
        assert_eq!(of, [Mode::Warn, Mode::Audit, Mode::Enforce]);
        assert_eq!(found.real_node_names.unwrap().as_str(), "^(?:node-[0-9]+$(|x))$");
    }

    #[test]
    fn others_are_no_installation_and_defaults_fill_in() {
        assert!(arguments(&deployment(json!(["run"]))).is_none());
        let found = Installation::of(&arguments(&deployment(json!(["serve", "--namespace=r"]))).unwrap());
        assert_eq!(found.stamp_secret, "ramgate-stamp");
        assert_eq!(found.modes.unwrap(), Modes::default());
        assert!(found.real_node_names.is_none() && found.is_found);
    }
}
