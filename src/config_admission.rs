//! The admission check of ramgate's own ConfigMaps.
//!
//! A ConfigMap whose documents are bad by themselves is denied. Several ConfigMaps cannot arrive at once, so a name that
//! no stored ConfigMap defines yet, or that two of them define for a while, is only a warning: the
//! [`Reloader`](crate::config::reload::Reloader) keeps such a set out of force.

mod mode_warnings;
mod trial;

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, de};
use serde_json::{Value, json};

use crate::admission::Review;
use crate::admission::response::admission_response::{MAX_NAME, echoed};
use crate::admission::review::Operation;
use crate::analysis::lint;
use crate::analysis::lint::AccountFacts;
use crate::analysis::rights;
use crate::config::config_map::{self, CANDIDATE, LABEL, Side};
use crate::config::configuration::Configuration;
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::merge::{check, merge};
use crate::config::named_document::NamedDocument;
use crate::config::parsed_document::ParsedDocument;
use crate::config::rights_change::ACCEPT_LOSS;
use crate::config::store::ConfigMapDocuments;
pub(crate) use crate::config_admission::mode_warnings::KnownNamespaces;
use crate::config_admission::mode_warnings::mode_warnings;
use crate::config_admission::trial::Trial;
use crate::kubernetes::borrowed_text::Text;
use crate::kubernetes::string_map::{StringMap, bounded_map};
use crate::wording::{bounded, cut, fitted};
use ram_policy::source::Position;

/// The longest message of a denial, in bytes; kubectl shows it whole, an Event keeps 1,024 bytes
const MAX_MESSAGE: usize = 1000;
/// The most warnings of an answer; the API server cuts them at 4,096 bytes in all
const MAX_WARNINGS: usize = 12;
/// The longest warning, in bytes; 12 of them stay below the API server's limit
const MAX_WARNING: usize = 300;
/// The most faults in `status.details.causes`
const MAX_CAUSES: usize = 500;

/// The most keys of a ConfigMap that are read; 1 MiB of policies has fewer
const MAX_KEYS: usize = 16_384;
/// The most bytes of data that the API server accepts in a ConfigMap
const MAX_BYTES: usize = 1024 * 1024;

/// Whether a ConfigMap may be stored
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConfigMapDecision {
    /// Its faults; it may be stored if there are none
    pub faults: Vec<LocatedFault>,
    /// The reason of a denial, cut to the length that users see; empty if the ConfigMap is allowed
    pub message: String,
    /// Warnings for the user who applies an allowed ConfigMap
    pub warnings: Vec<String>,
}

impl ConfigMapDecision {
    fn denied(faults: Vec<LocatedFault>, message: String) -> Self {
        Self {
            faults,
            message,
            warnings: Vec::new(),
        }
    }

    /// Whether the ConfigMap may be stored
    pub(crate) fn is_allowed(&self) -> bool {
        self.faults.is_empty()
    }

    /// The AdmissionReview that answers the API server, in JSON
    pub(crate) fn to_response(&self, review: &Review<'_>) -> Vec<u8> {
        let mut response = json!({"uid": echoed(review.uid()), "allowed": self.is_allowed()});
        if let Some(fields) = response.as_object_mut() {
            if !self.warnings.is_empty() {
                let warnings = self.warnings.iter().map(|warning| fitted(warning, MAX_MESSAGE));
                fields.insert("warnings".to_owned(), warnings.collect());
            }
            if !self.is_allowed() {
                fields.insert("status".to_owned(), self.status(review));
            }
        }
        let body =
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
        body.to_string().into_bytes()
    }

    fn status(&self, review: &Review<'_>) -> Value {
        let causes: Vec<Value> = self.faults.iter().take(MAX_CAUSES).map(cause).collect();
        json!({"status": "Failure", "code": 422, "reason": "Invalid",
            "message": fitted(&self.message, MAX_MESSAGE),
            "details": {"kind": "configmaps", "name": fitted(review.name(), MAX_NAME), "causes": causes}})
    }
}

fn cause(located: &LocatedFault) -> Value {
    let fault = &located.fault;
    let data = if fault.message == config_map::BINARY {
        "binaryData"
    } else {
        "data"
    };
    let is_about = |mark: &str| fault.message.starts_with(mark);
    let field = match located.document.split_once('/') {
        Some((_, key)) => format!("{data}[{key}]"),
        None if is_about(&format!("annotation {CANDIDATE}")) => format!("metadata.annotations[{CANDIDATE}]"),
        None if is_about(&format!("label {CANDIDATE}")) => format!("metadata.labels[{CANDIDATE}]"),
        None => format!("metadata.labels[{LABEL}]"),
    };
    // A fault of a key as a whole has no position in its text
    let message = if fault.at == Position::default() {
        fault.message.clone()
    } else {
        fault.to_string()
    };
    json!({"reason": "FieldValueInvalid", "field": fitted(&field, MAX_NAME), "message": fitted(&message, MAX_MESSAGE)})
}

/// The ConfigMaps beside which another one is to be stored
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StoredConfigMaps<'a> {
    /// Those whose documents are live, the broken ones as well
    pub live: &'a [ConfigMapDocuments],
    pub candidates: &'a [ConfigMapDocuments],
}

/// Decides on a ConfigMap that is to be stored beside `stored`
///
/// ```text
/// data: {x: "users: [{nam: a}]"}                   denied: "x:1:10: unknown field `nam`…"
/// data: {x: "users: [{name: a, groups: [g]}]"}     allowed, with a warning if no stored ConfigMap defines group `g`
/// ```
pub(crate) fn evaluate(
    review: &Review<'_>,
    stored: StoredConfigMaps<'_>,
    in_force: Option<&Configuration>,
    known: &KnownNamespaces<'_>,
    now: Timestamp,
) -> ConfigMapDecision {
    if !matches!(review.operation(), Operation::Create | Operation::Update) {
        return ConfigMapDecision::default();
    }
    let config_map = match parse(review.object().unwrap_or("null")) {
        Ok(config_map) => config_map,
        Err(error) => {
            let message = format!("object is not a ConfigMap: {error}");
            let fault = LocatedFault::whole(review.name(), message.clone(), FaultClass::Document);
            return ConfigMapDecision::denied(vec![fault], message);
        }
    };
    let name = config_map.metadata.name.as_deref().unwrap_or(review.name());
    let (side, documents) = config_map::sided_documents(&config_map);
    let mut faults = own_faults(&documents);
    faults.extend(too_long_exceptions(&documents, now));
    let trial = (side == Side::Candidate && faults.is_empty()).then(|| Trial::new(name, &documents, stored));
    faults.extend(trial.iter().flat_map(|trial| trial.ambiguities.iter().cloned()));
    if !faults.is_empty() {
        let lines: Vec<String> = faults.iter().map(|fault| without_name(fault, name)).collect();
        let head = format!("ConfigMap {name} is no valid ramgate configuration:\n");
        let lines = bounded(&lines, "\n", MAX_MESSAGE.saturating_sub(head.len()));
        return ConfigMapDecision::denied(faults, format!("{head}{lines}"));
    }
    let warnings = match trial {
        Some(trial) => trial.warnings(name, &documents, stored.live, (in_force, known)),
        None => warnings(
            name,
            &config_map.metadata,
            &documents,
            stored.live,
            (in_force, known),
        ),
    };
    ConfigMapDecision {
        warnings,
        ..ConfigMapDecision::default()
    }
}

/// The fields of a ConfigMap that hold documents; the others are skipped
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigMapWire<'a> {
    #[serde(borrow, default)]
    metadata: MetadataWire<'a>,
    #[serde(borrow, default, deserialize_with = "bounded_map::<MAX_KEYS, _>")]
    data: StringMap<'a>,
    #[serde(borrow, default, deserialize_with = "bounded_map::<MAX_KEYS, _>")]
    binary_data: StringMap<'a>,
}

#[derive(Default, Deserialize)]
struct MetadataWire<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    labels: StringMap<'a>,
    #[serde(borrow, default)]
    annotations: StringMap<'a>,
}

fn parse(json: &str) -> Result<ConfigMap, serde_json::Error> {
    let wire: ConfigMapWire<'_> = serde_json::from_str(json)?;
    let length = wire.data.iter().fold(0_usize, |length, (key, text)| {
        length.saturating_add(key.len()).saturating_add(text.len())
    });
    if length > MAX_BYTES {
        return Err(de::Error::custom(format_args!(
            "its data has {length} bytes, and no ConfigMap may have more than {MAX_BYTES}"
        )));
    }
    let owned = |pairs: &StringMap<'_>| {
        let pairs = pairs.iter();
        pairs
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .collect()
    };
    // Only the keys of binary data matter, for their faults
    let binary_data = wire.binary_data.iter();
    let binary_data = binary_data.map(|(key, _)| (key.to_owned(), ByteString::default()));
    Ok(ConfigMap {
        metadata: ObjectMeta {
            name: wire.metadata.name.map(|name| name.to_string()),
            labels: Some(owned(&wire.metadata.labels)),
            annotations: Some(owned(&wire.metadata.annotations)),
            ..ObjectMeta::default()
        },
        data: Some(owned(&wire.data)),
        binary_data: Some(binary_data.collect()),
        ..ConfigMap::default()
    })
}

/// The faults that no other ConfigMap can remove
fn own_faults(documents: &[NamedDocument]) -> Vec<LocatedFault> {
    let is_own = |fault: &LocatedFault| match fault.class {
        FaultClass::Document => true,
        FaultClass::Reference => false,
        // The set as a whole has no `/` in its name: another ConfigMap may hold what it lacks
        FaultClass::Conflict => fault.document.contains('/'),
    };
    check(named(documents)).into_iter().filter(is_own).collect()
}

/// The exceptions that end too far away; a reload does not refuse them, they only do not hold
fn too_long_exceptions(documents: &[NamedDocument], now: Timestamp) -> Vec<LocatedFault> {
    let faults = documents.iter().flat_map(|named| {
        let entries = named.document.exceptions().iter();
        let faults = entries.filter_map(|entry| entry.too_long(now));
        faults.map(|fault| LocatedFault::new(&named.name, fault, FaultClass::Document))
    });
    faults.collect()
}

/// What keeps the set of the new documents and the stored ones out of force, and the lint findings of the new ones
fn warnings(
    name: &str,
    metadata: &ObjectMeta,
    documents: &[NamedDocument],
    stored: &[ConfigMapDocuments],
    (in_force, known): (Option<&Configuration>, &KnownNamespaces<'_>),
) -> Vec<String> {
    let mut config_maps: BTreeMap<&str, &[NamedDocument]> = stored
        .iter()
        .map(|config_map| (&*config_map.name, &*config_map.documents))
        .collect();
    config_maps.insert(name, documents);
    let all: Vec<(&str, &ParsedDocument)> = config_maps
        .values()
        .flat_map(|documents| named(documents))
        .collect();
    let faults = check(all.iter().copied());
    let facts = AccountFacts::of(all.iter().map(|(_, document)| *document));
    let others = stored.iter().filter(|config_map| *config_map.name != *name);
    let accepted = others.filter_map(|config_map| config_map.accepted_loss?.unspent());
    let stored_own = stored.iter().find(|config_map| *config_map.name == *name);
    let spent =
        stored_own.and_then(|config_map| config_map.accepted_loss.filter(|accepted| accepted.is_spent));
    let own = config_map::accepted_loss(metadata);
    let own = own.filter(|count| spent.is_none_or(|spent| spent.count != *count));
    let accepted: Vec<usize> = accepted.chain(own).collect();
    let mut lines = Vec::new();
    if faults.is_empty()
        && let Ok(new) = merge(all.iter().copied())
    {
        let losses = in_force.map(|in_force| loss_warnings(name, &new, in_force, &accepted));
        lines.extend(losses.into_iter().flatten());
        lines.extend(mode_warnings(documents, (in_force, &new), known, MAX_WARNING));
    }
    let findings = documents
        .iter()
        .flat_map(|named| lint::document(&named.name, &named.document, &facts));
    lines.extend(findings.map(|warning| without_name(&warning.into_fault(), name)));
    if !faults.is_empty() {
        lines.push(
            "stored, but not in force as long as the configuration as a whole does not load:".to_owned(),
        );
        lines.extend(faults.iter().map(ToString::to_string));
    }
    limited(lines)
}

/// The loss of rights by which a set would be held back, and how to accept it
fn loss_warnings(
    name: &str,
    new: &Configuration,
    in_force: &Configuration,
    accepted: &[usize],
) -> Vec<String> {
    let change = rights::compare(in_force, new);
    let lost = change.lost();
    if !change.is_mass_loss() {
        return Vec::new();
    }
    if accepted.contains(&lost) {
        return vec![format!(
            "{change}: accepted by annotation {ACCEPT_LOSS}={lost}, which may go now"
        )];
    }
    vec![
        format!("stored, but not in force: {change}"),
        format!(
            "if that is meant: kubectl annotate configmap {name} --namespace NAMESPACE {ACCEPT_LOSS}={lost}"
        ),
    ]
}

/// The warnings within the limits of an answer
fn limited(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MAX_WARNINGS);
    if more > 0 {
        lines.truncate(MAX_WARNINGS.saturating_sub(1));
        lines.push(format!("and {} more", more.saturating_add(1)));
    }
    lines
        .iter()
        .map(|line| cut(line, MAX_WARNING).to_owned())
        .collect()
}

fn named(documents: &[NamedDocument]) -> impl Iterator<Item = (&str, &ParsedDocument)> + Clone {
    documents
        .iter()
        .map(|named| (named.name.as_str(), &named.document))
}

/// A fault with the key alone, because the user who applies a ConfigMap knows its name
fn without_name(fault: &LocatedFault, name: &str) -> String {
    let text = fault.to_string();
    let key = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('/'));
    key.unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    use crate::admission::Modes;
    use crate::config::store::AcceptedLoss;

    /// The decision in a cluster of which nothing is known
    fn evaluate(
        review: &Review<'_>,
        stored: StoredConfigMaps<'_>,
        in_force: Option<&Configuration>,
        now: Timestamp,
    ) -> ConfigMapDecision {
        let known = KnownNamespaces {
            modes: &Modes::default(),
            exists: &|_| true,
            failing_open: &|_| None,
        };
        super::evaluate(review, stored, in_force, &known, now)
    }

    const POLICY: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

    fn body(operation: &str, kind: &str, data: Value) -> String {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new", "namespace": "ramgate",
            "labels": {LABEL: kind}}, "data": data});
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u-1",
            "resource": {"group": "", "version": "v1", "resource": "configmaps"}, "name": "new", "namespace": "ramgate",
            "operation": operation, "userInfo": {"username": "alice"}, "object": object}})
        .to_string()
    }

    fn config_map(name: &str, key: &str, document: ParsedDocument) -> ConfigMapDocuments {
        let documents = Arc::from([NamedDocument::new(format!("{name}/{key}"), document)]);
        ConfigMapDocuments {
            name: name.into(),
            documents,
            accepted_loss: None,
        }
    }

    fn live(sources: &[ConfigMapDocuments]) -> StoredConfigMaps<'_> {
        StoredConfigMaps {
            live: sources,
            candidates: &[],
        }
    }

    fn decide(kind: &str, data: Value, sources: &[ConfigMapDocuments]) -> ConfigMapDecision {
        let body = body("CREATE", kind, data);
        evaluate(
            &Review::parse(body.as_bytes()).unwrap(),
            live(sources),
            None,
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn a_bad_document_is_denied_with_every_fault() {
        let data = json!({"P.json": "{\n  \"Version\": 1\n}", "Q": POLICY, "R.json": POLICY});
        let body = body("UPDATE", "policy", data);
        let review = Review::parse(body.as_bytes()).unwrap();
        let decision = evaluate(&review, live(&[]), None, Timestamp::UNIX_EPOCH);
        assert!(!decision.is_allowed() && decision.warnings.is_empty());
        let lines: Vec<&str> = decision.message.lines().collect();
        assert_eq!(lines[0], "ConfigMap new is no valid ramgate configuration:");
        assert!(lines[1].starts_with("P.json:"), "{}", lines[1]);
        assert_eq!(lines[2], "Q: the key of a policy is NAME.json");
        let response: Value = serde_json::from_slice(&decision.to_response(&review)).unwrap();
        let response = &response["response"];
        assert_eq!(
            (&response["uid"], &response["allowed"]),
            (&json!("u-1"), &json!(false))
        );
        assert_eq!(
            (&response["status"]["code"], &response["status"]["reason"]),
            (&json!(422), &json!("Invalid"))
        );
        let causes = response["status"]["details"]["causes"].as_array().unwrap();
        assert_eq!((causes.len(), &causes[0]["field"]), (2, &json!("data[P.json]")));
    }

    #[test]
    fn a_mass_loss_is_said_first_with_its_numbers_and_the_annotation() {
        let people = |count: u32| {
            let users: String = (0..count)
                .map(|number| format!("{{name: u{number}, policies: [{{policy: P}}]}}, "))
                .collect();
            format!("account: {{id: '1', region: r}}\nusers: [{users}]")
        };
        let directory = |text: &str| ParsedDocument::directory(text.as_bytes());
        let rules = config_map("rules", "P.json", ParsedDocument::policy("P", POLICY.as_bytes()));
        let stored = [config_map("new", "x", directory(&people(10))), rules];
        let all = stored.iter().flat_map(|one| named(&one.documents));
        let in_force = merge(all.collect::<Vec<_>>()).unwrap();
        let warnings = |count: u32, annotations: Value| {
            let mut body: Value =
                serde_json::from_str(&body("UPDATE", "directory", json!({"x": people(count)}))).unwrap();
            body["request"]["object"]["metadata"]["annotations"] = annotations;
            let body = body.to_string();
            evaluate(
                &Review::parse(body.as_bytes()).unwrap(),
                live(&stored),
                Some(&in_force),
                Timestamp::UNIX_EPOCH,
            )
            .warnings
        };
        let held = warnings(2, json!({}));
        assert_eq!(
            held.first().map(String::as_str),
            Some(
                "stored, but not in force: this set takes rights away from 8 of 10 RAM users (u2, u3, u4, …)"
            )
        );
        assert_eq!(
            held.get(1).map(String::as_str),
            Some(
                "if that is meant: kubectl annotate configmap new --namespace NAMESPACE ramgate.io/accept-loss=8"
            )
        );
        let accepted = warnings(2, json!({ACCEPT_LOSS: "8"}));
        assert!(
            accepted[0].contains("accepted by annotation ramgate.io/accept-loss=8"),
            "{accepted:?}"
        );
        assert_eq!(warnings(2, json!({ACCEPT_LOSS: "9"})), held);
        assert!(!warnings(9, json!({})).iter().any(|line| line.contains("rights")));
        // One that stayed since the set in force was accepted
        let spent = AcceptedLoss {
            count: 8,
            is_spent: true,
        };
        for index in [0, 1] {
            let mut stored = stored.clone();
            stored[index].accepted_loss = Some(spent);
            let mut body: Value =
                serde_json::from_str(&body("UPDATE", "directory", json!({"x": people(2)}))).unwrap();
            body["request"]["object"]["metadata"]["annotations"] = json!({ACCEPT_LOSS: "8"});
            let body = body.to_string();
            let review = Review::parse(body.as_bytes()).unwrap();
            let said = evaluate(&review, live(&stored), Some(&in_force), Timestamp::UNIX_EPOCH).warnings;
            // On this ConfigMap it is spent; on another one it is not this one's
            assert_eq!(said.first() == held.first(), index == 0, "{said:?}");
        }
    }

    #[test]
    fn an_exception_that_ends_too_far_away_is_denied() {
        let exception = |until: &str| {
            json!({"x": format!("exceptions:\n- {{name: move, subjects: [{{kind: User, name: a}}], namespaces: [shop],\n   \
                codes: [UnboundIdentity], until: '{until}', reason: r, owner: o}}")})
        };
        let decided = |until: &str| {
            let body = body("CREATE", "directory", exception(until));
            let now = "2026-10-02T18:00:00Z".parse().unwrap();
            evaluate(&Review::parse(body.as_bytes()).unwrap(), live(&[]), None, now)
        };
        assert!(decided("2026-12-31T18:00:00Z").is_allowed());
        let denied = decided("2026-12-31T18:00:01Z");
        assert!(
            denied
                .message
                .contains("x:3:37: exception `move` ends more than 90 days from now"),
            "{}",
            denied.message
        );
    }

    #[test]
    fn a_softer_mode_is_a_warning() {
        let directory = |text: &str| ParsedDocument::directory(text.as_bytes());
        let stored = [
            config_map("base", "a", directory("account: {id: '1', region: r}")),
            config_map("new", "m", directory("modes: {a: enforce, b: enforce}")),
        ];
        let in_force = merge(
            stored
                .iter()
                .flat_map(|one| named(&one.documents))
                .collect::<Vec<_>>(),
        )
        .unwrap();
        let body = body("UPDATE", "directory", json!({"m": "modes: {b: enforce}"}));
        let review = Review::parse(body.as_bytes()).unwrap();
        let decision = evaluate(&review, live(&stored), Some(&in_force), Timestamp::UNIX_EPOCH);
        assert!(decision.is_allowed());
        assert_eq!(decision.warnings, ["modes get softer: a (enforce to warn)"]);
    }

    #[test]
    fn a_contradiction_within_a_config_map_is_denied() {
        let twice = json!({"a": "users: [{name: x}]", "b": "users: [{name: x}]"});
        let decision = decide("directory", twice, &[]);
        assert!(
            decision
                .message
                .contains("b:1:16: user `x` is defined twice, first in new/a:1:16"),
            "{}",
            decision.message
        );
        let label = decide("policies", json!({}), &[]);
        assert!(
            label.message.contains("label ramgate.io/config is `policies`"),
            "{}",
            label.message
        );
    }

    #[test]
    fn a_fault_that_other_config_maps_may_remove_is_a_warning() {
        let people = "users: [{name: a, policies: [{policy: P}]}]";
        let decision = decide("directory", json!({"x": people}), &[]);
        assert!(decision.is_allowed());
        assert_eq!(
            decision.warnings,
            [
                "stored, but not in force as long as the configuration as a whole does not load:",
                "new/x:1:39: no document defines policy `P`",
                "configuration: no directory document holds the section `account` with id and region",
            ]
        );
        let account = config_map(
            "base",
            "a",
            ParsedDocument::directory(b"account: {id: '1', region: r}"),
        );
        let policy = config_map("rules", "P.json", ParsedDocument::policy("P", POLICY.as_bytes()));
        let complete = decide("directory", json!({"x": people}), &[account.clone(), policy]);
        assert!(
            complete.is_allowed() && complete.warnings.is_empty(),
            "{:?}",
            complete.warnings
        );
        let other = config_map("old", "x", ParsedDocument::directory(people.as_bytes()));
        let moved = decide("directory", json!({"x": people}), &[account.clone(), other]);
        assert!(moved.is_allowed());
        assert!(
            moved
                .warnings
                .iter()
                .any(|line| line.contains("user `a` is defined twice")),
            "{:?}",
            moved.warnings
        );
        // The new content replaces the stored one
        let before = config_map("new", "x", ParsedDocument::directory(b"users: [{name: a}]"));
        let updated = decide(
            "directory",
            json!({"x": "users: [{name: a}]"}),
            &[account, before],
        );
        assert!(updated.warnings.is_empty(), "{:?}", updated.warnings);
    }

    #[test]
    fn a_lint_finding_is_a_warning() {
        let policy = POLICY.replace("eci:*", "eci:CreateContainerGroup").replace(
            r#""Resource": "*""#,
            r#""Resource": "acs:eci:cn-a:1:containergroup/a""#,
        );
        let account = config_map(
            "base",
            "a",
            ParsedDocument::directory(b"account: {id: '1', region: cn-a}"),
        );
        let decision = decide("policy", json!({"P.json": policy}), &[account]);
        assert!(decision.is_allowed());
        assert_eq!(
            decision.warnings,
            [
                "P.json:1:102: NameOnCreate: `eci:CreateContainerGroup` is asked before there is a name, and \
              `acs:eci:cn-a:1:containergroup/a` fits names alone, so the statement never matches: \
              say what may be created by a condition on tags \
              or `acs:ResourceGroupId`: the resource is `acs:eci:cn-a:1:containergroup/*`"
            ]
        );
    }

    /// The decision on ConfigMap `new` with these labels and annotations beside others
    fn decide_marked(
        kind: &str,
        marks: (Value, Value),
        data: Value,
        stored: StoredConfigMaps<'_>,
    ) -> (ConfigMapDecision, Value) {
        let mut body: Value = serde_json::from_str(&body("UPDATE", kind, data)).unwrap();
        let metadata = &mut body["request"]["object"]["metadata"];
        metadata["labels"]
            .as_object_mut()
            .unwrap()
            .extend(marks.0.as_object().unwrap().clone());
        metadata["annotations"] = marks.1;
        let body = body.to_string();
        let review = Review::parse(body.as_bytes()).unwrap();
        let all = stored.live.iter().flat_map(|one| named(&one.documents));
        let in_force = merge(all.collect::<Vec<_>>()).ok();
        let decision = evaluate(&review, stored, in_force.as_ref(), Timestamp::UNIX_EPOCH);
        let response = serde_json::from_slice(&decision.to_response(&review)).unwrap();
        (decision, response)
    }

    fn candidate(kind: &str, data: Value, stored: StoredConfigMaps<'_>) -> ConfigMapDecision {
        decide_marked(kind, (json!({CANDIDATE: "true"}), json!({})), data, stored).0
    }

    #[test]
    fn a_mark_in_another_form_is_denied_with_what_to_write() {
        for (labels, annotations, field, words) in [
            (
                json!({CANDIDATE: "yes"}),
                json!({}),
                "metadata.labels[ramgate.io/candidate]",
                "a candidate has \"true\", and a live ConfigMap does not have the label",
            ),
            (
                json!({}),
                json!({CANDIDATE: "true"}),
                "metadata.annotations[ramgate.io/candidate]",
                "write it as a label, with the value \"true\", or remove it",
            ),
        ] {
            let data = json!({"P.json": POLICY});
            let (decision, response) = decide_marked("policy", (labels, annotations), data, live(&[]));
            assert!(
                !decision.is_allowed() && decision.message.contains(words),
                "{}",
                decision.message
            );
            let cause = &response["response"]["status"]["details"]["causes"][0];
            assert_eq!(cause["field"], field);
        }
    }

    #[test]
    fn a_candidate_is_denied_for_its_own_faults_and_for_an_ambiguous_name() {
        let people = |text: &str| ParsedDocument::directory(text.as_bytes());
        let stored = [
            config_map("a", "x", people("account: {id: '1', region: r}")),
            config_map("b", "x", people("users: [{name: u, policies: [{policy: P}]}]")),
            config_map("rules", "P.json", ParsedDocument::policy("P", POLICY.as_bytes())),
        ];
        let bad = candidate("policy", json!({"P.json": "{"}), live(&stored));
        assert!(bad.message.contains("P.json:1:"), "{}", bad.message);
        let ambiguous = candidate("directory", json!({"x": "users: []"}), live(&stored));
        let wanted = "x: ambiguous: directory document `x` is live in a/x and in b/x";
        assert!(ambiguous.message.contains(wanted), "{}", ambiguous.message);
        let others = [config_map(
            "other",
            "P.json",
            ParsedDocument::policy("P", POLICY.as_bytes()),
        )];
        let two = StoredConfigMaps {
            live: &stored,
            candidates: &others,
        };
        let twice = candidate("policy", json!({"P.json": POLICY}), two);
        let wanted = "ambiguous: candidate other/P.json already holds policy `P`";
        assert!(twice.message.contains(wanted), "{}", twice.message);
        // Stored again, it replaces itself
        let itself = [config_map(
            "new",
            "P.json",
            ParsedDocument::policy("P", POLICY.as_bytes()),
        )];
        let again = StoredConfigMaps {
            live: &stored,
            candidates: &itself,
        };
        let again = candidate("policy", json!({"P.json": POLICY}), again);
        assert!(again.is_allowed() && again.warnings.is_empty(), "{again:?}");
    }

    #[test]
    fn a_candidate_has_warnings_of_its_own_and_none_about_what_is_live() {
        let many: String = (0..9)
            .map(|number| format!("{{name: u{number}, policies: [{{policy: P}}]}}, "))
            .collect();
        let base = format!("account: {{id: '1', region: r}}\nusers: [{many}]");
        let stored = [
            config_map("people", "x", ParsedDocument::directory(base.as_bytes())),
            config_map("rules", "P.json", ParsedDocument::policy("P", POLICY.as_bytes())),
        ];
        // In force, it would be a mass loss
        let nobody = candidate(
            "directory",
            json!({"x": "account: {id: '1', region: r}"}),
            live(&stored),
        );
        assert!(nobody.is_allowed() && nobody.warnings.is_empty(), "{nobody:?}");
        let later = candidate(
            "directory",
            json!({"y": "users: [{name: v, policies: [{policy: Q}]}]"}),
            live(&stored),
        );
        assert_eq!(
            later.warnings,
            [
                "it adds directory document `y` and replaces nothing by it: nothing live has this name",
                "stored, but no review is judged by the candidate as long as it does not load:",
                "new/y:1:39: no document defines policy `Q`"
            ]
        );
    }

    #[test]
    fn a_live_config_map_that_becomes_a_candidate_is_told_what_leaves_the_live_set() {
        let many: String = (0..9)
            .map(|number| format!("{{name: u{number}, policies: [{{policy: P}}]}}, "))
            .collect();
        let base = ParsedDocument::directory(b"account: {id: '1', region: r}");
        let people = ParsedDocument::directory(format!("users: [{many}]").as_bytes());
        let rules = config_map("rules", "P.json", ParsedDocument::policy("P", POLICY.as_bytes()));
        let stored = [
            config_map("base", "a", base),
            config_map("new", "x", people),
            rules,
        ];
        let data = json!({"x": format!("users: [{many}]")});
        let moved = candidate("directory", data, live(&stored));
        assert!(moved.is_allowed());
        assert_eq!(
            moved.warnings,
            [
                "ConfigMap new is live now: with this label its documents are not any more",
                "the rest is not put in force: this set takes rights away from 9 of 9 RAM users (u0, u1, u2, …)",
            ]
        );
        let stored = [
            config_map("base", "b", ParsedDocument::directory(b"users: [{name: u}]")),
            config_map(
                "account",
                "a",
                ParsedDocument::directory(b"account: {id: '1', region: r}"),
            ),
            config_map("new", "x", ParsedDocument::directory(b"modes: {team-a: enforce}")),
        ];
        let moved = candidate(
            "directory",
            json!({"x": "modes: {team-a: enforce}"}),
            live(&stored),
        );
        assert_eq!(
            moved.warnings,
            [
                "ConfigMap new is live now: with this label its documents are not any more",
                "modes get softer: team-a (enforce to warn)",
            ]
        );
        let only = [config_map(
            "new",
            "P.json",
            ParsedDocument::policy("P", POLICY.as_bytes()),
        )];
        let broken = candidate("policy", json!({"P.json": POLICY}), live(&only));
        let wanted = "the rest is not put in force: configuration: no directory document";
        assert!(broken.warnings[1].starts_with(wanted), "{:?}", broken.warnings);
    }

    #[test]
    fn a_deletion_and_a_config_map_without_label_are_allowed() {
        let body = body("DELETE", "policy", json!({"P.json": "{"}));
        assert!(
            evaluate(
                &Review::parse(body.as_bytes()).unwrap(),
                live(&[]),
                None,
                Timestamp::UNIX_EPOCH
            )
            .is_allowed()
        );
        let unlabelled = body.replace("DELETE", "CREATE").replace(LABEL, "other");
        let account = config_map(
            "base",
            "a",
            ParsedDocument::directory(b"account: {id: '1', region: r}"),
        );
        let decision = evaluate(
            &Review::parse(unlabelled.as_bytes()).unwrap(),
            live(&[account]),
            None,
            Timestamp::UNIX_EPOCH,
        );
        assert!(decision.is_allowed() && decision.warnings.is_empty());
    }

    #[test]
    fn long_lists_are_cut() {
        let many: serde_json::Map<String, Value> =
            (0..1000).map(|index| (format!("k{index}"), json!("é"))).collect();
        let decision = decide("directory", json!(many), &[]);
        assert_eq!(decision.faults.len(), 1000);
        assert!(
            decision.message.len() <= MAX_MESSAGE && decision.message.ends_with(" more"),
            "{}",
            decision.message
        );
        let users: Vec<Value> = (0..100)
            .map(|index| json!({"name": format!("u{index}"), "groups": ["g"]}))
            .collect();
        let decision = decide(
            "directory",
            json!({"x": json!({"users": users}).to_string()}),
            &[],
        );
        assert_eq!(decision.warnings.len(), MAX_WARNINGS);
        assert_eq!(decision.warnings.last().unwrap(), "and 91 more");
    }

    proptest! {
        #[test]
        fn no_content_makes_it_panic(key in "[-._a-zA-Z0-9]{1,20}", text in "\\PC*", kind in "policy|directory|\\PC*") {
            let decision = decide(&kind, json!({key: text}), &[]);
            prop_assert!(decision.message.len() <= MAX_MESSAGE);
        }
    }
}
