//! The Deployment and what stands around it.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::render::{NAMESPACE, render, strings, supported, values_of};

fn pod_specs(values: &Value) -> Vec<Value> {
    let manifests = render(values);
    let templates = manifests
        .all()
        .iter()
        .filter_map(|object| match object["kind"].as_str().unwrap() {
            "Deployment" | "Job" => Some(&object["spec"]["template"]),
            "CronJob" => Some(&object["spec"]["jobTemplate"]["spec"]["template"]),
            _ => None,
        });
    templates.map(|template| template["spec"].clone()).collect()
}

#[test]
fn pods_are_hardened() {
    for (name, values) in supported() {
        for spec in pod_specs(&values) {
            let context = &spec["securityContext"];
            assert_eq!(context["runAsNonRoot"], true, "{name}");
            assert_eq!(context["runAsUser"], 65532, "{name}");
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{name}");
            let container = &spec["containers"][0]["securityContext"];
            assert_eq!(container["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(container["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(container["capabilities"], json!({"drop": ["ALL"]}), "{name}");
            assert!(
                spec["containers"][0]["resources"]["limits"]["memory"].is_string(),
                "{name}"
            );
            assert!(
                spec["hostNetwork"].is_null() && spec["hostPID"].is_null(),
                "{name}"
            );
        }
    }
}

#[test]
fn every_term_of_the_affinity_keeps_off_virtual_nodes() {
    for (name, values) in supported() {
        let serverless = values["cluster"]["serverless"] == true;
        for spec in pod_specs(&values) {
            let required =
                &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
            if serverless {
                assert!(required.is_null(), "{name}: there is nothing but virtual nodes");
                continue;
            }
            for term in required["nodeSelectorTerms"].as_array().unwrap() {
                let expressions = term["matchExpressions"].as_array().unwrap();
                for wanted in [
                    json!({"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}),
                    json!({"key": "k8s.aliyun.com/vnode", "operator": "NotIn", "values": ["true"]}),
                ] {
                    assert!(expressions.contains(&wanted), "{name}: {term}");
                }
            }
            assert!(
                !spec["tolerations"].to_string().contains("virtual-kubelet"),
                "{name}"
            );
        }
    }
}

#[test]
fn a_virtual_node_of_several_labels_is_one_that_has_them_all() {
    let values = json!({
        "cluster": {"virtualNodes": [
            {"matchLabels": {"a": "1", "b": "2"}},
            {"matchExpressions": [{"key": "c", "operator": "Exists"}]},
        ]},
    });
    let spec = &pod_specs(&values)[0];
    let terms = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
    let keys = |term: &Value| -> Vec<String> {
        let expressions = term["matchExpressions"].as_array().unwrap().iter();
        expressions
            .skip(2)
            .map(|e| {
                format!(
                    "{} {}",
                    e["key"].as_str().unwrap(),
                    e["operator"].as_str().unwrap()
                )
            })
            .collect()
    };
    let found: Vec<_> = terms.as_array().unwrap().iter().map(keys).collect();
    assert_eq!(
        found,
        [["a NotIn", "c DoesNotExist"], ["b NotIn", "c DoesNotExist"]]
    );
}

#[test]
fn replicas_are_spread_and_replaced_one_by_one() {
    let manifests = render(&json!({"replicas": 3}));
    let deployment = manifests.deployment();
    assert_eq!(deployment["spec"]["replicas"], 3);
    assert_eq!(
        deployment["spec"]["strategy"]["rollingUpdate"],
        json!({"maxUnavailable": 0, "maxSurge": 1})
    );
    let spec = &deployment["spec"]["template"]["spec"];
    assert_eq!(
        spec["topologySpreadConstraints"][0]["topologyKey"],
        "topology.kubernetes.io/zone"
    );
    let apart = &spec["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0];
    assert_eq!(apart["podAffinityTerm"]["topologyKey"], "kubernetes.io/hostname");
    assert_eq!(spec["priorityClassName"], "system-cluster-critical");
    assert_eq!(
        manifests.named("PodDisruptionBudget", "ramgate")["spec"]["maxUnavailable"],
        1
    );
    let selected = &deployment["spec"]["selector"]["matchLabels"];
    for (key, value) in selected.as_object().unwrap() {
        assert_eq!(&deployment["spec"]["template"]["metadata"]["labels"][key], value);
    }
    assert_eq!(
        &manifests.named("Service", "ramgate")["spec"]["selector"],
        selected
    );
    assert_eq!(
        &manifests.named("PodDisruptionBudget", "ramgate")["spec"]["selector"]["matchLabels"],
        selected
    );
}

#[test]
fn the_server_is_told_what_the_values_say() {
    let manifests = render(&json!({}));
    let default = [
        "serve",
        "--namespace=ramgate-system",
        "--listen=0.0.0.0:8443",
        "--admin-listen=0.0.0.0:8080",
        "--probe-listen=0.0.0.0:8081",
        "--mode=warn",
        "--deadline=2500",
        "--max-inflight=64",
        "--shutdown-delay-ms=5000",
        "--tls-secret=ramgate-ca",
        "--tls-name=ramgate.ramgate-system.svc",
        "--webhook-configuration=ramgate",
        "--cluster-config=ramgate-cluster",
        "--installed-webhooks=ramgate-installed",
        "--stale-after=600",
        "--stamp-secret=ramgate-stamp",
        "--stamp-contents=record",
        "--stamp-upgrade-after=900",
        r"--real-node-names=[a-z]{2}-[a-z]+(-[a-z0-9]+)*\.(([0-9]{1,3}\.){3}[0-9]{1,3}|i-[a-z0-9]+)",
        "--log-format=json",
        "--log-level=info",
    ];
    assert_eq!(manifests.arguments(), default);
    let values = json!({
        "mode": "enforce", "namespaceModes": {"b": "audit", "a": "warn"},
        "realNodeNames": r"node'\d$", "authorizer": {"enabled": true},
        "stamp": {"secretName": "keys", "contents": "refuse", "namespaceContents": {"b": "record", "a": "refuse"}, "upgradeAfterSeconds": 31_536_000},
        "server": {"staleAfterSeconds": 120, "deadlineMilliseconds": 1000, "maxInflight": 8, "shutdownDelayMilliseconds": 0, "logFormat": "text", "logLevel": "debug"},
    });
    let manifests = render(&values);
    for argument in [
        "--mode=enforce",
        "--namespace-mode=a=warn",
        "--namespace-mode=b=audit",
        "--stamp-secret=keys",
        "--stamp-contents=refuse",
        "--namespace-stamp-contents=a=refuse",
        "--namespace-stamp-contents=b=record",
        "--stamp-upgrade-after=31536000",
        r"--real-node-names=node'\d$",
        "--authorize",
        "--deadline=1000",
        "--max-inflight=8",
        "--shutdown-delay-ms=0",
        "--stale-after=120",
        "--log-format=text",
        "--log-level=debug",
    ] {
        assert!(
            manifests.arguments().contains(&argument),
            "{argument} is not in {:?}",
            manifests.arguments()
        );
    }
}

#[test]
fn an_argument_is_no_name_of_a_variable() {
    let manifests = render(&json!({"realNodeNames": "node-[0-9]$(POD_NAME)"}));
    // What the kubelet makes `$(POD_NAME)` of, and not the pod's name.
    let argument = "--real-node-names=node-[0-9]$$(POD_NAME)";
    assert!(
        manifests.arguments().contains(&argument),
        "{:?}",
        manifests.arguments()
    );
}

#[test]
fn the_server_takes_what_it_is_told() {
    for (name, values) in supported() {
        let manifests = render(&values);
        // Without a cluster it gets exactly as far as looking for one: no flag is unknown, malformed or contradictory.
        let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .args(manifests.arguments())
            .env_clear()
            .env("HOME", env!("CARGO_TARGET_TMPDIR"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("the way to the cluster's API"), "{name}: {said}");
    }
}

#[test]
fn the_kubelet_asks_a_port_that_is_in_no_service() {
    let manifests = render(&json!({}));
    let container = &manifests.deployment()["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["ports"],
        json!([
            {"name": "https", "containerPort": 8443},
            {"name": "admin", "containerPort": 8080},
            {"name": "probes", "containerPort": 8081},
        ])
    );
    assert_eq!(
        container["readinessProbe"]["httpGet"],
        json!({"path": "/ready", "port": "probes"})
    );
    assert_eq!(
        container["livenessProbe"]["httpGet"],
        json!({"path": "/live", "port": "probes"})
    );
    assert_eq!(container["env"][0]["name"], "POD_NAME");
    assert_eq!(
        container["env"][1],
        json!({"name": "MALLOC_MMAP_THRESHOLD_", "value": "131072"})
    );
    assert_eq!(
        container["env"][2],
        json!({"name": "MALLOC_ARENA_MAX", "value": "4"})
    );
    assert_eq!(
        manifests.named("Service", "ramgate")["spec"]["ports"],
        json!([
            {"name": "https", "port": 443, "targetPort": "https"},
            {"name": "admin", "port": 8080, "targetPort": "admin"},
        ])
    );
}

#[test]
fn who_may_ask_is_told_to_the_server_with_the_authority_mounted() {
    let spec =
        |manifests: &crate::render::Manifests| manifests.deployment()["spec"]["template"]["spec"].clone();
    let open = render(&json!({}));
    assert!(spec(&open)["volumes"].is_null() && spec(&open)["containers"][0]["volumeMounts"].is_null());
    let manifests = render(&json!({
        "server": {
            "clientAuth": {"enabled": true, "caSecret": "clients", "names": ["kube-apiserver", "$(POD_NAME)"]},
            "peers": ["192.0.2.0/24", "2001:db8::/32"],
        },
    }));
    for argument in [
        "--client-ca-file=/etc/ramgate/clients/ca.crt",
        "--client-name=kube-apiserver",
        "--client-name=$$(POD_NAME)",
        "--peer=192.0.2.0/24",
        "--peer=2001:db8::/32",
    ] {
        assert!(
            manifests.arguments().contains(&argument),
            "{argument} is not in {:?}",
            manifests.arguments()
        );
    }
    assert_eq!(
        spec(&manifests)["volumes"],
        json!([{
            "name": "clients",
            "secret": {"secretName": "clients", "defaultMode": "0440", "items": [{"key": "ca.crt", "path": "ca.crt"}]},
        }])
    );
    assert_eq!(
        spec(&manifests)["containers"][0]["volumeMounts"],
        json!([{"name": "clients", "mountPath": "/etc/ramgate/clients", "readOnly": true}])
    );
    let both = render(&json!({
        "server": {"clientAuth": {"enabled": true, "caConfigMap": "clients"}},
        "certificate": {"source": "secret", "secret": {"name": "tls"}},
    }));
    assert!(
        !both
            .arguments()
            .iter()
            .any(|argument| argument.starts_with("--client-name"))
    );
    assert_eq!(spec(&both)["volumes"][0]["secret"]["secretName"], "tls");
    assert_eq!(
        spec(&both)["volumes"][1],
        json!({"name": "clients", "configMap": {"name": "clients", "items": [{"key": "ca.crt", "path": "ca.crt"}]}})
    );
    let names = |list: &Value| -> BTreeSet<String> {
        let list = list.as_array().unwrap();
        list.iter().map(|one| one["name"].to_string()).collect()
    };
    assert_eq!(
        names(&spec(&both)["containers"][0]["volumeMounts"]),
        names(&spec(&both)["volumes"])
    );
}

#[test]
fn a_certificate_has_one_source_and_ca_bundle_one_writer() {
    let tls = |arguments: &[&str]| -> Vec<String> {
        arguments
            .iter()
            .filter(|a| a.starts_with("--tls") || a.starts_with("--webhook"))
            .map(|a| (*a).to_owned())
            .collect()
    };
    let files = [
        "--tls-cert-file=/etc/ramgate/tls/tls.crt",
        "--tls-key-file=/etc/ramgate/tls/tls.key",
        "--webhook-configuration=ramgate",
    ];

    let manifests = render(&values_of("secret"));
    assert_eq!(tls(&manifests.arguments()), files);
    for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
        assert_eq!(
            manifests.named(kind, "ramgate")["metadata"]["annotations"],
            json!({"cert-manager.io/inject-ca-from-secret": "ramgate-system/ramgate-serving"})
        );
    }
    let spec = &manifests.deployment()["spec"]["template"]["spec"];
    assert_eq!(spec["volumes"][0]["secret"]["secretName"], "ramgate-serving");
    assert_eq!(
        spec["containers"][0]["volumeMounts"][0]["mountPath"],
        "/etc/ramgate/tls"
    );

    let manifests = render(&values_of("cert-manager"));
    assert_eq!(tls(&manifests.arguments()), files);
    let annotation = |kind| {
        manifests.named(kind, "ramgate")["metadata"]["annotations"]["cert-manager.io/inject-ca-from"].clone()
    };
    assert_eq!(
        annotation("MutatingWebhookConfiguration"),
        "ramgate-system/ramgate-tls"
    );
    assert_eq!(
        annotation("ValidatingWebhookConfiguration"),
        "ramgate-system/ramgate-tls"
    );
    let leaf = &manifests.named("Certificate", "ramgate-tls")["spec"];
    assert_eq!(leaf["dnsNames"], json!(["ramgate.ramgate-system.svc"]));
    assert_eq!(leaf["issuerRef"], json!({"kind": "Issuer", "name": "ramgate"}));
    assert_eq!(
        manifests.named("Issuer", "ramgate")["spec"]["ca"]["secretName"],
        "ramgate-root"
    );

    let issuer = json!({"name": "company", "kind": "ClusterIssuer"});
    let manifests =
        render(&json!({"certificate": {"source": "cert-manager", "certManager": {"issuerRef": issuer}}}));
    assert!(manifests.kind("Issuer").is_empty());
    assert_eq!(
        manifests.named("Certificate", "ramgate-tls")["spec"]["issuerRef"],
        issuer
    );
}

#[test]
fn no_secret_and_no_key_is_ever_rendered() {
    for (name, values) in supported() {
        assert!(render(&values).kind("Secret").is_empty(), "{name}");
    }
}

#[test]
fn names_labels_and_images_can_be_chosen() {
    let manifests = render(&values_of("self-managed"));
    let deployment = manifests.named("Deployment", "eci-gate");
    let template = &deployment["spec"]["template"];
    assert_eq!(template["metadata"]["labels"]["team"], "platform");
    assert_eq!(
        template["metadata"]["annotations"]["example.com/owner"],
        "platform"
    );
    assert_eq!(template["spec"]["nodeSelector"], json!({"pool": "system"}));
    assert_eq!(template["spec"]["tolerations"][0]["key"], "dedicated");
    let arguments = manifests.arguments();
    for argument in [
        "--tls-secret=eci-gate-ca",
        "--tls-name=eci-gate.ramgate-system.svc",
        "--webhook-configuration=eci-gate",
    ] {
        assert!(
            arguments.contains(&argument),
            "{argument} is not in {arguments:?}"
        );
    }
    let manifests = render(&values_of("secret"));
    let spec = &manifests.deployment()["spec"]["template"]["spec"];
    let image = spec["containers"][0]["image"].as_str().unwrap();
    assert!(
        image.starts_with("registry.example.com/security/ramgate@sha256:"),
        "{image}"
    );
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "registry"}]));
    assert_eq!(spec["serviceAccountName"], "gatekeeper");
}

#[test]
fn every_object_of_a_namespace_says_which() {
    let without = [
        "ClusterRole",
        "ClusterRoleBinding",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    ];
    for (name, values) in supported() {
        for object in render(&values).all() {
            let kind = object["kind"].as_str().unwrap();
            let name_of_object = object["metadata"]["name"].as_str().unwrap();
            let elsewhere = ["Role", "RoleBinding"].contains(&kind) && name_of_object.contains(':');
            let namespace = if without.contains(&kind) {
                Value::Null
            } else if elsewhere && name_of_object.ends_with("-probe") {
                // Where the probe's pod is sent
                json!("default")
            } else if elsewhere {
                json!("kube-system")
            } else {
                json!(NAMESPACE)
            };
            assert_eq!(
                object["metadata"]["namespace"], namespace,
                "{name}: {}",
                object["metadata"]
            );
        }
    }
}

#[test]
fn traffic_and_scraping_are_opt_in() {
    let manifests = render(&json!({}));
    assert!(manifests.kind("NetworkPolicy").is_empty() && manifests.kind("ServiceMonitor").is_empty());
    let manifests = render(&values_of("cert-manager"));
    let policy = &manifests.named("NetworkPolicy", "ramgate")["spec"];
    assert_eq!(strings(&policy["policyTypes"]), ["Ingress", "Egress"]);
    assert_eq!(policy["ingress"][0]["ports"][0]["port"], "https");
    assert_eq!(policy["ingress"][0]["from"][0]["ipBlock"]["cidr"], "192.0.2.0/24");
    assert_eq!(policy["ingress"][1]["ports"][0]["port"], "admin");
    assert_eq!(
        policy["egress"][0]["ports"],
        json!([{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}])
    );
    let monitor = manifests.named("ServiceMonitor", "ramgate");
    assert_eq!(monitor["metadata"]["labels"]["release"], "prometheus");
    assert_eq!(monitor["spec"]["endpoints"][0]["port"], "admin");
    let peer = json!({"ipBlock": {"cidr": "192.0.2.0/24"}});
    let closed = render(&json!({"networkPolicy": {"enabled": true, "apiServer": [peer]}}));
    let ingress = &closed.named("NetworkPolicy", "ramgate")["spec"]["ingress"];
    assert_eq!(
        ingress,
        &json!([{"ports": [{"port": "https", "protocol": "TCP"}], "from": [peer]}]),
        "no metrics"
    );
}

#[test]
fn uninstalling_takes_the_webhooks_away_first() {
    let manifests = render(&json!({}));
    let hooks: Vec<_> = manifests
        .all()
        .iter()
        .filter(|object| object["metadata"]["annotations"]["helm.sh/hook"] == "pre-delete")
        .collect();
    let kinds: BTreeSet<_> = hooks
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        BTreeSet::from(["ClusterRole", "ClusterRoleBinding", "Job", "ServiceAccount"])
    );
    let job = manifests.named("Job", "ramgate-uninstall");
    let command = strings(&job["spec"]["template"]["spec"]["containers"][0]["command"]);
    assert_eq!(command[..2], ["kubectl", "delete"]);
    // The job may not watch what it deletes.
    assert!(command.contains(&"--wait=false"));
    assert!(
        command
            .iter()
            .any(|part| part.starts_with("mutatingwebhookconfiguration") && part.ends_with("/ramgate"))
    );
    assert!(
        command
            .iter()
            .any(|part| part.starts_with("validatingwebhookconfiguration") && part.ends_with("/ramgate"))
    );
    let without = render(&json!({"uninstall": {"removeWebhooks": false}}));
    assert!(without.kind("Job").is_empty());
    assert_eq!(without.all().len(), manifests.all().len() - hooks.len());
}
