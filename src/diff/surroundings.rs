//! Changes outside of RAM's policies that can change what the gate lets in.

use super::report::OtherChange;
use crate::directory::Configuration;

pub(super) fn changes(_old: &Configuration, _new: &Configuration) -> Vec<OtherChange> {
    Vec::new()
}
