//! A verified stamp as text for people.

use crate::analysis::survey::field_differences::{FieldDifference, by_annotation};
use crate::cli::stamp::verify::verify_report::VerifyReport;
use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS,
};
use crate::stamp::Claims;
use crate::wording::{NAME_LENGTH, clipped, described, quoted};

/// The longest value on a line; tags of a pod may be longer than names
const VALUE: usize = 256;

/// The result, the claims and the differences
///
/// ```text
/// Deployment shop/web: the stamp is good
///   asked by        `alice@example.com`
///   for             RAM user `alice`
///   ...
/// ```
pub(super) fn human(stamp: &VerifyReport) -> String {
    let path = stamp.template_path.as_ref();
    let path = path.map_or_else(String::new, |path| format!(" ({path})"));
    let title = format!(
        "{} {}/{}{path}",
        stamp.kind.name(),
        clipped(&stamp.namespace, NAME_LENGTH),
        clipped(&stamp.name, VALUE)
    );
    let result = stamp.problem().unwrap_or_else(|| "the stamp is good".to_owned());
    let mut lines = vec![format!("{title}: {result}")];
    if let Some(claims) = &stamp.claims {
        if stamp.status.claims().is_none() {
            lines.push("what it says, of which nothing is proved:".to_owned());
        }
        let claims = [origin(stamp, claims), fields(claims), key(stamp)].concat();
        lines.extend(
            claims
                .into_iter()
                .map(|(name, value)| format!("  {name:16}{value}")),
        );
    }
    let reason = if stamp.is_explained {
        ", as mapping or eci-profile make it"
    } else {
        ""
    };
    let differences = stamp.differences.iter();
    lines.extend(differences.map(|one| format!("  {}{reason}", difference(one))));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A name and a value
type Line = (&'static str, String);

/// The stamped user and principal, and the object for which the stamp was written
fn origin(stamp: &VerifyReport, claims: &Claims) -> Vec<Line> {
    let principal = match &claims.principal {
        Some(principal) => described(principal),
        None => "nobody: the user was bound to no RAM principal".to_owned(),
    };
    let cluster = match stamp.status.claims() {
        Some(_) => "of this cluster".to_owned(),
        None => format!("of cluster {}", clipped(&claims.cluster, NAME_LENGTH)),
    };
    let namespace = clipped(&claims.namespace, NAME_LENGTH);
    let object = match &claims.object {
        Some(object) => clipped(&object.to_string(), VALUE),
        None => "any object there: it is of the first form".to_owned(),
    };
    vec![
        ("asked by", quoted(&claims.user, VALUE)),
        ("for", principal),
        ("in", format!("namespace {namespace} {cluster}")),
        ("written into", object),
    ]
}

/// The stamped fields, service account and containers
fn fields(claims: &Claims) -> Vec<Line> {
    let value = |value: Option<&str>, absent: &str| {
        value.map_or_else(|| absent.to_owned(), |value| clipped(value, VALUE))
    };
    let annotations = by_annotation(&claims.fields).into_iter();
    let annotations = annotations.map(|(annotation, text)| (field_name(annotation), value(text, "none")));
    let account = ("service account", value(claims.service_account.as_deref(), "any"));
    let containers = claims.containers.as_ref().map(|containers| {
        let names: Vec<&str> = containers.iter().map(|(name, _)| name).collect();
        ("containers", clipped(&names.join(", "), VALUE))
    });
    annotations.chain([account]).chain(containers).collect()
}

fn key(stamp: &VerifyReport) -> Vec<Line> {
    let newest = if stamp.is_newest { ", the newest" } else { "" };
    let key = stamp.status.key();
    let line = key.map(|key| ("key", format!("{}{newest}", clipped(key, NAME_LENGTH))));
    line.into_iter().collect()
}

fn field_name(annotation: &str) -> &'static str {
    match annotation {
        CUSTOM_TAGS => "tags",
        RESOURCE_GROUP_ID => "resource group",
        RAM_ROLE_NAME => "RAM role",
        SERVICE_ARNS => "service roles",
        USER_ARNS => "user roles",
        _ => "field",
    }
}

fn difference(difference: &FieldDifference) -> String {
    let value = |value: &Option<String>, absent: &str| match value {
        Some(value) => quoted(value, VALUE),
        None => absent.to_owned(),
    };
    format!(
        "{} is {}, the stamp says {}",
        difference.field,
        value(&difference.found, "absent"),
        value(&difference.stamped, "none")
    )
}
