//! The RAM data of an account, whatever it was read from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::config::name_rules;
use crate::import::faults::{Faults, Place};
use crate::import::policy_text::PolicyText;
use ram_policy::source::Node;

/// Where the data came from
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Answers of the aliyun CLI: the whole account
    Aliyun,
    /// `terraform show -json`: what Terraform manages, which is a part of the account
    Terraform,
}

/// The kind of a policy. RAM keeps a name for each kind; a directory has one name for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PolicyKind {
    /// The account's own
    Custom,
    /// Alibaba Cloud's
    System,
    /// The organization's, for a folder or an account
    Control,
}

/// A policy that is attached to a user, group or role
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) kind: PolicyKind,
    pub(crate) policy: String,
    /// The scope; nothing for the whole account
    pub(crate) resource_group: Option<String>,
}

/// A RAM user
#[derive(Clone, Debug, Default)]
pub(crate) struct RamUser {
    pub(crate) id: Option<String>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) grants: BTreeSet<Grant>,
}

/// A RAM role
#[derive(Clone, Debug)]
pub(crate) struct RamRole {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) trust: Node,
    pub(crate) grants: BTreeSet<Grant>,
}

/// Who has a grant
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder<'a> {
    User(&'a str),
    Group(&'a str),
    Role(&'a str),
}

/// A policy that was read
#[derive(Clone, Debug)]
pub(crate) struct RamPolicy {
    pub(crate) place: Place,
    pub(crate) text: PolicyText,
}

/// An account's users, groups, roles, policies and who has them
///
/// Names are checked. What a grant names may still be absent, because only the target directory says what it defines itself.
#[derive(Clone, Debug)]
pub struct RamData {
    pub(crate) source: Source,
    /// The account's number, if anything says it
    pub(crate) account: Option<String>,
    /// Ids with their names
    pub(crate) resource_groups: BTreeMap<String, Option<String>>,
    pub(crate) users: BTreeMap<String, RamUser>,
    pub(crate) groups: BTreeMap<String, BTreeSet<Grant>>,
    /// By the name in lower case, because RAM ignores the case of role names
    pub(crate) roles: BTreeMap<String, RamRole>,
    pub(crate) policies: BTreeMap<(PolicyKind, String), RamPolicy>,
    /// Where each policy is attached first
    pub(crate) attached: BTreeMap<(PolicyKind, String), Place>,
    /// The control policies of each level, from the root folder to the account
    pub(crate) control_levels: Vec<Vec<(PolicyKind, String)>>,
    /// The service-linked roles, if the source shows them
    pub(crate) service_linked_roles: Option<BTreeSet<String>>,
    /// Grants of roles that the source does not show, with the role's name: nothing says whom such a role trusts
    pub(crate) grants_elsewhere: BTreeSet<(String, Grant)>,
    /// What the reader could not use, for people
    pub(crate) notes: Vec<String>,
}

impl RamData {
    /// No data
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            account: None,
            resource_groups: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            attached: BTreeMap::new(),
            control_levels: Vec::new(),
            service_linked_roles: None,
            grants_elsewhere: BTreeSet::new(),
            notes: Vec::new(),
        }
    }

    /// Where it came from
    pub(crate) fn source(&self) -> Source {
        self.source
    }

    /// Notes the account's number; every place that has one must have the same
    pub(crate) fn set_account(&mut self, found: &str, place: &Place, faults: &mut Faults) {
        if let Some(message) = name_rules::ACCOUNT.refusal(found) {
            faults.at(place, message);
            return;
        }
        match &self.account {
            Some(known) if known != found => faults.at(
                place,
                format!("this is of account {found}, and what was read before is of account {known}"),
            ),
            Some(_) => {}
            None => self.account = Some(found.to_owned()),
        }
    }

    /// Adds a policy to a holder; nothing if the holder is not known, which the caller has checked
    pub(crate) fn grant(&mut self, holder: Holder<'_>, grant: Grant, place: &Place) {
        let key = (grant.kind, grant.policy.clone());
        let grants = match holder {
            Holder::User(name) => self.users.get_mut(name).map(|user| &mut user.grants),
            Holder::Group(name) => self.groups.get_mut(name),
            Holder::Role(name) => {
                let role = self.roles.get_mut(&name.to_ascii_lowercase());
                role.map(|role| &mut role.grants)
            }
        };
        if let Some(grants) = grants {
            grants.insert(grant);
            self.attached.entry(key).or_insert_with(|| place.clone());
        }
    }

    /// Notes that a policy is attached
    pub(crate) fn attach(&mut self, kind: PolicyKind, policy: &str, place: &Place) {
        self.attached
            .entry((kind, policy.to_owned()))
            .or_insert_with(|| place.clone());
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Custom => "custom policy",
            Self::System => "system policy",
            Self::Control => "control policy",
        })
    }
}

impl fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user/{name}"),
            Self::Group(name) => write!(f, "group/{name}"),
            Self::Role(name) => write!(f, "role/{name}"),
        }
    }
}
