//! Text that no log and no message shows.

use std::fmt;

/// A secret: it has no `Display`, and its `Debug` prints nothing of it
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// A secret with this text
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for a signature or a request
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_nothing_of_it() {
        assert_eq!(
            format!("{:?}", Some(SecretText::new("hunter2"))),
            "Some(SecretText)"
        );
    }
}
