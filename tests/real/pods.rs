//! Pods at the gate: what people and controllers see at `kubectl apply`.

use serde_json::Value;
use serde_json::json;

use crate::harness::cluster::{Namespace, shared};
use crate::harness::objects::{TAGS, allow, eci_pod, pod};
use crate::harness::wait::eventually;

const CREATE: &[&str] = &["eci:CreateContainerGroup"];

/// The condition that a request tag has one of these values
fn tagged(key: &str, values: &[&str]) -> Value {
    json!({"StringEquals": {format!("acs:RequestTag/{key}"): values}})
}

/// Fails unless the text contains every one of the parts
#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}

#[test]
fn a_pod_bound_for_eci_is_denied_with_the_reason_and_allowed_after_the_tag_is_added() {
    let space = shared().namespace("denied", &[]);
    space.ram_user("alice", &json!([allow(CREATE, &tagged("env", &["test"]))]));
    let alice = space.editor("alice@example.com");

    let denial = alice.apply(&eci_pod("web", &[])).failure();
    assert_says(
        &denial,
        &["denied the request: `alice@example.com` (RAM user `alice`) may not create pod"],
    );
    assert_says(
        &denial,
        &["tag `env` must be `test`, but the pod has no such tag"],
    );
    assert_says(
        &denial,
        &[&format!(
            "Under metadata.annotations, write:\n{TAGS}: \"env:test\"\n"
        )],
    );
    assert_says(
        &denial,
        &[
            "AuthAction: eci:CreateContainerGroup",
            "NoPermissionType: ImplicitDeny",
        ],
    );
    let denial = alice.apply(&eci_pod("web", &[(TAGS, "env:prod")])).failure();
    assert_says(&denial, &["tag `env` must be `test`, but it is `prod`"]);
    assert!(alice.run(&["get", "pod", "web"]).failure().contains("not found"));

    alice.apply(&eci_pod("web", &[(TAGS, "env:test")])).success();
    assert_eq!(
        alice.get(&["pod", "web"])["metadata"]["annotations"][TAGS],
        "env:test"
    );
}

#[test]
fn an_explicit_deny_names_the_statement_that_denies() {
    let space = shared().namespace("deny", &[]);
    let deny =
        json!({"Effect": "Deny", "Action": "eci:*", "Resource": "*", "Condition": tagged("env", &["prod"])});
    space.ram_user("dora", &json!([allow(CREATE, &json!({})), deny]));
    let dora = space.editor("dora@example.com");

    dora.apply(&eci_pod("test", &[(TAGS, "env:test")])).success();
    let denial = dora.apply(&eci_pod("prod", &[(TAGS, "env:prod")])).failure();
    assert_says(
        &denial,
        &[
            "ExplicitDeny",
            "`dora#2` forbids eci:CreateContainerGroup, because tag `env` is `prod`",
        ],
    );
}

#[test]
fn a_tag_of_the_namespace_is_written_into_the_pod_before_it_is_judged() {
    let space = shared().namespace("mapped", &[("env", "test"), ("owner", "payments")]);
    let conditions =
        json!({"StringEquals": {"acs:RequestTag/env": "test", "acs:RequestTag/owner": "payments"}});
    space.ram_user("mapper", &json!([allow(CREATE, &conditions)]));
    let mapper = space.editor("mapper@example.com");

    mapper.apply(&eci_pod("silent", &[])).success();
    let tags = |name: &str| mapper.get(&["pod", name])["metadata"]["annotations"][TAGS].clone();
    assert_eq!(tags("silent"), "env:test,owner:payments");
    // What is enforced is replaced where it stands, and the order of the rest is kept.
    mapper
        .apply(&eci_pod("loud", &[(TAGS, "owner:me,app:web")]))
        .success();
    assert_eq!(tags("loud"), "owner:payments,app:web,env:test");
    // What only fills in never overrules, so this one is judged with what it says.
    let denial = mapper.apply(&eci_pod("other", &[(TAGS, "env:prod")])).failure();
    assert_says(&denial, &["tag `env` must be `test`, but it is `prod`"]);
    // A pod that does not go to ECI is left as it was.
    mapper.apply(&pod("plain")).success();
    assert_eq!(tags("plain"), Value::Null);
}

#[test]
fn a_pod_that_gets_its_name_from_the_api_server_is_judged_too() {
    let space = shared().namespace("nameless", &[]);
    space.ram_user("nameless", &json!([allow(CREATE, &tagged("env", &["test"]))]));
    let editor = space.editor("nameless@example.com");
    let mut pod = eci_pod("any", &[(TAGS, "env:test")]);
    pod["metadata"].as_object_mut().unwrap().remove("name");
    pod["metadata"]["generateName"] = "job-".into();

    editor.give(&["create"], &pod).success();
    pod["metadata"]["annotations"][TAGS] = "env:prod".into();
    assert_says(
        &editor.give(&["create"], &pod).failure(),
        &["eci:CreateContainerGroup"],
    );
}

#[test]
fn an_update_is_judged_if_it_changes_what_eci_knows_of_the_pod_and_only_then() {
    let space = shared().namespace("updated", &[]);
    let own = json!({"StringEquals": {"acs:ResourceTag/env": ["test", "staging"]}});
    let statements = json!([
        allow(CREATE, &json!({})),
        allow(&["eci:UpdateContainerGroup"], &own)
    ]);
    space.ram_user("ursula", &statements);
    let ursula = space.editor("ursula@example.com");
    ursula.apply(&eci_pod("web", &[(TAGS, "env:test")])).success();
    ursula.apply(&eci_pod("live", &[(TAGS, "env:prod")])).success();
    let retag = |pod: &str, tags: &str| {
        ursula.run(&["annotate", "--overwrite", "pod", pod, &format!("{TAGS}={tags}")])
    };

    assert_says(
        &retag("web", "env:prod").failure(),
        &["eci:UpdateContainerGroup", "but it is `prod`"],
    );
    retag("web", "env:staging").success();
    assert_says(
        &retag("live", "env:test").failure(),
        &["eci:UpdateContainerGroup", "but it is `prod`"],
    );
    let image = "main=registry.example.com/app:2";
    assert_says(
        &ursula.run(&["set", "image", "pod/live", image]).failure(),
        &["eci:UpdateContainerGroup"],
    );
    ursula.run(&["set", "image", "pod/web", image]).success();
    // Neither a label nor a foreign annotation is ECI's, whatever the policy says.
    ursula.run(&["label", "pod", "live", "tier=back"]).success();
    ursula
        .run(&["annotate", "pod", "live", "example.com/note=hello"])
        .success();
    // Nor can a pod slip away from its policy by losing its mark.
    let unmark = ursula
        .run(&["annotate", "pod", "live", &format!("{TAGS}-")])
        .failure();
    assert_says(&unmark, &["eci:UpdateContainerGroup"]);
}

#[test]
fn a_deletion_is_judged_by_the_tags_of_the_pod() {
    let space = shared().namespace("deleted", &[]);
    let owned = json!({"StringEquals": {"acs:ResourceTag/env": "test"}});
    let statements = json!([
        allow(CREATE, &json!({})),
        allow(&["eci:DeleteContainerGroup"], &owned)
    ]);
    space.ram_user("dieter", &statements);
    let dieter = space.editor("dieter@example.com");
    dieter.apply(&eci_pod("test", &[(TAGS, "env:test")])).success();
    dieter.apply(&eci_pod("live", &[(TAGS, "env:prod")])).success();
    dieter.apply(&pod("plain")).success();

    let denial = dieter.run(&["delete", "pod", "live"]).failure();
    assert_says(
        &denial,
        &[
            "eci:DeleteContainerGroup",
            "tag `env` must be `test`, but it is `prod`",
        ],
    );
    dieter.run(&["delete", "pod", "test"]).success();
    dieter.run(&["delete", "pod", "plain"]).success();
    // What clears up in the cluster is not asked for a RAM principal.
    let controller = "system:serviceaccount:kube-system:namespace-controller";
    space
        .admin()
        .acting_as(controller, &["system:serviceaccounts"])
        .run(&["delete", "pod", "live"])
        .success();
}

#[test]
fn a_person_without_a_ram_principal_is_denied_and_told_so() {
    let space = shared().namespace("stranger", &[]);
    let stranger = space.editor("stranger@example.com");

    let denial = stranger.apply(&eci_pod("web", &[])).failure();
    assert_says(
        &denial,
        &[
            "`stranger@example.com` may not create",
            "bound to no RAM user or role",
        ],
    );
    stranger.apply(&pod("plain")).success();
}

#[test]
fn a_namespaces_label_sends_its_pods_to_the_gate() {
    let space = shared().namespace("labelled", &[("alibabacloud.com/eci", "true")]);
    space.ram_user("lena", &json!([allow(CREATE, &tagged("env", &["test"]))]));
    let lena = space.editor("lena@example.com");

    assert_says(
        &lena.apply(&pod("web")).failure(),
        &["eci:CreateContainerGroup", "tag `env` must be `test`"],
    );
    let mut tagged = pod("web");
    tagged["metadata"]["annotations"] = json!({TAGS: "env:test"});
    lena.apply(&tagged).success();
}

#[test]
fn a_controllers_pod_bound_for_eci_is_denied_with_a_message_that_says_why() {
    let space = shared().namespace("controller", &[]);
    let user = "system:serviceaccount:kube-system:replicaset-controller";
    let groups = [
        "system:serviceaccounts",
        "system:serviceaccounts:kube-system",
        "system:authenticated",
    ];
    let controller = space.admin().acting_as(user, &groups);

    let denial = controller.give(&["create"], &eci_pod("web-abcde", &[])).failure();
    assert_says(&denial, &["denied the request", "replicaset-controller"]);
    controller.give(&["create"], &pod("plain-abcde")).success();
}

#[test]
fn malformed_tags_are_denied_or_warned_of_with_what_is_wrong() {
    shared().ram_user("malcolm", &json!([allow(CREATE, &json!({}))]));
    let malformed = eci_pod("web", &[(TAGS, "env=test")]);
    let malcolm = |space: &Namespace<'_>| space.editor("malcolm@example.com");
    let denial = malcolm(&shared().namespace("malformed", &[]))
        .apply(&malformed)
        .failure();
    assert_says(&denial, &["denied the request", TAGS, "env=test"]);
    let outcome = malcolm(&shared().namespace_named("soft", &[]))
        .apply(&malformed)
        .success();
    assert_says(&outcome.stderr, &["Warning:", TAGS, "env=test"]);
}

#[test]
fn in_a_namespace_in_warn_mode_the_pod_is_let_in_with_a_warning() {
    let space = shared().namespace_named("soft", &[]);
    let stranger = space.editor("stranger@example.com");

    let outcome = stranger.apply(&eci_pod("warned", &[])).success();
    assert_says(&outcome.stderr, &["Warning:", "stranger@example.com"]);
}

#[test]
fn in_a_namespace_in_audit_mode_the_pod_is_let_in_silently_and_recorded() {
    let space = shared().namespace_named("quiet", &[]);
    let stranger = space.editor("stranger@example.com");

    let outcome = stranger.apply(&eci_pod("recorded", &[])).success();
    assert!(!outcome.stderr.contains("Warning"), "{}", outcome.stderr);
    eventually("the API server's audit log has the decision", || {
        let log = space.plane.audit_log();
        let entries = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut ours = entries.filter(|entry| entry["objectRef"]["name"] == "recorded");
        let found = ours.any(|entry| entry["annotations"].to_string().contains("ramgate.io/"));
        if found {
            Ok(())
        } else {
            Err(log.lines().last().unwrap_or("nothing").to_owned())
        }
    });
}
