//! The text of warnings.

use crate::admission::outcome::warning::Warning;

impl Warning {
    /// The text that the requester sees
    pub(crate) fn text(&self, namespace: &str) -> String {
        match self {
            Self::Lookalike(text) | Self::Placement(text) | Self::ProfileSelector(text) => text.clone(),
            Self::Overruled(overruled) => overruled.to_string(),
            Self::StoredAnnotation(malformed) => {
                format!("the stored pod's {malformed}; all its ECI fields count as absent")
            }
            Self::BindingStampRemoved => "ramgate removed annotation ramgate.io/requested-by from the Binding: only ramgate writes \
                                          it, and never there"
                .to_owned(),
            Self::StampRemoved(fault) => {
                format!("ramgate removed the stamp of this pod: {}", fault.explanation(namespace))
            }
            Self::StampOverwritten => {
                "only ramgate writes annotation ramgate.io/requested-by: it names you now".to_owned()
            }
            Self::StampRestored => {
                "only ramgate writes annotation ramgate.io/requested-by: it stays as it was".to_owned()
            }
            Self::Unstamped => "the pods of this workload have no requester yet, and you may not create such pods on ECI: ramgate \
                                denies them until somebody who may create them writes to the workload"
                .to_owned(),
        }
    }
}
