//! The pod that the requester's token is bound to, as the API server says in the user's `extra`.
//!
//! The API server writes both keys in lower case, also where it reads them from headers of an impersonator or of a proxy.
//! A key in another spelling is none of its own, so keys are compared as they are.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::admission::review::{Resource, Review};
use crate::config::ClusterSettings;
use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::cluster::Cluster;

/// The key of the name of the pod that a token is bound to
pub(crate) const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
/// The prefix of the user names of service accounts
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// A pod by name and UID
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenPod<'a> {
    /// Its name, in the namespace of the service account
    pub(crate) name: Text<'a>,
    /// Its UID
    pub(crate) uid: Text<'a>,
}

#[derive(Deserialize)]
struct Extra<'a> {
    #[serde(borrow, rename = "authentication.kubernetes.io/pod-name")]
    name: Vec<Text<'a>>,
    #[serde(borrow, rename = "authentication.kubernetes.io/pod-uid")]
    uid: Vec<Text<'a>>,
}

impl<'a> TokenPod<'a> {
    /// The pod in the `extra` of a user; `None` unless there are exactly one name and one UID
    pub(super) fn of(extra: &'a RawValue) -> Option<Self> {
        let Extra { name, uid } = serde_json::from_str(extra.get()).ok()?;
        let only = |list: Vec<Text<'a>>| <[Text<'a>; 1]>::try_from(list).ok().map(|[one]| one);
        let (name, uid) = (only(name)?, only(uid)?);
        (!name.is_empty() && !uid.is_empty()).then_some(Self { name, uid })
    }
}

impl<'a> Review<'a> {
    /// The requester as a service account listed under `spawners`, if it is in the namespace of the request
    ///
    /// ```text
    /// system:serviceaccount:data:spark in namespace data, listed -> Some("spark")
    /// the same in namespace shop                                 -> None
    /// ```
    pub(crate) fn spawner(&self, cluster: &dyn Cluster, settings: &ClusterSettings) -> Option<&str> {
        // Nothing that a pod may do as its person is about a ConfigMap: that is eci-profile, or ramgate's configuration
        if settings.spawners.is_empty() || self.resource() == Resource::ConfigMaps {
            return None;
        }
        let (namespace, account) = self.user().strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
        if namespace != self.namespace() {
            return None;
        }
        let labels = &cluster.namespace(namespace)?.labels;
        settings.is_spawner(namespace, labels, account).then_some(account)
    }

    /// The pod that the requester's token is bound to
    pub(crate) fn token_pod(&self) -> Option<TokenPod<'a>> {
        self.request.user_info.extra.and_then(TokenPod::of)
    }

    /// The name of the pod to read live, because it may say for whom the requester acts
    pub(crate) fn unread_token_pod(
        &self,
        cluster: &dyn Cluster,
        settings: &ClusterSettings,
    ) -> Option<Text<'a>> {
        self.spawner(cluster, settings)?;
        self.token_pod().map(|pod| pod.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    fn pod(extra: &Value) -> Option<(String, String)> {
        let raw = RawValue::from_string(extra.to_string()).unwrap();
        let pod = TokenPod::of(&raw)?;
        Some((pod.name.to_string(), pod.uid.to_string()))
    }

    #[test]
    fn a_token_is_bound_to_exactly_one_pod() {
        let name = POD_NAME;
        let uid = "authentication.kubernetes.io/pod-uid";
        let both = json!({name: ["driver"], uid: ["u-1"], "authentication.kubernetes.io/node-name": ["n"]});
        assert_eq!(pod(&both), Some(("driver".to_owned(), "u-1".to_owned())));
        for extra in [
            json!(null),
            json!([]),
            json!({}),
            json!({name: ["driver"]}),
            json!({uid: ["u-1"]}),
            json!({name: [], uid: ["u-1"]}),
            json!({name: ["driver"], uid: []}),
            json!({name: ["driver"], uid: [""]}),
            json!({name: [""], uid: ["u-1"]}),
            json!({name: ["driver", "other"], uid: ["u-1"]}),
            json!({name: ["driver"], uid: ["u-1", "u-2"]}),
            json!({name: "driver", uid: "u-1"}),
            json!({name.to_uppercase(): ["driver"], uid: ["u-1"]}),
        ] {
            assert_eq!(pod(&extra), None, "{extra}");
        }
        let twice = format!(r#"{{"{name}": ["a"], "{name}": ["b"], "{uid}": ["u"]}}"#);
        let raw = RawValue::from_string(twice).unwrap();
        assert_eq!(TokenPod::of(&raw), None, "a key that is given twice");
    }
}
