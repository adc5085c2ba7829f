//! From a result to the AdmissionReview response and to the record for log and metrics.

pub(crate) mod record;
pub(crate) mod reply;
