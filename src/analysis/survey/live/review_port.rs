//! Decides whether flags or NetworkPolicies limit who can connect to the port that serves reviews.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPort, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::{Selector, SelectorExt};
use serde_json::Value;

use crate::analysis::survey::live::api_client::{ApiClient, ListRequest};
use crate::analysis::survey::live::read_error::ReadError;
use crate::analysis::survey::live::serve_flags::flag;

/// The default port of `--listen`
const PORT: i32 = 8443;

const ADVICE: &str = "set server.clientAuth, server.peers or networkPolicy.apiServer in the chart's values";

/// The port of an installation that serves reviews
#[derive(Clone, Debug)]
pub(crate) struct ReviewPort {
    /// Whether the server itself refuses unknown clients
    limits_clients: bool,
    number: i32,
    /// The names of the port in the pod template
    names: Vec<String>,
    /// The labels of the pod template
    pod_labels: BTreeMap<String, String>,
}

impl ReviewPort {
    /// The port by a Deployment and the arguments of its container
    pub(super) fn of(deployment: &Deployment, arguments: &[String]) -> Option<Self> {
        let template = &deployment.spec.as_ref()?.template;
        let number = flag(arguments, "--listen")
            .and_then(|address| address.rsplit(':').next()?.parse().ok())
            .unwrap_or(PORT);
        let containers = template.spec.iter().flat_map(|spec| &spec.containers);
        let ports = containers.flat_map(|container| container.ports.iter().flatten());
        let names = ports
            .filter(|port| port.container_port == number)
            .filter_map(|port| port.name.clone());
        let metadata = template.metadata.as_ref();
        let limits = |name| flag(arguments, name).is_some();
        Some(Self {
            limits_clients: limits("--client-ca-file") || limits("--peer"),
            number,
            names: names.collect(),
            pod_labels: metadata
                .and_then(|metadata| metadata.labels.clone())
                .unwrap_or_default(),
        })
    }

    /// A note if nothing limits who can connect; `None` if something does
    ///
    /// # Errors
    ///
    /// The API server does not answer.
    pub(crate) async fn note(
        &self,
        client: &ApiClient,
        namespace: &str,
    ) -> Result<Option<String>, ReadError> {
        if self.limits_clients {
            return Ok(None);
        }
        let what = format!("NetworkPolicies of namespace {namespace}");
        let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies");
        let mut policies: Vec<NetworkPolicy> = Vec::new();
        let take = |policy: Value| policies.extend(serde_json::from_value(policy).ok());
        match client.list(&ListRequest::objects(&what, &path), take).await {
            Err(error) if error.is_forbidden() => Ok(Some(format!(
                "{error}; unless one limits who reaches ramgate, anybody may ask it for reviews: {ADVICE}"
            ))),
            Err(error) => Err(error),
            Ok(()) if self.is_limited(&policies) => Ok(None),
            Ok(()) => Ok(Some(format!(
                "anybody in the cluster may ask ramgate for reviews: {ADVICE}"
            ))),
        }
    }

    /// Whether a policy selects the pods, and no such policy admits every peer to the port
    ///
    /// Policies add up: what one of them admits is admitted.
    ///
    /// ```text
    /// []                                         -> false: without a policy every peer is admitted
    /// [{podSelector: {}, ingress: []}]           -> true
    /// [{podSelector: {}, ingress: [{from: []}]}] -> false
    /// ```
    fn is_limited(&self, policies: &[NetworkPolicy]) -> bool {
        let specs = policies.iter().filter_map(|policy| policy.spec.as_ref());
        let selecting: Vec<_> = specs.filter(|spec| self.is_selected_by(spec)).collect();
        !selecting.is_empty() && !selecting.iter().any(|spec| self.is_open_by(spec))
    }

    /// Whether a policy limits what comes in to the pods; the API server stores no selector that cannot be read
    fn is_selected_by(&self, spec: &NetworkPolicySpec) -> bool {
        let types = spec.policy_types.as_deref().unwrap_or_default();
        let is_ingress = types.is_empty() || types.iter().any(|kind| kind == "Ingress");
        let selector = Selector::try_from(spec.pod_selector.clone().unwrap_or_default());
        is_ingress && selector.is_ok_and(|selector| selector.matches(&self.pod_labels))
    }

    /// Whether a policy admits every peer to the port
    fn is_open_by(&self, spec: &NetworkPolicySpec) -> bool {
        let rules = spec.ingress.as_deref().unwrap_or_default();
        rules.iter().any(|rule| {
            let ports = rule.ports.as_deref().unwrap_or_default();
            let is_this_port = ports.is_empty() || ports.iter().any(|port| self.is_covered_by(port));
            is_this_port && rule.from.as_ref().is_none_or(Vec::is_empty)
        })
    }

    fn is_covered_by(&self, port: &NetworkPolicyPort) -> bool {
        match &port.port {
            None => true,
            Some(IntOrString::Int(first)) => {
                (*first..=port.end_port.unwrap_or(*first)).contains(&self.number)
            }
            Some(IntOrString::String(name)) => self.names.contains(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn port(arguments: &[&str]) -> ReviewPort {
        let container = json!({"name": "ramgate", "ports": [
            {"name": "https", "containerPort": 8443}, {"name": "admin", "containerPort": 8080}]});
        let template = json!({"metadata": {"labels": {"app": "ramgate", "team": "a"}}, "spec": {"containers": [container]}});
        let deployment = json!({"spec": {"selector": {}, "template": template}});
        let deployment: Deployment = serde_json::from_value(deployment).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        ReviewPort::of(&deployment, &arguments).unwrap()
    }

    fn limited(specs: &[Value]) -> bool {
        let policies: Vec<NetworkPolicy> = specs
            .iter()
            .map(|spec| serde_json::from_value(json!({"spec": spec})).unwrap())
            .collect();
        port(&["serve", "--listen=0.0.0.0:8443"]).is_limited(&policies)
    }

    #[test]
    fn flags_limit_the_clients() {
        assert!(!port(&["serve"]).limits_clients);
        assert!(port(&["serve", "--peer=10.0.0.0/8"]).limits_clients);
        assert!(port(&["serve", "--client-ca-file", "ca.crt"]).limits_clients);
    }

    #[test]
    fn policies_count_if_they_select_the_pods_and_name_peers_for_the_port() {
        let from = json!([{"ipBlock": {"cidr": "10.0.0.0/8"}}]);
        let own = json!({"matchLabels": {"app": "ramgate"}});
        let named = json!({"podSelector": own, "ingress": [{"ports": [{"port": "https"}], "from": from}]});
        let open = json!({"podSelector": {}, "ingress": [{"ports": [{"port": 8000, "endPort": 9000}]}]});
        let elsewhere =
            json!({"podSelector": {}, "ingress": [{"ports": [{"port": "admin"}, {"port": 8080}]}]});
        assert!(limited(std::slice::from_ref(&named)));
        assert!(limited(&[named.clone(), elsewhere.clone()]));
        assert!(limited(&[json!({"podSelector": {}})]), "nothing may come in");
        assert!(!limited(&[]));
        assert!(!limited(&[named.clone(), open]), "policies add up");
        assert!(!limited(&[named, json!({"podSelector": {}, "ingress": [{}]})]));
        assert!(!limited(&[
            json!({"podSelector": {"matchLabels": {"app": "other"}}})
        ]));
        assert!(!limited(&[
            json!({"podSelector": own, "policyTypes": ["Egress"]})
        ]));
    }

    #[test]
    fn expressions_of_a_pod_selector_are_evaluated() {
        let selector = |operator: &str| json!({"matchExpressions": [{"key": "app", "operator": operator, "values": ["ramgate", "other"]}]});
        let closed = |operator: &str| json!({"podSelector": selector(operator)});
        assert!(limited(&[closed("In")]));
        assert!(!limited(&[closed("NotIn")]));
        // A policy that admits everybody counts, too: another that limits the peers does not make up for it
        let open = |operator: &str| json!({"podSelector": selector(operator), "ingress": [{}]});
        assert!(!limited(&[json!({"podSelector": {}}), open("In")]));
        assert!(limited(&[json!({"podSelector": {}}), open("NotIn")]));
        let both =
            json!({"matchLabels": {"team": "b"}, "matchExpressions": selector("In")["matchExpressions"]});
        assert!(!limited(&[json!({"podSelector": both})]));
    }
}
