//! Exceptions: what several together let pass, and what the audit log keeps.

use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::admission::offline::{Operation, Request};
use crate::admission::tests::*;
use crate::config::ParsedDocument;

const POLICY: &str = r#"{"Version": "1", "Statement": [
    {"Effect": "Allow", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"eci:tag/env": "test"}}},
    {"Effect": "Deny", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"eci:tag/a": "x"}}},
    {"Effect": "Deny", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"eci:tag/b": "x"}}}]}"#;

/// An exception as its parts: subjects, namespaces, codes with statements, actions
type Parts = (
    Vec<&'static str>,
    Vec<&'static str>,
    Vec<&'static str>,
    Vec<&'static str>,
);

fn exception(name: &str, (users, namespaces, codes, actions): &Parts) -> String {
    let users: Vec<String> = users
        .iter()
        .map(|user| format!("{{kind: User, name: {user}}}"))
        .collect();
    let denies: Vec<String> = codes
        .iter()
        .filter_map(|code| code.strip_prefix('#'))
        .map(|number| format!("\"P#{number}\""))
        .collect();
    let mut plain: Vec<&str> = codes
        .iter()
        .copied()
        .filter(|code| !code.starts_with('#'))
        .collect();
    if !denies.is_empty() {
        plain.push("ExplicitDeny");
    }
    format!(
        "- {{name: {name}, subjects: [{}], namespaces: [{}], codes: [{}], statements: [{}], actions: [{}], \
         until: '2026-12-31T18:00:00Z', reason: r, owner: o}}\n",
        users.join(", "),
        namespaces.join(", "),
        plain.join(", "),
        denies.join(", "),
        actions.join(", ")
    )
}

fn with(exceptions: &str) -> Configuration {
    let directory = format!(
        "account: {{id: '1', region: r}}\n\
         users: [{{name: alice, policies: [{{policy: P}}]}}]\n\
         roles: [{{name: App, trustPolicy: {{Version: '1', Statement: [{{Effect: Allow, Action: sts:AssumeRole, Principal: {{Service: [ecs.aliyuncs.com]}}}}]}}}}]\n\
         bindings: [{{principal: user/alice, subjects: [{{kind: User, name: alice}}]}}]\n\
         exceptions:\n{exceptions}"
    );
    let directory = ParsedDocument::directory(directory.as_bytes());
    let policy = ParsedDocument::policy("P", POLICY.as_bytes());
    crate::config::merge([("people/x", &directory), ("rules/P.json", &policy)]).unwrap()
}

fn answer(exceptions: &str, user: &str, namespace: &str, tags: &str, has_role: bool) -> Response {
    let mut annotations = json!({CUSTOM_TAGS: tags});
    if has_role {
        annotations["k8s.aliyun.com/eci-ram-role-name"] = "App".into();
    }
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": namespace, "labels": {"alibabacloud.com/eci": "true"}, "annotations": annotations},
        "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
    });
    let request = Request {
        operation: Operation::Create(&pod),
        subresource: "",
        user,
        groups: &[],
        extra: None,
    };
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    let modes = Modes::everywhere(Mode::Enforce);
    let cluster = ClusterSnapshot::default();
    offline::run(&request, &with(exceptions), &cluster, &modes, now)
        .unwrap()
        .response
}

fn parts() -> impl Strategy<Value = Parts> {
    let users = vec!["alice", "robot"];
    let codes = vec!["ImplicitDeny", "UnboundIdentity", "#2", "#3"];
    (
        subsequence(users, 1..=2),
        subsequence(vec!["shop", "bank"], 1..=2),
        subsequence(codes, 1..=4),
        subsequence(vec!["eci:CreateContainerGroup", "ram:PassRole"], 0..=2),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn overlapping_exceptions_never_widen(
        one in parts(),
        other in parts(),
        user in prop::sample::select(vec!["alice", "robot"]),
        namespace in prop::sample::select(vec!["shop", "bank"]),
        tags in prop::sample::select(vec!["env:test", "env:prod", "env:test,a:x", "a:x", "a:x,b:x", "env:test,a:x,b:x"]),
        has_role in any::<bool>(),
    ) {
        let (one, other) = (exception("one", &one), exception("other", &other));
        let passes = |exceptions: &str| answer(exceptions, user, namespace, tags, has_role).decision.passes();
        let both = passes(&format!("{one}{other}"));
        prop_assert_eq!(both, passes(&one) || passes(&other));
    }
}

#[test]
fn the_audit_log_and_the_warning_name_the_exception() {
    let all = (vec!["alice"], vec!["shop"], vec!["ImplicitDeny"], vec![]);
    let excused = answer(&exception("move", &all), "alice", "shop", "env:prod", false);
    let body: Value = serde_json::from_slice(&excused.body).unwrap();
    let audit = &body["response"]["auditAnnotations"];
    assert_eq!(
        (&audit["decision"], &audit["mode"], &audit["exception"]),
        (
            &json!("warn"),
            &json!("enforce"),
            &json!("move, until 2026-12-31T18:00:00Z, owner o")
        )
    );
    assert!(
        excused.warnings[0]
            .starts_with("ramgate: allowed until 2026-12-31T18:00:00Z by exception move, after that"),
        "{:?}",
        excused.warnings
    );
    let denied = answer(&exception("move", &all), "alice", "bank", "env:prod", false);
    assert!(!denied.decision.passes() && denied.exception().is_none());
}
