//! What `stamp verify` reports on a stamp: whether it verifies, and how its pod or template differs from it.

use serde_json::Value;

use crate::analysis::survey::field_differences::{FieldDifference, current_fields, field_differences};
use crate::analysis::survey::objects::{stamp_of, text};
use crate::analysis::survey::workload_evaluator::stamp;
use crate::analysis::survey::{StampStatus, WorkloadKind};
use crate::cli::command_error::CommandError;
use crate::cli::live_cluster::EvaluationInput;
use crate::config::ClusterSettings;
use crate::stamp::{Claims, Signer, VerifyError, unverified};

/// The report on the stamp of a pod or template
pub(super) struct VerifyReport {
    pub(super) kind: WorkloadKind,
    pub(super) namespace: String,
    pub(super) name: String,
    /// The path of the template, if the object has several
    pub(super) template_path: Option<String>,
    pub(super) status: StampStatus,
    /// The claims, even if the stamp does not verify
    pub(super) claims: Option<Claims>,
    /// Whether the newest key signed it
    pub(super) is_newest: bool,
    pub(super) differences: Vec<FieldDifference>,
    /// Whether mapping and eci-profile make the differences
    pub(super) is_explained: bool,
}

impl VerifyReport {
    /// The reports on all pods and templates in an object
    ///
    /// # Errors
    ///
    /// A pod or template cannot be read.
    pub(super) fn all_of(
        kind: &WorkloadKind,
        object: &Value,
        signer: &Signer,
        settings: &ClusterSettings,
    ) -> Result<Vec<Self>, CommandError> {
        let templates = kind
            .templates(object)
            .map_err(|error| unreadable(kind, object, &error))?;
        templates
            .into_iter()
            .map(|found| {
                Self::of(kind, object, &found.template, signer, settings)
                    .map(|stamp| Self {
                        template_path: found.path,
                        ..stamp
                    })
                    .map_err(|error| unreadable(kind, object, &error))
            })
            .collect()
    }

    fn of(
        kind: &WorkloadKind,
        object: &Value,
        reviewed: &Value,
        signer: &Signer,
        settings: &ClusterSettings,
    ) -> Result<Self, serde_json::Error> {
        let namespace = text(object, "/metadata/namespace");
        let written = stamp_of(reviewed);
        let status = stamp(Some(signer), written, namespace, &kind.owned(object), settings);
        let (fields, account) = current_fields(reviewed)?;
        let differences = status.claims().map_or_else(Vec::new, |claims| {
            field_differences(claims, &fields, account.as_deref())
        });
        Ok(Self {
            kind: kind.clone(),
            namespace: namespace.to_owned(),
            name: text(object, "/metadata/name").to_owned(),
            template_path: None,
            is_newest: status.key() == Some(signer.ring().newest().id()),
            claims: written.and_then(unverified),
            status,
            differences,
            is_explained: false,
        })
    }

    /// Whether it verifies but its fields differ
    pub(super) fn needs_explanation(&self) -> bool {
        !self.differences.is_empty() && self.status.claims().is_some()
    }

    /// Whether mapping and eci-profile, as they are today, make the differences
    pub(super) fn is_explained_by(&self, input: &EvaluationInput, object: &Value) -> bool {
        let workloads = input.evaluator().evaluate(&self.kind, object).into_iter();
        let mut own = workloads.filter(|one| one.template_path == self.template_path);
        own.next().is_some_and(|workload| {
            let denial = workload.outcome.denial();
            let causes = denial.map_or(&[][..], |denial| &denial.causes);
            // RAM decides after the fields were compared with the stamp
            let is_of_ram = |reason: &str| matches!(reason, "ImplicitDeny" | "ExplicitDeny");
            causes.iter().all(|cause| is_of_ram(&cause.reason))
        })
    }

    pub(super) fn is_of_another_object(&self) -> bool {
        matches!(
            self.status,
            StampStatus::Broken {
                reason: Some(VerifyError::Object(_)),
                ..
            }
        )
    }

    pub(super) fn is_good(&self) -> bool {
        self.status.claims().is_some() && (self.differences.is_empty() || self.is_explained)
    }

    /// The problem with the stamp; `None` if it is good
    pub(super) fn problem(&self) -> Option<String> {
        match &self.status {
            StampStatus::Missing => Some("there is no stamp: nothing says who asked for it".to_owned()),
            StampStatus::Broken { reason, .. } => {
                let reason = reason.as_ref();
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                Some(format!("the stamp is not to be believed{reason}"))
            }
            StampStatus::Good { .. } if self.is_good() => None,
            StampStatus::Good { .. } => {
                Some("the stamp was written by ramgate, but not for what this asks for now".to_owned())
            }
        }
    }
}

fn unreadable(kind: &WorkloadKind, object: &Value, error: &serde_json::Error) -> CommandError {
    let (namespace, name) = (
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name"),
    );
    CommandError::Usage(format!("{} {namespace}/{name}: {error}", kind.name()))
}
