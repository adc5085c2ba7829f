//! The affinity that keeps the pods of a DaemonSet off virtual nodes, where mostly nobody wants them.

use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::review::{Resource, Review};
use crate::admission::routing::mark::Mark;
use crate::admission::routing::node_affinity::type_excludes_virtual_nodes;
use crate::admission::routing::route::Route;
use crate::config::ClusterSettings;
use crate::kubernetes::workload::Workload;

/// A line that keeps the pods of a template off virtual nodes
///
/// ```text
/// the template's affinity              place                                  line
/// none                                 spec.template.spec                     affinity: {nodeAffinity: …}
/// for pods alone                       spec.template.spec.affinity            nodeAffinity: …
/// preferred nodes alone                spec.template.spec.affinity.nodeAffinity   requiredDuring…: …
/// required nodes                       matchExpressions of each term          - {key: type, …}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OffVirtualNodes {
    /// Where to write the line
    pub(crate) place: String,
    /// The line
    pub(crate) line: String,
}

const EXPRESSION: &str = "{key: type, operator: NotIn, values: [virtual-kubelet]}";

impl OffVirtualNodes {
    /// The line for a DaemonSet that only tolerates the taints of virtual nodes; `None` for others, which may want them, and
    /// if the affinity would not do
    pub(super) fn of(
        review: &Review<'_>,
        evaluation: &Evaluation,
        settings: &ClusterSettings,
    ) -> Option<Self> {
        let is_daemon_set = review.resource() == Resource::Workload(Workload::DaemonSet);
        let tolerates = matches!(
            evaluation.route,
            Some(Route::Possible(Mark::Toleration(_) | Mark::TolerationOfAll))
        );
        if !is_daemon_set || !tolerates || !type_excludes_virtual_nodes(settings) {
            return None;
        }
        let mut templates = review.templates().iter();
        let template = templates.find(|template| template.path == evaluation.path)?;
        let spec = &template.new.as_ref()?.read().spec;
        let terms = format!("{{nodeSelectorTerms: [{{matchExpressions: [{EXPRESSION}]}}]}}");
        let required = format!("requiredDuringSchedulingIgnoredDuringExecution: {terms}");
        let affinity = "spec.affinity";
        let node_affinity = spec
            .affinity
            .as_ref()
            .map(|affinity| affinity.node_affinity.as_ref());
        let (place, line) = match node_affinity {
            None => (
                "spec".to_owned(),
                format!("affinity: {{nodeAffinity: {{{required}}}}}"),
            ),
            Some(None) => (affinity.to_owned(), format!("nodeAffinity: {{{required}}}")),
            Some(Some(nodes)) if nodes.required.is_none() => (format!("{affinity}.nodeAffinity"), required),
            Some(Some(_)) => (
                format!(
                    "{affinity}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[*].matchExpressions"
                ),
                format!("- {EXPRESSION}"),
            ),
        };
        Some(Self {
            place: format!("{}{place}", evaluation.path),
            line,
        })
    }
}
