//! Warnings for the requester, as data.

use crate::admission::fields::malformed_annotation::MalformedAnnotation;
use crate::admission::fields::mapping::Overruled;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::routing::lookalike::Lookalike;
use crate::admission::routing::placement::Misplaced;
use crate::kubernetes::eci_profile::Selector;
use crate::kubernetes::routing_policy::PodRoute;

/// A warning that does not depend on the mode
#[derive(Clone, Debug)]
pub(crate) enum Warning {
    /// An annotation that looks like one of ECI's and is not
    Lookalike(Lookalike),
    /// A mark of ECI in a place or form that has no effect
    Placement(Misplaced),
    /// A mapping rule replaced or removed what the requester wrote
    Overruled(Overruled),
    /// A malformed annotation of a stored pod
    StoredAnnotation(MalformedAnnotation),
    /// A selector of eci-profile that the request adds or changes
    ProfileSelector(Selector),
    /// A new or changed route of a ResourcePolicy or VNode Selector
    PodRoute(PodRoute),
    /// ramgate removed the stamp from a Binding
    BindingStampRemoved,
    /// ramgate removed a stamp that proves nothing from a controller's pod
    StampRemoved(StampFault),
    /// ramgate overwrote a stamp with the requester's
    StampOverwritten,
    /// ramgate restored the stamp from before the request
    StampRestored,
    /// The workload has no stamp, and its requester may not create such pods
    Unstamped,
}
