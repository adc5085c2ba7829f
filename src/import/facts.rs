//! What documents say about RAM, as facts that can be compared: the drift between a directory and the account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::config::{DirectoryDocument, GrantEntry, NamedDocument, ParsedDocument};

/// A fact about an entity: `user/alice` has policy `EciTestOnly`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    /// Such as `user/alice`
    pub(crate) entity: String,
    /// Such as `policy`
    pub(crate) what: &'static str,
    /// Such as `EciTestOnly in rg-shop`; a text that is too long to show is compared all the same
    pub(crate) value: String,
}

/// A fact that only one side has
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Drift {
    /// RAM has it and the directory does not
    Added(Fact),
    /// The directory has it and RAM does not
    Removed(Fact),
    /// Both have the entity, and another value
    Changed(Fact, Fact),
}

/// How much of the account the import shows
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it, so what it does not show is not there
    Whole,
    /// A part, so nothing follows from what it does not show
    Part,
}

/// The longest value that is shown
const LONGEST: usize = 120;

/// Facts of which an entity has exactly one
const SINGLE: [&str; 5] = [
    "id",
    "text",
    "trust policy",
    "control policies",
    "service-linked roles",
];

/// The facts in some documents
pub(crate) fn facts<'a>(documents: impl IntoIterator<Item = &'a NamedDocument>) -> BTreeSet<Fact> {
    let mut facts = Facts::default();
    for named in documents {
        match &named.document {
            ParsedDocument::Policy(policy) => {
                let entity = format!("policy {}", policy.name);
                facts.add(&entity, "text", policy.document.to_json().to_string());
            }
            ParsedDocument::Directory(directory) => facts.directory(directory),
            ParsedDocument::Broken(_) => {}
        }
    }
    facts.0
}

/// The differences, by entity
pub(crate) fn compare(directory: &BTreeSet<Fact>, ram: &BTreeSet<Fact>, extent: Extent) -> Vec<Drift> {
    let mut drift = Vec::new();
    let mut changed: BTreeMap<(&str, &str), &Fact> = BTreeMap::new();
    for fact in directory.difference(ram) {
        if SINGLE.contains(&fact.what) {
            changed.insert((&fact.entity, fact.what), fact);
        } else if extent == Extent::Whole {
            drift.push(Drift::Removed(fact.clone()));
        }
    }
    for fact in ram.difference(directory) {
        match changed.remove(&(fact.entity.as_str(), fact.what)) {
            Some(before) => drift.push(Drift::Changed(before.clone(), fact.clone())),
            None => drift.push(Drift::Added(fact.clone())),
        }
    }
    if extent == Extent::Whole {
        let left = changed.into_values();
        drift.extend(left.map(|fact| Drift::Removed(fact.clone())));
    }
    drift.sort_by(|a, b| a.fact().cmp(b.fact()));
    drift
}

#[derive(Default)]
struct Facts(BTreeSet<Fact>);

impl Facts {
    fn add(&mut self, entity: &str, what: &'static str, value: impl Into<String>) {
        self.0.insert(Fact {
            entity: entity.to_owned(),
            what,
            value: value.into(),
        });
    }

    fn directory(&mut self, directory: &DirectoryDocument) {
        for account in &directory.accounts {
            self.add("account", "id", &account.id);
            let levels = account.control_policies.iter();
            let levels: Vec<String> = levels
                .map(|level| {
                    level
                        .iter()
                        .map(|policy| policy.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                })
                .collect();
            if !levels.is_empty() {
                self.add("account", "control policies", levels.join("; "));
            }
            if let Some(roles) = &account.service_linked_roles {
                let roles: BTreeSet<&str> = roles.iter().map(String::as_str).collect();
                let roles: Vec<&str> = roles.into_iter().collect();
                self.add("account", "service-linked roles", roles.join(", "));
            }
        }
        for group in &directory.resource_groups {
            self.add(&format!("resource group {}", group.id.as_str()), "there", "");
        }
        for user in &directory.users {
            let entity = format!("user/{}", user.name.as_str());
            self.add(&entity, "there", "");
            if let Some(id) = &user.id {
                self.add(&entity, "id", id.as_str());
            }
            for group in &user.groups {
                self.add(&entity, "group", group.as_str());
            }
            self.grants(&entity, &user.policies);
        }
        for group in &directory.groups {
            let entity = format!("group/{}", group.name.as_str());
            self.add(&entity, "there", "");
            self.grants(&entity, &group.policies);
        }
        for role in &directory.roles {
            // RAM ignores the case of role names
            let entity = format!("role/{}", role.name.to_ascii_lowercase());
            self.add(&entity, "there", "");
            if let Some(id) = &role.id {
                self.add(&entity, "id", id.as_str());
            }
            self.add(&entity, "trust policy", role.trust.to_json().to_string());
            self.grants(&entity, &role.policies);
        }
    }

    fn grants(&mut self, entity: &str, grants: &[GrantEntry]) {
        for grant in grants {
            let value = match &grant.resource_group {
                Some(group) => format!("{} in {}", grant.policy.as_str(), group.as_str()),
                None => grant.policy.to_string(),
            };
            self.add(entity, "policy", value);
        }
    }
}

impl Drift {
    /// The fact by which it is sorted
    pub(crate) fn fact(&self) -> &Fact {
        match self {
            Self::Added(fact) | Self::Removed(fact) | Self::Changed(_, fact) => fact,
        }
    }
}

/// One line: `+` is in RAM alone, `-` in the directory alone, `~` differs
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(fact) => write!(f, "+ {fact}"),
            Self::Removed(fact) => write!(f, "- {fact}"),
            Self::Changed(before, after)
                if before.value.len() > LONGEST || after.value.len() > LONGEST || after.what == "text" =>
            {
                write!(f, "~ {}: {} differs", after.entity, after.what)
            }
            Self::Changed(before, after) => {
                write!(
                    f,
                    "~ {}: {} {} -> {}",
                    after.entity, after.what, before.value, after.value
                )
            }
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            "there" => write!(f, "{}", self.entity),
            what if self.value.len() > LONGEST || what == "text" => write!(f, "{}: {what}", self.entity),
            what => write!(f, "{}: {what} {}", self.entity, self.value),
        }
    }
}
