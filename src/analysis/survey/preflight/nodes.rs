//! Names of nodes, held against the pattern by which bindings are kept from ramgate.

use crate::analysis::survey::cluster::Node;
use crate::analysis::survey::preflight::{Check, Finding, Scene, shown};
use crate::kubernetes::cluster::NodeKind;

pub(crate) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let Some(names) = scene.real_node_names else {
        return Vec::new();
    };
    let nodes = &scene.judge.cluster.nodes;
    let chosen = |wanted: &dyn Fn(&str, &Node) -> bool| -> Vec<&str> {
        let nodes = nodes.iter().filter(|(name, node)| wanted(name, node));
        nodes.map(|(name, _)| name.as_str()).collect()
    };
    let strange = chosen(&|name, node| !node.looks_virtual && !names.is_match(name));
    let hidden = chosen(&|name, node| node.kind == NodeKind::Virtual && names.is_match(name));
    let finding = |nodes: Vec<&str>, what: &str, advice: &str| {
        (!nodes.is_empty()).then(|| Finding {
            check: Check::NodeName,
            place: shown(nodes.iter().copied()),
            what: match nodes.len() {
                1 => format!("it is {what}"),
                count => format!("these {count} nodes are {what}"),
            },
            advice: advice.to_owned(),
        })
    };
    let strange = finding(
        strange,
        "real and with a name that does not fit realNodeNames, so that every binding there waits for ramgate",
        "widen realNodeNames of the chart",
    );
    let hidden = finding(
        hidden,
        "virtual and with a name that fits realNodeNames, so that bindings there never reach ramgate",
        "narrow realNodeNames of the chart",
    );
    strange.into_iter().chain(hidden).collect()
}
