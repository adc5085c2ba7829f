//! The reasons why a stamp does not verify.

/// A stamp that does not verify
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The text is not a stamp
    #[error("it is not a stamp that ramgate writes")]
    Unreadable,
    /// The key that signed it is not in the key ring, or not any more
    #[error("it was signed with key {0}, which ramgate does not have")]
    UnknownKey(String),
    /// It was changed after it was signed, or ramgate did not sign it
    #[error("its signature is wrong")]
    Signature,
    /// It was written for another namespace
    #[error("it was written for namespace {0}")]
    Namespace(String),
    /// It was written in another cluster
    #[error("it was written in another cluster")]
    Cluster,
    /// It was written for another object
    #[error("it was written for {0}")]
    Object(String),
}

impl VerifyError {
    /// Whether somebody must have tampered with the stamp; a missing key may have an honest cause
    pub fn is_forged(&self) -> bool {
        !matches!(self, Self::UnknownKey(_))
    }
}
