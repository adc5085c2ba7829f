//! The reasons why a spawner acts for nobody: what is wrong with the pod that its token is bound to.

use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::stamp_fault::StampFault;

/// A reason why the pod that a spawner's token is bound to does not say for whom the spawner acts
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CreatingPodFault {
    /// The token is bound to no pod, as one from a Secret is
    NoPod,
    /// There is no such pod any more, or another one of its name
    Gone,
    /// It runs under another service account
    OtherAccount,
    /// It has no stamp, or one that proves nothing
    Stamp(StampFault),
    /// Its stamp has the first form, which names neither object nor containers
    FirstForm,
    /// Its stamp was written for another service account
    StampOfOtherAccount,
    /// It runs something else than what its stamp says
    Contents(Vec<ContainerDifference>),
    /// Somebody added a container to it while it ran
    EphemeralContainer,
}
