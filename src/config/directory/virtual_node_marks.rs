//! Taints of virtual nodes, and the extended resources that only virtual nodes offer.

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::{LocatedText, strings};
use crate::config::directory::name_rules::{check_key, shortened};
use ram_policy::source::{Fault, Node};

/// Keys of the taints of virtual nodes: of ACK, of VNodes in self-managed clusters, and of the open-source provider's guide
pub(super) const TAINTS: [&str; 3] = [
    "virtual-kubelet.io/provider",
    "k8s.aliyun.com/vnode",
    "alibabacloud.com/eci",
];

/// Reads the keys of taints
///
/// # Errors
/// A list that is empty or holds anything but keys
pub(super) fn read_taints(list: &Node) -> Result<Vec<String>, Faults> {
    let keys: Vec<LocatedText> = list.read()?;
    let mut faults = Faults::default();
    if keys.is_empty() {
        let message = "without a taint, no toleration of a single taint would lead to virtual nodes: leave the key out \
                       for the default";
        faults.push(Fault::new(list.at, message));
    }
    for key in &keys {
        faults.handle(check_key(key.at, key));
    }
    faults.finish(strings(keys))
}

/// Reads the names of extended resources
///
/// # Errors
/// A value that is no list of such names. A name without a domain is one of Kubernetes' own resources, which every node
/// offers.
pub(super) fn read_resources(list: &Node) -> Result<Vec<String>, Faults> {
    let names: Vec<LocatedText> = list.read()?;
    let mut faults = Faults::default();
    for name in &names {
        faults.handle(check_resource(name));
    }
    faults.finish(strings(names))
}

fn check_resource(name: &LocatedText) -> Result<(), Fault> {
    check_key(name.at, name)?;
    let domain = name.split_once('/').map_or("", |(domain, _)| domain);
    if domain.is_empty() || domain == "kubernetes.io" || domain.ends_with(".kubernetes.io") {
        let remedy = "which has a domain other than kubernetes.io, such as `example.com/eci`";
        let message = format!("`{}` is not an extended resource, {remedy}", shortened(name));
        return Err(name.fault(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn faults_name_the_place_and_the_remedy() {
        assert_eq!(
            parsed("[example.com/eci]", read_taints).unwrap(),
            ["example.com/eci"]
        );
        assert_eq!(
            parsed("[example.com/eci]", read_resources).unwrap(),
            ["example.com/eci"]
        );
        assert_eq!(parsed("[]", read_resources).unwrap(), Vec::<String>::new());
        let refused =
            |text: &str, read: fn(&Node) -> Result<Vec<String>, Faults>| parsed(text, read).unwrap_err();
        assert!(refused("[]", read_taints).contains("leave the key out for the default"));
        assert!(refused("[a b]", read_taints).contains("1:2: `a b` is not a label or annotation key"));
        assert!(refused("vnode", read_taints).contains("1:1: "));
        for resource in ["cpu", "hugepages-2Mi", "kubernetes.io/gpu", "x.kubernetes.io/gpu"] {
            let faults = refused(&format!("[{resource}]"), read_resources);
            assert!(
                faults.contains(&format!("1:2: `{resource}` is not an extended resource")),
                "{faults}"
            );
        }
    }
}
