//! The RAM principal of a binding or boundary.

use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::shortened;
use ram_policy::Principal;
use ram_policy::source::{Fault, Position};

/// A principal with its position
#[derive(Clone, Debug)]
pub(crate) struct PrincipalEntry {
    pub(crate) at: Position,
    pub(crate) principal: Principal,
}

/// Reads the name of a principal, such as `user/alice`
///
/// # Errors
/// A text that is no principal, a cloud service, which no Kubernetes identity can be, and a name with a star
pub(crate) fn read(text: &LocatedText) -> Result<PrincipalEntry, Fault> {
    match text.parse::<Principal>() {
        Ok(Principal::Service(name)) => Err(text.fault(format!(
            "`service/{name}` is a cloud service: a Kubernetes identity is user/NAME, role/NAME, group/NAME or account"
        ))),
        Ok(_) if text.contains('*') => Err(text.fault(format!(
            "`{}` is not one principal: a star stands in `user/*` alone, which only a binding may name",
            shortened(text)
        ))),
        Ok(principal) => Ok(PrincipalEntry {
            at: text.at,
            principal,
        }),
        Err(error) => Err(text.fault(error.to_string())),
    }
}
