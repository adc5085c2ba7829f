//! Equal statements in the languages of three engines, each prepared as its documentation advises, so that the bench
//! measures only decisions.
//!
//! A statement allows one action for one value of the tag env. Every second statement of a principal covers another
//! action. The others cover the action of the request, each with its own value of the tag; the last has the value `test`.

pub mod cedar;
pub mod ram;
pub mod rego;

/// The action of the request
pub const ACTION: &str = "eci:CreateContainerGroup";

/// The number of principals and statements
#[derive(Clone, Copy)]
pub struct Size {
    /// The number of principals, the last of which makes the request
    pub principals: usize,
    /// The number of statements of each principal
    pub statements: usize,
}

impl Size {
    /// The number of all statements
    pub fn total(self) -> usize {
        self.principals * self.statements
    }

    /// The principal that makes the request
    fn asking(self) -> String {
        principal(self.principals - 1)
    }

    /// Action and tag value of each statement of a principal
    fn statements(self) -> impl Iterator<Item = (String, String)> {
        (0..self.statements).map(move |at| match at {
            at if at + 1 == self.statements => (ACTION.to_owned(), "test".to_owned()),
            at if at % 2 == 0 => (format!("eci:Describe{at}"), "test".to_owned()),
            at => (ACTION.to_owned(), format!("e{at}")),
        })
    }
}

fn principal(number: usize) -> String {
    format!("u{number}")
}
