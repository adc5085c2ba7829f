//! The stamp: a signed note that a pod template carries to its pods and that says who requested them.
//!
//! ```text
//! Claims (user, principal, namespace, object, ECI fields, containers) -- Signer::sign --> value of one annotation
//! value of the annotation -- Signer::verify --> Claims, or a VerifyError
//! ```
//!
//! Everything here is pure but for [`KeyRing::generate`], which draws random bytes. One key signs the same claims with
//! the same text each time, so stamping an object again changes nothing.

pub(crate) mod claims;
pub(crate) mod container_digests;
pub(crate) mod form;
pub(crate) mod key_ring;
pub(crate) mod object_name;
pub(crate) mod signed_stamp;
pub(crate) mod signer;
pub(crate) mod stamped_object;
pub(crate) mod verify_error;

pub(crate) use crate::stamp::claims::{Claims, FieldTexts};
pub(crate) use crate::stamp::container_digests::{ContainerDigest, ContainerDigests, ContainerList};
pub(crate) use crate::stamp::form::{Form, REQUESTED_BY};
pub(crate) use crate::stamp::key_ring::{KEY_BYTES, KeyRing, KeyRingError};
pub(crate) use crate::stamp::object_name::ObjectName;
pub(crate) use crate::stamp::signed_stamp::{MAX_BYTES as MAX_STAMP_BYTES, key_id, unverified};
pub(crate) use crate::stamp::signer::Signer;
pub(crate) use crate::stamp::stamped_object::StampedObject;
pub(crate) use crate::stamp::verify_error::VerifyError;
