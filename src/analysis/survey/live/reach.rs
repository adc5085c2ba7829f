//! Who reaches the port of reviews, as far as flags and NetworkPolicies say.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPort, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::params::ListParams;
use serde_json::Value;

use crate::analysis::survey::live::installation::flag;
use crate::analysis::survey::live::{ReadError, Reader};

/// Where reviews arrive unless a flag says otherwise
const PORT: i32 = 8443;

/// The port of an installation
#[derive(Clone, Debug)]
pub(crate) struct Port {
    /// Whether the server itself keeps strangers out
    is_guarded: bool,
    number: i32,
    /// What the container calls it
    names: Vec<String>,
    labels: Vec<(String, String)>,
}

impl Port {
    /// What a Deployment and the arguments of its container say
    pub(crate) fn of(deployment: &Deployment, arguments: &[String]) -> Option<Self> {
        let template = &deployment.spec.as_ref()?.template;
        let given = |name: &str| flag(arguments, name);
        let number = given("--listen")
            .and_then(|address| address.rsplit(':').next()?.parse().ok())
            .unwrap_or(PORT);
        let containers = template.spec.iter().flat_map(|spec| &spec.containers);
        let ports = containers.flat_map(|container| container.ports.iter().flatten());
        let names = ports
            .filter(|port| port.container_port == number)
            .filter_map(|port| port.name.clone());
        let labels = template
            .metadata
            .iter()
            .flat_map(|metadata| metadata.labels.iter().flatten());
        Some(Self {
            is_guarded: given("--client-ca-file").or_else(|| given("--peer")).is_some(),
            number,
            names: names.collect(),
            labels: labels.map(|(key, value)| (key.clone(), value.clone())).collect(),
        })
    }

    /// What an administrator should know of it, if anything
    ///
    /// # Errors
    ///
    /// The API server does not answer.
    pub(crate) async fn concern(
        &self,
        reader: &Reader,
        namespace: &str,
    ) -> Result<Option<String>, ReadError> {
        const ADVICE: &str =
            "set server.clientAuth, server.peers or networkPolicy.apiServer in the chart's values";
        if self.is_guarded {
            return Ok(None);
        }
        let what = format!("NetworkPolicies of namespace {namespace}");
        let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies");
        let mut policies: Vec<NetworkPolicy> = Vec::new();
        let take = |policy: Value| policies.extend(serde_json::from_value(policy).ok());
        match reader
            .list(&what, &path, &ListParams::default(), false, take)
            .await
        {
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

    /// Whether policies select the pods, and none of them lets everybody in
    fn is_limited(&self, policies: &[NetworkPolicy]) -> bool {
        let mut selecting = policies
            .iter()
            .filter_map(|policy| policy.spec.as_ref())
            .filter(|spec| self.is_selected(spec))
            .peekable();
        selecting.peek().is_some() && !selecting.any(|spec| self.is_open(spec))
    }

    /// Expressions are not evaluated: whoever writes some is asked to look for themselves
    fn is_selected(&self, spec: &NetworkPolicySpec) -> bool {
        let types = spec.policy_types.as_deref().unwrap_or_default();
        let selector = spec.pod_selector.clone().unwrap_or_default();
        let wanted = selector.match_labels.unwrap_or_default();
        let has =
            |(key, value): (&String, &String)| self.labels.iter().any(|(own, is)| own == key && is == value);
        (types.is_empty() || types.iter().any(|kind| kind == "Ingress"))
            && selector.match_expressions.unwrap_or_default().is_empty()
            && wanted.iter().all(has)
    }

    fn is_open(&self, spec: &NetworkPolicySpec) -> bool {
        let rules = spec.ingress.as_deref().unwrap_or_default();
        rules.iter().any(|rule| {
            let ports = rule.ports.as_deref().unwrap_or_default();
            let here = ports.is_empty() || ports.iter().any(|port| self.is_meant(port));
            here && rule.from.as_ref().is_none_or(Vec::is_empty)
        })
    }

    fn is_meant(&self, port: &NetworkPolicyPort) -> bool {
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

    fn port(arguments: &[&str]) -> Port {
        let container = json!({"name": "ramgate", "ports": [
            {"name": "https", "containerPort": 8443}, {"name": "admin", "containerPort": 8080}]});
        let template = json!({"metadata": {"labels": {"app": "ramgate", "team": "a"}}, "spec": {"containers": [container]}});
        let deployment = json!({"spec": {"selector": {}, "template": template}});
        let deployment: Deployment = serde_json::from_value(deployment).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Port::of(&deployment, &arguments).unwrap()
    }

    fn limited(specs: &[Value]) -> bool {
        let policies: Vec<NetworkPolicy> = specs
            .iter()
            .map(|spec| serde_json::from_value(json!({"spec": spec})).unwrap())
            .collect();
        port(&["serve", "--listen=0.0.0.0:8443"]).is_limited(&policies)
    }

    #[test]
    fn flags_keep_strangers_out() {
        assert!(!port(&["serve"]).is_guarded);
        assert!(port(&["serve", "--peer=10.0.0.0/8"]).is_guarded);
        assert!(port(&["serve", "--client-ca-file", "ca.crt"]).is_guarded);
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
}
