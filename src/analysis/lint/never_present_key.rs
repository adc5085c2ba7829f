//! Conditions on keys that requests for the statement's actions never have.

use crate::analysis::lint::account_facts::AccountFacts;
use crate::analysis::lint::code::Code;
use crate::analysis::lint::known_action::KnownAction;
use crate::analysis::lint::linted_statement::{LintedAction, LintedStatement, action_list};
use crate::analysis::lint::warning::DocumentWarning;
use eci_calls::condition_key::{
    CURRENT_TIME, PRINCIPAL_ARN, QuestionKind, RESOURCE_GROUP_ID, SERVICE, SERVICE_NAME, TagKey, TagSource,
};
use eci_calls::{ECI_SERVICE, INSTANCE_ROLE_SERVICE};
use ram_policy::source::closest;
use ram_policy::{Condition, Effect, LocatedCondition, Statement, Target, TrustedPrincipal};

/// The services that may receive a role from ECI; a condition on another service is not about ECI
const ROLE_RECEIVERS: [&str; 2] = [ECI_SERVICE, INSTANCE_ROLE_SERVICE];

/// Keys that RAM documents; a key that is close to one of them is misspelt
const DOCUMENTED_KEYS: &[&str] = &[
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

/// Looks for conditions in an identity policy that the absence of their key decides
///
/// ```text
/// Allow eci:CreateContainerGroup if acs:ResourceTag/env = test
///   -> ResourceTagOnCreate: `acs:ResourceTag/env` is never there for `eci:CreateContainerGroup`,
///      so the statement never matches
/// ```
pub(crate) fn find(statement: &LintedStatement<'_>) -> Vec<DocumentWarning> {
    let conditions = statement.statement.located_conditions();
    conditions
        .filter_map(|condition| NeverPresentKey::of(statement, condition)?.warning())
        .collect()
}

/// Looks for such conditions in a statement of a trust policy that trusts ECI instances and nobody else
pub(super) fn find_in_trust(statement: &Statement, facts: &AccountFacts) -> Vec<DocumentWarning> {
    let is_instances = |trusted: &TrustedPrincipal| matches!(trusted, TrustedPrincipal::Service(name) if **name == *INSTANCE_ROLE_SERVICE);
    let Target::Principals(trusted) = &statement.target else {
        return Vec::new();
    };
    if !facts.is_known() || !trusted.iter().all(is_instances) {
        return Vec::new();
    }
    let is_absent = |condition: &LocatedCondition<'_>| {
        let key = &*condition.key;
        let has_key = QuestionKind::AssumeRole.supports_key(key).unwrap_or_default();
        !has_key && facts.fixed_values(key).is_none() && !condition.met(&[], statement.effect)
    };
    let conditions = statement.located_conditions().filter(is_absent);
    conditions
        .map(|condition| DocumentWarning {
            code: Code::KeyNeverThere,
            at: condition.at(),
            message: format!(
                "`{}` is never there when an instance assumes its role, so the statement never matches",
                condition.key
            ),
            advice: "conditions on the time work here; say who may hand the role over by `ram:PassRole`"
                .to_owned(),
        })
        .collect()
}

/// A condition whose key some of the statement's actions never have
struct NeverPresentKey<'a> {
    statement: &'a LintedStatement<'a>,
    condition: LocatedCondition<'a>,
    /// The actions without the key, at least one
    actions: Vec<&'a LintedAction<'a>>,
    /// The documented key, if this one is misspelt
    meant: Option<String>,
}

impl<'a> NeverPresentKey<'a> {
    fn of(statement: &'a LintedStatement<'a>, condition: LocatedCondition<'a>) -> Option<Self> {
        let (key, facts) = (&*condition.key, statement.facts);
        let meant = misspelt(key).filter(|_| facts.fixed_values(key).is_none());
        let is_absent = |action: &KnownAction| meant.is_some() || !action.has_key(key, facts);
        let holds_if_absent = condition.met(&[], statement.statement.effect);
        let is_elsewhere = |action: &LintedAction<'_>| {
            action.spans_services() && !holds_if_absent && is_of_another_service(key)
        };
        let actions =
            statement.actions_where(|action| action.known().iter().all(is_absent) && !is_elsewhere(action));
        (!actions.is_empty()).then_some(Self {
            statement,
            condition,
            actions,
            meant,
        })
    }

    fn warning(&self) -> Option<DocumentWarning> {
        let (statement, condition) = (self.statement, self.condition);
        let holds_if_absent = condition.met(&[], statement.statement.effect);
        let code = self.code(holds_if_absent);
        if code == Code::ServiceUnset && !is_about_eci(&condition) {
            return None;
        }
        let first = self.actions.first()?;
        let outcome = if holds_if_absent {
            let for_eci = if self.spans_services() { " for ECI" } else { "" };
            format!("{} always holds{for_eci} in this Deny", condition.operator)
        } else {
            statement.no_effect(&self.actions)
        };
        Some(DocumentWarning {
            code,
            at: if statement.are_all(&self.actions) {
                condition.at()
            } else {
                first.at
            },
            message: format!(
                "`{}` is never there for {}, so {outcome}",
                condition.key,
                self.calls()
            ),
            advice: self.advice(code),
        })
    }

    fn spans_services(&self) -> bool {
        self.actions.iter().any(|action| action.spans_services())
    }

    /// The calls without the key, in the words of a message
    fn calls(&self) -> String {
        let list = action_list(&self.actions);
        if self.spans_services() {
            format!("what ECI asks of {list}")
        } else {
            list
        }
    }

    fn any_action(&self, holds: impl Fn(KnownAction) -> bool) -> bool {
        let mut known = self.actions.iter().flat_map(|action| action.known());
        known.any(|action| holds(*action))
    }

    fn code(&self, holds_if_absent: bool) -> Code {
        let key = &*self.condition.key;
        let tag = TagKey::parse(key).map(|key| key.source);
        let passes_role = self.any_action(|action| action == KnownAction::PassRole);
        if key == SERVICE && self.statement.facts.lacks_pass_role_service() && passes_role {
            Code::ServiceUnset
        } else if holds_if_absent {
            Code::AbsentKeyDenies
        } else if tag == Some(TagSource::Resource) && self.any_action(KnownAction::creates_resource) {
            Code::ResourceTagOnCreate
        } else if matches!(tag, Some(TagSource::Request | TagSource::Eci)) {
            Code::RequestTagWithoutTags
        } else {
            Code::KeyNeverThere
        }
    }

    fn advice(&self, code: Code) -> String {
        let key = &*self.condition.key;
        if let Some(meant) = &self.meant {
            return format!("write `{meant}`, if that was meant");
        }
        if code == Code::ServiceUnset {
            return "set `account.passRoleService` to the service that receives roles".to_owned();
        }
        if let Some(tag) = TagKey::parse(key) {
            return self.tag_advice(tag);
        }
        if [SERVICE, SERVICE_NAME, RESOURCE_GROUP_ID].contains(&key) {
            return "give these actions a statement of their own, with conditions on keys that they have"
                .to_owned();
        }
        format!(
            "give `{key}` a value for the whole cluster in `account.context`, or use a key that these actions have"
        )
    }

    fn tag_advice(&self, TagKey { source, tag }: TagKey<'_>) -> String {
        let is_call = self.any_action(|action| matches!(action, KnownAction::Call(_)));
        let (other, meaning) = match source {
            TagSource::Resource if is_call => (TagSource::Request, "the tag that the call gives"),
            TagSource::Request if is_call => (TagSource::Resource, "the tag that the instance has"),
            TagSource::Resource | TagSource::Request | TagSource::Eci => {
                return "give these actions a statement of their own without tags, with the roles as its Resource"
                    .to_owned();
            }
        };
        let key = TagKey { source: other, tag };
        format!("use `{key}`, {meaning}, for these actions")
    }
}

/// Whether a key is set by a service that the linter does not know, such as `oss:Prefix`
fn is_of_another_service(key: &str) -> bool {
    let code = key.split_once(':').map_or("", |(code, _)| code);
    !["acs", "eci", "ram"].contains(&code)
}

/// Whether a condition on `acs:Service` depends on ECI: it accepts one of ECI's services, or excludes one
pub(super) fn is_about_eci(condition: &Condition) -> bool {
    let is_negated = condition.operator.is_negated();
    let met = |name: &str| condition.met(&[name.to_owned()], Effect::Allow);
    ROLE_RECEIVERS.into_iter().any(|name| met(name) != is_negated)
}

/// The documented key that was probably meant: `acs:requesttag/env` -> `acs:RequestTag/env`
fn misspelt(key: &str) -> Option<String> {
    let (head, tag) = match key.split_once('/') {
        Some((head, tag)) => (head, Some(tag)),
        None => (key, None),
    };
    if DOCUMENTED_KEYS.contains(&head) {
        return None;
    }
    let meant = closest(head, DOCUMENTED_KEYS.iter().copied())?;
    Some(match tag {
        Some(tag) => format!("{meant}/{tag}"),
        None => meant.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_keys_differ_from_keys_of_other_services() {
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
