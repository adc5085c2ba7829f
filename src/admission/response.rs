//! From a result to the AdmissionReview response and to the record for log and metrics.

pub(crate) mod admission_response;
pub(crate) mod message;
pub(crate) mod record;
