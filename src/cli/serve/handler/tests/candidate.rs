//! A candidate beside the configuration in force: the answers are the same, and what it would change is found.

use super::*;
use crate::candidate::rehearsal::WaitingReviews;
use crate::candidate::report::{CandidateReport, ReportedReviews};
use crate::config::candidate::{Candidate, CandidateSet, CandidateState};

const STRICTER: &str = r#"{"Version": "1", "Statement": [
    {"Effect": "Allow", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"acs:RequestTag/env": ["test", "prod"]}}},
    {"Effect": "Deny", "Action": "eci:CreateContainerGroup", "Resource": "*", "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}}]}"#;
const NOTHING: &str =
    r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:*", "Resource": "*"}]}"#;

/// A handler, its rehearsal, and the reviews that wait for it
struct Served {
    handler: WebhookHandler,
    waiting: WaitingReviews,
    metrics: Arc<Metrics>,
}

fn documents(policy: &str, directory: &str) -> [NamedDocument; 2] {
    [
        NamedDocument::new(
            "rules/Tagged.json",
            ParsedDocument::policy("Tagged", policy.as_bytes()),
        ),
        NamedDocument::new(
            "people/directory",
            ParsedDocument::directory(directory.as_bytes()),
        ),
    ]
}

/// A candidate in a ConfigMap of its own, with this policy and this directory
fn candidate(policy: &str, directory: &str) -> Vec<NamedDocument> {
    vec![
        NamedDocument::new(
            "next/Tagged.json",
            ParsedDocument::policy("Tagged", policy.as_bytes()),
        ),
        NamedDocument::new("next/directory", ParsedDocument::directory(directory.as_bytes())),
    ]
}

fn served(mode: Mode, candidates: Option<&[NamedDocument]>) -> Served {
    served_with(mode, candidates, &[])
}

/// The same with more objects in the cluster
fn served_with(mode: Mode, candidates: Option<&[NamedDocument]>, more: &[Value]) -> Served {
    let live = documents(POLICY, DIRECTORY);
    let configuration = load(&live).unwrap();
    let mut objects = vec![
        json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "shop"}}}),
        json!({"kind": "Namespace", "metadata": {"name": "odd", "labels": {"team": "a_very.odd-team"}}}),
        json!({"kind": "Node", "metadata": {"name": "virtual", "labels": {"type": "virtual-kubelet"}}}),
        json!({"kind": "Node", "metadata": {"name": "real"}}),
        pod(json!({TAGS: "env:prod"})),
    ];
    objects.extend(more.iter().cloned());
    let snapshot = ClusterSnapshot::new(&objects, &configuration.cluster).unwrap();
    // Two servers that are compared write the same stamps
    let ring = KeyRing::new([("k".to_owned(), vec![7; 32])]).unwrap();
    let store = Arc::new(Store::default());
    store.accept(configuration);
    if let Some(candidates) = candidates {
        let state = match CandidateSet::new(&store.current().unwrap(), &live, candidates) {
            Ok(set) => CandidateState::Loaded(Arc::new(set)),
            Err(faults) => CandidateState::faulty(&faults),
        };
        store.set_candidate(Candidate {
            state,
            ..Candidate::default()
        });
    }
    let metrics = Arc::new(Metrics::new().unwrap());
    let modes = Arc::new(MergedModes::new(Modes::everywhere(mode)));
    let (rehearsal, waiting) = Rehearsal::new(
        Arc::clone(&store),
        Arc::clone(modes.flags()),
        Arc::clone(&metrics),
    );
    let handler = WebhookHandler {
        store,
        surrounding: Surrounding::Empty(snapshot.signed_by(Signer::new(ring, ""))),
        modes,
        enforced: None,
        authorize: None,
        rehearsal,
    };
    Served {
        handler,
        waiting,
        metrics,
    }
}

impl Served {
    fn answer(&self, path: &str, body: &[u8]) -> Result<HandledReview, UnreadableReview> {
        let webhook = if path == "/mutate" {
            Webhook::Mutating
        } else {
            Webhook::Validating
        };
        self.handler
            .handle(Endpoint::Admission(webhook), body)
            .now_or_never()
            .unwrap()
    }

    /// Judges what waits, and says what was found
    fn report(self) -> (CandidateReport, String) {
        let (rehearsal, mut waiting) = (&self.handler.rehearsal, self.waiting);
        rehearsal.judge_waiting(&mut waiting);
        rehearsal.set_metrics();
        let text = String::from_utf8(self.metrics.text().unwrap()).unwrap();
        (rehearsal.report(), text)
    }
}

/// A pod as the live mutating webhook leaves it
fn mutated(served: &Served, mut pod: Value) -> Value {
    let answer = served.answer("/mutate", &creation(&pod)).unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    apply(&mut pod, &decoded(&answer["response"]["patch"]).unwrap());
    pod
}

fn found(policy: &str, directory: &str, pods: &[Value]) -> (CandidateReport, String) {
    let served = served(Mode::Enforce, Some(&candidate(policy, directory)));
    for pod in pods {
        let pod = mutated(&served, pod.clone());
        served.answer("/validate", &creation(&pod)).unwrap();
    }
    served.report()
}

fn tagged(tags: &str) -> Value {
    pod(json!({TAGS: tags}))
}

#[test]
fn what_would_be_denied_and_allowed_is_counted_by_statement_and_principal() {
    let pods = [
        tagged("env:test"),
        tagged("env:test"),
        tagged("env:prod"),
        tagged("env:other"),
    ];
    let (report, metrics) = found(STRICTER, DIRECTORY, &pods);
    assert_eq!(
        report.reviews,
        ReportedReviews {
            judged: 4,
            skipped: 0,
            undetermined: 0
        }
    );
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| {
            let statement = (row.policy.as_str(), row.statement, row.code.as_str());
            (
                row.change.name(),
                row.effect.as_str(),
                row.principal.as_str(),
                statement,
                row.count,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("denied", "deny", "user/ann", ("Tagged", 2, "ExplicitDeny"), 2),
            ("allowed", "allow", "user/ann", ("Tagged", 1, "ImplicitDeny"), 1),
        ]
    );
    let first = &report.rows[0];
    assert_eq!(
        (
            first.user.as_str(),
            first.namespace.as_str(),
            first.object.as_str()
        ),
        ("ann", "shop", "CREATE pods web")
    );
    for line in [
        r#"ramgate_candidate_changes_total{change="denied",code="ExplicitDeny",policy="Tagged",principal="user/ann",statement="2"} 2"#,
        r#"ramgate_candidate_changes_total{change="allowed",code="ImplicitDeny",policy="Tagged",principal="user/ann",statement="1"} 1"#,
        r#"ramgate_candidate_reviews_total{result="judged"} 4"#,
        r#"ramgate_candidate_state{state="loaded"} 1"#,
        "ramgate_candidate_losses 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
}

#[test]
fn a_statement_that_allows_no_more_is_named_and_another_reason_by_its_code() {
    let (report, _) = found(NOTHING, DIRECTORY, &[tagged("env:test")]);
    let row = &report.rows[0];
    assert_eq!(
        (row.policy.as_str(), row.statement, row.code.as_str()),
        ("Tagged", 1, "ImplicitDeny")
    );
    // A stamp in the pod names the principal of today; that the candidate writes another is no reason against it
    let unbound = DIRECTORY.replace(
        "subjects: [{kind: User, name: ann}]",
        "subjects: [{kind: User, name: eve}]",
    );
    let (report, _) = found(POLICY, &unbound, &[tagged("env:test")]);
    let row = &report.rows[0];
    assert_eq!(
        (report.rows.len(), row.code.as_str(), row.statement),
        (1, "UnboundIdentity", 0)
    );
    let same = DIRECTORY.replace(
        "users: [{name: ann,",
        "users: [{name: bob, policies: [{policy: Tagged}]}, {name: ann,",
    );
    let moved = same.replace("principal: user/ann", "principal: user/bob");
    let (report, _) = found(POLICY, &moved, &[tagged("env:test")]);
    assert_eq!(
        (report.rows.len(), report.reviews.judged),
        (0, 1),
        "{:?}",
        report.rows
    );
}

#[test]
fn nothing_is_guessed_where_the_candidate_needs_what_was_not_read() {
    let mapped = DIRECTORY.replace("from: {podLabel: cost}", "from: {value: none}");
    let (report, _) = found(POLICY, &mapped, &[tagged("env:test")]);
    assert_eq!((report.rows.len(), report.reviews.undetermined), (0, 1));
    let labels = DIRECTORY.replace("from: {podLabel: cost}", "from: {namespaceAnnotation: cost}");
    let (report, _) = found(POLICY, &labels, &[tagged("env:test")]);
    assert_eq!((report.rows.len(), report.reviews.undetermined), (0, 1));
    // Whom a spawner acts for is in a pod that only a configuration with spawners reads
    let spawners = DIRECTORY.replace(
        "cluster:\n",
        "cluster:\n  spawners: [{namespace: shop, serviceAccount: default}]\n",
    );
    let served = served(Mode::Enforce, Some(&candidate(POLICY, &spawners)));
    let body = String::from_utf8(creation(&tagged("env:test"))).unwrap();
    let extra = r#""username":"system:serviceaccount:shop:default","extra":{"authentication.kubernetes.io/pod-name":["d"],"authentication.kubernetes.io/pod-uid":["u"]}"#;
    let body = body.replace(r#""username":"ann""#, extra);
    served.answer("/validate", body.as_bytes()).unwrap();
    let (report, _) = served.report();
    assert_eq!((report.rows.len(), report.reviews.undetermined), (0, 1));
}

#[test]
fn the_candidate_s_own_modes_count() {
    for (mode, effects) in [("enforce", vec![("denied", "deny")]), ("audit", vec![])] {
        let directory = format!("{DIRECTORY}modes: {{shop: {mode}}}\n");
        let served = served(Mode::Warn, Some(&candidate(POLICY, &directory)));
        let pod = mutated(&served, tagged("env:other"));
        served.answer("/validate", &creation(&pod)).unwrap();
        let (report, _) = served.report();
        let rows = report
            .rows
            .iter()
            .map(|row| (row.change.name(), row.effect.as_str()));
        assert_eq!(rows.collect::<Vec<_>>(), effects, "{mode}");
    }
}

#[test]
fn a_full_queue_is_not_waited_for() {
    let served = served(Mode::Enforce, Some(&candidate(NOTHING, DIRECTORY)));
    let body = creation(&tagged("env:test"));
    for _ in 0..400 {
        served.answer("/validate", &body).unwrap();
    }
    let mut large = tagged("env:test");
    large["metadata"]["annotations"]["note"] = json!("v".repeat(260_000));
    served.answer("/validate", &creation(&large)).unwrap();
    let (report, metrics) = served.report();
    let ReportedReviews { judged, skipped, .. } = report.reviews;
    assert_eq!((judged, skipped), (256, 145));
    assert!(
        metrics.contains(r#"ramgate_candidate_reviews_total{result="skipped"} 145"#),
        "{metrics}"
    );
}

#[test]
fn objects_that_were_read_take_room_in_the_queue_as_bodies_do() {
    let mut large = pod(json!({TAGS: "env:prod", "note": "v".repeat(100_000)}));
    large["metadata"]["name"] = json!("large");
    large["metadata"]["uid"] = json!("u-large");
    let served = served_with(Mode::Enforce, Some(&candidate(NOTHING, DIRECTORY)), &[large]);
    let connect = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u-1",
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "subResource": "exec", "name": "large",
        "namespace": "shop", "operation": "CONNECT", "userInfo": {"username": "ann"},
        "object": {"apiVersion": "v1", "kind": "PodExecOptions", "command": ["sh"]}}});
    let body = connect.to_string();
    for _ in 0..60 {
        served.answer("/validate", body.as_bytes()).unwrap();
    }
    let (report, _) = served.report();
    let ReportedReviews {
        judged,
        skipped,
        undetermined,
    } = report.reviews;
    // Two MiB hold some twenty of them
    assert!(
        (10..25).contains(&(judged + undetermined)),
        "{:?}",
        report.reviews
    );
    assert_eq!(judged + undetermined + skipped, 60);
}

#[test]
fn a_candidate_of_another_live_set_judges_nothing() {
    let served = served(Mode::Enforce, Some(&candidate(NOTHING, DIRECTORY)));
    served
        .handler
        .store
        .accept(load(&documents(POLICY, DIRECTORY)).unwrap());
    served
        .answer("/validate", &creation(&tagged("env:test")))
        .unwrap();
    let (report, _) = served.report();
    assert_eq!((report.reviews.judged, report.reviews.skipped), (0, 1));
}

/// Candidates that change policies, people, mapping and the cluster section, and one with a fault
fn candidates() -> [Vec<NamedDocument>; 6] {
    let changed = |from: &str, to: &str| {
        assert!(DIRECTORY.contains(from));
        DIRECTORY.replace(from, to)
    };
    [
        candidate(NOTHING, DIRECTORY),
        candidate(
            STRICTER,
            &changed("kind: User, name: ann", "kind: Group, name: system:authenticated"),
        ),
        candidate(POLICY, &changed("mode: enforce", "mode: default")),
        candidate(
            POLICY,
            &changed(
                "from: {podAnnotation: group}",
                "from: {namespaceAnnotation: group}",
            ),
        ),
        candidate(
            POLICY,
            &changed("templates: [spec.template]", "templates: [spec.other]"),
        ),
        candidate("{", DIRECTORY),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_the_same_bytes_with_and_without_a_candidate(
        body in prop_oneof![any_request(), any_mutated()].prop_map(Sent),
        path in select(&WEBHOOKS[..]),
        mode in select(vec![Mode::Enforce, Mode::Warn, Mode::Audit]),
        which in 0_usize..6,
    ) {
        let shown = |answer: Result<HandledReview, UnreadableReview>| {
            answer.map(|handled| (String::from_utf8(handled.body).unwrap(), format!("{:?}", handled.record)))
        };
        let alone = shown(served(mode, None).answer(path, &body.0));
        let beside = served(mode, Some(&candidates()[which]));
        prop_assert_eq!(&alone, &shown(beside.answer(path, &body.0)));
        // And when the candidate has judged the first one
        let Served { handler, mut waiting, metrics } = beside;
        handler.rehearsal.judge_waiting(&mut waiting);
        let beside = Served { handler, waiting, metrics };
        prop_assert_eq!(alone, shown(beside.answer(path, &body.0)));
    }
}
