//! The page's port as browsers and strangers see it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderMap, LOCATION};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::cli::explore::differences::Comparison;
use crate::cli::explore::gate::Gate;
use crate::cli::explore::routes::{Explorer, router};
use crate::cli::explore::snapshot::{Side, Snapshot};
use crate::cli::manifest::read_text;
use crate::config::{NamedDocument, ParsedDocument};

const TEST_ONLY: &str = r#"{"Version": "1", "Statement": [
    {"Effect": "Allow", "Action": "eci:Create*", "Resource": "*", "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}},
    {"Effect": "Deny", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"acs:RequestTag/env": "prod"}}}]}"#;

const DIRECTORY: &str = "
account: {id: '1234567890123456', region: cn-hangzhou}
resourceGroups: [{id: rg-a, default: true}, {id: rg-b, name: batch}]
users:
  - {name: alice, policies: [{policy: TestOnly}]}
  - {name: bob}
roles:
  - name: App
    trustPolicy: {Version: '1', Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}
bindings: [{principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}]
";

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: worker, labels: {eci: 'true'}}
spec: {containers: [{name: c}]}
";

fn documents(policy: &str) -> Vec<NamedDocument> {
    vec![
        NamedDocument::new(
            "TestOnly.json",
            ParsedDocument::policy("TestOnly", policy.as_bytes()),
        ),
        NamedDocument::new("directory.yaml", ParsedDocument::directory(DIRECTORY.as_bytes())),
    ]
}

/// The page without a socket
struct Page {
    router: axum::Router,
    host: String,
    path: String,
}

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Page {
    fn new(candidate: Option<&str>) -> Self {
        Self::beside("", candidate)
    }

    /// A page that knows these objects of the cluster
    fn beside(objects: &str, candidate: Option<&str>) -> Self {
        let side = |policy: &str| Side::default().after(Ok(&documents(policy)));
        let snapshot = Snapshot {
            revision: 7,
            live: side(TEST_ONLY),
            candidate: candidate.map(side),
            comparison: Comparison::default(),
        };
        let gate = Gate::new(8123).unwrap();
        let url = gate.url();
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        Self {
            host: host.to_owned(),
            path: format!("/{path}"),
            router: router(Arc::new(Explorer::new(
                gate,
                Arc::new(snapshot),
                read_text("objects", objects).manifests,
            ))),
        }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Seen {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", &self.host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Seen {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, file: &str) -> Seen {
        self.send("GET", &format!("{}{file}", self.path), &[], "").await
    }

    async fn ask(&self, question: &str, body: impl Into<Body>) -> Seen {
        let path = format!("{}api/{question}", self.path);
        self.send("POST", &path, &[("content-type", "application/json")], body)
            .await
    }

    async fn answer(&self, question: &str, body: &Value) -> Value {
        let seen = self.ask(question, body.to_string()).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
        seen.json()
    }

    async fn complaint(&self, question: &str, body: &Value) -> (String, String) {
        let json = self.answer(question, body).await;
        let text = |field: &str| json[field].as_str().unwrap().to_owned();
        (text("field"), text("error"))
    }
}

fn assert_guarded(seen: &Seen) {
    let header = |name: &str| seen.headers.get(name).and_then(|value| value.to_str().ok());
    let policy = header(CONTENT_SECURITY_POLICY.as_str()).unwrap();
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(
            policy.split("; ").any(|directive| directive == part),
            "{part}: {policy}"
        );
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(header(name), Some(value), "{name}");
    }
    assert_eq!(header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn every_response_is_guarded_refusals_included() {
    let page = Page::new(None);
    let status = format!("{}api/status", page.path);
    let cell = format!("{}api/cell", page.path);
    let own = page.path.clone();
    for (method, path, headers, status) in [
        ("GET", own.as_str(), &[][..], StatusCode::OK),
        ("GET", status.as_str(), &[], StatusCode::OK),
        ("GET", "/", &[], StatusCode::NOT_FOUND),
        ("GET", "/favicon.ico", &[], StatusCode::NOT_FOUND),
        (
            "GET",
            own.as_str(),
            &[("host", "evil.example:8123")],
            StatusCode::MISDIRECTED_REQUEST,
        ),
        (
            "GET",
            own.as_str(),
            &[("origin", "https://evil.example")],
            StatusCode::FORBIDDEN,
        ),
        (
            "POST",
            cell.as_str(),
            &[("sec-fetch-site", "cross-site")],
            StatusCode::FORBIDDEN,
        ),
        ("DELETE", own.as_str(), &[], StatusCode::METHOD_NOT_ALLOWED),
        ("POST", own.as_str(), &[], StatusCode::METHOD_NOT_ALLOWED),
        ("GET", cell.as_str(), &[], StatusCode::METHOD_NOT_ALLOWED),
        (
            "POST",
            cell.as_str(),
            &[("content-type", "text/plain")],
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            "POST",
            cell.as_str(),
            &[("content-type", "application/json")],
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let seen = page.send(method, path, headers, "").await;
        assert_eq!(seen.status, status, "{method} {path} {headers:?}: {}", seen.text);
        assert_guarded(&seen);
        if status.is_client_error() {
            assert!(
                !seen.text.contains(page.path.trim_matches('/')),
                "the token is told: {}",
                seen.text
            );
        }
    }
    let moved = page.send("GET", page.path.trim_end_matches('/'), &[], "").await;
    assert_eq!(moved.headers[LOCATION], page.path.as_str());
}

#[tokio::test]
async fn the_files_of_the_page_are_there_and_no_others() {
    let page = Page::new(None);
    for (file, media_type) in [
        ("", "text/html; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let seen = page.get(file).await;
        assert_eq!(seen.status, StatusCode::OK, "{file}");
        assert_eq!(seen.headers["content-type"], media_type);
    }
    for file in [
        "index.html",
        "../Cargo.toml",
        "..%2fCargo.toml",
        "main.js/",
        "MAIN.JS",
        "api",
        "api/",
        "api/none",
    ] {
        let seen = page.get(file).await;
        assert!(seen.status.is_client_error(), "{file}: {}", seen.status);
    }
}

#[tokio::test]
async fn a_large_body_is_refused_unread() {
    let page = Page::new(None);
    let body = |spaces: usize| {
        let text = r#"{"side": "live"}"#;
        format!("{}{text}", " ".repeat(spaces - text.len()))
    };
    let most = page.ask("matrix", body(1024 * 1024)).await;
    assert_eq!(most.status, StatusCode::OK, "{}", most.text);
    let more = page.ask("matrix", body(1024 * 1024 + 1)).await;
    assert_eq!(more.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn no_question_makes_it_panic() {
    let page = Page::new(Some(TEST_ONLY));
    let texts = [
        "",
        "{",
        "null",
        "[]",
        "7",
        r#""x""#,
        "{}",
        "\u{0}",
        r#"{"side": "none"}"#,
        r#"{"side": "live", "page": -1}"#,
    ];
    for question in ["matrix", "cell", "names", "verdict", "differences", "difference"] {
        for text in texts {
            let seen = page.ask(question, text).await;
            assert_eq!(
                seen.status,
                StatusCode::BAD_REQUEST,
                "{question} {text}: {}",
                seen.text
            );
        }
    }
    let deep = "[".repeat(100_000);
    let seen = page.ask("matrix", deep).await;
    assert_eq!(seen.status, StatusCode::BAD_REQUEST);
    for manifest in [
        "&a [*a]",
        "a: &a [x]\nb: [*a, *a]",
        "{{ .Values.x }}",
        "kind: [",
        "\u{feff}",
        "---\n---",
        &"[".repeat(50_000),
    ] {
        let body = json!({"manifest": manifest, "who": {"principal": "user/alice"}, "operation": "exec"});
        let seen = page.ask("verdict", body.to_string()).await;
        assert_eq!(seen.status, StatusCode::OK, "{manifest}: {}", seen.text);
    }
}

fn cells(answer: &Value, row: usize) -> Vec<&str> {
    let cells = answer["rows"][row]["cells"].as_array().unwrap();
    cells.iter().map(|cell| cell.as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_matrix_answers_under_tags_a_group_and_a_role() {
    let page = Page::new(None);
    let under = |tags: &str, role: &str| json!({"side": "live", "under": {"tags": tags, "role": role}});
    let plain = page.answer("matrix", &json!({"side": "live"})).await;
    assert_eq!(plain["position"]["total"], 3);
    assert_eq!(plain["rows"][0]["principal"], "user/alice");
    assert_eq!(plain["rows"][0]["subjects"], json!(["User alice@example.com"]));
    assert_eq!(cells(&plain, 0)[0], "ImplicitDeny");
    assert_eq!(cells(&plain, 0)[6], "NotAsked");
    let test = page.answer("matrix", &under("env:test", "App")).await;
    assert_eq!(cells(&test, 0)[0], "Allow");
    assert_eq!(cells(&test, 0)[6], "ImplicitDeny");
    let prod = page.answer("matrix", &under("env:prod", "")).await;
    assert_eq!(cells(&prod, 0)[0], "ExplicitDeny");
    let found = page
        .answer("matrix", &json!({"side": "live", "search": "ALICE@"}))
        .await;
    assert_eq!(found["position"]["total"], 1);
    for (body, field, says) in [
        (
            under("env", ""),
            "tags",
            "the list of tags has no colon in entry 1",
        ),
        (
            under("", "Nobody"),
            "role",
            "RAM role `Nobody` is not in the directory",
        ),
        (
            json!({"side": "live", "under": {"group": "rg-z"}}),
            "group",
            "resource group `rg-z`",
        ),
        (json!({"side": "candidate"}), "side", "not there"),
    ] {
        let (about, said) = page.complaint("matrix", &body).await;
        assert!(about == field && said.contains(says), "{about}: {said}");
    }
}

#[tokio::test]
async fn a_cell_says_which_statement_decided_and_what_it_found() {
    let page = Page::new(None);
    let cell = |tags: &str| json!({"side": "live", "under": {"tags": tags}, "principal": "user/alice", "action": "eci:CreateContainerGroup"});
    let denied = page.answer("cell", &cell("env:prod")).await;
    assert_eq!(denied["state"], "ExplicitDeny");
    let question = &denied["questions"][0];
    assert_eq!(question["statement"], "TestOnly#2");
    let statements = question["trace"][0]["statements"].as_array().unwrap();
    let deciding = statements
        .iter()
        .find(|one| one["statement"] == "TestOnly#2")
        .unwrap();
    assert_eq!(deciding["place"], json!({"file": "TestOnly.json", "line": 3}));
    assert_eq!(
        deciding["conditions"],
        json!([{"element": "StringEquals acs:RequestTag/env", "wanted": ["prod"], "got": ["prod"]}])
    );
    let nothing = page.answer("cell", &cell("")).await;
    let nearest = &nothing["questions"][0]["trace"][0]["statements"][0];
    assert_eq!(
        (&nearest["wanted"], &nearest["got"]),
        (&json!(["test"]), &json!([]))
    );
}

#[tokio::test]
async fn a_verdict_comes_with_message_fix_and_trace() {
    let page = Page::new(None);
    let verdict =
        |who: Value, manifest: &str| json!({"manifest": manifest, "who": who, "operation": "create"});
    let alice = json!({"user": {"name": "alice@example.com", "groups": ["", " dev "]}});
    let answer = page.answer("verdict", &verdict(alice.clone(), POD)).await;
    let object = &answer["sides"]["live"]["objects"][0];
    assert_eq!(
        (&object["decision"], &object["title"]),
        (&json!("denied"), &json!("Pod default/worker"))
    );
    assert_eq!(object["advice"]["at"], "metadata.annotations");
    assert_eq!(
        object["advice"]["paste"],
        json!([r#"k8s.aliyun.com/eci-custom-tags: "env:test""#])
    );
    assert_eq!(object["questions"][0]["trace"][0]["decides"], true);
    let tagged = POD.replace(
        "labels:",
        "annotations: {k8s.aliyun.com/eci-custom-tags: 'env:test'}, labels:",
    );
    // The same for the principal alone, whom nothing binds
    for who in [alice.clone(), json!({"principal": "user/alice"})] {
        let answer = page.answer("verdict", &verdict(who, &tagged)).await;
        assert_eq!(answer["sides"]["live"]["objects"][0]["decision"], "allowed");
    }
    let broken = page
        .answer(
            "verdict",
            &verdict(alice.clone(), "apiVersion: v1\nkind: Pod\nmetadata: ["),
        )
        .await;
    assert_eq!(broken["sides"]["live"]["failures"][0]["line"], 3);
    for (who, field) in [
        (json!({"user": {"name": " "}}), "user"),
        (json!({"principal": "alice"}), "principal"),
        (json!({"principal": "user/nobody"}), "principal"),
    ] {
        assert_eq!(page.complaint("verdict", &verdict(who, POD)).await.0, field);
    }
    let many = format!("{POD}---").repeat(51);
    let (_, said) = page.complaint("verdict", &verdict(alice, &many)).await;
    assert!(said.starts_with("51 objects are too many"), "{said}");
}

#[tokio::test]
async fn objects_of_the_cluster_and_of_the_text_count() {
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {eci: 'true'}}}";
    let plain = POD.replace("labels: {eci: 'true'}", "labels: {}");
    let decision = async |page: &Page, manifest: &str| {
        let body = json!({"manifest": manifest, "who": {"principal": "user/alice"}, "operation": "create"});
        let answer = page.answer("verdict", &body).await;
        let live = &answer["sides"]["live"];
        let objects = live["objects"].as_array().unwrap();
        let pod = objects.iter().find(|object| object["kind"] == "Pod").unwrap();
        (
            pod["decision"].as_str().unwrap().to_owned(),
            live["notes"].as_array().unwrap().len(),
        )
    };
    let (alone, beside) = (Page::new(None), Page::beside(namespace, None));
    assert_eq!(decision(&alone, &plain).await, ("nothing".to_owned(), 1));
    assert_eq!(decision(&beside, &plain).await, ("denied".to_owned(), 0));
    let both = format!("{plain}---\n{namespace}");
    assert_eq!(decision(&alone, &both).await, ("denied".to_owned(), 0));
}

#[tokio::test]
async fn the_candidate_is_judged_beside_and_its_differences_are_told() {
    let candidate = TEST_ONLY.replace("\"test\"", "\"dev\"");
    let page = Page::new(Some(&candidate));
    let body = json!({"manifest": POD, "who": {"principal": "user/alice"}, "operation": "create"});
    let verdict = page.answer("verdict", &body).await;
    let fix = |side: &str| verdict["sides"][side]["objects"][0]["advice"]["paste"][0].clone();
    assert_eq!(fix("live"), r#"k8s.aliyun.com/eci-custom-tags: "env:test""#);
    assert_eq!(fix("candidate"), r#"k8s.aliyun.com/eci-custom-tags: "env:dev""#);
    let list = async |change: &str| {
        loop {
            let answer = page.answer("differences", &json!({"change": change})).await;
            if answer["state"] == "done" {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let (gains, losses) = (list("gains").await, list("losses").await);
    assert_eq!((&gains["gains"], &gains["losses"]), (&json!(1), &json!(1)));
    assert_eq!(gains["rows"][0]["principals"], json!(["user/alice"]));
    assert_eq!(losses["rows"].as_array().unwrap().len(), 1);
    let number = &losses["rows"][0]["number"];
    let one = page
        .answer("difference", &json!({"revision": 7, "number": number}))
        .await;
    assert_eq!(
        (&one["live"]["decision"], &one["candidate"]["decision"]),
        (&json!("Allow"), &json!("ImplicitDeny"))
    );
    assert_eq!(one["live"]["statement"], "TestOnly#1");
    let (field, _) = page
        .complaint("difference", &json!({"revision": 6, "number": number}))
        .await;
    assert_eq!(field, "number");
}

#[tokio::test]
async fn names_are_suggested_while_somebody_types() {
    let page = Page::new(None);
    for (kind, search, names) in [
        (
            "principal",
            "ali",
            json!([{"value": "user/alice", "label": "User alice@example.com"}]),
        ),
        ("role", "", json!([{"value": "App", "label": ""}])),
        ("group", "batch", json!([{"value": "rg-b", "label": "batch"}])),
        (
            "user",
            "example",
            json!([{"value": "alice@example.com", "label": "user/alice"}]),
        ),
    ] {
        let answer = page
            .answer("names", &json!({"side": "live", "kind": kind, "search": search}))
            .await;
        assert_eq!(answer["names"], names);
    }
}
