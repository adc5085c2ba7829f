//! The annotations with which a denied pod or image cache would be allowed.
//!
//! They are what the author of a manifest writes, before the mapping rules. The fields that the rules make of them were
//! evaluated for the requester and for every boundary, like the pod itself.

pub(crate) mod evaluator;
mod image_cache_evaluator;
mod misplaced_tags;

use crate::admission::evaluate::EvaluationContext;
use crate::admission::evaluate::advise::evaluator::PodEvaluator;
use crate::admission::evaluate::advise::image_cache_evaluator::ImageCacheEvaluator;
use crate::admission::evaluate::pod_update::PodUpdate;
use crate::admission::fields::mapping::Sources;
use crate::admission::fields::reading::Fields;
use crate::admission::outcome::advice::{Advice, Line};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use eci_calls::condition_key::TagKey;
use eci_calls::fix::{DesiredFields, Search};
use ram_policy::{Mismatch, Outcome, Principal, Reason};

/// The advice on a pod that is created, or changed from the stored one; `None` if other annotations cannot help
pub(super) fn advice(
    context: &EvaluationContext<'_>,
    evaluation: &Evaluation,
    pod: &Pod<'_>,
    update: Option<(PodUpdate<'_>, &Fields)>,
    namespace: &Meta,
) -> Option<Advice> {
    let requester = match beneficiary(evaluation)? {
        Ok(requester) => requester,
        Err(advice) => return Some(advice),
    };
    let principals = context.principals(requester, namespace);
    let account = context.service_account(pod);
    let sources = Sources {
        pod,
        namespace,
        service_account: account.as_deref(),
    };
    let evaluator = PodEvaluator::new(context, sources, &principals, &evaluation.fields, update);
    Some(evaluator.advice(&wanted_tags(evaluation)))
}

/// The advice on an image cache that is created, or changed from the stored one
pub(super) fn image_cache_advice(
    context: &EvaluationContext<'_>,
    evaluation: &Evaluation,
    image_cache: &Pod<'_>,
    stored: Option<&Fields>,
) -> Option<Advice> {
    let requester = match beneficiary(evaluation)? {
        Ok(requester) => requester,
        Err(advice) => return Some(advice),
    };
    let evaluator = ImageCacheEvaluator::new(context, requester, &evaluation.fields, stored);
    Some(evaluator.advice(image_cache, &wanted_tags(evaluation)))
}

/// For whom to search, or the advice without a search; `None` if other annotations cannot help
fn beneficiary(evaluation: &Evaluation) -> Option<Result<&Principal, Advice>> {
    let requester = evaluation.principal.as_ref();
    let requester = requester.filter(|_| is_about_fields(evaluation))?;
    Some(if evaluation.findings.iter().any(is_explicit) {
        Err(Advice::Withheld)
    } else {
        Ok(requester)
    })
}

/// Whether a statement denies explicitly
fn is_explicit(finding: &Finding) -> bool {
    matches!(finding, Finding::Denied { denial, .. } if denial.decision.outcome == Outcome::ExplicitDeny)
}

/// The keys of the tags that the nearest statements want
fn wanted_tags(evaluation: &Evaluation) -> Vec<&str> {
    let misses = evaluation.findings.iter().filter_map(|finding| match finding {
        Finding::Denied { denial, .. } => match &denial.decision.reason {
            Reason::NoMatch(misses) => Some(misses),
            Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole | Reason::Statement(_) => None,
        },
        _ => None,
    });
    let keys = misses.flatten().filter_map(|miss| match &miss.mismatch {
        Mismatch::Condition { key, .. } => TagKey::parse(key),
        Mismatch::Action { .. } | Mismatch::Resource { .. } | Mismatch::Principal { .. } => None,
    });
    keys.map(|key| key.tag).collect()
}

/// The advice that a search comes to
pub(crate) fn advice_of(found: Search, before: &DesiredFields) -> Advice {
    match found {
        Search::Found(desired) => Advice::Write(lines(before, &desired)),
        Search::Nothing => Advice::Nothing,
        Search::GaveUp => Advice::GaveUp,
    }
}

/// Whether every finding is about the fields that the annotations ask for
fn is_about_fields(evaluation: &Evaluation) -> bool {
    !evaluation.findings.is_empty()
        && evaluation
            .findings
            .iter()
            .all(|finding| matches!(finding, Finding::Refused(_) | Finding::Denied { .. }))
}

/// The annotations that two sets of fields write differently, as the second writes them
fn lines(before: &DesiredFields, after: &DesiredFields) -> Vec<Line> {
    let texts = |desired: &DesiredFields| {
        let fields = fields(desired, &Fields::default());
        [fields.written_tags(), fields.resource_group, fields.role]
    };
    [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME]
        .into_iter()
        .zip(texts(before).into_iter().zip(texts(after)))
        .filter(|(_, (before, after))| before != after)
        .map(|(annotation, (_, value))| Line { annotation, value })
        .collect()
}

/// The desired fields, with those that they leave alone
fn fields(desired: &DesiredFields, others: &Fields) -> Fields {
    Fields {
        tags: desired.tags.clone(),
        resource_group: desired.resource_group.clone(),
        role: desired.role.clone(),
        role_arns: others.role_arns.clone(),
    }
}

fn desired(fields: &Fields) -> DesiredFields {
    DesiredFields {
        tags: fields.tags.clone(),
        resource_group: fields.resource_group.clone(),
        role: fields.role.clone(),
    }
}
