//! Names in a case that the configuration does not have. A misspelt name must not make a case pass that expects a denial.

use crate::cases::values::OneOrMany;
use crate::config::Configuration;
use eci_calls::Operation;
use ram_policy::Principal;
use ram_policy::source::{Fault, Node, Position};

/// The names of one case that must be known, unless the case lists them under `unknownNames`
pub(super) struct CaseNames<'a> {
    configuration: &'a Configuration,
    /// The names under `unknownNames`, and whether the case has them
    meant: Vec<(&'a str, bool)>,
    /// The position of the case
    at: Position,
}

impl<'a> CaseNames<'a> {
    pub(super) fn new(configuration: &'a Configuration, meant: Option<&'a OneOrMany>, at: Position) -> Self {
        let meant = meant.iter().flat_map(|list| &list.0).map(String::as_str);
        Self {
            configuration,
            meant: meant.map(|name| (name, false)).collect(),
            at,
        }
    }

    /// # Errors
    /// A RAM user, role or group that the directory does not have
    pub(super) fn principal(&mut self, principal: &Principal, at: Position) -> Result<(), Fault> {
        let is_known = match principal {
            Principal::Account | Principal::Service(_) => true,
            Principal::User(_) | Principal::Role(_) | Principal::Group(_) => {
                self.configuration.policies.has_principal(principal)
            }
        };
        self.check(is_known, &principal.to_string(), "the directory has no", at)
    }

    /// # Errors
    /// An `eci:` action that ECI does not have; the actions of other services are not known
    pub(super) fn action(&mut self, action: &Node) -> Result<(), Fault> {
        let text: String = action.read()?;
        let is_of_eci = text
            .get(..4)
            .is_some_and(|code| code.eq_ignore_ascii_case("eci:"));
        let mut known = Operation::ALL.iter().map(|operation| operation.action());
        let is_known = !is_of_eci || known.any(|known| known.eq_ignore_ascii_case(&text));
        self.check(is_known, &text, "ECI has no action", action.at)
    }

    /// # Errors
    /// A resource group that the directory does not have
    pub(super) fn resource_group(&mut self, id: Option<&Node>) -> Result<Option<String>, Fault> {
        let Some(node) = id else { return Ok(None) };
        let id: String = node.read()?;
        let is_known = self.configuration.account.has_group(&id);
        self.check(is_known, &id, "the directory has no resource group", node.at)?;
        Ok(Some(id))
    }

    /// # Errors
    /// The resource of `sts:AssumeRole` is no role of the directory
    pub(super) fn trusting_role(&mut self, resource: &str) -> Result<(), Fault> {
        let name = resource.split_once(":role/").map_or(resource, |(_, name)| name);
        let is_known = self.configuration.policies.has_role(name);
        self.check(is_known, name, "the directory has no role", self.at)
    }

    /// # Errors
    /// A name under `unknownNames` that is known or does not appear in the case
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.meant.iter().find(|(_, is_used)| !is_used) {
            None => Ok(()),
            Some((name, _)) => Err(Fault::new(
                self.at,
                format!("`{name}` under `unknownNames` is known, or no name of this case: remove it"),
            )),
        }
    }

    fn check(&mut self, is_known: bool, name: &str, problem: &str, at: Position) -> Result<(), Fault> {
        if is_known {
            return Ok(());
        }
        match self.meant.iter_mut().find(|(meant, _)| *meant == name) {
            Some((_, is_used)) => {
                *is_used = true;
                Ok(())
            }
            None => Err(Fault::new(
                at,
                format!(
                    "{problem} `{name}`: correct the name, or list it under `unknownNames` if that is meant"
                ),
            )),
        }
    }
}
