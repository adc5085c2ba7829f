//! Evaluates manifests as the webhooks of a cluster would, in mode enforce.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::offline::{Extra, OfflineResult, Operation, Request};
use crate::admission::outcome::creating_pod_fault::CreatingPodFault;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::routing::unlisted_mark::{UnlistedMark, unlisted_mark};
use crate::admission::{Mode, Modes, offline};
use crate::cli::check::args::{CheckArgs, PodOperation};
use crate::cli::check::human::unknown_namespace;
use crate::cli::check::questions::{AnsweredQuestion, answered_questions};
use crate::cli::check::user_groups::completed_groups;
use crate::cli::command_error::CommandError;
use crate::cli::configuration;
use crate::cli::document_files::{is_standard_input, nothing_in};
use crate::cli::exit::Exit;
use crate::cli::manifest::{self, Located, Manifest, ManifestFiles, PassedOver};
use crate::cli::misnamed_user::misnamed_user;
use crate::cli::progress::Progress;
use crate::config::Configuration;
use crate::kubernetes::snapshot::ClusterSnapshot;
use ram_policy::source::Fault;

/// The code of a denial of somebody who is bound to nobody
const UNBOUND: &str = "UnboundIdentity";

/// All results of a check
pub(in crate::cli) struct Checked {
    pub(in crate::cli) manifests: Vec<EvaluatedManifest>,
    /// What could not be evaluated
    pub(super) failures: Vec<Located>,
    /// Warnings about files, not about what ramgate decides
    pub(super) warnings: Vec<Located>,
    pub(super) passed_over: Vec<PassedOver>,
    /// The namespaces of the manifests that nobody gave
    pub(super) unknown_namespaces: BTreeSet<String>,
    /// What was probably meant by a user of `--as` who is bound to nobody
    pub(super) misnamed_user: Option<String>,
}

/// A manifest and its result
pub(in crate::cli) struct EvaluatedManifest {
    pub(in crate::cli) manifest: Manifest,
    /// The result; `None` if ramgate does not evaluate the kind
    pub(in crate::cli) result: Option<OfflineResult>,
    /// A mark of ECI, if ramgate does not evaluate the kind
    pub(in crate::cli) unlisted: Option<UnlistedMark>,
    /// The questions to RAM, if `--explain` is given
    pub(in crate::cli) questions: Vec<AnsweredQuestion>,
}

/// The command's input, read once for all manifests
struct Input<'a> {
    args: &'a CheckArgs,
    groups: Vec<String>,
    extra: Extra,
    /// The manifests of `--old`
    old: Vec<Manifest>,
    /// The manifests of `--objects`, then those to evaluate
    objects: Vec<Value>,
    configuration: Configuration,
    snapshot: ClusterSnapshot,
}

/// Reads and evaluates all manifests
///
/// # Errors
///
/// A file cannot be read, the configuration is invalid, or there is no manifest.
pub(super) fn evaluate_manifests(args: &CheckArgs) -> Result<Checked, CommandError> {
    let configuration = configuration::load(&args.config_dir)?;
    let files = manifest::read(&args.files)?;
    if files.manifests.is_empty() && files.failures.is_empty() {
        return Err(no_manifest(&args.files, files.passed_over.len()));
    }
    let old = manifest::read(&args.old)?.all()?;
    let others = manifest::read(&args.objects)?.all()?;
    evaluate_files(args, files, [old, others], configuration)
}

/// Evaluates manifests that are read already, with the objects as they are before an update, and what else the cluster
/// holds
///
/// # Errors
///
/// The objects make no cluster.
pub(in crate::cli) fn evaluate_files(
    args: &CheckArgs,
    mut files: ManifestFiles,
    [old, others]: [Vec<Manifest>; 2],
    configuration: Configuration,
) -> Result<Checked, CommandError> {
    let (manifests, malformed) = well_formed(files.manifests);
    files.failures.extend(malformed);
    // The manifests are applied together: a pod may be in a namespace that is among them
    let objects = others
        .iter()
        .chain(&manifests)
        .map(|manifest| manifest.object.clone());
    let objects: Vec<Value> = objects.collect();
    let snapshot = ClusterSnapshot::new(&objects, &configuration.cluster)
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    let input = Input {
        args,
        groups: completed_groups(&args.user, &args.groups),
        extra: args.user_extra(),
        old,
        objects,
        configuration,
        snapshot,
    };
    let mut checked = Checked {
        manifests: Vec::new(),
        failures: files.failures,
        warnings: files.warnings,
        passed_over: files.passed_over,
        unknown_namespaces: BTreeSet::new(),
        misnamed_user: None,
    };
    let progress = Progress::new("check: objects judged:");
    let count = manifests.len();
    for (done, manifest) in manifests.into_iter().enumerate() {
        progress.say(done, count);
        if let Some(namespace) = input.unknown_namespace(&manifest) {
            checked.unknown_namespaces.insert(namespace.to_owned());
        }
        match input.evaluate(manifest) {
            Ok(evaluated) => checked.manifests.push(evaluated),
            Err(failure) => checked.failures.push(failure),
        }
    }
    if checked.has_unbound_requester() {
        checked.misnamed_user = misnamed_user(&args.user, &input.configuration);
    }
    Ok(checked)
}

fn no_manifest(files: &[PathBuf], passed_over: usize) -> CommandError {
    if let [only] = files
        && is_standard_input(only)
    {
        return CommandError::Usage(
            "standard input holds no manifest: did the command before the pipe print any?".to_owned(),
        );
    }
    let passed_over = match passed_over {
        0 => String::new(),
        1 => ": the one file that is there holds none".to_owned(),
        count => format!(": the {count} files that are there hold none"),
    };
    let nothing = nothing_in(files, "manifest");
    CommandError::Usage(format!("{nothing}{passed_over}"))
}

/// The manifests that an API server reads, and the faults of the others
fn well_formed(manifests: Vec<Manifest>) -> (Vec<Manifest>, Vec<Located>) {
    let mut faults = Vec::new();
    let mut good = Vec::new();
    for manifest in manifests {
        let found = manifest::text_maps(&manifest);
        if found.is_empty() {
            good.push(manifest);
        } else {
            faults.extend(found.into_iter().map(|fault| manifest.fault(fault)));
        }
    }
    (good, faults)
}

impl Checked {
    /// Whether no manifest is denied, and all could be evaluated
    pub(super) fn is_allowed(&self) -> bool {
        let mut results = self.manifests.iter().filter_map(|one| one.result.as_ref());
        self.failures.is_empty() && results.all(|result| result.allowed)
    }

    /// Whether somebody who is bound to nobody was denied or warned
    fn has_unbound_requester(&self) -> bool {
        let results = self.manifests.iter().filter_map(|one| one.result.as_ref());
        let mut causes = results.flat_map(|result| &result.causes);
        causes.any(|cause| cause.reason == UNBOUND)
    }

    /// What is missing where a result depends on an object that nobody gave, each once
    fn missing_objects(&self) -> BTreeSet<String> {
        let results = self
            .manifests
            .iter()
            .filter_map(|one| Some((one, one.result.as_ref()?)));
        let findings = results.flat_map(|(one, result)| {
            let findings = result.response.evaluation.findings.iter();
            findings.map(move |finding| (&one.manifest, finding))
        });
        findings
            .filter_map(|(manifest, finding)| missing_object(manifest, finding))
            .collect()
    }

    /// What the results depend on and nobody gave, for people
    pub(super) fn notes(&self) -> Vec<String> {
        let namespaces = self.unknown_namespaces.iter().map(|name| unknown_namespace(name));
        let requester = self.misnamed_user.iter().cloned().chain(self.missing_objects());
        requester.chain(namespaces).collect()
    }

    /// Whether something is doubtful, which `--strict` does not let pass
    fn is_doubtful(&self) -> bool {
        let warns = |result: &OfflineResult| !result.warnings.is_empty() || result.is_recorded();
        let is_doubtful =
            |one: &EvaluatedManifest| one.unlisted.is_some() || one.result.as_ref().is_some_and(warns);
        !self.warnings.is_empty() || self.manifests.iter().any(is_doubtful)
    }

    /// The exit code: a failure counts more than a denial
    pub(super) fn exit(&self, is_strict: bool) -> Exit {
        if !self.failures.is_empty() {
            return Exit::Failure;
        }
        Exit::good_if(self.is_allowed() && !(is_strict && self.is_doubtful()))
    }
}

/// What is missing if a finding is about an object that is not known: the cluster has it, and offline somebody must give it
fn missing_object(manifest: &Manifest, finding: &Finding) -> Option<String> {
    let stamped = "only the cluster can check stamps: write a case with";
    Some(match finding {
        Finding::UnknownPod => format!(
            "pod `{}/{}` was not given: give it with --objects",
            manifest.namespace(),
            manifest.name()
        ),
        Finding::Stamp(StampFault::OwnerUnread(kind)) => format!(
            "the {kind} that controls it was not given: give it with --objects; {stamped} `stampedBy`"
        ),
        Finding::Spawner(CreatingPodFault::Gone) => format!(
            "the pod that the token of this spawner is bound to was not given: give it with --objects; {stamped} \
             `creatorStampedBy`"
        ),
        Finding::Spawner(_) => {
            format!("a spawner acts for the person in the stamp of its pod, and {stamped} `creatorStampedBy`")
        }
        _ => return None,
    })
}

impl Input<'_> {
    /// The namespace of an evaluated manifest, if nobody gave it
    fn unknown_namespace<'m>(&self, manifest: &'m Manifest) -> Option<&'m str> {
        let is_evaluated =
            is_eviction(manifest) || offline::is_evaluated(&manifest.object, &self.configuration.cluster);
        let namespace = manifest.namespace();
        let is_in_namespace = !matches!(manifest.kind(), "ImageCache" | "ConfigMap");
        (is_evaluated && is_in_namespace && !self.snapshot.namespaces.contains_key(namespace))
            .then_some(namespace)
    }

    fn evaluate(&self, manifest: Manifest) -> Result<EvaluatedManifest, Located> {
        let result = if is_eviction(&manifest) {
            Some(self.eviction(&manifest)?)
        } else if offline::is_evaluated(&manifest.object, &self.configuration.cluster) {
            Some(self.result(&manifest)?)
        } else {
            None
        };
        let explained = result.as_ref().filter(|_| self.args.explain);
        let asked = explained.map_or(&[][..], |result| &result.response.evaluation.questions);
        let settings = &self.configuration.cluster;
        let mark = || unlisted_mark(&manifest.object, settings);
        Ok(EvaluatedManifest {
            unlisted: result.is_none().then(mark).flatten(),
            questions: answered_questions(asked, &self.configuration.policies),
            manifest,
            result,
        })
    }

    fn result(&self, manifest: &Manifest) -> Result<OfflineResult, Located> {
        let object = &manifest.object;
        let (operation, subresource) = match self.args.operation {
            PodOperation::Create => (Operation::Create(object), ""),
            PodOperation::Update => (Operation::Update(self.old_object(manifest)?, object), ""),
            PodOperation::Delete => (Operation::Delete(object), ""),
            PodOperation::Exec => (Operation::Connect(object), "exec"),
        };
        self.run(manifest, operation, subresource)
    }

    /// The result of an Eviction, which is about the pod of its name
    fn eviction(&self, manifest: &Manifest) -> Result<OfflineResult, Located> {
        let (namespace, name) = (manifest.namespace(), manifest.name());
        let is_pod = |object: &&Value| {
            let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
            text("/kind") == Some("Pod")
                && text("/metadata/name") == Some(&name)
                && text("/metadata/namespace").unwrap_or("default") == namespace
        };
        let Some(pod) = self.objects.iter().find(is_pod) else {
            let message = format!("pod `{namespace}/{name}` was not given: give it with --objects");
            return Err(manifest.fault(Fault::new(manifest.at(), message)));
        };
        self.run(manifest, Operation::Create(pod), "eviction")
    }

    fn run(
        &self,
        manifest: &Manifest,
        operation: Operation<'_>,
        subresource: &str,
    ) -> Result<OfflineResult, Located> {
        let request = Request {
            operation,
            subresource,
            user: &self.args.user,
            groups: &self.groups,
            extra: Some(&self.extra),
        };
        let modes = Modes::everywhere(Mode::Enforce);
        let result = offline::run(
            &request,
            &self.configuration,
            &self.snapshot,
            &modes,
            Timestamp::now(),
        );
        result.map_err(|error| manifest.fault(manifest::located(manifest, &error.to_string())))
    }

    /// The object of `--old` that a manifest updates
    fn old_object(&self, manifest: &Manifest) -> Result<&Value, Located> {
        let mut old = self.old.iter();
        let old = old.find(|old| {
            old.kind() == manifest.kind()
                && old.name() == manifest.name()
                && old.namespace() == manifest.namespace()
        });
        old.map(|old| &old.object).ok_or_else(|| {
            let message = "--old does not have this object, which --operation update needs";
            manifest.fault(Fault::new(manifest.at(), message))
        })
    }
}

/// Whether a manifest is an Eviction, by which kubectl drain and others remove a pod
fn is_eviction(manifest: &Manifest) -> bool {
    manifest.kind() == "Eviction" && manifest.group() == "policy"
}
