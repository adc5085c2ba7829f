//! A denial by RAM in words: what the nearest statement wanted, what the pod has, what would satisfy it.

use crate::admission::evaluate::call::SET_BY_ACK;
use crate::admission::fields::mapping;
use crate::admission::outcome::verb::Verb;
use crate::admission::response::message::context::MessageContext;
use crate::config::MappingMode;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS};
use crate::wording::{NAME_LENGTH, clipped, described, display_name, listed, quoted};
use eci_calls::condition_key::{self, TagKey, TagSource};
use eci_calls::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, Denial, INSTANCE_ROLE_SERVICE, PASS_ROLE};
use ram_policy::{Mismatch, Miss, Operator, OperatorFamily, PolicyType, Principal, Reason, StatementId};

/// A denial with everything that its words depend on
#[derive(Clone, Copy)]
pub(crate) struct RamDenial<'a> {
    pub(crate) denial: &'a Denial,
    pub(crate) principal: &'a Principal,
    pub(crate) context: &'a MessageContext<'a>,
}

/// A condition that does not hold
struct Open<'a> {
    operator: &'a Operator,
    key: &'a str,
    wanted: &'a [String],
    got: &'a [String],
}

impl RamDenial<'_> {
    /// What was wanted, what was found, what to do
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
                    self.named(statement),
                    self.asked(),
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
                Some(miss) => self.missed(miss),
                None => self.nothing_allows(),
            },
            Reason::Root => format!("{who} is denied {}", self.asked()),
        }
    }

    /// The annotation whose change could help
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

    /// The nearest statement, and what kept it from allowing
    fn missed(&self, miss: &Miss) -> String {
        let statement = self.named(&miss.statement);
        match &miss.mismatch {
            Mismatch::Condition {
                operator,
                key,
                wanted,
                got,
            } => {
                format!(
                    "{statement} wants {}",
                    self.open(&Open {
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

    /// A condition that does not hold: the wish, what was found, what to do
    fn open(&self, open: &Open<'_>) -> String {
        let Open {
            operator,
            key,
            wanted,
            got,
        } = *open;
        let wish = wish(operator, wanted);
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
                "{which} {} {wish}, {found}: {}",
                quoted(tag, NAME_LENGTH),
                self.context.remedy(|| self.tag_remedy(tag))
            );
        }
        let found = but("but the request does not have it");
        let remedy = self.remedy();
        format!("{} {wish}, {found}: {remedy}", quoted(key, NAME_LENGTH))
    }

    /// Whom to ask about a tag that the pod's author cannot choose, or not so that it is allowed
    fn tag_remedy(&self, tag: &str) -> String {
        if self.context.verb != Verb::Create && !self.denial.question.about_new_tags {
            return self.ask();
        }
        if SET_BY_ACK.contains(&tag) {
            return format!("ACK sets this tag itself, {}", self.ask());
        }
        let mut rules = self.context.configuration.mapping.tags.iter();
        match rules.find(|rule| rule.key == tag && rule.rule.mode == MappingMode::Enforce) {
            Some(rule) => format!(
                "this tag is set by {}, ask whoever owns it",
                mapping::source_name(&rule.rule.source)
            ),
            None => self.ask(),
        }
    }

    /// That no statement comes near, and where one was looked for
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
        format!("{policies} allows {}: {remedy}", self.asked())
    }

    /// What was asked: the action, and the resource where it tells more than the action
    fn asked(&self) -> String {
        match self.denial.question.action.starts_with("eci:") {
            true => self.denial.question.action.to_owned(),
            false => format!(
                "{} on {}",
                self.denial.question.action,
                quoted(&self.denial.question.resource, 128)
            ),
        }
    }

    /// A statement by its name, and by its layer where that is not the principal's own
    fn named(&self, statement: &StatementId) -> String {
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

    /// What to do where no tag is to blame
    fn remedy(&self) -> String {
        match self.denial.question.action {
            CREATE_SERVICE_LINKED_ROLE => self.ask(),
            _ => self.context.remedy(|| self.ask()),
        }
    }

    /// Who could grant it
    fn ask(&self) -> String {
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

/// The other statements that came as near as the one explained
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

/// The denial in RAM's own words
pub(crate) fn words(denial: &Denial, principal: &Principal, account: &str) -> Vec<(&'static str, String)> {
    let decision = &denial.decision;
    // Not the person but ECS assumes the role
    let (kind, name) = match denial.question.action {
        ASSUME_ROLE => ("Service", INSTANCE_ROLE_SERVICE),
        _ => (principal.auth_type(), display_name(principal, account)),
    };
    let mut words = vec![
        ("AuthAction", denial.question.action.to_owned()),
        ("AuthResource", clipped(&denial.question.resource, 200)),
        ("AuthPrincipalType", kind.to_owned()),
        ("AuthPrincipalDisplayName", name.to_owned()),
        ("NoPermissionType", decision.outcome.to_string()),
        ("PolicyType", decision.policy_type.to_string()),
    ];
    match &decision.reason {
        Reason::Statement(statement) => words.push(("Statement", statement.to_string())),
        Reason::NoMatch(misses) => {
            words.extend(
                misses
                    .first()
                    .map(|miss| ("NearestStatement", miss.statement.to_string())),
            );
        }
        Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole => {}
    }
    words
}

/// What a condition wants of its key, as the end of "wants tag `env` …"
pub(crate) fn wish(operator: &Operator, wanted: &[String]) -> String {
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
