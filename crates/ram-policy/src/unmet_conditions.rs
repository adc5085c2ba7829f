//! What a statement still wants of a request that it speaks of.

use super::condition::Condition;
use super::document::Statement;
use super::matching::{action_or_target_mismatch, open};
use super::request::Request;
use super::resolved_request::ResolvedRequest;
use super::set::PolicySet;

impl PolicySet {
    /// The conditions of a statement that do not hold for a request; none if it speaks of other actions or resources
    pub fn unmet_conditions<'a>(
        &self,
        request: &Request<'_>,
        statement: &'a Statement,
    ) -> Option<Vec<&'a Condition>> {
        let facts = ResolvedRequest::new(self.account(), request);
        match action_or_target_mismatch(&facts, statement) {
            Some(_) => None,
            None => Some(open(&facts, statement).collect()),
        }
    }
}
