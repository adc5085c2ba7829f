//! The order in which RAM asks its layers (specification 4.2), and the rule inside each of them (4.1).
//!
//! ```text
//! root -> control policies, member's level to root folder -> session policy
//!      -> account scope -> resource-group scope            (sts:AssumeRole: and the trust policy)
//! ```

use std::sync::Arc;

use super::arn::{Resource, role_name};
use super::context::Context;
use super::decision::{Decision, Mismatch, Miss, Outcome, PolicyType, Reason, StatementId};
use super::document::{Actions, Document, Effect, Statement, Target};
use super::principal::Principal;
use super::set::{Attached, PolicySet};

/// How many near misses a denial lists: enough to see the pattern, few enough to read
const MOST_MISSES: usize = 8;

/// The prefix of roles that services make for themselves, which control policies do not bind
const SERVICE_LINKED: &str = "AliyunServiceRoleFor";

/// One question to RAM
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks
    pub principal: &'a Principal,
    /// `<ram-code>:<action>`
    pub action: &'a str,
    /// A resource name, or `*` where the action has none
    pub resource: &'a str,
    /// The resource group that grants are looked up for; none leaves the account scope alone
    pub resource_group: Option<&'a str>,
    /// Condition keys with their values
    pub context: &'a Context,
    /// The policies that a role's session was made with
    pub session: &'a [Arc<Document>],
}

/// A request with what the engine fills in by itself
struct Facts<'a> {
    action: &'a str,
    resource: Resource<'a>,
    caller: &'a Principal,
    account: &'a str,
    context: &'a Context,
    principal_arn: Option<String>,
    resource_group: Option<String>,
}

impl<'a> Facts<'a> {
    fn new(set: &'a PolicySet, request: &Request<'a>) -> Self {
        Self {
            action: request.action,
            resource: Resource::new(request.resource),
            caller: request.principal,
            account: &set.account,
            context: request.context,
            principal_arn: request.principal.arn(&set.account),
            resource_group: request.resource_group.map(ToOwned::to_owned),
        }
    }

    /// The values of a condition key; what the request gives wins over what the engine knows
    fn values(&self, key: &str) -> &[String] {
        let given = self.context.values(key);
        let known = match key {
            _ if !given.is_empty() => return given,
            "acs:PrincipalARN" => &self.principal_arn,
            "acs:ResourceGroupId" => &self.resource_group,
            _ => return given,
        };
        known.as_ref().map_or(given, std::slice::from_ref)
    }
}

impl PolicySet {
    /// Decides a request by the caller's own policies, and those above it
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        if *request.principal == Principal::Account {
            return allowed(PolicyType::Root, Reason::Root);
        }
        let facts = Facts::new(self, request);
        for level in self.control_levels(request.principal) {
            let (outcome, reason) = unit(&facts, &[level]);
            if outcome != Outcome::Allow {
                return Decision {
                    outcome,
                    policy_type: PolicyType::ControlPolicy,
                    reason,
                };
            }
        }
        if !request.session.is_empty() {
            let session = session_set(request.session);
            let (outcome, reason) = unit(&facts, &[&session]);
            if outcome != Outcome::Allow {
                return Decision {
                    outcome,
                    policy_type: PolicyType::SessionPolicy,
                    reason,
                };
            }
        }
        self.decide_identity(&facts, request)
    }

    /// Account scope first; resource-group scope only where that was silent
    fn decide_identity(&self, facts: &Facts<'_>, request: &Request<'_>) -> Decision {
        let account_scope = PolicyType::AccountLevelIdentityBasedPolicy;
        let Some(holdings) = self.holdings(request.principal) else {
            return Decision {
                outcome: Outcome::ImplicitDeny,
                policy_type: account_scope,
                reason: Reason::UnknownPrincipal,
            };
        };
        let (outcome, reason) = unit(facts, &[&holdings.account]);
        if outcome != Outcome::ImplicitDeny {
            return Decision {
                outcome,
                policy_type: account_scope,
                reason,
            };
        }
        let Some(in_group) = request.resource_group.and_then(|group| holdings.in_group(group)) else {
            return Decision {
                outcome,
                policy_type: account_scope,
                reason,
            };
        };
        let policy_type = PolicyType::ResourceGroupLevelIdentityBasedPolicy;
        match unit(facts, &[in_group]) {
            // Nothing allowed in either scope, so either may hold the nearest statement.
            (Outcome::ImplicitDeny, _) => Decision {
                outcome: Outcome::ImplicitDeny,
                policy_type,
                reason: Reason::NoMatch(misses(facts, &[&holdings.account, in_group])),
            },
            (outcome, reason) => Decision {
                outcome,
                policy_type,
                reason,
            },
        }
    }

    /// Decides sts:AssumeRole: the caller's policies and the role's trust policy must both allow
    ///
    /// The role is the request's resource. A service is no RAM principal and needs the trust policy alone.
    pub fn decide_assume_role(&self, request: &Request<'_>) -> Decision {
        let trust = self.decide_trust(request);
        if matches!(request.principal, Principal::Service(_)) {
            return trust;
        }
        let caller = self.decide(request);
        match (caller.outcome, trust.outcome) {
            (_, Outcome::ExplicitDeny) if caller.outcome != Outcome::ExplicitDeny => trust,
            (Outcome::Allow, _) => trust,
            _ => caller,
        }
    }

    /// Asks the trust policy of the role that the resource names
    fn decide_trust(&self, request: &Request<'_>) -> Decision {
        let policy_type = PolicyType::AssumeRolePolicy;
        let Some(role) = role_name(request.resource).and_then(|name| self.role(name)) else {
            return Decision {
                outcome: Outcome::ImplicitDeny,
                policy_type,
                reason: Reason::UnknownRole,
            };
        };
        let (outcome, reason) = unit(&Facts::new(self, request), &[std::slice::from_ref(&role.trust)]);
        Decision {
            outcome,
            policy_type,
            reason,
        }
    }

    fn control_levels(&self, principal: &Principal) -> impl Iterator<Item = &[Attached]> {
        let exempt = matches!(principal, Principal::Role(name) if name.starts_with(SERVICE_LINKED));
        self.control.iter().filter(move |_| !exempt).map(Vec::as_slice)
    }
}

fn allowed(policy_type: PolicyType, reason: Reason) -> Decision {
    Decision {
        outcome: Outcome::Allow,
        policy_type,
        reason,
    }
}

/// The documents of a session as one policy, numbered through
fn session_set(documents: &[Arc<Document>]) -> Vec<Attached> {
    let statements = documents
        .iter()
        .flat_map(|document| document.statements.iter().cloned())
        .collect();
    vec![Attached {
        name: "session".into(),
        document: Arc::new(Document { statements }),
    }]
}

/// The rule of one layer: a Deny that matches, else an Allow that matches, else nothing
fn unit(facts: &Facts<'_>, layer: &[&[Attached]]) -> (Outcome, Reason) {
    let mut allow = None;
    for (attached, number, statement) in statements(layer) {
        let wanted = statement.effect == Effect::Deny || allow.is_none();
        if !wanted || mismatch(facts, statement).is_some() {
            continue;
        }
        let id = StatementId {
            policy: Arc::clone(&attached.name),
            number,
        };
        match statement.effect {
            Effect::Deny => return (Outcome::ExplicitDeny, Reason::Statement(id)),
            Effect::Allow => allow = Some(id),
        }
    }
    match allow {
        Some(id) => (Outcome::Allow, Reason::Statement(id)),
        None => (Outcome::ImplicitDeny, Reason::NoMatch(misses(facts, layer))),
    }
}

fn statements<'a>(layer: &[&'a [Attached]]) -> impl Iterator<Item = (&'a Attached, usize, &'a Statement)> {
    let attached = layer.iter().flat_map(|attached| attached.iter());
    attached.flat_map(|attached| {
        attached
            .document
            .statements
            .iter()
            .zip(1..)
            .map(move |(statement, number)| (attached, number, statement))
    })
}

/// The Allow statements that got furthest: past the action, past the resource, with the fewest conditions open
fn misses(facts: &Facts<'_>, layer: &[&[Attached]]) -> Vec<Miss> {
    let mut nearest: Vec<(usize, Miss)> = Vec::new();
    let mut best = usize::MAX;
    for (attached, number, statement) in statements(layer).filter(|(_, _, each)| each.effect == Effect::Allow)
    {
        let Some(first) = mismatch(facts, statement) else {
            continue;
        };
        let distance = first.distance(facts, statement);
        if distance > best || distance == best && nearest.len() >= MOST_MISSES {
            continue;
        }
        if distance < best {
            nearest.clear();
            best = distance;
        }
        let statement_id = StatementId {
            policy: Arc::clone(&attached.name),
            number,
        };
        let mismatch = first.explain(facts, statement);
        nearest.push((
            distance,
            Miss {
                statement: statement_id,
                effect: statement.effect,
                mismatch,
            },
        ));
    }
    nearest.into_iter().map(|(_, miss)| miss).collect()
}

/// Which element of a statement did not match first
#[derive(Clone, Copy)]
enum First {
    Action,
    Target,
    Condition(usize),
}

/// The first element that does not match; none means that the statement matches
fn mismatch(facts: &Facts<'_>, statement: &Statement) -> Option<First> {
    let action_fits = match &statement.actions {
        Actions::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(facts.action)),
        Actions::Except(patterns) => !patterns.iter().any(|pattern| pattern.matches(facts.action)),
    };
    if !action_fits {
        return Some(First::Action);
    }
    let target_fits = match &statement.target {
        Target::Resources(patterns) => patterns.iter().any(|pattern| pattern.matches(facts.resource)),
        Target::Principals(trusted) => trusted
            .iter()
            .any(|entry| entry.covers(facts.caller, facts.account)),
    };
    if !target_fits {
        return Some(First::Target);
    }
    let open = |condition: &super::Condition| !condition.met(facts.values(&condition.key), statement.effect);
    statement.conditions.iter().position(open).map(First::Condition)
}

impl First {
    /// How far from matching: conditions that do not hold, a wrong resource, a wrong action
    fn distance(self, facts: &Facts<'_>, statement: &Statement) -> usize {
        let open =
            |condition: &&super::Condition| !condition.met(facts.values(&condition.key), statement.effect);
        match self {
            Self::Condition(_) => statement.conditions.iter().filter(open).count(),
            Self::Target => usize::MAX - 1,
            Self::Action => usize::MAX,
        }
    }

    fn explain(self, facts: &Facts<'_>, statement: &Statement) -> Mismatch {
        match self {
            Self::Action => {
                let (patterns, negated) = match &statement.actions {
                    Actions::Listed(patterns) => (patterns, false),
                    Actions::Except(patterns) => (patterns, true),
                };
                Mismatch::Action {
                    wanted: patterns.iter().map(|each| each.as_str().to_owned()).collect(),
                    negated,
                }
            }
            Self::Target => match &statement.target {
                Target::Resources(patterns) => Mismatch::Resource {
                    wanted: patterns.iter().map(|each| each.as_str().to_owned()).collect(),
                },
                Target::Principals(trusted) => Mismatch::Principal {
                    wanted: trusted.iter().map(ToString::to_string).collect(),
                },
            },
            Self::Condition(at) => match statement.conditions.get(at) {
                Some(condition) => Mismatch::Condition {
                    operator: condition.operator.name,
                    key: condition.key.to_string(),
                    wanted: condition.wanted(),
                    got: facts.values(&condition.key).to_vec(),
                },
                None => Mismatch::Resource { wanted: Vec::new() },
            },
        }
    }
}
