//! What a statement still wants of a request that it speaks of.

use super::condition::Condition;
use super::document::Statement;
use super::facts::Facts;
use super::matching::{open, reach};
use super::request::Request;
use super::set::PolicySet;

impl PolicySet {
    /// The conditions of a statement that do not hold for a request; none if it speaks of other actions or resources
    pub fn open_conditions<'a>(
        &self,
        request: &Request<'_>,
        statement: &'a Statement,
    ) -> Option<Vec<&'a Condition>> {
        let facts = Facts::new(self.account(), request);
        match reach(&facts, statement) {
            Some(_) => None,
            None => Some(open(&facts, statement).collect()),
        }
    }
}
