//! The product's own binary beside a folder: what it answers over TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::SECOND;
use crate::client::{Connection, Seen};

const POLICY: &str = r#"{"Version": "1", "Statement": [
  {"Effect": "Allow", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"acs:ResourceTag/env": "test"}}},
  {"Effect": "Allow", "Action": "eci:Describe*", "Resource": "*", "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}}]}"#;

const DIRECTORY: &str = r#"
account: {id: "1234567890123456", region: cn-hangzhou}
cluster: {serverless: true}
users: [{name: alice, policies: [{policy: Tags}]}]
bindings: [{principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}]
"#;

/// `ramgate serve` on free ports, ended when it is dropped
pub(crate) struct Served {
    process: Child,
    folder: tempfile::TempDir,
    address: SocketAddr,
    admin: SocketAddr,
    /// The line of its start
    ready: Value,
    lines: mpsc::Receiver<Value>,
}

impl Served {
    fn start(flags: &[&str]) -> Self {
        Self::with(&[("Tags.json", POLICY), ("directory.yaml", DIRECTORY)], flags)
    }

    pub(crate) fn with(files: &[(&str, &str)], flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        std::fs::create_dir(&config).unwrap();
        for (name, text) in files {
            std::fs::write(config.join(name), text).unwrap();
        }
        let mut process = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .args(["serve", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"])
            .args(["--ca-file", "ca.pem", "--config-dir", "config"])
            .args(flags)
            // As the chart starts it
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .env("MALLOC_ARENA_MAX", "4")
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(process.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                if sender
                    .send(serde_json::from_str(&line).unwrap_or_default())
                    .is_err()
                {
                    // Nobody reads any more, and from now on no line can be written.
                    break;
                }
            }
        });
        let listening = said(&lines, "listening");
        let address = |port: &str| listening[port].as_str().unwrap().parse().unwrap();
        let (address, admin) = (address("reviews"), address("admin"));
        let ready = said(&lines, "ready");
        Self {
            process,
            folder,
            address,
            admin,
            ready,
            lines,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where it answers, and the certificates that it is known by
    pub(crate) fn door(&self) -> (SocketAddr, String) {
        let bundle = std::fs::read_to_string(self.folder.path().join(Path::new("ca.pem"))).unwrap();
        (self.address, bundle)
    }

    async fn connect(&self) -> Connection {
        let (address, bundle) = self.door();
        Connection::tls(address, "localhost", &bundle).await.unwrap()
    }

    async fn ask(&self, path: &str, review: &Value) -> Seen {
        self.connect().await.review(path, review).await.unwrap()
    }

    /// The metrics as Prometheus reads them
    fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    async fn status(&self, review: &Value) -> Value {
        let seen = self.ask("/authorize", review).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
        seen.json()["status"].clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}

/// The next log line with this message
fn said(lines: &mpsc::Receiver<Value>, message: &str) -> Value {
    loop {
        let line = lines.recv_timeout(20 * SECOND).unwrap();
        if line["message"] == message {
            return line;
        }
    }
}

fn list(user: &str, labels: &[(&str, &str)]) -> Value {
    let requirements = labels
        .iter()
        .map(|(key, value)| json!({"key": key, "operator": "In", "values": [value]}));
    let selector = json!({"requirements": requirements.collect::<Vec<_>>()});
    json!({
        "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "spec": {
            "resourceAttributes": {"namespace": "shop", "verb": "list", "version": "v1", "resource": "pods", "labelSelector": selector},
            "user": user, "groups": ["system:authenticated"],
        },
    })
}

#[tokio::test]
async fn reading_is_denied_as_ram_would_show_nothing() {
    let served = Served::start(&["--authorize", "--mode=enforce", "--namespace-mode=calm=warn"]);
    let alice = "alice@example.com";
    let no_opinion = json!({"allowed": false, "denied": false});
    assert_eq!(served.status(&list(alice, &[("env", "test")])).await, no_opinion);
    let denied = served.status(&list(alice, &[])).await;
    assert_eq!(
        (&denied["allowed"], &denied["denied"]),
        (&json!(false), &json!(true))
    );
    let reason = denied["reason"].as_str().unwrap();
    assert!(
        reason.contains("ask with the label selector `env=test`"),
        "{reason}"
    );

    let mut calm = list(alice, &[]);
    calm["spec"]["resourceAttributes"]["namespace"] = json!("calm");
    assert_eq!(served.status(&calm).await, no_opinion);
    // No cluster is there to be asked whose pod it is
    let mut one = list(alice, &[]);
    one["spec"]["resourceAttributes"] =
        json!({"namespace": "shop", "verb": "get", "resource": "pods", "name": "web"});
    let unread = served.status(&one).await;
    assert_eq!(unread["denied"], true);
    assert!(
        unread["evaluationError"]
            .as_str()
            .unwrap()
            .contains("could not read the pod")
    );
    // None of this is anybody's business, so nothing is logged of it
    assert_eq!(served.status(&list("system:apiserver", &[])).await, no_opinion);
    let broken = served.status(&json!({"kind": "Pod"})).await;
    assert!(
        broken["evaluationError"]
            .as_str()
            .unwrap()
            .contains("cannot read this review")
    );

    let next = || served.lines.recv_timeout(20 * SECOND).unwrap();
    let reviews = std::iter::repeat_with(next).filter(|line| line["path"] == "authorize");
    let lines: Vec<Value> = reviews.take(5).collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["decision"], &line["operation"], &line["resource"]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["allow", "list", "pods"],
            ["deny", "list", "pods"],
            ["warn", "list", "pods"],
            ["deny", "get", "pods"],
            ["malformed", "", ""],
        ])
    );
    assert_eq!(lines[1]["principal"], "user/alice");
    assert_eq!(lines[1]["denial"].as_str().unwrap(), reason);
}

#[tokio::test]
async fn without_the_flag_nothing_is_there() {
    let served = Served::start(&["--mode=enforce"]);
    let seen = served.ask("/authorize", &list("alice@example.com", &[])).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_line_of_a_start_says_what_runs() {
    let served = Served::start(&["--mode=enforce", "--namespace-mode=lab=warn"]);
    let wanted = json!({
        "version": env!("CARGO_PKG_VERSION"), "mode": "enforce", "namespace_modes": "lab=warn", "generation": 1, "policies": 1,
        "directories": 1, "principals": 1, "bindings": 1,
    });
    for (field, value) in wanted.as_object().unwrap() {
        assert_eq!(&served.ready[field], value, "{field}: {}", served.ready);
    }
    assert!(served.ready["entries_fail"].is_null(), "there is no cluster");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_ends_nothing() {
    let mut served = Served::start(&["--mode=enforce"]);
    // The next line is read, and then the pipe is closed.
    served.lines = mpsc::channel().1;
    for number in 0..20 {
        let mut review = creation();
        review["request"]["name"] = json!(format!("web-{number}"));
        let seen = served.ask("/validate", &review).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    }
    assert!(served.process.try_wait().unwrap().is_none(), "it still runs");
    let counted = served
        .metrics()
        .lines()
        .filter(|line| line.starts_with("ramgate_admission_requests_total"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum::<f64>();
    assert_eq!(counted.to_string(), "20");
}

#[tokio::test]
async fn the_causes_of_a_denial_are_an_array_and_its_text_is_written_once() {
    let served = Served::start(&["--mode=enforce"]);
    let mut review = creation();
    review["request"]["userInfo"]["username"] = json!("alice@example.com");
    served.ask("/validate", &review).await;
    let line = loop {
        let line = served.lines.recv_timeout(20 * SECOND).unwrap();
        if line["message"] == "reviewed" {
            break line;
        }
    };
    let causes = line["causes"].as_array().unwrap();
    assert_eq!(causes[0]["reason"], line["code"], "{line}");
    assert!(causes[0]["message"].is_null() && causes.len() > 1, "{line}");
    let denial = line["denial"].as_str().unwrap();
    for message in causes.iter().filter_map(|cause| cause["message"].as_str()) {
        assert!(!denial.contains(message), "{message} is in {denial}");
    }
}

/// A review of a pod for ECI
fn creation() -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u-1", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "subResource": "",
        "namespace": "shop", "name": "web", "operation": "CREATE",
        "userInfo": {"username": "alice@example.com", "groups": ["system:authenticated"]},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "web", "namespace": "shop", "labels": {"alibabacloud.com/eci": "true"},
            "annotations": {"k8s.aliyun.com/eci-custom-tags": "env:test", "k8s.aliyun.com/eci-ram-role-name": "r"},
        }, "spec": {"containers": [{"name": "main", "image": "nginx"}]}},
    }})
}

#[tokio::test]
async fn like_denials_have_one_line_and_each_its_count() {
    let served = Served::start(&["--mode=enforce"]);
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let pods = (0..20).map(|number| {
        let mut review = creation();
        review["request"]["name"] = json!(format!("web-7d9c-{number}"));
        review["request"]["userInfo"]["username"] = json!(controller);
        review
    });
    for review in pods {
        let seen = served.ask("/validate", &review).await;
        assert_eq!(seen.json()["response"]["allowed"], false, "{}", seen.text);
    }
    served.ask("/validate", &creation()).await;
    let next = || served.lines.recv_timeout(20 * SECOND).unwrap();
    let reviewed = std::iter::repeat_with(next).filter(|line| line["path"] == "validate");
    let lines: Vec<Value> = reviewed.take(2).collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["user"], &line["name"], &line["code"]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            [controller, "web-7d9c-0", "MissingStamp"],
            ["alice@example.com", "web", "Forbidden.RamRoleNotExist"],
        ])
    );
    let metrics = served.metrics();
    let denials = metrics.lines().filter(|line| {
        line.starts_with("ramgate_admission_requests_total{") && line.contains(r#"decision="deny""#)
    });
    let counts = denials.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap());
    assert_eq!(counts.sum::<u64>(), 21, "{metrics}");
}

#[tokio::test]
async fn no_field_of_a_review_floods_the_log_or_the_answer() {
    let served = Served::start(&["--mode=enforce", "--authorize"]);
    let logged = async |path: &str, review: &Value| {
        let seen = served.ask(path, review).await;
        let line = loop {
            let line = served.lines.recv_timeout(20 * SECOND).unwrap();
            if line["message"] == "reviewed" {
                break line;
            }
        };
        // What the sender's own object becomes is as long as they wrote it
        let answer: Value = serde_json::from_str(&seen.text).unwrap_or_default();
        let patch = answer["response"]["patch"].as_str().map_or(0, str::len);
        (seen.text.len() + line.to_string().len(), patch, line)
    };
    let (usual, _, line) = logged("/validate", &creation()).await;
    assert!(usual < 5120 && line["user"] == "alice@example.com", "{line}");
    let fields = [
        "/kind",
        "/request/uid",
        "/request/userInfo/username",
        "/request/userInfo/groups/0",
        "/request/namespace",
        "/request/name",
        "/request/operation",
        "/request/subResource",
        "/request/resource/resource",
        "/request/object/metadata/name",
        "/request/object/metadata/annotations/k8s.aliyun.com~1eci-custom-tags",
        "/request/object/metadata/annotations/k8s.aliyun.com~1eci-ram-role-name",
        "/request/object/spec/containers/0/image",
    ];
    let megabyte = |part: &str| json!(part.repeat(1024 * 1024 / part.len()));
    for field in fields {
        for part in ["a", "\u{1}", "\"", "a,b:"] {
            let mut review = creation();
            // Denials of one object that say the same have one line
            review["request"]["name"] = json!(format!("web{field}{part:?}"));
            *review.pointer_mut(field).unwrap() = megabyte(part);
            for path in ["/mutate", "/validate"] {
                let (bytes, patch, line) = logged(path, &review).await;
                let is_own = field.starts_with("/request/object/") || field == "/request/name";
                let bytes = if is_own { bytes - patch } else { bytes };
                assert!(
                    bytes < 8192,
                    "{path} {field} {part:?}: {bytes} bytes, {line:.300}"
                );
            }
        }
    }
    for field in ["/spec/user", "/spec/resourceAttributes/namespace", "/kind"] {
        let mut review = list("alice@example.com", &[]);
        *review.pointer_mut(field).unwrap() = megabyte("\u{1}");
        let (bytes, ..) = logged("/authorize", &review).await;
        assert!(bytes < 8192, "{field}: {bytes} bytes");
    }
    let mut long = creation();
    long["request"]["uid"] = "u".repeat(129).into();
    let seen = served.ask("/validate", &long).await;
    assert!(
        !seen.text.contains("uuuu"),
        "a UID of more than 128 bytes is not echoed: {}",
        seen.text
    );
}
