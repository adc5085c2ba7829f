//! The verdict on manifests that somebody is writing, under each configuration.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::admission::offline::OfflineResult;
use crate::admission::outcome::advice::{Advice, Line};
use crate::cli::check::{CheckArgs, Checked, EvaluatedManifest, PodOperation, as_json, evaluate_files};
use crate::cli::explore::evidence;
use crate::cli::explore::reply::Complaint;
use crate::cli::explore::snapshot::{Loaded, Snapshot};
use crate::cli::manifest::{Manifest, read_text};
use crate::config::{Configuration, Subject};
use ram_policy::Principal;

/// The name of the text in places
const FILE: &str = "manifest";

/// The objects of one text that are judged: a page is read by a person
const MAX_OBJECTS: usize = 50;

/// A text, and for whom it is judged
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerdictRequest {
    manifest: String,
    who: Who,
    operation: Operation,
}

/// Who applies the manifests
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Who {
    /// A Kubernetes user with their groups
    User {
        name: String,
        #[serde(default)]
        groups: Vec<String>,
    },
    /// Somebody whom only RAM knows
    Principal(String),
}

/// What is done; an update needs two texts, which `ramgate check` takes
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Create,
    Delete,
    Exec,
}

impl Operation {
    fn of_pod(self) -> PodOperation {
        match self {
            Self::Create => PodOperation::Create,
            Self::Delete => PodOperation::Delete,
            Self::Exec => PodOperation::Exec,
        }
    }
}

/// The verdicts under each configuration that is there
///
/// # Errors
///
/// Nobody is named, or the text holds too much.
pub(super) fn verdict(
    request: &VerdictRequest,
    snapshot: &Snapshot,
    objects: &[Manifest],
) -> Result<Value, Complaint> {
    let mut sides = Map::new();
    let mut refused = None;
    for (name, loaded) in snapshot.sides() {
        // Somebody may be in one of the two directories alone
        let side = of_side(request, loaded, objects).unwrap_or_else(|complaint| {
            let said = json!({"error": complaint.message()});
            refused.get_or_insert(complaint);
            said
        });
        sides.insert(name.name().to_owned(), side);
    }
    match refused {
        Some(complaint) if sides.values().all(|side| side.get("error").is_some()) => Err(complaint),
        _ => Ok(json!({"revision": snapshot.revision, "sides": sides})),
    }
}

fn of_side(request: &VerdictRequest, loaded: &Loaded, objects: &[Manifest]) -> Result<Value, Complaint> {
    let files = read_text(FILE, &request.manifest);
    let count = files.manifests.len();
    if count > MAX_OBJECTS {
        return Err(Complaint::about(
            "manifest",
            format!(
                "{count} objects are too many for a page, which judges {MAX_OBJECTS}: use `ramgate check -f`"
            ),
        ));
    }
    let (asker, configuration) = asker(&request.who, &loaded.configuration)?;
    let args = CheckArgs::asked(asker.user, asker.groups, request.operation.of_pod());
    let cluster = [Vec::new(), objects.to_vec()];
    let checked = evaluate_files(&args, files, cluster, configuration)
        .map_err(|error| Complaint::about("manifest", error.to_string()))?;
    let mut json = as_json(&args, &checked);
    complete(&mut json, &checked, loaded);
    Ok(json)
}

/// A Kubernetes identity
struct Asker {
    user: String,
    groups: Vec<String>,
}

/// Who asks, and the configuration that knows them
fn asker(who: &Who, configuration: &Configuration) -> Result<(Asker, Configuration), Complaint> {
    match who {
        Who::User { name, groups } => {
            let name = name.trim();
            if name.is_empty() {
                return Err(Complaint::about(
                    "user",
                    "who applies it? Write a Kubernetes user name",
                ));
            }
            let groups = groups.iter().map(|group| group.trim().to_owned());
            let groups = groups.filter(|group| !group.is_empty());
            let asker = Asker {
                user: name.to_owned(),
                groups: groups.collect(),
            };
            Ok((asker, configuration.clone()))
        }
        Who::Principal(name) => {
            let principal: Principal = name.trim().parse().map_err(|error: ram_policy::PrincipalError| {
                Complaint::about("principal", error.to_string())
            })?;
            if !configuration.policies.has_principal(&principal) {
                let message = format!("{principal} is not in the directory");
                return Err(Complaint::about("principal", message));
            }
            Ok(bound(&principal, configuration))
        }
    }
}

/// A user whose name is that of the principal, bound to it for this one question
fn bound(principal: &Principal, configuration: &Configuration) -> (Asker, Configuration) {
    let user = principal.to_string();
    let mut bindings = (*configuration.bindings).clone();
    bindings.add(Subject::User(user.as_str().into()), principal.clone());
    let configuration = Configuration {
        bindings: Arc::new(bindings),
        ..configuration.clone()
    };
    let asker = Asker {
        user,
        groups: Vec::new(),
    };
    (asker, configuration)
}

/// Adds to each object what the page shows besides: the word of the decision, lines to paste, complete traces
fn complete(json: &mut Value, checked: &Checked, loaded: &Loaded) {
    let objects = json.get_mut("objects").and_then(Value::as_array_mut);
    for (object, one) in objects.into_iter().flatten().zip(&checked.manifests) {
        let Some(fields) = object.as_object_mut() else {
            continue;
        };
        let questions = one.questions.iter();
        let questions = questions.map(|answered| evidence::question(answered, loaded));
        fields.insert("title".to_owned(), one.manifest.title().into());
        fields.insert("decision".to_owned(), decision(one).into());
        fields.insert("questions".to_owned(), questions.collect());
        if let Some(mark) = &one.unlisted {
            fields.insert("reason".to_owned(), mark.described().into());
        }
        if let Some(result) = &one.result {
            fields.insert("advice".to_owned(), advice(result));
        }
    }
}

/// The decision in a word
fn decision(one: &EvaluatedManifest) -> &'static str {
    match &one.result {
        None if one.unlisted.is_some() => "unlisted",
        None => "notJudged",
        Some(result) if !result.allowed => "denied",
        Some(result) if result.is_recorded() => "recorded",
        Some(result) if result.evaluated => "allowed",
        Some(_) => "nothing",
    }
}

/// The lines to paste, the annotations to take away, and where
fn advice(result: &OfflineResult) -> Value {
    let advice = result.response.evaluation.advice.as_ref();
    let lines = advice.map_or(&[][..], Advice::lines);
    let (set, removed): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.value.is_some());
    let place = format!("{}/annotations", result.metadata_at);
    json!({
        "at": place.trim_start_matches('/').replace('/', "."),
        "paste": set.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "remove": removed.iter().map(|line| line.annotation).collect::<Vec<_>>(),
    })
}
