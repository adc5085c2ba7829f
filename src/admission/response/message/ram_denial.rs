//! The explanation of a denial by RAM: what the nearest statement requires, what the pod has, and the remedy.

use crate::admission::evaluate::call::SET_BY_ACK;
use crate::admission::fields::mapping;
use crate::admission::outcome::verb::Verb;
use crate::admission::response::message::message_context::MessageContext;
use crate::config::MappingMode;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS};
use crate::wording::{NAME_LENGTH, clipped, described, display_name, listed, quoted};
use eci_calls::condition_key::{self, TagKey, TagSource};
use eci_calls::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, Denial, INSTANCE_ROLE_SERVICE, PASS_ROLE};
use ram_policy::{Mismatch, Miss, Operator, OperatorFamily, PolicyType, Principal, Reason, StatementId};

/// A denial with what its explanation depends on
#[derive(Clone, Copy)]
pub(crate) struct RamDenial<'a> {
    pub(crate) denial: &'a Denial,
    pub(crate) principal: &'a Principal,
    pub(crate) context: &'a MessageContext<'a>,
}

/// A condition of a statement that the request does not meet
struct UnmetCondition<'a> {
    operator: &'a Operator,
    key: &'a str,
    wanted: &'a [String],
    got: &'a [String],
}

impl RamDenial<'_> {
    /// The requirement, what ramgate found, and the remedy
    pub(crate) fn explanation(&self) -> String {
        let who = described(self.principal);
        match &self.denial.decision.reason {
            Reason::Statement(statement) => {
                let about = if self.denial.question.about_new_tags {
                    " for the new tags"
                } else {
                    ""
                };
                format!(
                    "{} denies {}{about}: {}",
                    self.statement_name(statement),
                    self.question(),
                    self.remedy()
                )
            }
            Reason::UnknownPrincipal => format!(
                "{who} is not in ramgate's directory, so nothing is allowed to it: ask your cluster administrator to add it"
            ),
            Reason::UnknownRole => {
                format!("the role is not in ramgate's directory: {}", self.remedy())
            }
            Reason::NoMatch(misses) => match misses.first() {
                Some(miss) => self.nearest_miss(miss),
                None => self.nothing_allows(),
            },
            Reason::Root => format!("{who} is denied {}", self.question()),
        }
    }

    /// The annotation that may have to change
    pub(crate) fn annotation(&self) -> Option<&'static str> {
        match (self.denial.question.action, &self.denial.decision.reason) {
            (PASS_ROLE | ASSUME_ROLE, _) if self.is_about_registry_roles() => Some(SERVICE_ARNS),
            (PASS_ROLE | ASSUME_ROLE, _) => Some(RAM_ROLE_NAME),
            (_, Reason::NoMatch(misses)) => misses.iter().find_map(|miss| match &miss.mismatch {
                Mismatch::Condition { key, .. } if TagKey::parse(key).is_some() => Some(CUSTOM_TAGS),
                Mismatch::Condition { key, .. } if key == condition_key::RESOURCE_GROUP_ID => {
                    Some(RESOURCE_GROUP_ID)
                }
                _ => None,
            }),
            _ => None,
        }
    }

    /// The nearest statement, and the reason why it does not allow the request
    fn nearest_miss(&self, miss: &Miss) -> String {
        let statement = self.statement_name(&miss.statement);
        match &miss.mismatch {
            Mismatch::Condition {
                operator,
                key,
                wanted,
                got,
            } => {
                format!(
                    "{statement} wants {}",
                    self.unmet_condition(&UnmetCondition {
                        operator,
                        key,
                        wanted,
                        got
                    })
                )
            }
            Mismatch::Principal { wanted, .. } => format!(
                "the role trusts {} and not {INSTANCE_ROLE_SERVICE}, which runs ECI instances: {}",
                listed(wanted, "and"),
                self.remedy()
            ),
            Mismatch::Resource { wanted, .. } if self.denial.question.action == PASS_ROLE => format!(
                "{} may pass {} alone, by {statement}, and the pod wants {}: {}",
                described(self.principal),
                listed(wanted, "and"),
                quoted(&self.denial.question.resource, 128),
                self.remedy()
            ),
            Mismatch::Action { .. } | Mismatch::Resource { .. } => self.nothing_allows(),
        }
    }

    /// The requirement of a condition, what ramgate found, and the remedy
    fn unmet_condition(&self, condition: &UnmetCondition<'_>) -> String {
        let UnmetCondition {
            operator,
            key,
            wanted,
            got,
        } = *condition;
        let requirement = condition_text(operator, wanted);
        let but = |absent: &str| match got {
            [] => absent.to_owned(),
            got => format!("but it is {}", listed(got, "and")),
        };
        if let Some(TagKey { source, tag }) = TagKey::parse(key) {
            let which = match (
                self.context.verb,
                self.denial.question.about_new_tags,
                source == TagSource::Resource,
            ) {
                (Verb::Update, true, _) => "new tag",
                (Verb::Update, false, true) => "current tag",
                _ => "tag",
            };
            let found = but("but the pod has no such tag");
            return format!(
                "{which} {} {requirement}, {found}: {}",
                quoted(tag, NAME_LENGTH),
                self.context.remedy(|| self.tag_remedy(tag))
            );
        }
        let found = but("but the request does not have it");
        let remedy = self.remedy();
        format!("{} {requirement}, {found}: {remedy}", quoted(key, NAME_LENGTH))
    }

    /// The remedy for a tag that the pod's author cannot choose
    fn tag_remedy(&self, tag: &str) -> String {
        if self.context.verb != Verb::Create && !self.denial.question.about_new_tags {
            return self.ask_administrator();
        }
        if SET_BY_ACK.contains(&tag) {
            return format!("ACK sets this tag itself, {}", self.ask_administrator());
        }
        let mut rules = self.context.configuration.mapping.tags.iter();
        match rules.find(|rule| rule.key == tag && rule.rule.mode == MappingMode::Enforce) {
            Some(rule) => format!(
                "this tag is set by {}, ask whoever owns it",
                mapping::source_name(&rule.rule.source)
            ),
            None => self.ask_administrator(),
        }
    }

    /// The policies of which no statement allows the action
    fn nothing_allows(&self) -> String {
        let who = described(self.principal);
        let policies = match (
            self.denial.decision.policy_type,
            self.denial.question.resource_group.as_deref(),
        ) {
            (PolicyType::ControlPolicy, _) => "no control policy of the resource directory".to_owned(),
            (PolicyType::AssumeRolePolicy, _) => "no statement of the role's trust policy".to_owned(),
            (_, Some(group)) => {
                format!(
                    "no policy of {who}, for the account or for resource group {},",
                    quoted(group, NAME_LENGTH)
                )
            }
            (_, None) => format!("no policy of {who}"),
        };
        let remedy = self.remedy();
        format!("{policies} allows {}: {remedy}", self.question())
    }

    /// The action, and the resource of an action outside ECI
    fn question(&self) -> String {
        let question = &self.denial.question;
        if question.action.starts_with("eci:") {
            question.action.to_owned()
        } else {
            format!("{} on {}", question.action, quoted(&question.resource, 128))
        }
    }

    /// A statement by its kind and name
    fn statement_name(&self, statement: &StatementId) -> String {
        let layer = match self.denial.decision.policy_type {
            PolicyType::ControlPolicy => "control policy statement",
            PolicyType::Root
            | PolicyType::SessionPolicy
            | PolicyType::AssumeRolePolicy
            | PolicyType::AccountLevelIdentityBasedPolicy
            | PolicyType::ResourceGroupLevelIdentityBasedPolicy => "statement",
        };
        format!("{layer} {}", quoted(&statement.to_string(), 100))
    }

    /// The remedy, unless a tag is at fault
    fn remedy(&self) -> String {
        match self.denial.question.action {
            CREATE_SERVICE_LINKED_ROLE => self.ask_administrator(),
            _ => self.context.remedy(|| self.ask_administrator()),
        }
    }

    /// The remedy by an administrator
    fn ask_administrator(&self) -> String {
        if self.denial.question.action == CREATE_SERVICE_LINKED_ROLE {
            return "ask your RAM administrator to make ECI's service-linked role once".to_owned();
        }
        let administrator = match self.denial.decision.policy_type {
            PolicyType::ControlPolicy => "the administrator of your resource directory",
            PolicyType::AssumeRolePolicy => "whoever owns the role to let ECS assume it",
            PolicyType::Root
            | PolicyType::SessionPolicy
            | PolicyType::AccountLevelIdentityBasedPolicy
            | PolicyType::ResourceGroupLevelIdentityBasedPolicy => "your RAM administrator",
        };
        match self.context.verb {
            Verb::Create | Verb::Update | Verb::Scale => format!("ask {administrator}"),
            Verb::Delete
            | Verb::Evict
            | Verb::Own
            | Verb::Exec
            | Verb::Attach
            | Verb::PortForward
            | Verb::Proxy => {
                format!("ask someone who may, or {administrator}")
            }
        }
    }

    fn is_about_registry_roles(&self) -> bool {
        let resource = &self.denial.question.resource;
        let instance_role = self.context.fields.role.as_ref();
        let is_instance_role = instance_role.is_some_and(|role| {
            *resource
                == format!(
                    "acs:ram::{}:role/{role}",
                    self.context.configuration.policies.account()
                )
        });
        !is_instance_role
            && self
                .context
                .fields
                .role_arns
                .iter()
                .any(|arn| arn.as_str() == resource)
    }
}

/// The other statements that are as near as the explained one
pub(crate) fn other_misses(denial: &Denial) -> String {
    match &denial.decision.reason {
        Reason::NoMatch(misses) => misses
            .iter()
            .skip(1)
            .map(|miss| format!("; just as near is {miss}"))
            .collect(),
        Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole | Reason::Statement(_) => String::new(),
    }
}

/// The denial in RAM's own fields, such as `AuthAction` and `NoPermissionType`
pub(crate) fn details(denial: &Denial, principal: &Principal, account: &str) -> Vec<(&'static str, String)> {
    let decision = &denial.decision;
    // ECS assumes the role, not the person
    let (kind, name) = match denial.question.action {
        ASSUME_ROLE => ("Service", INSTANCE_ROLE_SERVICE),
        _ => (principal.auth_type(), display_name(principal, account)),
    };
    let mut details = vec![
        ("AuthAction", denial.question.action.to_owned()),
        ("AuthResource", clipped(&denial.question.resource, 200)),
        ("AuthPrincipalType", kind.to_owned()),
        ("AuthPrincipalDisplayName", name.to_owned()),
        ("NoPermissionType", decision.outcome.to_string()),
        ("PolicyType", decision.policy_type.to_string()),
    ];
    match &decision.reason {
        Reason::Statement(statement) => details.push(("Statement", statement.to_string())),
        Reason::NoMatch(misses) => {
            details.extend(
                misses
                    .first()
                    .map(|miss| ("NearestStatement", miss.statement.to_string())),
            );
        }
        Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole => {}
    }
    details
}

/// The requirement of a condition, as the end of "wants tag `env` …"
///
/// ```text
/// StringEquals [a, b] -> to be `a` or `b`
/// StringNotLike [x*]  -> not to be `x*`
/// ```
pub(crate) fn condition_text(operator: &Operator, wanted: &[String]) -> String {
    if operator.is_negated() {
        format!("not to be {}", listed(wanted, "or"))
    } else if operator.is_like() {
        format!("to be like {}", listed(wanted, "or"))
    } else if matches!(operator.family(), OperatorFamily::String | OperatorFamily::Bool) {
        format!("to be {}", listed(wanted, "or"))
    } else {
        format!("to meet {operator} {}", listed(wanted, "or"))
    }
}
