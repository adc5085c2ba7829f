//! A key that signs requests.

use crate::alibaba_cloud::secret_text::SecretText;

/// The shortest text that is taken out of messages; shorter ones occur in ordinary words
const SHORTEST_SECRET: usize = 6;

/// An AccessKey pair, or the three parts of an STS token
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessKey {
    /// The AccessKey ID, which is no secret, though messages have no use for it
    pub(crate) id: SecretText,
    /// The AccessKey secret
    pub(crate) secret: SecretText,
    /// The security token, if the pair is temporary
    pub(crate) token: Option<SecretText>,
}

impl AccessKey {
    /// The text of a message from outside, without any part of the key that it repeats
    pub(super) fn redact(&self, message: &str) -> String {
        let parts = [Some(&self.secret), self.token.as_ref(), Some(&self.id)];
        let parts = parts.into_iter().flatten();
        let long = parts.filter(|part| part.expose().len() >= SHORTEST_SECRET);
        long.fold(message.to_owned(), |text, part| text.replace(part.expose(), "…"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_the_key_is_taken_out_of_messages() {
        let key = AccessKey {
            id: SecretText::new("STS.identifier"),
            secret: SecretText::new("secret-secret"),
            token: Some(SecretText::new("CAIS-token")),
        };
        let message = key.redact("key STS.identifier with CAIS-token and secret-secret is bad");
        assert_eq!(message, "key … with … and … is bad");
        let empty = AccessKey {
            id: SecretText::new(""),
            secret: SecretText::new("bad"),
            token: None,
        };
        assert_eq!(empty.redact("a bad one"), "a bad one");
    }
}
