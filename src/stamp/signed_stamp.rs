//! The text of a stamp, with its claims, the id of its key and its signature.

use serde::{Deserialize, Serialize};

use crate::stamp::claims::Claims;
use crate::stamp::form::Form;
use crate::stamp::verify_error::VerifyError;

/// The longest text that is signed or parsed as a stamp, in bytes; the names and annotations of one pod stay far below
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// A stamp as its annotation holds it
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignedStamp {
    /// The version of the form
    pub(super) v: u8,
    /// The claims
    #[serde(flatten)]
    pub(super) claims: Claims,
    /// The id of the key
    pub(super) key: String,
    /// The signature, in hexadecimal digits
    pub(super) mac: String,
}

/// The id of the key that a stamp names, if the text is a stamp; the signature is not checked
pub(crate) fn key_id(text: &str) -> Option<String> {
    parse(text).ok().map(|(_, stamp)| stamp.key)
}

/// The claims of a stamp without a check of its signature; for messages only
pub(crate) fn unverified(text: &str) -> Option<Claims> {
    parse(text).ok().map(|(_, stamp)| stamp.claims)
}

/// Parses a stamp without a check of its signature
///
/// # Errors
///
/// The text is too long, is not the JSON of a stamp, or has claims that stamps of its form do not have.
pub(super) fn parse(text: &str) -> Result<(Form, SignedStamp), VerifyError> {
    if text.len() > MAX_BYTES {
        return Err(VerifyError::Unreadable);
    }
    let stamp: SignedStamp = serde_json::from_str(text).map_err(|_| VerifyError::Unreadable)?;
    let form = Form::of(stamp.v).ok_or(VerifyError::Unreadable)?;
    let Claims {
        object, containers, ..
    } = &stamp.claims;
    let is_consistent = match form {
        Form::First => object.is_none() && containers.is_none(),
        Form::Second => object.is_some(),
    };
    if is_consistent {
        Ok((form, stamp))
    } else {
        Err(VerifyError::Unreadable)
    }
}
