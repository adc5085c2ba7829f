//! Evaluates manifests as the webhooks of a cluster would, in mode enforce.

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::offline::{Extra, OfflineResult, Operation, Request};
use crate::admission::routing::unlisted_mark::{UnlistedMark, unlisted_mark};
use crate::admission::{Mode, Modes, offline};
use crate::cli::check::args::{CheckArgs, PodOperation};
use crate::cli::check::questions::{AnsweredQuestion, answered_questions};
use crate::cli::check::user_groups::completed_groups;
use crate::cli::command_error::CommandError;
use crate::cli::manifest::Manifest;
use crate::cli::{configuration, manifest};
use crate::config::Configuration;
use crate::kubernetes::snapshot::ClusterSnapshot;

/// A manifest and its result
pub(super) struct EvaluatedManifest {
    pub(super) manifest: Manifest,
    /// The result; `None` if ramgate does not evaluate the kind
    pub(super) result: Option<OfflineResult>,
    /// A mark of ECI, if ramgate does not evaluate the kind
    pub(super) unlisted: Option<UnlistedMark>,
    /// The questions to RAM, if `--explain` is given
    pub(super) questions: Vec<AnsweredQuestion>,
}

/// The command's input, read once for all manifests
struct Input<'a> {
    args: &'a CheckArgs,
    groups: Vec<String>,
    extra: Extra,
    /// The manifests of `--old`
    old: Vec<Manifest>,
    configuration: Configuration,
    snapshot: ClusterSnapshot,
}

/// Reads and evaluates all manifests
///
/// # Errors
///
/// A file cannot be read, the configuration is invalid, there is no manifest, or one cannot be evaluated.
pub(super) fn evaluate_manifests(args: &CheckArgs) -> Result<Vec<EvaluatedManifest>, CommandError> {
    let configuration = configuration::load(&args.config_dir)?;
    let manifests = manifest::read(&args.files)?;
    if manifests.is_empty() {
        return Err(CommandError::Usage(
            "no manifest (*.yaml, *.yml, *.json) is there".to_owned(),
        ));
    }
    let old = manifest::read(args.old.as_slice())?;
    let others = manifest::read(args.objects.as_slice())?;
    // The manifests are applied together: a pod may be in a namespace that is among them
    let objects = others.iter().chain(&manifests).map(|manifest| &manifest.object);
    let snapshot = ClusterSnapshot::new(objects, &configuration.cluster)
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    let input = Input {
        args,
        groups: completed_groups(&args.user, &args.groups),
        extra: args.user_extra(),
        old,
        configuration,
        snapshot,
    };
    manifests
        .into_iter()
        .map(|manifest| input.evaluate(manifest))
        .collect()
}

/// Whether no manifest is denied
pub(super) fn are_allowed(manifests: &[EvaluatedManifest]) -> bool {
    let mut results = manifests.iter().filter_map(|one| one.result.as_ref());
    results.all(|result| result.allowed)
}

/// Whether no manifest of a kind that nobody lists has a mark of ECI
pub(super) fn are_listed(manifests: &[EvaluatedManifest]) -> bool {
    manifests.iter().all(|one| one.unlisted.is_none())
}

impl Input<'_> {
    fn evaluate(&self, manifest: Manifest) -> Result<EvaluatedManifest, CommandError> {
        let result = if offline::is_evaluated(&manifest.object, &self.configuration.cluster) {
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

    fn result(&self, manifest: &Manifest) -> Result<OfflineResult, CommandError> {
        let object = &manifest.object;
        let (operation, subresource) = match self.args.operation {
            PodOperation::Create => (Operation::Create(object), ""),
            PodOperation::Update => (Operation::Update(self.old_object(manifest)?, object), ""),
            PodOperation::Delete => (Operation::Delete(object), ""),
            PodOperation::Exec => (Operation::Connect(object), "exec"),
        };
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
        result.map_err(|error| {
            CommandError::Usage(format!(
                "{}: {} `{}`: {error}",
                manifest.file,
                manifest.kind(),
                manifest.name()
            ))
        })
    }

    /// The object of `--old` that a manifest updates
    fn old_object(&self, manifest: &Manifest) -> Result<&Value, CommandError> {
        let mut old = self.old.iter();
        let old = old.find(|old| {
            old.kind() == manifest.kind()
                && old.name() == manifest.name()
                && old.namespace() == manifest.namespace()
        });
        old.map(|old| &old.object).ok_or_else(|| {
            CommandError::Usage(format!(
                "--old has no {} `{}/{}`, which --operation update needs",
                manifest.kind(),
                manifest.namespace(),
                manifest.name()
            ))
        })
    }
}
