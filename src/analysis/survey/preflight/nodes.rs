//! Compares node names with the pattern whose bindings the webhooks do not send.

use crate::analysis::survey::preflight::finding::{Check, Finding, shortened};
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::node_kind::NodeKind;

pub(super) fn findings(input: &PreflightInput<'_>) -> Vec<Finding> {
    let Some(names) = input.real_node_names else {
        return Vec::new();
    };
    let nodes = &input.evaluator.cluster.snapshot.nodes;
    let settings = &input.evaluator.configuration.cluster;
    // ACS's virtual nodes look virtual too
    let looks_virtual = |node: &Meta| {
        let mut selectors = settings.virtual_nodes.iter();
        selectors.any(|selector| selector.matches(&node.labels))
    };
    let is_virtual = |node: &Meta| NodeKind::of(&node.labels, settings) == NodeKind::Virtual;
    let filtered = |wanted: &dyn Fn(&str, &Meta) -> bool| -> Vec<&str> {
        let nodes = nodes.iter().filter(|(name, node)| wanted(name, node));
        nodes.map(|(name, _)| name.as_str()).collect()
    };
    let unmatched = finding(
        &filtered(&|name, node| !looks_virtual(node) && !names.is_match(name)),
        "real and with a name that does not fit realNodeNames, so that every binding there waits for ramgate",
        "widen realNodeNames of the chart",
    );
    let hidden = finding(
        &filtered(&|name, node| is_virtual(node) && names.is_match(name)),
        "virtual and with a name that fits realNodeNames, so that bindings there never reach ramgate",
        "narrow realNodeNames of the chart",
    );
    unmatched.into_iter().chain(hidden).collect()
}

fn finding(nodes: &[&str], problem: &str, advice: &str) -> Option<Finding> {
    (!nodes.is_empty()).then(|| Finding {
        check: Check::NodeName,
        subject: shortened(nodes.iter().copied()),
        problem: match nodes.len() {
            1 => format!("it is {problem}"),
            count => format!("these {count} nodes are {problem}"),
        },
        advice: advice.to_owned(),
    })
}
