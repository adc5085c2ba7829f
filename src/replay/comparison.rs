//! Where the engine's decision differs from RAM's.

use crate::replay::diagnostic_message::{DiagnosticMessage, MatchedPolicy};
use ram_policy::{Effect, Outcome, PolicyType, StatementId, Trace, TracedStatement};

/// The engine's decision beside RAM's
#[derive(Debug)]
pub(crate) struct Comparison {
    /// What the engine did
    pub(crate) trace: Trace,
    /// Where RAM did otherwise; empty if both agree
    pub(crate) differences: Vec<Difference>,
}

/// A part of the decision on which RAM and the engine do not agree
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Whether, and how, the request is denied
    Outcome {
        /// RAM's
        ram: Outcome,
        /// The engine's
        engine: Outcome,
    },
    /// The layer that decided
    Layer {
        /// RAM's
        ram: PolicyType,
        /// The engine's
        engine: PolicyType,
    },
    /// RAM matched a policy, of which the engine matches no statement
    NotMatched {
        /// The policy's name
        policy: String,
        /// Its effect in RAM
        effect: Effect,
        /// Its statements of that effect with what did not match; none if the engine did not evaluate the policy
        statements: Vec<TracedStatement>,
    },
    /// The engine denies by a statement of a policy that RAM does not name
    NotInRam {
        /// The statement
        statement: StatementId,
    },
}

impl Comparison {
    pub(super) fn new(message: &DiagnosticMessage, trace: Trace) -> Self {
        let mut differences = Vec::new();
        let decision = &trace.decision;
        if decision.outcome != message.outcome {
            differences.push(Difference::Outcome {
                ram: message.outcome,
                engine: decision.outcome,
            });
        }
        if decision.policy_type != message.policy_type {
            differences.push(Difference::Layer {
                ram: message.policy_type,
                engine: decision.policy_type,
            });
        }
        let matched = message.matched.iter();
        differences.extend(matched.filter_map(|policy| not_matched(policy, &trace)));
        differences.extend(not_in_ram(message, &trace));
        Self { trace, differences }
    }
}

/// A policy that matched in RAM and not in the engine
fn not_matched(policy: &MatchedPolicy, trace: &Trace) -> Option<Difference> {
    let statements: Vec<&TracedStatement> = trace
        .layers
        .iter()
        .flat_map(|layer| &layer.statements)
        .filter(|traced| *traced.statement.policy == *policy.identifier && traced.effect == policy.effect)
        .collect();
    // A directory knows control policies by name, and layers after the one that decided are not evaluated
    let is_out_of_sight = policy.is_control_policy || policy.effect == Effect::Allow;
    let matches = statements.iter().any(|traced| traced.mismatch.is_none());
    let is_missed = !(matches || statements.is_empty() && is_out_of_sight);
    is_missed.then(|| Difference::NotMatched {
        policy: policy.identifier.clone(),
        effect: policy.effect,
        statements: statements.into_iter().cloned().collect(),
    })
}

/// The statement by which the engine denies, if RAM names policies that deny and not this one
fn not_in_ram(message: &DiagnosticMessage, trace: &Trace) -> Option<Difference> {
    let statement = trace.decision.statement()?;
    // The other layers' policies have no name in a directory, or another one than in RAM
    let is_named_layer = matches!(
        trace.decision.policy_type,
        PolicyType::AccountLevelIdentityBasedPolicy | PolicyType::ResourceGroupLevelIdentityBasedPolicy
    );
    let denying = message
        .matched
        .iter()
        .filter(|policy| policy.effect == Effect::Deny);
    let names: Vec<&str> = denying.map(|policy| &*policy.identifier).collect();
    let is_denied = trace.decision.outcome == Outcome::ExplicitDeny;
    let is_missing = is_denied && is_named_layer && !names.is_empty() && !names.contains(&&*statement.policy);
    is_missing.then(|| Difference::NotInRam {
        statement: statement.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::config::folder;
    use crate::replay::{Assumptions, Unanswerable, read, replay};
    use ram_policy::source::json;

    const DIRECTORY: &str = "
account: {id: '123', region: cn-hangzhou, controlPolicies: [[FullAliyunAccess, NoProd]]}
resourceGroups: [{id: rg-a, name: a}]
users:
  - {name: ann, id: '2001', policies: [{policy: Test}, {policy: NoNights}, {policy: Group, resourceGroup: rg-a}]}
roles:
  - name: App
    trustPolicy: {Version: '1', Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {RAM: ['acs:ram::123:user/ann']}}]}
    policies: [{policy: Test}]
";
    const NO_PROD: &str = r#"{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"acs:RequestTag/env": "prod"}}}]}"#;
    const TEST: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:Create*", "Resource": "*"}]}"#;
    const GROUP: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:Stop*", "Resource": "*"}]}"#;
    const NO_NIGHTS: &str = r#"{"Version": "1", "Statement": [
        {"Effect": "Deny", "Action": "eci:*", "Resource": "*", "Condition": {"StringLike": {"acs:RequestTag/shift": "n*"}}}]}"#;

    /// How the engine decides a message of user ann, with these fields in place of the usual ones
    fn differences(fields: &str) -> Result<Vec<Difference>, Unanswerable> {
        let given: serde_json::Map<String, serde_json::Value> = serde_json::from_str(fields).unwrap();
        let mut message = serde_json::json!({
            "AuthAction": "eci:CreateContainerGroup", "ExplicitDeny": true,
            "AuthPrincipal": {"AuthPrincipalType": "SubUser", "AuthPrincipalOwnerId": "123", "AuthPrincipalDisplayName": "2001"},
            "NoPermissionPolicyType": "AccountLevelIdentityBasedPolicy",
        });
        message.as_object_mut().unwrap().extend(given);
        let messages = read(&json::parse(&message.to_string()).unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("directory.yaml", DIRECTORY),
            ("NoProd.json", NO_PROD),
            ("Test.json", TEST),
            ("Group.json", GROUP),
            ("NoNights.json", NO_NIGHTS),
        ] {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let configuration = config::load(&folder::read(directory.path()).unwrap()).unwrap();
        let comparison = replay(&messages[0], &Assumptions::default(), &configuration)?;
        Ok(comparison.differences)
    }

    const NIGHT: &str =
        r#""AuthConditions": [{"ConditionKey": "acs:RequestTag/shift", "ConditionValues": ["night"]}]"#;
    const PROD: &str =
        r#""AuthConditions": [{"ConditionKey": "acs:RequestTag/env", "ConditionValues": ["prod"]}]"#;

    fn denying(policy: &str, target: &str) -> String {
        format!(
            r#""MatchedPolicies": [{{"Effect": "Deny", "PolicyIdentifier": "{policy}", "AttachedEntityType": "{target}"}}]"#
        )
    }

    #[test]
    fn the_engine_agrees_with_ram() {
        let by_control = denying("cp-1", "ResourceDirectoryTarget");
        for fields in [
            format!("{{{NIGHT}, {}}}", denying("NoNights", "RamUser")),
            format!("{{{NIGHT}}}"),
            r#"{"AuthAction": "oss:GetObject", "ExplicitDeny": false}"#.to_owned(),
            format!(r#"{{"NoPermissionPolicyType": "ControlPolicy", {PROD}, {by_control}}}"#),
            r#"{"AuthAction": "eci:DeleteContainerGroup", "ExplicitDeny": false, "NoPermissionPolicyType": "ResourceGroupLevelIdentityBasedPolicy",
                "AuthConditions": [{"ConditionKey": "acs:ResourceGroupId", "ConditionValues": ["rg-a"]}]}"#.to_owned(),
            // Ann holds nothing that allows it, the role trusts her
            r#"{"AuthAction": "sts:AssumeRole", "AuthResource": "acs:ram::123:role/App", "ExplicitDeny": false}"#.to_owned(),
            r#"{"AuthAction": "oss:GetObject", "ExplicitDeny": false, "AuthPrincipal": {"AuthPrincipalType": "AssumedRoleUser",
                "AuthPrincipalDisplayName": "App:session"}}"#.to_owned(),
        ] {
            assert_eq!(differences(&fields), Ok(vec![]), "{fields}");
        }
    }

    #[test]
    fn each_difference_is_named() {
        let outcome = |ram, engine| Difference::Outcome { ram, engine };
        let account = PolicyType::AccountLevelIdentityBasedPolicy;
        let layer = |ram, engine| Difference::Layer { ram, engine };
        assert_eq!(
            differences("{}"),
            Ok(vec![outcome(Outcome::ExplicitDeny, Outcome::Allow)])
        );
        assert_eq!(
            differences(r#"{"AuthAction": "oss:GetObject"}"#),
            Ok(vec![outcome(Outcome::ExplicitDeny, Outcome::ImplicitDeny)])
        );
        assert_eq!(
            differences(&format!("{{{PROD}}}")),
            Ok(vec![layer(account, PolicyType::ControlPolicy)])
        );
        let found = differences(&format!("{{{NIGHT}, {}}}", denying("Days", "RamUser"))).unwrap();
        let [
            Difference::NotMatched {
                policy, statements, ..
            },
            Difference::NotInRam { statement },
        ] = &found[..]
        else {
            panic!("{found:?}");
        };
        assert_eq!((&**policy, statements.len()), ("Days", 0));
        assert_eq!(statement.to_string(), "NoNights#1");
        let found = differences(&format!("{{{}}}", denying("NoNights", "RamUser"))).unwrap();
        let Some(Difference::NotMatched { statements, .. }) = found.get(1) else {
            panic!("{found:?}");
        };
        let mismatch = statements[0].mismatch.as_ref().unwrap();
        assert_eq!(mismatch.element(), "StringLike acs:RequestTag/shift");
    }

    #[test]
    fn what_a_message_or_the_directory_lacks_is_said() {
        let caller = |kind: &str, owner: &str, name: &str| {
            format!(
                r#"{{"AuthPrincipal": {{"AuthPrincipalType": "{kind}", "AuthPrincipalOwnerId": "{owner}", "AuthPrincipalDisplayName": "{name}"}}}}"#
            )
        };
        for (fields, words) in [
            (caller("SubUser", "123", "2002"), "no user has id 2002"),
            // A name that somebody chose is no id
            (caller("SubUser", "123", "ann"), "`ann` is no id of a RAM user, which has digits alone"),
            (
                caller("SubUser", "9", "2001"),
                "account 9, and the configuration is that of account 123: leave the message out, or replay it with",
            ),
            (caller("AssumedRoleUser", "123", "Gone:s"), "role `Gone` is not in the directory: add it"),
            (caller("Federated", "123", "saml-provider/x"), "callers of type Federated are not in directories: leave"),
            (
                r#"{"NoPermissionPolicyType": "SessionPolicy"}"#.to_owned(),
                "give it with --session",
            ),
            (
                r#"{"AuthConditions": [{"ConditionKey": "acs:ResourceGroupId", "ConditionValues": ["rg-a", "rg-b"]}]}"#.to_owned(),
                "2 values for acs:ResourceGroupId",
            ),
            (
                r#"{"AuthAction": "sts:AssumeRole", "AuthResource": "acs:ram::123:role/Gone"}"#.to_owned(),
                "Gone` is not in the directory",
            ),
        ] {
            let error = differences(&fields).unwrap_err().to_string();
            assert!(error.contains(words), "{fields}: {error}");
        }
    }
}
