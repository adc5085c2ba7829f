//! The same statements in the languages of three engines, each engine prepared as its documentation advises, so that the
//! bench beside this file times questions alone.
//!
//! A statement allows one action if the request carries one value of the tag env. Of a principal's statements every
//! second speaks of another action, the others of the action that is asked, each with another value of the tag; the very
//! last has the value `test`.

pub mod cedar;
pub mod ram;
pub mod rego;

/// The action that is asked
pub const ACTION: &str = "eci:CreateContainerGroup";

/// What is put to every engine
#[derive(Clone, Copy)]
pub struct Size {
    /// How many principals hold statements; the last of them asks
    pub principals: usize,
    /// How many statements each of them holds
    pub statements: usize,
}

impl Size {
    /// How many statements there are in all
    pub fn total(self) -> usize {
        self.principals * self.statements
    }

    /// The principal that asks
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
