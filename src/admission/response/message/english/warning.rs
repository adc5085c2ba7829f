//! Warnings, in English.

use crate::admission::outcome::warning::Warning;
use crate::admission::response::message::english::fault;

pub(super) fn warning(warning: &Warning, namespace: &str) -> String {
    match warning {
        Warning::Lookalike(alike) => alike.to_string(),
        Warning::Placement(misplaced) => misplaced.to_string(),
        Warning::ProfileSelector(selector) => selector.described(),
        Warning::PodRoute(route) => route.described(),
        Warning::Overruled(overruled) => overruled.to_string(),
        Warning::StoredAnnotation(malformed) => {
            format!("the stored pod's {malformed}; all its ECI fields count as absent")
        }
        Warning::BindingStampRemoved => {
            "ramgate removed annotation ramgate.io/requested-by from the Binding: only ramgate \
                                         writes it, and never there"
                .to_owned()
        }
        Warning::StampRemoved(removed) => {
            format!(
                "ramgate removed the stamp of this pod: {}",
                fault::stamp(removed, namespace)
            )
        }
        Warning::StampOverwritten => {
            "only ramgate writes annotation ramgate.io/requested-by: it names you now".to_owned()
        }
        Warning::StampRestored => {
            "only ramgate writes annotation ramgate.io/requested-by: it stays as it was".to_owned()
        }
        Warning::Unstamped => {
            "the pods of this workload have no requester yet, and you may not create such pods on ECI: \
                               ramgate denies them until somebody who may create them writes to the workload"
                .to_owned()
        }
    }
}
