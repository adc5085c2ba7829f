//! The names by which ListPolicyAttachments knows users, groups and roles.
//!
//! ```text
//! IMSUser      alice@example.onaliyun.com
//! IMSGroup     developers@group.example.onaliyun.com
//! ServiceRole  runner@role.example.onaliyunservice.com
//! ```
//!
//! `example` is the account's alias, or its number. Another domain may be another account's, so it is no name of this one.

use crate::import::ram_data::Holder;

/// The account's part of the domain names, once one of them was seen
#[derive(Debug, Default)]
pub(crate) struct Domains {
    alias: Option<String>,
}

impl Domains {
    /// The holder with this name
    ///
    /// # Errors
    /// The type is unknown, or the name does not have the form of the type
    pub(crate) fn holder<'a>(
        &mut self,
        principal_type: &str,
        name: &'a str,
        account: Option<&str>,
    ) -> Result<Holder<'a>, String> {
        let (before, after): (&str, &str) = match principal_type {
            "IMSUser" => ("", ".onaliyun.com"),
            "IMSGroup" => ("group.", ".onaliyun.com"),
            "ServiceRole" => ("role.", ".onaliyunservice.com"),
            _ => return Err("PrincipalType is not IMSUser, IMSGroup or ServiceRole".to_owned()),
        };
        let (holder, domain) = name
            .split_once('@')
            .ok_or_else(|| format!("`{name}` has no domain: expected `NAME@{before}ALIAS{after}`"))?;
        let alias = domain
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        let alias = alias.filter(|alias| !alias.is_empty() && !alias.contains(['.', '@']));
        let alias = alias.ok_or_else(|| {
            format!("`{name}` is in a domain of its own: expected `NAME@{before}ALIAS{after}` with the account's alias or number")
        })?;
        self.check(alias, account)?;
        Ok(match principal_type {
            "IMSUser" => Holder::User(holder),
            "IMSGroup" => Holder::Group(holder),
            _ => Holder::Role(holder),
        })
    }

    /// The number stands for the account beside its one alias
    fn check(&mut self, alias: &str, account: Option<&str>) -> Result<(), String> {
        if Some(alias) == account {
            return Ok(());
        }
        match &self.alias {
            Some(known) if known != alias => Err(format!(
                "`{alias}` and `{known}` cannot both be this account's alias"
            )),
            Some(_) => Ok(()),
            None => {
                self.alias = Some(alias.to_owned());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_domain() {
        let mut domains = Domains::default();
        let mut holder = |kind, name| {
            domains
                .holder(kind, name, Some("123"))
                .map(|holder| holder.to_string())
        };
        assert_eq!(holder("IMSUser", "a.b@acme.onaliyun.com").unwrap(), "user/a.b");
        assert_eq!(holder("IMSUser", "a@123.onaliyun.com").unwrap(), "user/a");
        assert_eq!(
            holder("IMSGroup", "dev@group.acme.onaliyun.com").unwrap(),
            "group/dev"
        );
        assert_eq!(
            holder("ServiceRole", "r@role.123.onaliyunservice.com").unwrap(),
            "role/r"
        );
        for (kind, name) in [
            ("IMSUser", "a"),
            ("IMSUser", "a@corp.example"),
            ("IMSUser", "a@other.onaliyun.com"),
            ("IMSUser", "a@group.acme.onaliyun.com"),
            ("IMSUser", "a@x@acme.onaliyun.com"),
            ("IMSUser", "a@.onaliyun.com"),
            ("IMSUser", "a@acme.onaliyun.com.evil.example"),
            ("IMSGroup", "dev@acme.onaliyun.com"),
            ("ServiceRole", "r@role.acme.onaliyun.com"),
            ("Robot", "r@acme.onaliyun.com"),
        ] {
            assert!(holder(kind, name).is_err(), "{kind} {name}");
        }
    }
}
