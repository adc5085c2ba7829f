//! What an import writes: policies that the engine reads, and the entries of a directory.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{LocatedFault, name_rules};
use crate::import::faults::Faults;
use crate::import::own_documents::OwnDocuments;
use crate::import::policy_text::PolicyText;
use crate::import::ram_data::{Grant, Holder, PolicyKind, RamData, Source};
use crate::import::written::{flow, list, object, text};
use ram_policy::source::Node;
use ram_policy::{Document, DocumentKind, SYSTEM_POLICIES, is_system_policy};

/// What the caller says, because no source does
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The cluster's region, unless a document of the user's own has the account section
    pub region: Option<String>,
}

/// A section of a directory, with one line for each entry
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) entries: Vec<String>,
}

/// The documents of an import
#[derive(Clone, Debug)]
pub struct Documents {
    pub(crate) source: Source,
    /// Name and text of each policy
    pub(crate) policies: BTreeMap<String, String>,
    /// The account section, unless the user's own documents have it
    pub(crate) account: Option<String>,
    pub(crate) sections: Vec<Section>,
    /// Policies that only allow and that the engine does not read, with the reason, and who would have them
    pub(crate) left_out: BTreeMap<String, LeftOut>,
    /// Policies that the directory defines itself, because ramgate cannot read RAM's
    pub(crate) own_policies: BTreeSet<String>,
    /// What else a person should know
    pub(crate) notes: Vec<String>,
}

/// A policy that was left out
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) reason: String,
    pub(crate) holders: BTreeSet<String>,
}

/// Makes the documents
///
/// # Errors
/// A policy that is attached is missing, or may deny and cannot be read; two policies have one name; the account is not known
/// or not the one of the user's own documents
pub fn documents(
    data: &RamData,
    own: &OwnDocuments,
    settings: &Settings,
) -> Result<Documents, Vec<LocatedFault>> {
    let mut faults = Faults::default();
    let mut builder = Builder {
        data,
        own,
        policies: BTreeMap::new(),
        left_out: BTreeMap::new(),
        own_policies: BTreeSet::new(),
        notes: data.notes.clone(),
    };
    builder.policies(&mut faults);
    let account = builder.account(settings, &mut faults);
    let sections = vec![
        builder.resource_groups(),
        builder.users(),
        builder.groups(),
        builder.roles(),
    ];
    faults.finish(Documents {
        source: data.source,
        policies: builder.policies,
        account,
        sections,
        left_out: builder.left_out,
        own_policies: builder.own_policies,
        notes: builder.notes,
    })
}

struct Builder<'a> {
    data: &'a RamData,
    own: &'a OwnDocuments,
    policies: BTreeMap<String, String>,
    left_out: BTreeMap<String, LeftOut>,
    own_policies: BTreeSet<String>,
    notes: Vec<String>,
}

impl Builder<'_> {
    fn policies(&mut self, faults: &mut Faults) {
        self.check_names(faults);
        for ((kind, name), place) in &self.data.attached {
            if !self.data.policies.contains_key(&(*kind, name.clone())) && !self.is_defined(name) {
                faults.at(place, missing(self.data.source, *kind, name));
            }
        }
        for ((kind, name), policy) in &self.data.policies {
            let key = (*kind, name.clone());
            let is_attached = self.data.attached.contains_key(&key);
            if *kind != PolicyKind::Custom && !is_attached {
                continue;
            }
            if is_system_policy(name) {
                self.compare_built_in(name, &policy.text);
                continue;
            }
            match &policy.text {
                PolicyText::Readable { json } => {
                    self.policies.insert(name.clone(), json.clone());
                }
                _ if self.own.policies.contains(name) => {
                    self.notes.push(format!(
                        "{kind} `{name}` is the one that the directory defines itself, because ramgate cannot read RAM's"
                    ));
                    self.own_policies.insert(name.clone());
                }
                PolicyText::OnlyAllows { reason, .. } if *kind != PolicyKind::Control => {
                    self.leave_out(name, reason);
                }
                PolicyText::OnlyAllows { reason, .. } | PolicyText::MayDeny { reason } if is_attached => {
                    let message = format!(
                        "{kind} `{name}` is in force, may deny something, and ramgate cannot read it: {reason}"
                    );
                    faults.at(&policy.place, message);
                }
                PolicyText::OnlyAllows { reason, .. } | PolicyText::MayDeny { reason } => {
                    self.leave_out(name, reason);
                }
            }
        }
    }

    /// A directory has one name for all kinds of policies
    fn check_names(&self, faults: &mut Faults) {
        let read = self.data.policies.iter();
        let read = read.filter(|((kind, _), _)| *kind == PolicyKind::Custom);
        let mut kinds: BTreeMap<&str, PolicyKind> = BTreeMap::new();
        let attached = self.data.attached.iter();
        let places = attached.chain(read.map(|(key, policy)| (key, &policy.place)));
        for ((kind, name), place) in places {
            let other = match kinds.insert(name, *kind) {
                None if is_system_policy(name) => Some(PolicyKind::System),
                other => other,
            };
            if let Some(other) = other.filter(|other| other != kind) {
                let message = format!("a {other} and a {kind} are both called `{name}`: rename yours");
                faults.at(place, message);
            }
        }
    }

    /// Whether a policy that was not read is there all the same. A dump has the text of every policy; Terraform does not.
    fn is_defined(&self, name: &str) -> bool {
        let is_own = self.data.source == Source::Terraform && self.own.policies.contains(name);
        is_system_policy(name) || is_own
    }

    /// ramgate decides by the text that it has built in; the user should know if RAM's is another one
    fn compare_built_in(&mut self, name: &str, found: &PolicyText) {
        let built_in = SYSTEM_POLICIES.iter().find(|(known, _)| *known == name);
        let parsed = |text: &str| Document::parse(text.as_bytes(), DocumentKind::Identity).ok();
        let wanted = built_in.and_then(|(_, text)| parsed(text));
        let same = match (found, wanted) {
            (PolicyText::Readable { json }, Some(wanted)) => {
                parsed(json).is_some_and(|found| found.document.to_json() == wanted.document.to_json())
            }
            _ => false,
        };
        if !same {
            self.notes.push(format!(
                "system policy `{name}` has another text in RAM than the one that is built into ramgate, which counts here"
            ));
        }
    }

    fn leave_out(&mut self, name: &str, reason: &str) {
        self.left_out.insert(
            name.to_owned(),
            LeftOut {
                reason: reason.to_owned(),
                holders: BTreeSet::new(),
            },
        );
    }

    fn account(&mut self, settings: &Settings, faults: &mut Faults) -> Option<String> {
        let levels: Vec<Vec<String>> = self
            .data
            .control_levels
            .iter()
            .map(|level| level.iter().map(|(_, name)| name.clone()).collect())
            .collect();
        if let Some(own) = &self.own.account {
            if self.data.account.as_ref().is_some_and(|found| *found != own.id) {
                let message = format!(
                    "the account is {}, and what is imported is of another one",
                    own.id
                );
                faults.whole(&own.document, message);
            }
            if !levels.is_empty() && levels != own.control_policies {
                let line = flow(&object([("controlPolicies", levels_node(&levels))]));
                let line = line.trim_start_matches('{').trim_end_matches('}').to_owned();
                faults.whole(
                    &own.document,
                    format!("the account's control policies are others now: write {line}"),
                );
            }
            return None;
        }
        let Some(account) = &self.data.account else {
            faults.whole("account", "nothing says the account's number: give --account");
            return None;
        };
        let Some(region) = &settings.region else {
            let message = "RAM has no region: give the cluster's with --region, or have the section `account` in a file of your own";
            faults.whole("account", message);
            return None;
        };
        if let Some(message) = name_rules::REGION.refusal(region) {
            faults.whole("account", message);
        }
        let mut fields = vec![("id", text(account)), ("region", text(region))];
        if let Some(roles) = &self.data.service_linked_roles {
            fields.push(("serviceLinkedRoles", list(roles.iter().map(|role| text(role)))));
        }
        if !levels.is_empty() {
            fields.push(("controlPolicies", levels_node(&levels)));
        }
        Some(flow(&object(fields)))
    }

    fn resource_groups(&self) -> Section {
        let groups = self.data.resource_groups.iter();
        let groups = groups.filter(|(id, _)| !self.own.resource_groups.contains(*id));
        let entry = |(id, name): (&String, &Option<String>)| {
            let name = name.iter().map(|name| ("name", text(name)));
            flow(&object([("id", text(id))].into_iter().chain(name)))
        };
        section("resourceGroups", groups.map(entry))
    }

    fn users(&mut self) -> Section {
        let data = self.data;
        let entries = data.users.iter().map(|(name, user)| {
            let mut fields = vec![("name", text(name))];
            fields.extend(user.id.iter().map(|id| ("id", text(id))));
            if !user.groups.is_empty() {
                fields.push(("groups", list(user.groups.iter().map(|group| text(group)))));
            }
            fields.extend(self.grants(Holder::User(name), &user.grants));
            flow(&object(fields))
        });
        let entries: Vec<String> = entries.collect();
        section("users", entries)
    }

    fn groups(&mut self) -> Section {
        let data = self.data;
        let entries = data.groups.iter().map(|(name, grants)| {
            let mut fields = vec![("name", text(name))];
            fields.extend(self.grants(Holder::Group(name), grants));
            flow(&object(fields))
        });
        let entries: Vec<String> = entries.collect();
        section("groups", entries)
    }

    fn roles(&mut self) -> Section {
        let data = self.data;
        let entries = data.roles.values().map(|role| {
            let mut fields = vec![("name", text(&role.name))];
            fields.extend(role.id.iter().map(|id| ("id", text(id))));
            fields.push(("trustPolicy", role.trust.clone()));
            fields.extend(self.grants(Holder::Role(&role.name), &role.grants));
            flow(&object(fields))
        });
        let entries: Vec<String> = entries.collect();
        section("roles", entries)
    }

    /// The field `policies`, without those that are left out; nothing if none is left
    fn grants(&mut self, holder: Holder<'_>, grants: &BTreeSet<Grant>) -> Option<(&'static str, Node)> {
        let mut kept = Vec::new();
        for grant in grants {
            if let Some(left_out) = self.left_out.get_mut(&grant.policy) {
                left_out.holders.insert(holder.to_string());
                continue;
            }
            let scope = grant.resource_group.iter();
            let scope = scope.map(|group| ("resourceGroup", text(group)));
            kept.push(object([("policy", text(&grant.policy))].into_iter().chain(scope)));
        }
        (!kept.is_empty()).then(|| ("policies", list(kept)))
    }
}

fn section(name: &'static str, entries: impl IntoIterator<Item = String>) -> Section {
    Section {
        name,
        entries: entries.into_iter().collect(),
    }
}

fn levels_node(levels: &[Vec<String>]) -> Node {
    list(
        levels
            .iter()
            .map(|level| list(level.iter().map(|name| text(name)))),
    )
}

/// The message for a policy that is attached and not there
fn missing(source: Source, kind: PolicyKind, name: &str) -> String {
    match (source, kind) {
        (Source::Aliyun, PolicyKind::Control) => {
            format!("control policy `{name}` is attached, and its GetControlPolicy answer is missing")
        }
        (Source::Aliyun, kind) => {
            let kind = if kind == PolicyKind::System {
                "System"
            } else {
                "Custom"
            };
            format!(
                "policy `{name}` is attached, and GetPolicy/{kind}/{name}.json is missing: aliyun ram GetPolicy --PolicyType {kind} --PolicyName {name}"
            )
        }
        (Source::Terraform, kind) => format!(
            "{kind} `{name}` is attached, and Terraform does not hold its text: put the text into {name}.json in the directory"
        ),
    }
}
