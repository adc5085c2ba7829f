//! The explanation of a denial by RAM: what the nearest statement requires, what the pod has, and what to do.

use crate::admission::evaluate::call::SET_BY_ACK;
use crate::admission::fields::look_alike::{LookAlike, look_alike};
use crate::admission::fields::parse_tags::parse_tags;
use crate::admission::outcome::verb::Verb;
use crate::admission::response::message::explanation::{
    Ask, Denied, Explanation, Helpless, Note, Noun, Requirement, Searched, Step, TagTime, Who, Why,
};
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::message::ram_fields::is_about_action;
use crate::config::MappingMode;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS};
use crate::wording::quoted;
use eci_calls::condition_key::{self, TagKey, TagSource};
use eci_calls::{ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, Denial, PASS_ROLE};
use ram_policy::{MetCondition, Mismatch, Miss, PolicyType, Principal, Reason};

/// A denial with what its explanation depends on
#[derive(Clone, Copy)]
pub(crate) struct RamDenial<'a> {
    pub(crate) denial: &'a Denial,
    pub(crate) principal: &'a Principal,
    pub(crate) context: &'a MessageContext<'a>,
}

impl<'a> RamDenial<'a> {
    /// What is wrong, what belongs to it, and what to do
    pub(crate) fn explanation(self) -> Explanation<'a> {
        let reason = &self.denial.decision.reason;
        let ask = Step::Ask(self.ask());
        let (denied, notes, step) = match reason {
            Reason::Statement(_) => self.forbidden(),
            Reason::UnknownPrincipal => (
                Denied::UnknownPrincipal(self.principal),
                Vec::new(),
                Step::Ask(self.context.ask(Who::AddPrincipal)),
            ),
            Reason::UnknownRole => (Denied::UnknownRole, self.role_notes(), self.role_step()),
            Reason::NoMatch(misses) => match misses.first().filter(|miss| is_about_action(miss)) {
                Some(miss) => self.nearest_miss(miss),
                None if self.denial.question.action == PASS_ROLE => self.may_not_pass(),
                None => self.nothing_allows(),
            },
            Reason::Root => {
                let action = self.question();
                (
                    Denied::Root {
                        principal: self.principal,
                        action,
                    },
                    Vec::new(),
                    ask,
                )
            }
        };
        Explanation {
            boundary: None,
            why: Why::Denied(denied),
            notes,
            step,
        }
    }

    /// The annotation that may have to change
    pub(crate) fn annotation(self) -> Option<&'static str> {
        let of_key = |key: &str| match key {
            _ if TagKey::parse(key).is_some() => Some(CUSTOM_TAGS),
            condition_key::RESOURCE_GROUP_ID => Some(RESOURCE_GROUP_ID),
            _ => None,
        };
        match (self.denial.question.action, &self.denial.decision.reason) {
            (PASS_ROLE | ASSUME_ROLE, _) if self.is_about_registry_roles() => Some(SERVICE_ARNS),
            (PASS_ROLE | ASSUME_ROLE, _) => Some(RAM_ROLE_NAME),
            (_, Reason::NoMatch(misses)) => misses.iter().find_map(|miss| match &miss.mismatch {
                Mismatch::Condition { key, .. } => of_key(key),
                _ => None,
            }),
            (_, Reason::Statement(_)) => self.met_conditions().iter().find_map(|met| of_key(&met.key)),
            _ => None,
        }
    }

    /// An explicit deny: what the statement forbids, and nothing that gets around it
    fn forbidden(self) -> (Denied<'a>, Vec<Note<'a>>, Step<'a>) {
        let conditions = self.met_conditions();
        let keys = conditions.iter().map(|condition| condition.key.as_str());
        let mut notes: Vec<Note<'a>> = keys.filter_map(|key| self.origin_of(key)).collect();
        notes.truncate(1);
        if matches!(self.denial.question.action, PASS_ROLE | ASSUME_ROLE) {
            notes.extend(self.role_origin());
        }
        let denied = match self.denial.decision.statement() {
            Some(statement) => Denied::Forbids {
                statement,
                is_control_policy: self.denial.decision.policy_type == PolicyType::ControlPolicy,
                action: self.question(),
                for_new_tags: self.denial.question.about_new_tags,
                noun: self.context.noun(),
                conditions,
            },
            None => Denied::Root {
                principal: self.principal,
                action: self.question(),
            },
        };
        (denied, notes, Step::Ask(self.ask()))
    }

    fn met_conditions(self) -> Vec<MetCondition> {
        let policies = &self.context.configuration.policies;
        self.denial.met_conditions(policies, self.principal)
    }

    /// The nearest statement, and the reason why it does not allow the request
    fn nearest_miss(self, miss: &'a Miss) -> (Denied<'a>, Vec<Note<'a>>, Step<'a>) {
        match &miss.mismatch {
            Mismatch::Condition {
                operator,
                key,
                wanted,
                got,
            } => self.unmet_condition(key, Requirement::new(operator, wanted), got),
            Mismatch::Principal { wanted, .. } => (
                Denied::Untrusting { trusted: wanted },
                self.role_notes(),
                self.role_step(),
            ),
            // The roles that the statement names may be those of others
            Mismatch::Resource { .. } if self.denial.question.action == PASS_ROLE => self.may_not_pass(),
            Mismatch::Resource { wanted, got } => {
                let denied = Denied::OtherResource {
                    statement: &miss.statement,
                    action: self.denial.question.action,
                    allowed: wanted,
                    wanted: got,
                    is_single: wanted.iter().all(|pattern| is_single(pattern, got)),
                };
                (denied, Vec::new(), self.context.step(self.ask()))
            }
            Mismatch::Action { .. } => self.nothing_allows(),
        }
    }

    /// A condition that the request does not meet
    fn unmet_condition(
        self,
        key: &'a str,
        requirement: Requirement<'a>,
        got: &'a [String],
    ) -> (Denied<'a>, Vec<Note<'a>>, Step<'a>) {
        let Some(TagKey { source, tag }) = TagKey::parse(key) else {
            let denied = Denied::Key {
                key,
                requirement,
                got,
            };
            let notes = self.origin_of(key).into_iter().chain(self.misplaced_group());
            return (denied, notes.collect(), self.context.step(self.ask()));
        };
        let about_new = self.denial.question.about_new_tags;
        let time = match (self.context.verb, about_new, source == TagSource::Resource) {
            (Verb::Update, true, _) => TagTime::New,
            (Verb::Update, false, true) => TagTime::Current,
            _ => TagTime::Only,
        };
        let denied = Denied::Tag {
            time,
            noun: self.context.noun(),
            key: tag,
            requirement,
            got,
        };
        let notes = match got {
            [] => self.absent_tag(tag),
            _ => self.origin_of(key).into_iter().collect(),
        };
        let step = self.context.step(self.tag_ask(tag));
        // The step names the source itself
        let is_named = matches!(
            step,
            Step::Ask(Ask {
                reason: Some(Helpless::SetBy(_)),
                ..
            })
        );
        let notes = if is_named { Vec::new() } else { notes };
        (denied, notes, step)
    }

    /// Where a tag that is absent may be meant to be
    fn absent_tag(self, tag: &'a str) -> Vec<Note<'a>> {
        let tags = self.context.fields.tags.iter();
        let mut alike = tags.filter_map(|(key, _)| Some((key, look_alike(key, tag)?)));
        let alike = alike.next().map(|(found, difference)| Note::LookAlike {
            found,
            wanted: tag,
            letter: match difference {
                LookAlike::Letter(letter) => Some(letter),
                LookAlike::Case => None,
            },
        });
        let has_tag = |value: &str| {
            let tags = parse_tags(value);
            tags.is_ok_and(|tags| tags.iter().any(|(key, _)| key == tag))
        };
        let misplaced = self.context.misplaced(CUSTOM_TAGS, has_tag);
        alike.into_iter().chain(misplaced).collect()
    }

    /// What wrote the value of a condition key, if the manifest did not
    fn origin_of(self, key: &str) -> Option<Note<'a>> {
        let origins = self.context.origins;
        let origin = match TagKey::parse(key) {
            Some(TagKey { tag, .. }) => origins.tags.get(tag),
            None if key == condition_key::RESOURCE_GROUP_ID => origins.resource_group.as_ref(),
            None => None,
        };
        origin.map(Note::From)
    }

    /// Whom to ask about a tag
    fn tag_ask(self, tag: &str) -> Ask<'a> {
        let ask = self.ask();
        let is_stored = self.context.verb != Verb::Create && !self.denial.question.about_new_tags;
        // Mapping rules and ACK leave image caches alone
        if is_stored || self.context.noun() == Noun::ImageCache {
            return ask;
        }
        if SET_BY_ACK.contains(&tag) {
            let reason = Some(Helpless::SetByAck);
            return Ask { reason, ..ask };
        }
        let mut rules = self.context.configuration.mapping.tags.iter();
        match rules.find(|rule| rule.key == tag && rule.rule.mode == MappingMode::Enforce) {
            Some(rule) => Ask {
                who: Who::SourceOwner,
                reason: Some(Helpless::SetBy(&rule.rule.source)),
                ..ask
            },
            None => ask,
        }
    }

    /// No statement allows the requester to pass the role
    fn may_not_pass(self) -> (Denied<'a>, Vec<Note<'a>>, Step<'a>) {
        let resource = self.denial.question.resource.as_str();
        let account = self.context.configuration.policies.account();
        let own = format!("acs:ram::{account}:role/");
        let denied = Denied::MayNotPass {
            principal: self.principal,
            role: resource.strip_prefix(&own).unwrap_or(resource),
        };
        (denied, self.role_notes(), self.role_step())
    }

    /// What wrote the role, or which role is almost that
    fn role_notes(self) -> Vec<Note<'a>> {
        if self.is_about_registry_roles() {
            return Vec::new();
        }
        self.role_origin()
            .into_iter()
            .chain(self.context.near_role())
            .collect()
    }

    fn role_origin(self) -> Option<Note<'a>> {
        let origin = self.context.origins.role.as_ref();
        origin.filter(|_| !self.is_about_registry_roles()).map(Note::From)
    }

    /// The way to another role, or to none
    fn role_step(self) -> Step<'a> {
        match self.context.lines() {
            [] => self.context.step(self.ask()),
            lines if self.context.near_role().is_some() => Step::Write(lines),
            lines => Step::AskOrWrite(self.ask(), lines),
        }
    }

    /// The policies of which no statement allows the action
    fn nothing_allows(self) -> (Denied<'a>, Vec<Note<'a>>, Step<'a>) {
        let searched = match self.denial.decision.policy_type {
            PolicyType::ControlPolicy => Searched::ControlPolicies,
            PolicyType::AssumeRolePolicy => Searched::TrustPolicy,
            _ => Searched::Granted {
                principal: self.principal,
                group: self.denial.question.resource_group.as_deref(),
            },
        };
        let denied = Denied::NothingAllows {
            searched,
            action: self.question(),
        };
        let step = match self.denial.question.action {
            CREATE_SERVICE_LINKED_ROLE => Step::Ask(self.ask()),
            _ => self.context.step(self.ask()),
        };
        (denied, self.misplaced_group().into_iter().collect(), step)
    }

    /// Where the resource group stands that the advice is to write
    fn misplaced_group(self) -> Option<Note<'a>> {
        let mut lines = self.context.lines().iter();
        let group = lines
            .find(|line| line.annotation == RESOURCE_GROUP_ID)?
            .value
            .as_deref()?;
        self.context.misplaced(RESOURCE_GROUP_ID, |value| value == group)
    }

    /// The action, and the resource of an action outside ECI
    fn question(self) -> String {
        let question = &self.denial.question;
        if question.action.starts_with("eci:") {
            question.action.to_owned()
        } else {
            format!("{} on {}", question.action, quoted(&question.resource, 128))
        }
    }

    /// Who can change what is denied
    fn ask(self) -> Ask<'a> {
        if self.denial.question.action == CREATE_SERVICE_LINKED_ROLE {
            return Ask {
                or_others: false,
                ..self.context.ask(Who::ServiceLinkedRole)
            };
        }
        self.context.ask(match self.denial.decision.policy_type {
            PolicyType::ControlPolicy => Who::ResourceDirectory,
            PolicyType::AssumeRolePolicy => Who::RoleOwner,
            PolicyType::Root
            | PolicyType::SessionPolicy
            | PolicyType::AccountLevelIdentityBasedPolicy
            | PolicyType::ResourceGroupLevelIdentityBasedPolicy => Who::RamAdministrator,
        })
    }

    fn is_about_registry_roles(self) -> bool {
        let resource = &self.denial.question.resource;
        let account = self.context.configuration.policies.account();
        let instance_role = self.context.fields.role.as_ref();
        let is_instance_role =
            instance_role.is_some_and(|role| *resource == format!("acs:ram::{account}:role/{role}"));
        let mut arns = self.context.fields.role_arns.iter();
        !is_instance_role && arns.any(|arn| arn.as_str() == resource)
    }
}

/// Whether a pattern names single resources of the kind that is asked for as a whole
fn is_single(pattern: &str, wanted: &str) -> bool {
    let last = |text: &str| text.rsplit(':').next().unwrap_or_default().to_owned();
    let (pattern, wanted) = (last(pattern), last(wanted));
    let (Some((kind, id)), Some((wanted_kind, "*"))) = (pattern.split_once('/'), wanted.split_once('/'))
    else {
        return false;
    };
    id != "*" && kind.eq_ignore_ascii_case(wanted_kind)
}
