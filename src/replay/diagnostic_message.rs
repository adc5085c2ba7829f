//! The answer of RAM's `DecodeDiagnosticMessage`: a request that RAM denied, and how it came to that.

use std::collections::BTreeSet;

use serde::Deserialize;

use ram_policy::source::{Fault, Node, Position, Value};
use ram_policy::{Effect, Outcome, PolicyType};

/// The field of an answer that holds the message
const DECODED: &str = "DecodedDiagnosticMessage";
/// The field of an error that holds the message before it is decoded
const ENCODED: &str = "EncodedDiagnosticMessage";
/// How to decode it
const DECODE: &str = "aliyun ram DecodeDiagnosticMessage --EncodedDiagnosticMessage";

/// The types of policies that RAM names, in its order of evaluation
const POLICY_TYPES: [PolicyType; 5] = [
    PolicyType::AssumeRolePolicy,
    PolicyType::ControlPolicy,
    PolicyType::SessionPolicy,
    PolicyType::AccountLevelIdentityBasedPolicy,
    PolicyType::ResourceGroupLevelIdentityBasedPolicy,
];

/// A request that RAM denied
#[derive(Debug)]
pub(crate) struct DiagnosticMessage {
    /// The action
    pub(crate) action: String,
    /// The resource
    pub(crate) resource: String,
    /// Who asked
    pub(crate) principal: AuthPrincipal,
    /// The condition keys with their values
    pub(crate) conditions: Vec<AuthCondition>,
    /// RAM's decision; never `Allow`
    pub(crate) outcome: Outcome,
    /// The layer that decided
    pub(crate) policy_type: PolicyType,
    /// The policies that matched
    pub(crate) matched: Vec<MatchedPolicy>,
}

/// The caller as RAM names it
#[derive(Debug, Deserialize)]
pub(crate) struct AuthPrincipal {
    /// `SubUser`, `AssumedRoleUser` or `Federated`
    #[serde(rename = "AuthPrincipalType")]
    pub(crate) kind: String,
    /// The account that the caller belongs to
    #[serde(rename = "AuthPrincipalOwnerId")]
    pub(crate) owner: Option<String>,
    /// A user's `UserId`, or `ROLE:SESSION`
    #[serde(rename = "AuthPrincipalDisplayName")]
    pub(crate) name: String,
}

/// A condition key with its values
#[derive(Debug, Deserialize)]
pub(crate) struct AuthCondition {
    #[serde(rename = "ConditionKey")]
    pub(crate) key: String,
    #[serde(rename = "ConditionValues", default)]
    pub(crate) values: Vec<String>,
}

/// A policy that matched the request
#[derive(Debug)]
pub(crate) struct MatchedPolicy {
    /// What it does
    pub(crate) effect: Effect,
    /// A policy's name; a control policy's id
    pub(crate) identifier: String,
    /// Whether it is a control policy, which a directory knows by name alone
    pub(crate) is_control_policy: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireMessage {
    auth_action: String,
    #[serde(default = "any_resource")]
    auth_resource: String,
    auth_principal: AuthPrincipal,
    #[serde(default)]
    auth_conditions: Vec<AuthCondition>,
    explicit_deny: bool,
    no_permission_policy_type: Node,
    #[serde(default)]
    matched_policies: Vec<WirePolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WirePolicy {
    effect: Node,
    policy_identifier: String,
    attached_entity_type: Option<String>,
}

fn any_resource() -> String {
    "*".to_owned()
}

/// The messages of a file: one answer of the aliyun CLI, the message in it, or a list of either
///
/// ```text
/// {"RequestId": …, "DecodedDiagnosticMessage": {"AuthAction": "eci:CreateContainerGroup", …}}
///   -> [DiagnosticMessage { action: "eci:CreateContainerGroup", .. }]
/// ```
///
/// # Errors
/// Something else, with its position; for a message that is not decoded, how to decode it
pub(crate) fn read(node: &Node) -> Result<Vec<DiagnosticMessage>, Fault> {
    match &node.value {
        Value::List(nodes) if nodes.is_empty() => Err(Fault::new(node.at, "the list holds no message")),
        Value::List(nodes) => nodes.iter().map(message).collect(),
        _ => Ok(vec![message(node)?]),
    }
}

fn message(node: &Node) -> Result<DiagnosticMessage, Fault> {
    let entries = node.entries("a decoded diagnostic message")?;
    let field = |name: &str| {
        let mut found = entries.iter().filter(|(key, _)| key.text == name);
        found.next().map(|(_, value)| value)
    };
    if field(ENCODED).is_some() || field("AccessDeniedDetail").is_some() {
        let text = format!("this message is not decoded yet: decode its {ENCODED} with `{DECODE} …`");
        return Err(Fault::new(node.at, text));
    }
    let node = field(DECODED).unwrap_or(node);
    let message = DiagnosticMessage::new(node.read()?)?;
    let mut keys = BTreeSet::new();
    // Which of two lists of values RAM saw, nobody can tell
    match message
        .conditions
        .iter()
        .find(|condition| !keys.insert(condition.key.as_str()))
    {
        Some(condition) => {
            let text = format!("condition key `{}` is given twice", condition.key);
            Err(Fault::new(node.at, text))
        }
        None => Ok(message),
    }
}

impl DiagnosticMessage {
    fn new(wire: WireMessage) -> Result<Self, Fault> {
        let matched = wire.matched_policies.iter().map(MatchedPolicy::new);
        Ok(Self {
            matched: matched.collect::<Result<_, _>>()?,
            policy_type: policy_type(&wire.no_permission_policy_type)?,
            outcome: if wire.explicit_deny {
                Outcome::ExplicitDeny
            } else {
                Outcome::ImplicitDeny
            },
            action: wire.auth_action,
            resource: wire.auth_resource,
            principal: wire.auth_principal,
            conditions: wire.auth_conditions,
        })
    }
}

impl MatchedPolicy {
    fn new(wire: &WirePolicy) -> Result<Self, Fault> {
        Ok(Self {
            effect: named(&wire.effect, &[("Allow", Effect::Allow), ("Deny", Effect::Deny)])?,
            identifier: wire.policy_identifier.clone(),
            is_control_policy: wire.attached_entity_type.as_deref() == Some("ResourceDirectoryTarget"),
        })
    }
}

fn policy_type(node: &Node) -> Result<PolicyType, Fault> {
    let named_types = POLICY_TYPES.map(|kind| (kind.to_string(), kind));
    let known: Vec<(&str, PolicyType)> = named_types.iter().map(|(name, kind)| (&**name, *kind)).collect();
    named(node, &known)
}

/// The value of a name
fn named<T: Copy>(node: &Node, known: &[(&str, T)]) -> Result<T, Fault> {
    let name: String = node.read()?;
    if let Some((_, value)) = known.iter().find(|(known, _)| *known == name) {
        return Ok(*value);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    Err(unknown(node.at, &name, &names))
}

fn unknown(at: Position, name: &str, known: &[&str]) -> Fault {
    Fault::new(at, format!("`{name}` is none of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use ram_policy::source::json;

    use super::*;

    const MESSAGE: &str = r#"{"AuthAction": "eci:DeleteContainerGroup", "AuthPrincipal": {"AuthPrincipalType": "SubUser",
        "AuthPrincipalOwnerId": "123", "AuthPrincipalDisplayName": "2001"}, "ExplicitDeny": false,
        "NoPermissionPolicyType": "AccountLevelIdentityBasedPolicy"}"#;

    fn messages(text: &str) -> Result<Vec<DiagnosticMessage>, String> {
        let node = json::parse(text).map_err(|fault| fault.to_string())?;
        read(&node).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_answer_a_message_and_lists_of_them_are_read() {
        let answer = format!(r#"{{"RequestId": "R", "DecodedDiagnosticMessage": {MESSAGE}}}"#);
        for (text, count) in [
            (MESSAGE.to_owned(), 1),
            (answer.clone(), 1),
            (format!("[{answer}, {MESSAGE}]"), 2),
        ] {
            let found = messages(&text).unwrap();
            assert_eq!(found.len(), count, "{text}");
            for message in found {
                assert_eq!(message.action, "eci:DeleteContainerGroup");
                assert_eq!(message.resource, "*");
                assert_eq!(message.outcome, Outcome::ImplicitDeny);
                assert_eq!(message.principal.name, "2001");
                assert!(message.conditions.is_empty() && message.matched.is_empty());
            }
        }
    }

    #[test]
    fn what_is_no_decoded_message_is_refused_with_its_place() {
        for (text, words) in [
            ("[]", "1:1: the list holds no message"),
            ("1", "1:1: "),
            ("{}", "1:1: "),
            (
                r#"{"Code": "NoPermission", "AccessDeniedDetail": {"EncodedDiagnosticMessage": "AQ"}}"#,
                "is not decoded yet: decode its EncodedDiagnosticMessage with `aliyun ram",
            ),
            (
                &MESSAGE.replace("AccountLevelIdentityBasedPolicy", "AccountPolicy"),
                "3:35: `AccountPolicy` is none of AssumeRolePolicy, ControlPolicy,",
            ),
            (
                &MESSAGE.replace(
                    "\"ExplicitDeny\"",
                    r#""MatchedPolicies": [{"Effect": "deny", "PolicyIdentifier": "P"}], "ExplicitDeny""#,
                ),
                "`deny` is none of Allow, Deny",
            ),
            (
                &MESSAGE.replace(
                    "\"ExplicitDeny\"",
                    r#""AuthConditions": [{"ConditionKey": "k", "ConditionValues": ["a"]}, {"ConditionKey": "k", "ConditionValues": ["b"]}], "ExplicitDeny""#,
                ),
                "1:1: condition key `k` is given twice",
            ),
            (&MESSAGE.replace("false", "\"false\""), "2:"),
        ] {
            let error = messages(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
