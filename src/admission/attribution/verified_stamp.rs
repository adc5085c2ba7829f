//! The claims of a stamp, if it verifies for the object that has it.

use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::owned_object::OwnedObject;
use crate::stamp::{Claims, Signer, VerifyError};

/// The reason why an object has no valid stamp
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoValidStamp {
    /// It has none
    Missing,
    /// It has one that does not verify
    Broken(VerifyError),
}

/// The claims of an object's stamp
///
/// ```text
/// no stamp                                         -> Err(Missing)
/// signed here for Deployment web, found in it      -> Ok(claims)
/// signed here for Deployment web, found in api     -> Err(Broken(Object("Deployment web")))
/// signed with a key that no replica has any more   -> Err(Broken(UnknownKey("k3")))
/// ```
///
/// # Errors
///
/// The object has no stamp, or one that does not verify.
pub(crate) fn verified(
    stamp: Option<&str>,
    namespace: &str,
    owned: &OwnedObject,
    settings: &ClusterSettings,
    cluster: &dyn Cluster,
) -> Result<Claims, NoValidStamp> {
    let stamp = stamp.ok_or(NoValidStamp::Missing)?;
    // Without keys no stamp verifies; the server answers no request before it has them
    let signer = cluster.signer().ok_or(NoValidStamp::Missing)?;
    trusted(&signer, stamp, namespace, owned, settings).map_err(NoValidStamp::Broken)
}

/// The claims of a stamp that was signed here for this object, or for the object from which controllers make this one
///
/// # Errors
///
/// The stamp is unreadable, its signature is wrong, or it was signed for another object.
pub(crate) fn trusted(
    signer: &Signer,
    stamp: &str,
    namespace: &str,
    owned: &OwnedObject,
    settings: &ClusterSettings,
) -> Result<Claims, VerifyError> {
    let claims = signer.verify(stamp, namespace)?;
    match &claims.object {
        Some(object) if !owned.accepts_stamp_of(object, settings) => {
            Err(VerifyError::Object(object.to_string()))
        }
        // A stamp of the first form names no object, and stays valid as long as its key
        Some(_) | None => Ok(claims),
    }
}
