//! The conditions that a statement still lacks, for callers who search for a request that would be allowed.

use crate::condition::Condition;
use crate::document::Statement;
use crate::matching::{mismatch_before_conditions, unmet_conditions};
use crate::request::Request;
use crate::resolved_request::ResolvedRequest;
use crate::set::PolicySet;

impl PolicySet {
    /// The conditions of a statement that a request does not meet; `None` if the statement covers other actions,
    /// resources or callers.
    pub fn unmet_conditions<'a>(
        &self,
        request: &Request<'_>,
        statement: &'a Statement,
    ) -> Option<Vec<&'a Condition>> {
        let request = ResolvedRequest::new(self.account(), request);
        match mismatch_before_conditions(&request, statement) {
            Some(_) => None,
            None => Some(unmet_conditions(&request, statement).collect()),
        }
    }
}
