//! Conditions on keys that the statement's actions never know.

use super::code::Code;
use super::facts::Facts;
use super::question::Question;
use super::subject::{Entry, Finding, Subject, actions};
use eci_calls::condition_key::{
    CURRENT_TIME, PRINCIPAL_ARN, QuestionKind, RESOURCE_GROUP_ID, SERVICE, SERVICE_NAME, TagKey, TagSource,
};
use eci_calls::{ECI_SERVICE, INSTANCE_ROLE_SERVICE};
use ram_policy::source::closest;
use ram_policy::{Condition, Effect, Statement, Target, TrustedPrincipal};

/// The services in whose name ECI may receive a role; a condition on any other is not about ECI
const RECEIVERS: [&str; 2] = [ECI_SERVICE, INSTANCE_ROLE_SERVICE];

/// Keys that RAM documents, so that a word near one of them is a slip
const KEYS: &[&str] = &[
    CURRENT_TIME,
    "acs:MFAPresent",
    PRINCIPAL_ARN,
    "acs:PrincipalRDId",
    "acs:PrincipalRDPath",
    "acs:RequestTag",
    RESOURCE_GROUP_ID,
    "acs:ResourceTag",
    "acs:SecureTransport",
    SERVICE,
    "acs:SourceIp",
    "acs:SourceVpc",
    "acs:VpcSourceIp",
    "eci:tag",
    SERVICE_NAME,
];

/// Conditions that absence decides, in a statement of an identity policy
pub(crate) fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let conditions = subject.statement.conditions.iter();
    conditions
        .filter_map(|condition| Absence::of(subject, condition)?.finding())
        .collect()
}

/// Conditions that absence decides, in a statement that trusts instances and nobody else
pub(super) fn find_in_trust(statement: &Statement, facts: &Facts) -> Vec<Finding> {
    let is_instances = |trusted: &TrustedPrincipal| matches!(trusted, TrustedPrincipal::Service(name) if **name == *INSTANCE_ROLE_SERVICE);
    let Target::Principals(trusted) = &statement.target else {
        return Vec::new();
    };
    if !facts.is_known() || !trusted.iter().all(is_instances) {
        return Vec::new();
    }
    let is_absent = |condition: &&Condition| {
        let key = &*condition.key;
        let knows = QuestionKind::AssumeRole.supports_key(key).unwrap_or_default();
        !knows && facts.given(key).is_none() && !condition.met(&[], statement.effect)
    };
    let conditions = statement.conditions.iter().filter(is_absent);
    conditions
        .map(|condition| Finding {
            code: Code::KeyNeverThere,
            at: condition.at,
            message: format!(
                "`{}` is never there when an instance assumes its role, so the statement never matches",
                condition.key
            ),
            advice: "leave the condition out".to_owned(),
        })
        .collect()
}

/// A condition whose key some of the statement's actions never know
struct Absence<'a> {
    subject: &'a Subject<'a>,
    condition: &'a Condition,
    /// The entries that do not know it, at least one
    entries: Vec<&'a Entry<'a>>,
    /// The key that was probably meant
    meant: Option<String>,
}

impl<'a> Absence<'a> {
    fn of(subject: &'a Subject<'a>, condition: &'a Condition) -> Option<Self> {
        let (key, facts) = (&*condition.key, subject.facts);
        let meant = misspelt(key).filter(|_| facts.given(key).is_none());
        let is_absent = |question: &Question| meant.is_some() || !question.knows(key, facts);
        let entries = subject.entries_where(|questions| questions.iter().all(is_absent));
        (!entries.is_empty()).then_some(Self {
            subject,
            condition,
            entries,
            meant,
        })
    }

    fn finding(&self) -> Option<Finding> {
        let Self {
            subject, condition, ..
        } = self;
        let always = condition.met(&[], subject.statement.effect);
        let code = self.code(always);
        if code == Code::ServiceUnset && !is_about_eci(condition) {
            return None;
        }
        let is_whole = subject.are_all(&self.entries);
        let first = self.entries.first()?;
        let outcome = match (always, is_whole) {
            (true, _) => format!("{} always holds in this Deny", condition.operator),
            (false, true) => "the statement never matches".to_owned(),
            (false, false) => format!("the statement never {} it", subject.verb()),
        };
        Some(Finding {
            code,
            at: if is_whole { condition.at } else { first.at },
            message: format!(
                "`{}` is never there for {}, so {outcome}",
                condition.key,
                actions(&self.entries)
            ),
            advice: self.advice(code),
        })
    }

    fn any(&self, is_so: impl Fn(Question) -> bool) -> bool {
        let mut questions = self.entries.iter().flat_map(|entry| entry.questions());
        questions.any(|question| is_so(*question))
    }

    fn code(&self, always: bool) -> Code {
        let key = &*self.condition.key;
        let tag = TagKey::parse(key).map(|key| key.source);
        let is_passed = self.any(|question| question == Question::PassRole);
        if key == SERVICE && self.subject.facts.service() == Some(None) && is_passed {
            Code::ServiceUnset
        } else if always {
            Code::AbsentKeyDenies
        } else if tag == Some(TagSource::Resource) && self.any(Question::is_about_new) {
            Code::ResourceTagOnCreate
        } else if matches!(tag, Some(TagSource::Request | TagSource::Eci)) {
            Code::RequestTagWithoutTags
        } else {
            Code::KeyNeverThere
        }
    }

    fn advice(&self, code: Code) -> String {
        let key = &*self.condition.key;
        let is_call = self.any(|question| matches!(question, Question::Call(_)));
        if let Some(meant) = &self.meant {
            return format!("write `{meant}`, if that was meant");
        }
        if code == Code::ServiceUnset {
            return "set `account.passRoleService` to the service that receives roles, or leave the condition out"
                .to_owned();
        }
        let other = |source, tag| TagKey { source, tag };
        match TagKey::parse(key) {
            Some(TagKey {
                source: TagSource::Resource,
                tag,
            }) if is_call => format!(
                "use `{}`, the tag that the call gives, for these actions",
                other(TagSource::Request, tag)
            ),
            Some(TagKey {
                source: TagSource::Request,
                tag,
            }) if is_call => format!(
                "use `{}`, the tag that the instance has, for these actions",
                other(TagSource::Resource, tag)
            ),
            Some(_) => {
                "give these actions a statement of their own without tags, with the roles as its Resource"
                    .to_owned()
            }
            None if [SERVICE, SERVICE_NAME, RESOURCE_GROUP_ID].contains(&key) => {
                "give these actions a statement of their own, without the condition".to_owned()
            }
            None => format!(
                "leave the condition out, or give `{key}` a value for the whole cluster in `account.context`"
            ),
        }
    }
}

/// Whether the condition tells ECI from other services, or speaks for it
pub(super) fn is_about_eci(condition: &Condition) -> bool {
    let is_negated = condition.operator.is_negated();
    let met = |name: &str| condition.met(&[name.to_owned()], Effect::Allow);
    RECEIVERS.into_iter().any(|name| met(name) != is_negated)
}

/// The key that was probably meant; the tag behind it stays
fn misspelt(key: &str) -> Option<String> {
    let (head, tag) = match key.split_once('/') {
        Some((head, tag)) => (head, Some(tag)),
        None => (key, None),
    };
    if KEYS.contains(&head) {
        return None;
    }
    let meant = closest(head, KEYS.iter().copied())?;
    Some(match tag {
        Some(tag) => format!("{meant}/{tag}"),
        None => meant.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_keys_of_other_services() {
        for (key, meant) in [
            ("acs:requesttag/env", Some("acs:RequestTag/env")),
            ("acs:ResourceTags/a/b", Some("acs:ResourceTag/a/b")),
            ("acs:PrincipalArn", Some("acs:PrincipalARN")),
            ("acs:RequestTag/env", None),
            ("acs:UserAgent", None),
            ("acs:AccessId", None),
            ("oss:Prefix", None),
            ("demo:count", None),
        ] {
            assert_eq!(misspelt(key).as_deref(), meant, "{key}");
        }
    }
}
