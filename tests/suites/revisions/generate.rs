//! Live sets and revisions: honest ones, and ones with a slip or a trick in them.

use ramgate::testing::kubernetes::template;
use serde_json::{Map, Value, json};

use crate::json::{Json, Way};
use crate::random::Random;

pub struct Case {
    pub set: Value,
    pub data: String,
    /// Whether it is what a controller could have written
    pub is_honest: bool,
    /// What the reader takes for the template, or if it refuses, what anybody would
    pub reading: String,
}

impl Case {
    pub fn generate(random: &mut Random) -> Self {
        let set = set(random);
        let mut data = Json::from(data(random));
        let tricks = [0, 0, 1, 1, 1, 2, 3][random.below(7)];
        let mut is_honest = true;
        for _ in 0..tricks {
            is_honest &= alter(&mut data, random);
        }
        let data = data.to_string();
        let reading = template(&data).map_or_else(|_| as_it_stands(&data), str::to_owned);
        Self {
            set,
            data,
            is_honest,
            reading,
        }
    }
}

/// The template by the path to it, the last of two names counting
fn as_it_stands(data: &str) -> String {
    let mut data: Value = serde_json::from_str(data).unwrap();
    let template = data.pointer_mut("/spec/template").map(Value::take);
    template.unwrap_or_default().to_string()
}

const NAMES: [&str; 5] = ["app", "sidecar", "logs", "agent", "proxy"];

fn set(random: &mut Random) -> Value {
    let mut template = pod_template(random, true);
    template["metadata"]["labels"]["app"] = json!("db");
    let mut set = json!({
        "metadata": {
            "name": "db", "namespace": "shop", "labels": {"a": "b"}, "generation": 3,
            "annotations": {"note": "x"}, "uid": "b5a1f6c6-0d8f-4b0f-9f4c-2f1a8c1f0e11",
        },
        "spec": {
            "replicas": random.between(1, 5),
            "serviceName": "db",
            "podManagementPolicy": "OrderedReady",
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": "db"}},
            "template": template,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": random.below(3)}},
        },
        "status": {"replicas": 1, "currentRevision": "db-1", "updateRevision": "db-2"},
    });
    if random.chance(50) {
        set["spec"]["volumeClaimTemplates"] = json!([{
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}},
        }]);
    }
    set
}

fn data(random: &mut Random) -> Value {
    let has_empty_time = random.chance(50);
    let mut template = pod_template(random, has_empty_time);
    template["$patch"] = json!("replace");
    json!({"spec": {"template": template}})
}

fn pod_template(random: &mut Random, has_empty_time: bool) -> Value {
    let mut metadata = json!({"labels": pairs(random), "annotations": pairs(random)});
    if has_empty_time {
        metadata["creationTimestamp"] = Value::Null;
    }
    let mut spec = json!({
        "containers": containers(random, 1),
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "terminationGracePeriodSeconds": random.between(0, 60),
        "securityContext": if random.chance(50) { json!({}) } else { json!({"runAsUser": 1000, "fsGroup": 2000}) },
        "schedulerName": "default-scheduler",
    });
    let mut with = |percent: usize, name: &str, value: &dyn Fn(&mut Random) -> Value| {
        if random.chance(percent) {
            spec[name] = value(random);
        }
    };
    with(40, "initContainers", &|random| containers(random, 0));
    with(30, "nodeSelector", &pairs);
    with(30, "serviceAccountName", &|random| json!(random.word(&NAMES)));
    with(20, "hostNetwork", &|_| json!(true));
    with(20, "imagePullSecrets", &|_| json!([{"name": "pull"}]));
    with(
        20,
        "hostAliases",
        &|_| json!([{"ip": "127.0.0.1", "hostnames": ["a", "b"]}]),
    );
    with(
        40,
        "tolerations",
        &|_| json!([{"key": "virtual-kubelet.io/provider", "operator": "Exists", "tolerationSeconds": 30}]),
    );
    with(40, "volumes", &|random| {
        json!([
            {"name": random.word(&NAMES), "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "map", "configMap": {"name": "c", "items": [{"key": "K", "path": "p"}], "defaultMode": 420}},
            {"name": "all", "projected": {"sources": null, "defaultMode": 420}},
        ])
    });
    with(30, "affinity", &|random| {
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "type", "operator": "In", "values": [random.word(&NAMES), "b"]}]},
        ]}}})
    });
    json!({"metadata": metadata, "spec": spec})
}

fn containers(random: &mut Random, least: usize) -> Value {
    let mut names = NAMES;
    random.shuffle(&mut names);
    let count = random.between(least, 3);
    names
        .iter()
        .take(count)
        .map(|name| container(random, name))
        .collect()
}

fn container(random: &mut Random, name: &str) -> Value {
    let mut container = json!({
        "name": name,
        "image": format!("{}:{}", random.word(&NAMES), random.below(10)),
        "imagePullPolicy": "IfNotPresent",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
    });
    let mut with = |percent: usize, name: &str, value: Value| {
        if random.chance(percent) {
            container[name] = value;
        }
    };
    with(50, "command", json!(["run", "--fast"]));
    with(
        40,
        "env",
        json!([{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]),
    );
    with(
        40,
        "ports",
        json!([{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9090, "name": "m"}]),
    );
    with(
        50,
        "resources",
        json!({"limits": {"cpu": "500m", "memory": "1.5Gi", "Example.com/K": "1"}, "requests": {"cpu": "0.1"}}),
    );
    with(
        30,
        "volumeMounts",
        json!([{"name": "map", "mountPath": "/map", "readOnly": true}]),
    );
    with(
        30,
        "readinessProbe",
        json!({"httpGet": {"path": "/", "port": "m", "scheme": "HTTP"}, "periodSeconds": 10}),
    );
    with(
        20,
        "livenessProbe",
        json!({"tcpSocket": {"port": 8080}, "failureThreshold": 3}),
    );
    with(
        30,
        "securityContext",
        json!({"privileged": false, "capabilities": {"drop": ["ALL"]}}),
    );
    with(
        20,
        "lifecycle",
        json!({"preStop": {"exec": {"command": ["sleep", "1"]}}}),
    );
    container
}

fn pairs(random: &mut Random) -> Value {
    const KEYS: [&str; 6] = [
        "app",
        "App",
        "eci",
        "k8s.aliyun.com/eci-custom-tags",
        "Image",
        "tier",
    ];
    let mut found = Map::new();
    for _ in 0..random.below(4) {
        found.insert(random.word(&KEYS).to_owned(), json!(random.word(&NAMES)));
    }
    found.into()
}

/// Makes one change; whether a controller could have written the result as well
fn alter(data: &mut Json, random: &mut Random) -> bool {
    let object = |data: &Json, random: &mut Random| pick(random, data.ways(&Json::is_filled_object));
    if data.ways(&Json::is_filled_object).is_empty() {
        return false;
    }
    match random.below(17) {
        // Order, and other values in the same form
        0 | 1 => {
            let way = object(data, random);
            random.shuffle(data.at(&way).fields());
            true
        }
        2 => {
            let word = json!(random.word(&NAMES)).to_string();
            let names = |json: &Json| matches!(json, Json::Object(fields) if fields.iter().any(|(name, _)| name == "image"));
            if let Some(way) = try_pick(random, data.ways(&names)) {
                let image = data
                    .at(&way)
                    .fields()
                    .iter_mut()
                    .find(|(name, _)| name == "image");
                image.unwrap().1 = Json::Plain(word);
            }
            true
        }
        // A name in other letters, in place of its field or beside it
        3..=6 => {
            let way = object(data, random);
            let fields = data.at(&way).fields();
            let at = random.below(fields.len());
            let (name, value) = fields[at].clone();
            let other = respelled(&name, random);
            let value = if random.chance(30) {
                Json::Plain("null".into())
            } else {
                turned(value, random)
            };
            match random.below(3) {
                0 => fields[at].0 = other,
                1 => fields.insert(at, (other, value)),
                _ => fields.push((other, value)),
            }
            false
        }
        7 => {
            let template = template_of(data);
            let patch = template.iter().position(|(name, _)| name == "$patch");
            match (
                patch,
                random.word(&["", "\"merge\"", "\"delete\"", "\"Replace\"", "null", "true"]),
            ) {
                (Some(at), "") => drop(template.remove(at)),
                (Some(at), other) => template[at].1 = Json::Plain(other.into()),
                (None, _) => {}
            }
            false
        }
        8 => {
            let beside = [
                (
                    "volumeClaimTemplates",
                    json!([{"metadata": {"name": "data"}, "spec": {"storageClassName": "hers"}}]),
                ),
                ("replicas", json!(99)),
                ("serviceName", json!("hers")),
                (
                    "updateStrategy",
                    json!({"rollingUpdate": null, "type": "OnDelete"}),
                ),
                ("Template", json!({"spec": {"hostPID": true}})),
                ("template", json!({"metadata": {"labels": {"x": "y"}}})),
            ];
            let (name, value) = random.pick(&beside).clone();
            let spec = &mut data.fields()[0].1;
            if spec.is_filled_object() {
                spec.fields().push((name.into(), value.into()));
            }
            false
        }
        9 => {
            let beside = [
                ("metadata", json!({"annotations": {"x": "y"}})),
                ("Spec", json!({"template": {"spec": {"hostPID": true}}})),
                (
                    "ſpec",
                    json!({"Template": {"spec": {"containers": [{"image": "hers"}]}}}),
                ),
                ("status", json!({"replicas": 7})),
                ("$patch", json!("replace")),
            ];
            let (name, value) = random.pick(&beside).clone();
            data.fields().push((name.into(), value.into()));
            false
        }
        // null, for a field or an element
        10 => {
            let way = pick(random, data.ways(&|_| true));
            *data.at(&way) = Json::Plain("null".into());
            false
        }
        11 => {
            let way = object(data, random);
            let fields = data.at(&way).fields();
            let (name, value) = random.pick(fields).clone();
            let value = turned(value, random);
            fields.push((name, value));
            false
        }
        12 => {
            if let Some(way) = try_pick(random, data.ways(&Json::is_filled_list))
                && let Json::List(items) = data.at(&way)
            {
                match random.below(3) {
                    0 => drop(items.remove(random.below(items.len()))),
                    1 => items.push(items[0].clone()),
                    _ => items.push(Json::Plain(
                        random.word(&["null", "7", "\"x\"", "{}", "[]"]).into(),
                    )),
                }
            }
            false
        }
        13 | 14 => {
            let directives = [
                ("$patch", json!("replace")),
                ("$patch", json!("delete")),
                ("$retainKeys", json!(["name", "image"])),
                ("$setElementOrder/containers", json!([{"name": "app"}])),
                ("$deleteFromPrimitiveList/command", json!(["run"])),
            ];
            let (name, value) = random.pick(&directives).clone();
            let way = object(data, random);
            data.at(&way).fields().push((name.into(), value.into()));
            false
        }
        // Another type or form of a value
        15 => {
            let plain = |json: &Json| matches!(json, Json::Plain(_));
            let way = pick(random, data.ways(&plain));
            let forms = [
                "7",
                "\"7\"",
                "7.0",
                "1e1",
                "-0",
                "true",
                "\"\"",
                "{}",
                "[]",
                "99999999999",
                "\" 1 \"",
                "\"1Q\"",
                "1e300",
            ];
            *data.at(&way) = Json::Plain(random.word(&forms).into());
            false
        }
        _ => {
            let way = object(data, random);
            let name = random.word(&[
                "hostPID",
                "sidecar",
                "image",
                "labels",
                "ephemeralContainers",
                "priority",
                "fieldsV1",
            ]);
            let value = random.word(&[
                "true",
                "\"hers\"",
                "{}",
                "[]",
                "7",
                "{\"a\": \"b\"}",
                "[{\"name\": \"hers\"}]",
            ]);
            let fields = data.at(&way).fields();
            if fields.iter().all(|(there, _)| there != name) {
                fields.push((name.into(), Json::Plain(value.into())));
            }
            false
        }
    }
}

fn pick(random: &mut Random, ways: Vec<Way>) -> Way {
    random.pick(&ways).clone()
}

fn try_pick(random: &mut Random, ways: Vec<Way>) -> Option<Way> {
    (!ways.is_empty()).then(|| pick(random, ways))
}

/// The template's fields, as long as they are where they belong, else those of whatever is there
fn template_of(data: &mut Json) -> &mut Vec<(String, Json)> {
    let ways = data.ways(
        &|json| matches!(json, Json::Object(fields) if fields.iter().any(|(name, _)| name == "$patch")),
    );
    data.at(ways.first().map_or(&[][..], Vec::as_slice)).fields()
}

/// A name as Go's decoder takes for the same, or nearly so
fn respelled(name: &str, random: &mut Random) -> String {
    let at = random.below(name.chars().count().max(1));
    let letters = name.chars().enumerate();
    match random.below(4) {
        0 => name.to_uppercase(),
        1 => name.replace('s', "ſ").replace('k', "\u{212a}"),
        2 => name.to_ascii_lowercase(),
        _ => letters
            .map(|(index, letter)| match index == at {
                true if letter.is_ascii_lowercase() => letter.to_ascii_uppercase(),
                true => letter.to_ascii_lowercase(),
                false => letter,
            })
            .collect(),
    }
}

/// The same kind of value with something else in it: lists longer or shorter, objects with less
fn turned(value: Json, random: &mut Random) -> Json {
    match value {
        Json::Plain(text) if text.starts_with('"') => Json::Plain("\"hers\"".into()),
        Json::Plain(_) => Json::Plain("7".into()),
        Json::List(mut items) => {
            if random.chance(50) {
                items.truncate(1);
            }
            Json::List(items.into_iter().map(|item| turned(item, random)).collect())
        }
        Json::Object(mut fields) => {
            let left = random.between(1, fields.len().max(1));
            fields.truncate(left);
            Json::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, turned(value, random)))
                    .collect(),
            )
        }
    }
}
