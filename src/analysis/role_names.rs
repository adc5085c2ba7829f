//! Names of RAM roles, which RAM compares without case.

use ram_policy::Principal;

/// A principal whose name is equal for all spellings: a role's name becomes lower case, other names stay
pub(crate) fn with_folded_case(principal: &Principal) -> Principal {
    match principal {
        Principal::Role(name) => Principal::Role(name.to_ascii_lowercase().into()),
        Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => {
            principal.clone()
        }
    }
}

/// The resource name of a role: account `1` and role `App` give `acs:ram::1:role/App`
pub(crate) fn role_resource(account: &str, role: &str) -> String {
    format!("acs:ram::{account}:role/{role}")
}
