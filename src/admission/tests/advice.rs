//! What a denial tells the requester: the place to write, the origin of a value, whom to ask, and nothing that leads around
//! a Deny or into another team's role.

use super::*;

const CARRIERS: &str = r#"cluster: {carriers: [
  {user: "system:serviceaccount:kruise-system:kruise-manager", group: apps.kruise.io, kind: CloneSet, resource: clonesets, templates: [spec.template]},
  {user: "system:serviceaccount:mpi:operator", group: example.com, kind: MpiJob, resource: mpijobs, templates: [spec.workers.template]}]}
boundaries"#;

const REPLICASET_CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";

/// An object of this kind with the pod template at a path, labelled for ECI
fn workload(api_version: &str, kind: &str, path: &str, annotations: Value) -> Value {
    let template = json!({
        "metadata": {"labels": {"alibabacloud.com/eci": "true"}, "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
    });
    let inner = path
        .rsplit('.')
        .fold(template, |inner, field| json!({field: inner}));
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}});
    object["spec"] = inner["spec"].clone();
    object
}

fn deployment(annotations: Value) -> Value {
    workload("apps/v1", "Deployment", "spec.template", annotations)
}

fn says(done: &OfflineResult, parts: &[&str]) {
    assert!(!done.allowed, "{done:?}");
    for part in parts {
        assert!(
            done.message.contains(part),
            "`{part}` is not in: {}",
            done.message
        );
    }
}

fn says_not(done: &OfflineResult, parts: &[&str]) {
    let causes: Vec<&str> = done.causes.iter().map(|cause| cause.message.as_str()).collect();
    let all = format!("{} {}", done.message, causes.join(" "));
    for part in parts {
        assert!(!all.contains(part), "`{part}` is in: {all}");
    }
}

fn fields(done: &OfflineResult) -> Vec<&str> {
    done.causes
        .iter()
        .filter_map(|cause| cause.field.as_deref())
        .collect()
}

#[test]
fn no_role_is_named_but_one_that_the_requester_almost_wrote() {
    let given = Given::new(&[], &[]);
    for role in ["Other", "Missing", "Wary"] {
        let done = given.create("all", json!({RAM_ROLE_NAME: role}));
        says(&done, &["leave out", "eci-ram-role-name"]);
        says_not(&done, &["eci-ram-role-name: \"Good\"", "role/Good"]);
    }
    for role in ["Godo", "Goodd", "god"] {
        let done = given.create("all", json!({RAM_ROLE_NAME: role}));
        says(
            &done,
            &[
                "did you mean `Good`",
                "\nk8s.aliyun.com/eci-ram-role-name: \"Good\"\n",
            ],
        );
    }
}

#[test]
fn an_explicit_deny_says_what_it_forbids_and_shows_no_way_around() {
    let given = Given::new(&[], &[]);
    let done = given.create("denied", json!({CUSTOM_TAGS: "env:prod"}));
    says(
        &done,
        &[
            "`Guard#1` forbids",
            "tag `env` is `prod`",
            "ask your RAM administrator",
            "Statement: Guard#1",
        ],
    );
    says_not(&done, &["env:other", "Fix", "no other tags"]);
    assert!(done.causes.iter().all(|cause| cause.reason != "Fix"), "{done:?}");
    let stored = pod(json!({CUSTOM_TAGS: "keep:true"}));
    says(
        &given.ask("denied", Operation::Delete(&stored)),
        &["`Guard#2` forbids", "tag `keep` is `true`"],
    );
}

#[test]
fn the_contact_is_in_every_denial() {
    let advice = "advice: {contact: \"#cloud-help, ext. 4711\"}\nboundaries";
    let given = Given::new(&[("boundaries", advice)], &[]);
    let denials = [
        given.create("test", json!({})),
        given.create("denied", json!({CUSTOM_TAGS: "env:prod"})),
        given.create("all", json!({CUSTOM_TAGS: "env"})),
        given.create("stranger", json!({})),
        given.create(REPLICASET_CONTROLLER, json!({})),
        given.ask("nobody", Operation::Delete(&pod(json!({})))),
    ];
    for done in &denials {
        says(done, &["\nContact: #cloud-help, ext. 4711\n"]);
    }
    let long = format!("advice: {{contact: \"{}\"}}\nboundaries", "c".repeat(200));
    let done = Given::new(&[("boundaries", &long)], &[])
        .create("wide", json!({CUSTOM_TAGS: format!("team:{}", "x".repeat(100))}));
    says(&done, &[&"c".repeat(200), "AuthAction: "]);
    assert!(done.message.len() <= crate::admission::response::admission_response::MAX_MESSAGE);
}

#[test]
fn the_place_is_that_of_the_kind() {
    let given = Given::new(&[("boundaries", CARRIERS)], &[]);
    let places = [
        (deployment(json!({})), "spec.template.metadata.annotations"),
        (
            workload("batch/v1", "CronJob", "spec.jobTemplate.spec.template", json!({})),
            "spec.jobTemplate.spec.template.metadata.annotations",
        ),
        (pod(json!({})), "metadata.annotations"),
        (
            workload("apps.kruise.io/v1alpha1", "CloneSet", "spec.template", json!({})),
            "spec.template.metadata.annotations",
        ),
        (
            workload("example.com/v1", "MpiJob", "spec.workers.template", json!({})),
            "spec.workers.template.metadata.annotations",
        ),
    ];
    for (object, place) in &places {
        let done = given.ask("test", Operation::Create(object));
        says(
            &done,
            &[&format!(
                " Under {place}, write:\nk8s.aliyun.com/eci-custom-tags: \"env:test\"\n"
            )],
        );
        let field = format!("{place}[{CUSTOM_TAGS}]");
        assert_eq!(fields(&done), [field.as_str(), field.as_str()], "{done:?}");
    }
}

#[test]
fn the_place_for_a_controllers_pod_is_the_template_that_it_copies() {
    let given = Given::new(&[], &[]);
    let written = stamped_for("test", &deployment(json!({})), &given.configuration);
    let template = &written["spec"]["template"]["metadata"]["annotations"];
    let mut copy = pod(template.clone());
    copy["metadata"]["name"] = json!("x-7d9c-abcde");
    copy["metadata"]["labels"]["pod-template-hash"] = json!("7d9c");
    copy["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x-7d9c", "uid": "r", "controller": true}]);
    let done = given.ask(REPLICASET_CONTROLLER, Operation::Create(&copy));
    says(
        &done,
        &[
            " Under spec.template.metadata.annotations of Deployment x, write:\nk8s.aliyun.com/eci-custom-tags: \"env:test\"\n",
        ],
    );
    assert!(
        fields(&done).contains(&"metadata.annotations[k8s.aliyun.com/eci-custom-tags]"),
        "{done:?}"
    );
}

fn stamped_for(user: &str, object: &Value, configuration: &Configuration) -> Value {
    let objects = ClusterSnapshot::new(&[], &configuration.cluster).unwrap();
    offline::stamped(object, (user, &[], None), configuration, &objects, now()).unwrap()
}

#[test]
fn an_annotation_in_the_wrong_place_is_to_be_moved() {
    let given = Given::new(&[], &[]);
    let mut object = deployment(json!({}));
    object["metadata"]["annotations"] = json!({CUSTOM_TAGS: "env:test"});
    let done = given.ask("test", Operation::Create(&object));
    says(
        &done,
        &["it stands in metadata.annotations; move it to spec.template.metadata.annotations"],
    );
    let mut cron = workload("batch/v1", "CronJob", "spec.jobTemplate.spec.template", json!({}));
    cron["spec"]["jobTemplate"]["metadata"] = json!({"annotations": {CUSTOM_TAGS: "env:test"}});
    let done = given.ask("test", Operation::Create(&cron));
    says(
        &done,
        &[
            "it stands in spec.jobTemplate.metadata.annotations; move it to spec.jobTemplate.spec.template.metadata.annotations",
        ],
    );
    object["metadata"]["annotations"] = json!({RESOURCE_GROUP_ID: "rg-prod1"});
    let moved = "it stands in metadata.annotations; move it to spec.template.metadata.annotations";
    says(&given.ask("grouped", Operation::Create(&object)), &[moved]);
    says(&given.ask("prod", Operation::Create(&object)), &[moved]);
    object["metadata"]["annotations"] = json!({CUSTOM_TAGS: "team:a"});
    says_not(&given.ask("test", Operation::Create(&object)), &["it stands in"]);
}

#[test]
fn a_listed_kind_is_called_by_its_kind() {
    let given = Given::new(&[("boundaries", CARRIERS)], &[]);
    let object = workload("apps.kruise.io/v1alpha1", "CloneSet", "spec.template", json!({}));
    let done = given.ask("test", Operation::Create(&object));
    says(&done, &["may not create pods of CloneSet `shop/x` on ECI"]);
    says_not(&done, &["clonesets"]);
}

#[test]
fn a_bare_pod_at_its_binding_is_not_told_of_a_controller() {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7"},
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}], "tolerations": [{"operator": "Exists"}]},
    });
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "vk", "labels": {"type": "virtual-kubelet"}}});
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web", "namespace": "shop"},
        "target": {"kind": "Node", "name": "vk"},
    });
    let given = Given::new(&[], &[pod, node]);
    let done = given.ask_about("system:kube-scheduler", Operation::Create(&binding), "binding");
    says(
        &done,
        &[
            "nothing says who asked for this pod",
            "delete it and create it again",
            "Code: MissingStamp",
        ],
    );
    says_not(&done, &["controller", "template"]);
}

#[test]
fn a_stamp_of_another_namespace_names_the_object_to_apply_again() {
    let given = Given::new(&[], &[]);
    let mut elsewhere = pod(json!({CUSTOM_TAGS: "env:test"}));
    elsewhere["metadata"]["namespace"] = json!("other");
    let stamp =
        stamped(&elsewhere, &given.configuration)["metadata"]["annotations"]["ramgate.io/requested-by"]
            .clone();
    let mut copy = pod(json!({CUSTOM_TAGS: "env:test", "ramgate.io/requested-by": stamp}));
    copy["metadata"]["labels"]["pod-template-hash"] = json!("7d9c");
    copy["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d9c", "uid": "r", "controller": true}]);
    let done = given.ask(REPLICASET_CONTROLLER, Operation::Create(&copy));
    says(
        &done,
        &[
            "was written for namespace other",
            "kubectl rollout restart deployment/web -n shop",
            "Code: ForgedStamp",
        ],
    );
}

#[test]
fn an_image_cache_is_no_pod_and_belongs_to_no_namespace() {
    let mapping = "mapping: {tags: [{key: env, from: {namespaceLabel: env}, mode: enforce}]}\nboundaries";
    let given = Given::new(&[("boundaries", mapping)], &[]);
    let cache = json!({
        "apiVersion": "eci.alibabacloud.com/v1", "kind": "ImageCache", "metadata": {"name": "base"},
        "spec": {"images": ["nginx:1"]},
    });
    let done = given.ask("test", Operation::Create(&cache));
    says(
        &done,
        &[
            "may not create image cache `base` on ECI",
            "but the image cache has no such tag. Under metadata.annotations, write:\nk8s.aliyun.com/eci-custom-tags: \"env:test\"\n",
        ],
    );
    says_not(&done, &["the pod", "namespace label", "RAM administrator"]);
    // A Deny is nothing to get around, and whoever may nothing has nothing to write
    let with = |tags: &str| {
        let mut cache = cache.clone();
        cache["metadata"]["annotations"] = json!({CUSTOM_TAGS: tags});
        cache
    };
    let done = given.ask("denied", Operation::Create(&with("env:prod")));
    says(&done, &["forbids eci:CreateImageCache"]);
    says_not(&done, &["write:"]);
    let done = given.ask("nobody", Operation::Create(&cache));
    says(&done, &["other tags, groups or roles do not help"]);
}

/// A DaemonSet that tolerates the taints of virtual nodes
fn agent(affinity: &Value) -> Value {
    let mut spec = json!({"tolerations": [{"operator": "Exists"}], "containers": [{"name": "c"}]});
    if !affinity.is_null() {
        spec["affinity"] = affinity.clone();
    }
    json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": "shop"},
        "spec": {"template": {"spec": spec}}})
}

#[test]
fn a_daemon_set_gets_the_affinity_that_keeps_it_off_virtual_nodes() {
    let given = Given::new(&[], &[]);
    let required = |terms: &Value| json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
    let linux =
        json!([{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]}]);
    for (affinity, place) in [
        (
            json!(null),
            "Under spec.template.spec, write:\naffinity: {nodeAffinity: {required",
        ),
        (
            json!({"podAntiAffinity": {}}),
            "Under spec.template.spec.affinity, write:\nnodeAffinity: {required",
        ),
        (
            json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}),
            "Under spec.template.spec.affinity.nodeAffinity, write:\nrequiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{",
        ),
        (
            json!({"nodeAffinity": required(&linux)}),
            "nodeSelectorTerms[*].matchExpressions, write:\n- {key: type, operator: NotIn, values: [virtual-kubelet]}",
        ),
    ] {
        let done = given.ask("test", Operation::Create(&agent(&affinity)));
        let warnings = done.warnings.join("\n");
        assert!(
            done.allowed && warnings.contains("Or keep its pods off virtual nodes. "),
            "{affinity}: {warnings}"
        );
        assert!(warnings.contains(place), "{affinity}: {warnings}");
    }
    // With the affinity there is no warning any more, and a Deployment may want virtual nodes
    let off =
        json!([{"matchExpressions": [{"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}]}]);
    let done = given.ask(
        "test",
        Operation::Create(&agent(&json!({"nodeAffinity": required(&off)}))),
    );
    assert_eq!(done.warnings, Vec::<String>::new());
    let mut deployment = agent(&json!(null));
    deployment["kind"] = json!("Deployment");
    let done = given.ask("test", Operation::Create(&deployment));
    let warnings = done.warnings.join("\n");
    assert!(
        warnings.contains("may reach ECI") && !warnings.contains("keep its pods off"),
        "{warnings}"
    );
    // Virtual nodes with another label are not excluded by their type
    let other = "cluster: {virtualNodes: [{matchLabels: {example.com/burst: 'yes'}}]}\nboundaries";
    let given = Given::new(&[("boundaries", other)], &[]);
    let done = given.ask("test", Operation::Create(&agent(&json!(null))));
    assert!(
        !done.warnings.join("\n").contains("keep its pods off"),
        "{:?}",
        done.warnings
    );
}

#[test]
fn chinese_messages_have_no_english_in_them_but_names() {
    let given = Given::new(&[("boundaries", "advice: {locale: zh}\nboundaries")], &[]);
    let cache = json!({"apiVersion": "eci.alibabacloud.com/v1", "kind": "ImageCache", "metadata": {"name": "base"}, "spec": {}});
    let done = given.ask("test", Operation::Create(&cache));
    says(
        &done,
        &[
            "无权在 ECI 上创建镜像缓存 `base`：",
            "请在 metadata.annotations 中写入：\n",
        ],
    );
    let warnings = given
        .ask("test", Operation::Create(&agent(&json!(null))))
        .warnings
        .join("\n");
    assert!(
        warnings.contains("ramgate: 此模板的 Pod 可能被调度到 ECI（容忍所有污点），届时会被拒绝："),
        "{warnings}"
    );
    assert!(
        warnings.contains("或者让它的 Pod 不使用虚拟节点：请在 spec.template.spec 中写入：\naffinity: "),
        "{warnings}"
    );
}

#[test]
fn only_a_statement_about_the_action_is_the_nearest() {
    let given = Given::new(
        &[("{name: nobody}", "{name: nobody, policies: [{policy: Pass}]}")],
        &[],
    );
    let done = given.create("nobody", json!({}));
    says(
        &done,
        &["no policy gives RAM user `nobody` the permission for this (eci:CreateContainerGroup)"],
    );
    says_not(&done, &["NearestStatement", "Pass#1", "just as near"]);
}

#[test]
fn a_value_that_the_manifest_does_not_have_says_where_it_came_from() {
    let profile = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eci-profile", "namespace": "kube-system"},
        "data": {"selectors": r#"[{"name": "burst", "objectSelector": {"matchLabels": {"app": "web"}},
            "effect": {"annotations": {"k8s.aliyun.com/eci-ram-role-name": "Other", "k8s.aliyun.com/eci-custom-tags": "env:prod"}}}]"#}});
    let given = Given::new(&[], std::slice::from_ref(&profile));
    let mut labelled = pod(json!({}));
    labelled["metadata"]["labels"]["app"] = json!("web");
    let done = given.ask("test", Operation::Create(&labelled));
    says(
        &done,
        &["but it is `prod` (eci-profile selector `burst` wrote it)"],
    );
    let done = given.ask("all", Operation::Create(&labelled));
    says(
        &done,
        &["role", "Other", "(eci-profile selector `burst` wrote it)"],
    );

    let mapping = "mapping: {ramRoleName: {from: {serviceAccountLabel: role}, mode: default}, tags: [{key: env, from: {serviceAccountLabel: env}, mode: default}]}\nboundaries";
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop", "labels": {"role": "Other", "env": "prod"}}});
    let given = Given::new(&[("boundaries", mapping)], std::slice::from_ref(&account));
    says(
        &given.create("test", json!({})),
        &["but it is `prod` (from service account label `env`)"],
    );
    says(
        &given.create("all", json!({})),
        &["(from service account label `role`)"],
    );
    says_not(
        &given.create("test", json!({CUSTOM_TAGS: "env:live", RAM_ROLE_NAME: "Good"})),
        &["(from"],
    );
}

#[test]
fn a_value_that_a_binding_brings_is_its_own() {
    let profile = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eci-profile", "namespace": "kube-system"},
        "data": {"selectors": r#"[{"name": "burst", "effect": {"annotations": {"k8s.aliyun.com/eci-custom-tags": "env:prod"}}}]"#}});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "vk", "labels": {"type": "virtual-kubelet"}}});
    let mut stored = stamped_for("test", &pod(json!({})), &configuration(&[]));
    stored["metadata"]["uid"] = json!("u");
    stored["metadata"]["resourceVersion"] = json!("7");
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "target": {"kind": "Node", "name": "vk"},
        "metadata": {"name": "web", "namespace": "shop", "annotations": {CUSTOM_TAGS: "env:prod"}},
    });
    let given = Given::new(&[], &[stored, node, profile]);
    let done = given.ask_about("system:kube-scheduler", Operation::Create(&binding), "binding");
    says(
        &done,
        &[
            "`test` (RAM user `test`)",
            "but it is `prod` (its Binding brings it)",
        ],
    );
}

#[test]
fn a_look_alike_letter_is_named_and_replaced() {
    let given = Given::new(&[], &[]);
    for (key, named) in [("\u{435}nv", "U+0435"), ("en\u{ff56}", "U+FF56")] {
        let done = given.create("test", json!({CUSTOM_TAGS: format!("{key}:test")}));
        says(
            &done,
            &[
                "looks like `env`",
                named,
                "\nk8s.aliyun.com/eci-custom-tags: \"env:test\"\n",
            ],
        );
    }
    says(
        &given.create("test", json!({CUSTOM_TAGS: "Env:test"})),
        &[
            "tag `Env`",
            "case",
            "\nk8s.aliyun.com/eci-custom-tags: \"env:test\"\n",
        ],
    );
}

/// A configuration in which `odd` has this statement
fn with_odd(statement: &str) -> Given {
    let mut given = Given::new(&[], &[]);
    let policies = POLICIES.replace(
        r#"{Effect: Allow, Action: "eci:Create*", Resource: "*", Condition: {IpAddress: {"acs:SourceIp": "10.0.0.0/8"}}}"#,
        statement,
    );
    assert_ne!(policies, POLICIES);
    let mut pieces: Vec<(String, ParsedDocument)> = Vec::new();
    let nodes = yaml::parse(&policies).unwrap();
    for (key, node) in nodes[0].entries("policies").unwrap() {
        pieces.push((key.text.clone(), ParsedDocument::policy_node(&key.text, node)));
    }
    let directory = ParsedDocument::directory_node(&yaml::parse(DIRECTORY).unwrap()[0]);
    pieces.push(("directory".to_owned(), directory));
    given.configuration = merge(pieces.iter().map(|(name, piece)| (name.as_str(), piece))).unwrap();
    given
}

#[test]
fn a_statement_for_other_resources_says_which_resource_was_wanted() {
    let region = r#"{Effect: Allow, Action: "eci:*", Resource: "acs:eci:cn-beijing:*:*"}"#;
    let done = with_odd(region).create("odd", json!({}));
    says(
        &done,
        &[
            "`Odd#1` allows eci:CreateContainerGroup on `acs:eci:cn-beijing:*:*` alone",
            "not on `acs:eci:cn-hangzhou:1234567890123456:containergroup/*`",
        ],
    );
    says_not(&done, &["no policy of", "no instance yet"]);
}

#[test]
fn a_statement_for_single_instances_is_said_never_to_match() {
    let single = r#"{Effect: Allow, Action: "eci:*", Resource: "acs:eci:*:*:containergroup/eci-run-*"}"#;
    let given = with_odd(single);
    says(
        &given.create("odd", json!({})),
        &[
            "`Odd#1`",
            "no request of a pod has the id of an instance",
            "containergroup/*",
        ],
    );
    says(
        &given.ask("odd", Operation::Delete(&pod(json!({})))),
        &["no request of a pod has the id of an instance"],
    );
}

#[test]
fn the_pods_of_a_deleted_collection_have_names() {
    let given = Given::new(&[], &[]);
    let body = |object: &Value| {
        let mut body: Value = serde_json::from_str(&review("DELETE", "", &Value::Null, object)).unwrap();
        body["request"]["name"] = json!("");
        body.to_string()
    };
    let objects = ClusterSnapshot::new(&[], &given.configuration.cluster).unwrap();
    let denial = |object: &Value| {
        let mut body: Value = serde_json::from_str(&body(object)).unwrap();
        body["request"]["userInfo"]["username"] = json!("nobody");
        let (_, response) = answered(
            Webhook::Validating,
            &body.to_string(),
            &objects,
            &given.configuration,
            Mode::Enforce,
        );
        response.message().unwrap_or_default().to_owned()
    };
    assert!(denial(&pod(json!({}))).contains("may not delete pod `shop/web` on ECI"));
    let mut nameless = pod(json!({}));
    nameless["metadata"].as_object_mut().unwrap().remove("name");
    let text = denial(&nameless);
    assert!(
        text.contains("may not delete pods of namespace `shop` on ECI"),
        "{text}"
    );
}

#[test]
fn a_request_without_a_namespace_is_told_so() {
    let configuration = configuration(&[]);
    let mut body: Value = serde_json::from_str(&review("CREATE", "", &pod(json!({})), &Value::Null)).unwrap();
    body["request"]["namespace"] = json!("");
    let (_, response) = answered(
        Webhook::Validating,
        &body.to_string(),
        &empty(),
        &configuration,
        Mode::Enforce,
    );
    let message = response.message().unwrap();
    assert!(
        message.contains("the request names no namespace") && !message.contains("too new"),
        "{message}"
    );
}

#[test]
fn what_else_stands_in_the_way_is_said_once() {
    let namespace = json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"tenant": "team"}}});
    let given = Given::new(&[], &[namespace]);
    let done = given.create("test", json!({}));
    says_not(
        &done,
        &["Also: eci:CreateContainerGroup", "; eci:CreateContainerGroup"],
    );
    let done = given.create("nobody", json!({RAM_ROLE_NAME: "Other"}));
    let also = done.message.split("Also: ").nth(1).unwrap_or_default();
    let mut parts: Vec<&str> = also.split("; ").collect();
    let all = parts.len();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts.len(), all, "{also}");
}

/// Denials of every kind that a person meets, in a language
fn in_language(locale: &str) -> String {
    let directory = format!("advice: {{contact: \"#cloud-help\", locale: {locale}}}\n{CARRIERS}");
    let namespace = json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"env": "prod"}}});
    let given = Given::new(&[("boundaries", &directory)], &[namespace]);
    let tags = |tags: &str| json!({CUSTOM_TAGS: tags});
    let role = |role: &str| json!({RAM_ROLE_NAME: role});
    let tagged = |text: &str| pod(tags(text));
    let plain = pod(json!({}));
    // A role belongs to an instance once the pod has a node
    let on_node = |mut pod: Value| {
        pod["spec"]["nodeName"] = json!("virtual-kubelet");
        pod
    };
    let mut misplaced = deployment(json!({}));
    misplaced["metadata"]["annotations"] = tags("env:test");
    let done = [
        given.create("test", json!({})),
        given.create("test", tags("team:pay,env:prod")),
        given.create("test", tags("\u{435}nv:test")),
        given.create("wide", tags("team:x")),
        given.create("odd", json!({})),
        given.create("grouped", json!({})),
        given.create("nobody", json!({})),
        given.create("denied", tags("env:prod")),
        given.create("all", role("Godo")),
        given.create("all", role("Other")),
        given.create("all", role("Missing")),
        given.create("all", role("Wary")),
        given.create("all", json!({RESOURCE_GROUP_ID: "production"})),
        given.create("all", tags("env")),
        given.create("all", tags("a:1,b:2,c:3,d:4")),
        given.create("stranger@example.com", json!({})),
        given.create(REPLICASET_CONTROLLER, json!({})),
        given.ask("test", Operation::Create(&misplaced)),
        given.ask(
            "test",
            Operation::Create(&workload(
                "apps.kruise.io/v1alpha1",
                "CloneSet",
                "spec.template",
                json!({}),
            )),
        ),
        given.ask(
            "test",
            Operation::Update(&tagged("env:test"), &tagged("env:prod")),
        ),
        given.ask(
            "all",
            Operation::Update(&on_node(pod(role("Good"))), &on_node(plain.clone())),
        ),
        given.ask("denied", Operation::Delete(&tagged("keep:true"))),
        given.connect("nobody", &plain, "exec"),
        given.connect("nobody", &plain, "portforward"),
    ];
    let texts = done.iter().map(|done| {
        assert!(!done.allowed, "{done:?}");
        done.message.clone()
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn messages_are_chinese_where_the_directory_says_so() {
    let texts = in_language("zh");
    assert!(
        texts
            .lines()
            .filter(|line| line.starts_with('`'))
            .all(|line| line.contains("ECI 上"))
    );
    insta::assert_snapshot!(texts);
}

#[test]
fn messages_in_english_have_the_same_lines_to_paste() {
    let pasted = |texts: &str| {
        let lines = texts.lines().filter(|line| line.starts_with("k8s.aliyun.com/"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (english, chinese) = (in_language("en"), in_language("zh"));
    assert_eq!(pasted(&english), pasted(&chinese));
    assert!(english.contains("\nContact: #cloud-help\n"), "{english}");
    insta::assert_snapshot!(english);
}
