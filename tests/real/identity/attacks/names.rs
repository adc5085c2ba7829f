//! Names that look like other names.

use serde_json::json;

use crate::harness::cast::{ALICE, BOB, MALLORY};
use crate::harness::objects::{TAGS, allow, policy};
use crate::harness::stage::{STAMP, Stage, assert_says, assert_stamped, stamp, template};
use crate::harness::workloads::{To, deployment, pod};

/// A service account named like a controller, in a namespace of one's own: only the full name in kube-system counts.
#[test]
fn a_service_account_named_like_a_controller_is_nobody() {
    let stage = Stage::new("impostor");
    stage
        .person(ALICE)
        .apply(&deployment("web", To::Virtual, "env:test"))
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    let made = template(&sets[0]);
    let mut metadata = made["metadata"].clone();
    metadata["name"] = "forged".into();
    let forged = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": made["spec"]});
    assert!(stamp(&forged).is_some());

    let own = format!("system:serviceaccount:{}:replicaset-controller", stage.name);
    for impostor in [
        own.as_str(),
        "system:serviceaccount:kube-system:replicaset-controller-2",
        "system:serviceaccount:kube-system2:replicaset-controller",
        "system:serviceaccount:kube-system:default",
        "replicaset-controller",
        "System:serviceaccount:kube-system:replicaset-controller",
    ] {
        // With every right that Kubernetes has to give.
        let who = stage.rest_in(
            impostor,
            &["system:masters", "system:serviceaccounts:kube-system"],
        );
        let denial = who.create(&stage.path("pods"), &forged).denial();
        assert_says(&denial, &[impostor]);
        let denial = who
            .create(&stage.path("replicasets"), &{
                let mut set =
                    crate::harness::workloads::workload("replicasets", "forged", To::Virtual, "env:test");
                set["spec"]["template"]["metadata"]["annotations"][STAMP] =
                    made["metadata"]["annotations"][STAMP].clone();
                set
            })
            .denial();
        assert_says(&denial, &[impostor]);
    }
}

/// A pod or workload without a name of its own, and a dry run: neither escapes the gate, and the latter leaves nothing.
#[test]
fn an_object_without_a_name_and_a_dry_run_are_judged_and_stamped_as_any_other() {
    let stage = Stage::new("nameless");
    let mut file = deployment("web", To::Virtual, "env:test");
    let mut bare = pod("web", To::Virtual, "env:test");
    for object in [&mut file, &mut bare] {
        object["metadata"].as_object_mut().unwrap().remove("name");
        object["metadata"]["generateName"] = "web-".into();
    }
    for query in ["", "?dryRun=All"] {
        for user in [BOB, MALLORY] {
            for (resource, object) in [("deployments", &file), ("pods", &bare)] {
                let path = stage.path(resource) + query;
                let denial = stage.rest(user).create(&path, object).denial();
                assert_says(&denial, &[user]);
            }
        }
        let path = stage.path("deployments") + query;
        let made = stage.rest(ALICE).create(&path, &file).success();
        assert_stamped(template(&made), ALICE);
        let path = stage.path("pods") + query;
        let made = stage.rest(ALICE).create(&path, &bare).success();
        assert_stamped(&made, ALICE);
    }
    let deployments = stage.rest.list(&stage.path("deployments"));
    assert_eq!(deployments.len(), 1, "the dry run left nothing");
}

/// User names with wildcards, colons, odd characters, other letters: names are compared byte by byte.
#[test]
fn a_user_name_that_resembles_another_s_is_another_s() {
    let stage = Stage::new("lookalike");
    let file = pod("web", To::Virtual, "env:test");
    for name in [
        "*",
        "alice*",
        "alice@example.*",
        "Alice@example.com",
        "alice@example.com ",
        " alice@example.com",
        "alice@example.com\u{200b}",
        "\u{430}lice@example.com",
        "alice@example.com:",
        "user/alice",
        "account",
        "system:serviceaccount:tools:pipeline:extra",
        "`alice@example.com` (RAM user `alice`)",
        "\"alice@example.com\"",
    ] {
        // By a certificate, since headers carry only some of these.
        let who = stage
            .plane
            .person(name, Some("system:masters"))
            .within(&stage.name);
        let denial = who.give(&["create"], &file).failure();
        assert_says(&denial, &["denied the request", "bound to no RAM"]);
    }
    let long = "a".repeat(2000);
    let who = stage.rest_in(&long, &["system:masters"]);
    who.create(&stage.path("pods"), &file).denial();
}

/// Very long lists of groups, and groups named like users: a group is no user.
#[test]
fn many_groups_and_groups_named_like_users_bring_no_rights() {
    let stage = Stage::new("groups");
    let file = pod("web", To::Virtual, "env:test");
    let mut groups: Vec<String> = (0..500).map(|number| format!("group-{number}")).collect();
    for name in [ALICE, "alice", "user/alice", "system:masters"] {
        groups.push(name.to_owned());
    }
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let denial = stage
        .rest_in(MALLORY, &groups)
        .create(&stage.path("pods"), &file)
        .denial();
    assert_says(&denial, &[MALLORY, "bound to no RAM"]);
    let made = stage
        .rest_in(ALICE, &groups)
        .create(&stage.path("pods"), &file)
        .success();
    assert_stamped(&made, ALICE);
}

/// The same name after the account was deleted: rights are those of whoever has the name in RAM today.
#[test]
fn a_name_that_is_given_again_has_the_rights_of_its_new_holder_alone() {
    let stage = Stage::new("again");
    let name = format!("frank-{}", stage.name);
    let user = format!("{name}@example.com");
    stage.ram_user(&name, &json!([allow(&["eci:*"], &json!({}))]));
    let frank = stage.rest_in(&user, &["system:masters"]);
    frank
        .create(
            &stage.path("deployments"),
            &deployment("web", To::Virtual, "env:test"),
        )
        .success();
    let sets = stage.wait_for_children("replicasets", &stage.settled("deployments/web"), 1);
    let pods = stage.wait_for_children("pods", &sets[0], 1);

    // The account goes, and with it what its workloads may.
    let maps = stage.admin().within(crate::harness::install::NAMESPACE);
    maps.run(&["delete", "configmap", &format!("{name}-user")])
        .success();
    crate::harness::wait::eventually("frank is gone", || {
        let reply = frank.create(
            &(stage.path("pods") + "?dryRun=All"),
            &pod("try", To::Virtual, "env:test"),
        );
        if reply.succeeded() {
            Err("he still is there")
        } else {
            Ok(())
        }
    });
    stage.lose(&pods[0]);
    stage.wait_for_event("FailedCreate", &["denied the request", &user]);

    // Another Frank of that name may nothing, and neither may the old one's Deployment.
    stage.configure(&policy(&name, &json!([allow(&["oss:*"], &json!({}))])));
    stage.configure(&crate::harness::objects::user(&name));
    frank
        .create(
            &stage.path("pods"),
            &crate::harness::workloads::pod("new", To::Virtual, "env:test"),
        )
        .denial();
    stage.wait_for_event(
        "FailedCreate",
        &["denied the request", "eci:CreateContainerGroup"],
    );
    assert_eq!(stage.children("pods", &sets[0]).len(), 0);
}

/// Annotations that differ by case, blank or an older spelling: they are named, and never read as the known ones.
#[test]
fn an_annotation_that_resembles_one_of_ecis_is_warned_of_and_not_read() {
    let stage = Stage::new("keys");
    for key in [
        "k8s.aliyun.com/ECI-Custom-Tags",
        "k8s.aliyun.com/eci-custom-tag",
        "k8s.aliyun.com/eci_custom_tags",
        "eci.aliyun.com/eci-custom-tags",
        "k8s.aliyun.com/eci-resourcegroup-id",
        "k8s.aliyun.com/eci-ram-rolename",
    ] {
        let mut file = deployment("web", To::Virtual, "");
        file["spec"]["template"]["metadata"]["annotations"] = json!({key: "env:test"});
        let denial = stage.person(ALICE).apply(&file).failure();
        assert_says(&denial, &["denied the request", "no such tag"]);
        file["spec"]["template"]["metadata"]["annotations"][TAGS] = "env:test".into();
        let outcome = stage.person(ALICE).apply(&file).success();
        assert_says(&outcome.stderr, &["Warning:", key]);
        stage.rest.delete(&stage.path("deployments/web")).success();
    }
}
