//! Finds subjects of RBAC that may act on pods for ECI and that the configuration does not know.
//!
//! RBAC says what somebody may do, never what they do. Whoever never acts on such pods needs no entry.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::survey::access::{Access, Grants, PodAct, PodNames, RbacSubject};
use crate::analysis::survey::preflight::finding::{Check, Finding, shortened};
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::kubernetes::control_plane::{is_component, node_name, runs_virtual_nodes};
use crate::kubernetes::requester::Requester;
use crate::kubernetes::user_extra::UserExtra;

/// The most subjects that are listed one by one: more than anybody looks at
const LISTED: usize = 100;

/// The groups of administrators, whom no RBAC binds, and of nodes, which are the control plane of their pods
const KNOWN_GROUPS: [&str; 2] = ["system:masters", NODES];
const NODES: &str = "system:nodes";

/// Whom nobody has chosen: everybody in the cluster or before its doors
const EVERYBODY: [&str; 4] = [
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:anonymous",
];

/// The subjects that are in no list
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnlistedSubjects {
    /// How many there are
    pub counts: SubjectCounts,
    /// The first of them: service accounts, then users, then groups
    pub rows: Vec<SubjectRow>,
}

/// How many subjects there are of each kind
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SubjectCounts {
    pub service_accounts: usize,
    pub users: usize,
    pub groups: usize,
}

/// A subject that is in no list
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubjectRow {
    pub subject: RbacSubject,
    pub permissions: Vec<Permission>,
    /// The bindings that give it these rights, by namespace, which is empty for the whole cluster, and name
    pub bindings: BTreeSet<(String, String)>,
}

/// What somebody may do with the same pods at the same places
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    pub acts: Vec<PodAct>,
    /// The names of the pods, if not of all
    pub names: Option<BTreeSet<String>>,
    /// The namespaces with pods for ECI in which it may; `None` stands for every namespace
    pub namespaces: Option<Vec<String>>,
}

/// The subjects that may act on pods in namespaces that have some for ECI, and that are in no list; `None` if nobody knows
pub(crate) fn unlisted_subjects(input: &PreflightInput<'_>) -> Option<UnlistedSubjects> {
    let namespaces = input.inventory.namespaces();
    let (mut counts, mut rows) = (SubjectCounts::default(), Vec::new());
    for (subject, access) in input.access?.subjects() {
        if is_known(subject, input) {
            continue;
        }
        let permissions = permissions(&access, &namespaces);
        if permissions.is_empty() {
            continue;
        }
        counts.add(subject);
        if rows.len() < LISTED {
            rows.push(SubjectRow {
                subject: subject.clone(),
                permissions,
                bindings: bindings(&access, &namespaces),
            });
        }
    }
    Some(UnlistedSubjects { counts, rows })
}

pub(super) fn findings(input: &PreflightInput<'_>) -> Vec<Finding> {
    let Some(unlisted) = unlisted_subjects(input) else {
        return Vec::new();
    };
    let mut findings: Vec<Finding> = unlisted.rows.iter().map(finding).collect();
    let more = unlisted.counts.total().saturating_sub(unlisted.rows.len());
    findings.extend((more > 0).then(|| Finding {
        check: Check::Rbac,
        subject: format!("{more} more subjects of RBAC"),
        problem: "they may act on pods for ECI, and are in no list".to_owned(),
        advice: "bind, list or leave those above, and ask again".to_owned(),
    }));
    findings
}

fn finding(row: &SubjectRow) -> Finding {
    Finding {
        check: Check::Rbac,
        subject: row.subject.to_string(),
        problem: format!("in no list, and {}", row.may()),
        advice: row.advice().to_owned(),
    }
}

impl SubjectRow {
    /// What it may do, and by which bindings
    ///
    /// ```text
    /// may delete and evict pods in every namespace, and exec into pods `db-0` in shop (ClusterRoleBinding reaper, …)
    /// ```
    pub(crate) fn may(&self) -> String {
        let permissions: Vec<String> = self.permissions.iter().map(Permission::text).collect();
        let bindings: Vec<String> = self.bindings.iter().map(binding_title).collect();
        format!(
            "may {} ({})",
            permissions.join(", and "),
            shortened(bindings.iter().map(String::as_str))
        )
    }

    /// What to do about it
    pub(crate) fn advice(&self) -> &'static str {
        match &self.subject {
            RbacSubject::User(name) | RbacSubject::Group(name) if EVERYBODY.contains(&name.as_str()) => {
                "take the right away: nobody has chosen who has it"
            }
            RbacSubject::ServiceAccount { .. } => {
                "bind it in the directory; if it acts for others, list it under cluster.carriers or cluster.spawners of the \
                 chart; leave it if it never acts on such pods: a denial would name it"
            }
            RbacSubject::User(_) => {
                "bind it in the directory, or leave it if it never acts on such pods: a denial would name it"
            }
            RbacSubject::Group(_) => {
                "bind the group or each of its members in the directory, or leave it if they are bound or never act on such \
                 pods: a denial would name them"
            }
        }
    }
}

impl Permission {
    /// `delete and evict pods in shop, bank`
    fn text(&self) -> String {
        let words: Vec<&str> = self.acts.iter().map(|act| act.words()).collect();
        let acts = match words.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        };
        let names = self.names.iter().flatten().map(|name| format!("`{name}`"));
        let names: Vec<String> = names.collect();
        let named = match names.as_slice() {
            [] => String::new(),
            names => format!(" {}", shortened(names.iter().map(String::as_str))),
        };
        let place = match &self.namespaces {
            None => "every namespace".to_owned(),
            Some(namespaces) => shortened(namespaces.iter().map(String::as_str)),
        };
        format!("{acts} pods{named} in {place}")
    }
}

impl SubjectCounts {
    fn add(&mut self, subject: &RbacSubject) {
        let count = match subject {
            RbacSubject::ServiceAccount { .. } => &mut self.service_accounts,
            RbacSubject::User(_) => &mut self.users,
            RbacSubject::Group(_) => &mut self.groups,
        };
        *count = count.saturating_add(1);
    }

    /// All of them
    pub(crate) fn total(self) -> usize {
        self.service_accounts
            .saturating_add(self.users)
            .saturating_add(self.groups)
    }
}

/// `ClusterRoleBinding reaper`, `RoleBinding shop/editors`
fn binding_title((namespace, name): &(String, String)) -> String {
    match namespace.as_str() {
        "" => format!("ClusterRoleBinding {name}"),
        namespace => format!("RoleBinding {namespace}/{name}"),
    }
}

/// The rights in these namespaces, those in every namespace first
fn permissions(access: &Access, namespaces: &BTreeSet<&str>) -> Vec<Permission> {
    if namespaces.is_empty() {
        return Vec::new();
    }
    let mut permissions = of_grants(&access.everywhere, None);
    let mut by_grants: BTreeMap<Grants, Vec<String>> = BTreeMap::new();
    for (namespace, grants) in &access.namespaces {
        if namespaces.contains(namespace.as_str()) {
            let more = grants.without(&access.everywhere);
            by_grants.entry(more).or_default().push(namespace.clone());
        }
    }
    for (grants, namespaces) in by_grants {
        permissions.extend(of_grants(&grants, Some(&namespaces)));
    }
    permissions
}

fn of_grants(grants: &Grants, namespaces: Option<&Vec<String>>) -> Vec<Permission> {
    let permission = |(names, acts): (&PodNames, Vec<PodAct>)| Permission {
        acts,
        names: match names {
            PodNames::Any => None,
            PodNames::Only(names) => Some(names.clone()),
        },
        namespaces: namespaces.cloned(),
    };
    grants.by_names().into_iter().map(permission).collect()
}

/// The bindings that count in these namespaces
fn bindings(access: &Access, namespaces: &BTreeSet<&str>) -> BTreeSet<(String, String)> {
    let counts =
        |(namespace, _): &&(String, String)| namespace.is_empty() || namespaces.contains(namespace.as_str());
    access.bindings.iter().filter(counts).cloned().collect()
}

/// Whether the configuration or Kubernetes says who it is
fn is_known(subject: &RbacSubject, input: &PreflightInput<'_>) -> bool {
    let configuration = input.evaluator.configuration;
    let groups = subject.groups();
    let groups = groups.iter().map(String::as_str);
    let Some(user) = subject.user() else {
        let (mut members_are, bindings) = (groups.clone(), &configuration.bindings);
        return members_are.any(|group| KNOWN_GROUPS.contains(&group))
            || bindings.of_groups(groups).is_some();
    };
    let requester = Requester {
        user: &user,
        groups,
        extra: UserExtra::NONE,
    };
    requester.principal(configuration).is_some() || is_listed_user(&user, input) || is_spawner(subject, input)
}

/// Whether a user is the control plane, runs virtual nodes, or is a delegate or trusted editor
fn is_listed_user(user: &str, input: &PreflightInput<'_>) -> bool {
    let settings = &input.evaluator.configuration.cluster;
    is_component(user, settings)
        || runs_virtual_nodes(user)
        // RBAC does not say that a node is in its group
        || node_name(user, [NODES].into_iter()).is_some()
        || settings.carriers.iter().any(|carrier| carrier.user == user)
        || settings.keepers.iter().any(|keeper| keeper == user)
}

fn is_spawner(subject: &RbacSubject, input: &PreflightInput<'_>) -> bool {
    let RbacSubject::ServiceAccount { namespace, name } = subject else {
        return false;
    };
    let meta = input.evaluator.cluster.snapshot.namespaces.get(namespace);
    let labels = meta.map(|meta| meta.labels.clone()).unwrap_or_default();
    let settings = &input.evaluator.configuration.cluster;
    settings.is_spawner(namespace, &labels, name)
}
