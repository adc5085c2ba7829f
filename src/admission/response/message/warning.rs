//! The text of warnings.

use crate::admission::outcome::warning::Warning;

impl Warning {
    /// The text that the requester sees
    pub(crate) fn text(&self, namespace: &str) -> String {
        match self {
            Self::Lookalike(text) | Self::ProfileSelector(text) => text.clone(),
            Self::Overruled(overruled) => overruled.to_string(),
            Self::StoredAnnotation(malformed) => {
                format!("the stored pod's {malformed}; all its ECI fields count as absent")
            }
            Self::BindingStampRemoved => "annotation ramgate.io/requested-by of the Binding was taken away: ramgate alone writes \
                                          it, and not there"
                .to_owned(),
            Self::StampRemoved(fault) => format!(
                "the stamp of this pod was taken away: {}",
                fault.explanation(namespace)
            ),
            Self::StampOverwritten => {
                "annotation ramgate.io/requested-by is written by ramgate alone, it names you now".to_owned()
            }
            Self::StampRestored => {
                "annotation ramgate.io/requested-by is written by ramgate alone, it stays as it was".to_owned()
            }
            Self::Unstamped => "nobody stands behind the pods of this workload yet, and you may not create such pods on ECI: \
                                they are denied until somebody who may writes to it"
                .to_owned(),
        }
    }
}
