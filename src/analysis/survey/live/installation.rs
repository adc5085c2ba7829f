//! Reads from ramgate's own Deployment how it is installed.

use k8s_openapi::api::apps::v1::Deployment;
use regex::Regex;
use serde_json::Value;

use crate::admission::Modes;
use crate::analysis::survey::live::api_client::{ApiClient, ListRequest};
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::live::review_port::ReviewPort;
use crate::analysis::survey::live::serve_flags::{flag, flags, serve_arguments};

/// The default name of the webhook configurations: the release's name in all examples
const WEBHOOK_CONFIGURATION: &str = "ramgate";
/// The default name of the Secret, as in `ramgate serve`
const STAMP_SECRET: &str = "ramgate-stamp";

/// The settings of an installation
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    /// The Secret with the keys of the stamps
    pub stamp_secret: String,
    /// The name of both webhook configurations
    pub webhook_configuration: String,
    /// The ConfigMap with the chart's digests of their entries
    pub installed_webhooks: Option<String>,
    /// The modes of all namespaces; `None` if there is no Deployment
    pub modes: Option<Modes>,
    /// The pattern of real nodes' names
    pub real_node_names: Option<Regex>,
    /// The port that serves reviews
    pub port: Option<ReviewPort>,
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
    /// The installation in a namespace; the defaults if there is none, or if the caller may not list Deployments
    ///
    /// # Errors
    ///
    /// The API server does not answer.
    pub(crate) async fn read(client: &ApiClient, namespace: &str) -> Result<Self, ReadError> {
        let what = format!("Deployments of namespace {namespace}");
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
        let mut found = None;
        let take = |object: Value| {
            let deployment = serde_json::from_value::<Deployment>(object).ok();
            found = found.take().or_else(|| Self::of_deployment(&deployment?));
        };
        match client.list(&ListRequest::objects(&what, &path), take).await {
            Err(error) if !error.is_forbidden() => Err(error),
            Ok(()) | Err(_) => Ok(found.unwrap_or_default()),
        }
    }

    /// The installation of a Deployment; `None` if it is not ramgate's
    fn of_deployment(deployment: &Deployment) -> Option<Self> {
        let arguments = serve_arguments(deployment)?;
        Some(Self {
            port: ReviewPort::of(deployment, &arguments),
            ..Self::of_arguments(&arguments)
        })
    }

    /// The settings in the arguments of `ramgate serve`
    ///
    /// ```text
    /// serve --mode=enforce --namespace-mode=dev=warn -> modes: enforce, but warn in dev; all else: defaults
    /// ```
    fn of_arguments(arguments: &[String]) -> Self {
        let defaults = Self::default();
        Self {
            stamp_secret: flag(arguments, "--stamp-secret").unwrap_or(defaults.stamp_secret),
            webhook_configuration: flag(arguments, "--webhook-configuration")
                .unwrap_or(defaults.webhook_configuration),
            installed_webhooks: flag(arguments, "--installed-webhooks"),
            modes: Some(modes(arguments)),
            real_node_names: flag(arguments, "--real-node-names").and_then(|text| whole_names(&text).ok()),
            port: None,
            is_found: true,
        }
    }
}

fn modes(arguments: &[String]) -> Modes {
    let default = flag(arguments, "--mode").and_then(|mode| mode.parse().ok());
    let namespaces = flags(arguments, "--namespace-mode").filter_map(|pair| {
        let (namespace, mode) = pair.split_once('=')?;
        Some((namespace.to_owned(), mode.parse().ok()?))
    });
    Modes {
        namespaces: namespaces.collect(),
        ..Modes::everywhere(default.unwrap_or_default())
    }
}

/// A pattern that has to match a whole name, as in the webhook rules
///
/// # Errors
///
/// `pattern` is no regular expression.
pub(crate) fn whole_names(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admission::Mode;

    fn deployment(arguments: Value) -> Deployment {
        let spec = json!({"containers": [{"name": "other", "args": ["serve"]}, {"name": "ramgate", "args": arguments}]});
        serde_json::from_value(json!({"spec": {"selector": {}, "template": {"spec": spec}}})).unwrap()
    }

    #[test]
    fn the_flags_of_the_deployment_are_read() {
        let deployment = deployment(json!([
            "serve",
            "--namespace=r",
            "--mode=enforce",
            "--namespace-mode=soft=warn",
            "--namespace-mode",
            "quiet=audit",
            "--stamp-secret=keys",
            "--webhook-configuration",
            "hooks",
            "--installed-webhooks=hooks-installed",
            "--real-node-names=node-[0-9]+$$(|x)",
        ]));
        let found = Installation::of_arguments(&serve_arguments(&deployment).unwrap());
        assert_eq!(
            (found.stamp_secret.as_str(), found.webhook_configuration.as_str()),
            ("keys", "hooks")
        );
        assert_eq!(found.installed_webhooks.as_deref(), Some("hooks-installed"));
        let modes = found.modes.unwrap();
        let of = ["soft", "quiet", "any"].map(|namespace| modes.of(namespace));
        assert_eq!(of, [Mode::Warn, Mode::Audit, Mode::Enforce]);
        assert_eq!(found.real_node_names.unwrap().as_str(), "^(?:node-[0-9]+$(|x))$");
    }

    #[test]
    fn others_are_no_installation_and_defaults_fill_in() {
        assert!(serve_arguments(&deployment(json!(["run"]))).is_none());
        let found = Installation::of_arguments(
            &serve_arguments(&deployment(json!(["serve", "--namespace=r"]))).unwrap(),
        );
        assert_eq!(found.stamp_secret, "ramgate-stamp");
        assert_eq!(found.modes.unwrap(), Modes::default());
        assert!(found.real_node_names.is_none() && found.is_found);
    }
}
