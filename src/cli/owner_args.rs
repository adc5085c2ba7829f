//! The flags that name the owners of workloads without a stamp.

use clap::Args;

use crate::analysis::survey::{AssumedOwner, AssumedOwners};
use crate::cli::check::user_groups::completed_groups;
use crate::cli::command_error::CommandError;
use crate::cli::live_cluster::check_name;

/// Whom workloads without a good stamp are judged for
#[derive(Debug, Args)]
pub(super) struct OwnerArgs {
    /// Judge workloads without a good stamp as if this Kubernetes user applied them again
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// A group of the user of --as; a service account has its own without this
    #[arg(long = "as-group", value_name = "GROUP", requires = "user")]
    groups: Vec<String>,
    /// The same as --as for the workloads of one namespace; repeatable
    #[arg(long, value_name = "NS=USER")]
    namespace_as: Vec<String>,
}

impl OwnerArgs {
    /// The owners
    ///
    /// # Errors
    ///
    /// A value of --namespace-as does not name a namespace and a user, or names a namespace twice.
    pub(super) fn owners(&self) -> Result<AssumedOwners, CommandError> {
        let everywhere = self.user.as_ref().map(|user| owner(user, &self.groups));
        let mut owners = AssumedOwners {
            everywhere,
            ..AssumedOwners::default()
        };
        for pair in &self.namespace_as {
            // A user name may hold `=`, the name of a namespace may not
            let named = pair.split_once('=').filter(|(_, user)| !user.is_empty());
            let Some((namespace, user)) = named else {
                return Err(CommandError::Usage(format!(
                    "--namespace-as: `{pair}` is not NAMESPACE=USER"
                )));
            };
            check_name("--namespace-as", namespace)?;
            let before = owners.namespaces.insert(namespace.to_owned(), owner(user, &[]));
            if before.is_some() {
                return Err(CommandError::Usage(format!(
                    "--namespace-as: namespace {namespace} is given twice"
                )));
            }
        }
        Ok(owners)
    }
}

fn owner(user: &str, groups: &[String]) -> AssumedOwner {
    AssumedOwner {
        user: user.to_owned(),
        groups: completed_groups(user, groups),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(namespace_as: &[&str]) -> Result<AssumedOwners, CommandError> {
        let args = OwnerArgs {
            user: Some("system:serviceaccount:ci:bot".to_owned()),
            groups: Vec::new(),
            namespace_as: namespace_as.iter().map(|pair| (*pair).to_owned()).collect(),
        };
        args.owners()
    }

    #[test]
    fn a_namespace_has_the_owner_that_is_named_for_it() {
        let owners = owners(&["shop=cn=alice,dc=example"]).unwrap();
        assert_eq!(owners.namespaces["shop"].user, "cn=alice,dc=example");
        let groups = &owners.everywhere.unwrap().groups;
        assert!(groups.iter().any(|group| group == "system:serviceaccounts:ci"));
    }

    #[test]
    fn anything_but_a_namespace_and_a_user_is_refused() {
        for pairs in [
            &["shop"][..],
            &["shop="],
            &["=alice"],
            &["Shop=alice"],
            &["a=x", "a=y"],
        ] {
            assert!(owners(pairs).is_err(), "{pairs:?}");
        }
    }
}
