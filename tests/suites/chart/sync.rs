//! The CronJob that reads RAM from the cloud: opt-in, with rights on its own ConfigMaps alone.

use std::process::Command;

use serde_json::{Value, json};

use crate::render::{NAMESPACE, refusal, render, runs_one_at_a_time, strings, values_of};

/// The fewest values with which it is rendered
fn on(more: Value) -> Value {
    let mut sync = json!({"enabled": true, "region": "cn-hangzhou"});
    sync.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"sync": sync})
}

fn pod(values: &Value) -> Value {
    let manifests = render(values);
    manifests.named("CronJob", "ramgate-sync")["spec"]["jobTemplate"]["spec"]["template"].clone()
}

#[test]
fn it_is_off_by_default() {
    let manifests = render(&json!({}));
    assert!(manifests.kind("CronJob").is_empty());
    assert!(
        manifests
            .all()
            .iter()
            .all(|object| object["metadata"]["name"] != "ramgate-sync")
    );
}

#[test]
fn the_sync_may_read_and_write_its_config_maps_and_no_more() {
    for (values, names) in [
        (
            on(json!({})),
            ["ramgate-ram-policies", "ramgate-ram-directory"].as_slice(),
        ),
        (
            values_of("sync"),
            &[
                "ram-policies-a",
                "ram-policies-b",
                "ram-directory-a",
                "ram-directory-b",
            ],
        ),
    ] {
        let manifests = render(&values);
        let rule = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": names, "verbs": ["get", "patch"]});
        assert_eq!(manifests.named("Role", "ramgate-sync")["rules"], json!([rule]));
        let account = json!([{"kind": "ServiceAccount", "name": "ramgate-sync", "namespace": NAMESPACE}]);
        let of_account = |object: &&Value| object["subjects"] == account;
        let roles: Vec<Value> = ["RoleBinding", "ClusterRoleBinding"]
            .iter()
            .flat_map(|kind| {
                manifests
                    .kind(kind)
                    .into_iter()
                    .filter(of_account)
                    .map(|binding| binding["roleRef"].clone())
            })
            .collect();
        assert_eq!(
            roles,
            [json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "ramgate-sync"})]
        );
        // The webhook's account gains nothing
        assert_eq!(
            manifests.named("Role", "ramgate")["rules"],
            render(&json!({})).named("Role", "ramgate")["rules"]
        );
        for name in names {
            let config_map = manifests.named("ConfigMap", name);
            let kind = if name.contains("policies") {
                "policy"
            } else {
                "directory"
            };
            assert_eq!(config_map["metadata"]["labels"]["ramgate.io/config"], kind);
            assert_eq!(
                config_map["metadata"]["annotations"]["helm.sh/resource-policy"],
                "keep"
            );
            assert!(
                config_map["data"].is_null(),
                "Helm owns nothing of what the sync writes"
            );
        }
    }
}

#[test]
fn it_takes_what_it_is_told() {
    assert_eq!(
        strings(&pod(&on(json!({})))["spec"]["containers"][0]["args"]),
        [
            "sync",
            "--namespace=ramgate-system",
            "--policy-config-map=ramgate-ram-policies",
            "--directory-config-map=ramgate-ram-directory",
            "--region=cn-hangzhou",
            "--network=public",
            "--accept-loss=0",
            "--deadline=600",
        ]
    );
    let told = values_of("sync");
    let pod = pod(&told);
    let arguments = strings(&pod["spec"]["containers"][0]["args"]).join(" ");
    for part in [
        "--policy-config-map=ram-policies-a --policy-config-map=ram-policies-b",
        "--directory-config-map=ram-directory-a --directory-config-map=ram-directory-b",
        "--network=vpc",
        "--account=1234567890123456",
        "--own-account-section",
        "--own-resource-group=rg-default",
        "--own-policy=EciReadOnly",
    ] {
        assert!(arguments.contains(part), "{part} is not in {arguments}");
    }
    assert_eq!(pod["metadata"]["labels"]["team"], "platform");
    // As far as looking for credentials, no flag is unknown, malformed or contradictory
    let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(strings(&pod["spec"]["containers"][0]["args"]))
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there are no credentials"), "{said}");
}

#[test]
fn a_role_comes_with_a_token_that_only_sts_takes() {
    let role = pod(&values_of("sync"));
    let volume = &role["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(
        volume,
        &json!({"audience": "sts.aliyuncs.com", "expirationSeconds": 3600, "path": "token"})
    );
    let names = |pod: &Value| -> Vec<String> {
        let variables = pod["spec"]["containers"][0]["env"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        variables
            .iter()
            .map(|variable| variable["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let variables = [
        "ALIBABA_CLOUD_ROLE_ARN",
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    ];
    assert_eq!(names(&role), variables);
    let secret = pod(&on(json!({"credentialsSecret": "key"})));
    assert_eq!(
        names(&secret),
        ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    );
    assert!(secret["spec"]["volumes"].is_null());
    // The annotation of ack-pod-identity-webhook
    let annotations = json!({"pod-identity.alibabacloud.com/role-name": "ramgate-sync"});
    let injected = on(json!({"serviceAccount": {"annotations": annotations}}));
    assert!(names(&pod(&injected)).is_empty());
    let account = render(&injected).named("ServiceAccount", "ramgate-sync").clone();
    assert_eq!(account["metadata"]["annotations"], annotations);
}

#[test]
fn one_run_at_a_time_ends_in_bounded_time() {
    let manifests = render(&on(json!({"schedule": "0 * * * *", "deadlineSeconds": 100})));
    runs_one_at_a_time(&manifests, "ramgate-sync", 160);
    // A CronJob's name is shorter than others
    let long =
        json!({"fullnameOverride": "r".repeat(53), "sync": {"enabled": true, "region": "cn-hangzhou"}});
    let name = render(&long).kind("CronJob")[0]["metadata"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(name.len() <= 52 && name.ends_with("-sync"), "{name}");
}

#[test]
fn nobody_connects_to_it_and_it_reaches_apis_and_dns() {
    let manifests = render(&values_of("sync"));
    let policy = &manifests.named("NetworkPolicy", "ramgate-sync")["spec"];
    assert_eq!(strings(&policy["policyTypes"]), ["Ingress", "Egress"]);
    assert!(policy["ingress"].is_null());
    let tcp = |port: u16| json!({"port": port, "protocol": "TCP"});
    let dns = json!({"ports": [{"port": 53, "protocol": "UDP"}, tcp(53)]});
    assert_eq!(policy["egress"], json!([{"ports": [tcp(443), tcp(6443)]}, dns]));
    let labels = &pod(&values_of("sync"))["metadata"]["labels"];
    for (key, value) in policy["podSelector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(&labels[key], value);
    }
    // Its pods are none of the webhook's
    let webhook = &manifests.named("Service", "ramgate")["spec"]["selector"];
    assert_ne!(
        labels["app.kubernetes.io/name"],
        webhook["app.kubernetes.io/name"]
    );
    assert!(render(&on(json!({}))).kind("NetworkPolicy").is_empty());
}

#[test]
fn contradictions_of_the_sync_are_named() {
    for (values, said) in [
        (
            json!({"sync": {"enabled": true}}),
            "sync.region must name the cluster's region",
        ),
        (
            on(json!({"rrsa": {"roleArn": "acs:ram::1:role/r"}})),
            "sync.rrsa.roleArn and sync.rrsa.oidcProviderArn belong together",
        ),
        (
            on(
                json!({"rrsa": {"roleArn": "acs:ram::1:role/r", "oidcProviderArn": "acs:ram::1:oidc-provider/p"}, "credentialsSecret": "k"}),
            ),
            "exclude each other",
        ),
        (
            on(json!({"own": {"accountSection": true}})),
            "sync.account must say which account it is",
        ),
        (
            on(json!({"policyConfigMaps": ["ramgate-cluster"]})),
            "must not name ramgate-cluster",
        ),
        (
            on(json!({"policyConfigMaps": ["a"], "directoryConfigMaps": ["a"]})),
            "name a ConfigMap twice: a, a",
        ),
        (on(json!({"region": "evil.example/"})), "region"),
        (on(json!({"rrsa": {"roleArn": "role"}})), "roleArn"),
    ] {
        let refusal = refusal(&values);
        assert!(refusal.contains(said), "{said}: {refusal}");
    }
}
