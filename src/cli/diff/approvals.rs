//! Approvals of `ramgate diff`: the differences that somebody wants, so that they do not fail a check in CI.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::Deserialize;

use crate::analysis::diff::{Change, Difference, Report, SettingChange};
use crate::cli::command_error::CommandError;
use crate::cli::diff::human;
use crate::config::{FaultClass, LocatedFault};
use crate::yaml;
use ram_policy::source::{Fault, Node, Position, utf8};

/// The number of bytes of a hash that an id has: enough that nobody finds another difference with the same id
const ID_BYTES: usize = 16;

/// What is approved
#[derive(Debug, Default)]
pub(super) struct Approvals {
    file: String,
    approvals: Vec<(Position, Approval)>,
}

/// A file of approvals as written
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalFile {
    approvals: Vec<Node>,
}

/// One approval as written
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// The requests or the setting, as `diff` says it
    what: String,
    /// The id of exactly that, which a text with a shortened list cannot be
    id: String,
    /// The principals for whom it is approved; none for a setting
    #[serde(default)]
    principals: BTreeSet<String>,
    /// Why it is wanted
    reason: String,
}

/// The approvals applied to a report
pub(super) struct Approved<'a> {
    /// The reasons for each difference; `None` if it is not approved for all its principals
    pub(super) differences: Vec<Option<String>>,
    /// The reason for each change of a setting
    pub(super) settings: Vec<Option<String>>,
    pub(super) unmatched: Vec<Unmatched<'a>>,
}

/// An approval, or a part of one, that matches nothing any more
pub(super) struct Unmatched<'a> {
    pub(super) file: &'a str,
    pub(super) at: Position,
    pub(super) what: &'a str,
    /// The principals that no longer have the difference; empty if the approval is about a setting
    pub(super) principals: Vec<&'a str>,
}

impl Approvals {
    /// Reads a file of approvals
    ///
    /// # Errors
    ///
    /// The file cannot be read, or an approval in it is not complete.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| CommandError::io(file.as_str(), error))?;
        match approvals(&bytes) {
            Ok(approvals) => Ok(Self { file, approvals }),
            Err(fault) => {
                let fault = LocatedFault::new(file, fault, FaultClass::Document);
                Err(CommandError::Invalid(vec![fault]))
            }
        }
    }

    /// The differences and settings of a report that are approved, and the approvals that match none
    pub(super) fn apply(&self, report: &Report) -> Approved<'_> {
        if self.approvals.is_empty() {
            return Approved {
                differences: vec![None; report.differences.len()],
                settings: vec![None; report.setting_changes.len()],
                unmatched: Vec::new(),
            };
        }
        let differences = report.differences.iter().map(|each| self.difference(each));
        let settings = report.setting_changes.iter().map(|each| self.setting(each));
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for each in report.differences.iter().filter(|each| needs_approval(each)) {
            let principals = each.principals.iter().map(ToString::to_string);
            found.entry(difference_id(each)).or_default().extend(principals);
        }
        for each in report.setting_changes.iter().filter(|each| each.may_allow) {
            found.entry(setting_id(each)).or_default();
        }
        Approved {
            differences: differences.collect(),
            settings: settings.collect(),
            unmatched: self.unmatched(&found),
        }
    }

    fn difference(&self, difference: &Difference) -> Option<String> {
        if !needs_approval(difference) {
            return None;
        }
        let (id, what) = (difference_id(difference), human::requests(difference));
        let approvals = self.approvals.iter().map(|(_, approval)| approval);
        let of_difference: Vec<&Approval> =
            approvals.filter(|one| one.id == id && one.what == what).collect();
        let mut reasons: Vec<&str> = Vec::new();
        for principal in &difference.principals {
            let principal = principal.to_string();
            let approval = of_difference
                .iter()
                .find(|one| one.principals.contains(&principal))?;
            if !reasons.contains(&approval.reason.as_str()) {
                reasons.push(&approval.reason);
            }
        }
        Some(reasons.join("; "))
    }

    fn setting(&self, change: &SettingChange) -> Option<String> {
        if !change.may_allow {
            return None;
        }
        let (id, what) = (setting_id(change), human::setting(change));
        let mut approvals = self.approvals.iter().map(|(_, approval)| approval);
        let approval = approvals.find(|one| one.id == id && one.what == what)?;
        Some(approval.reason.clone())
    }

    fn unmatched(&self, found: &BTreeMap<String, BTreeSet<String>>) -> Vec<Unmatched<'_>> {
        let unmatched = self.approvals.iter().filter_map(|(at, approval)| {
            let principals = found.get(&approval.id);
            let is_gone = |name: &&String| !principals.is_some_and(|principals| principals.contains(*name));
            let gone: Vec<&str> = approval
                .principals
                .iter()
                .filter(is_gone)
                .map(String::as_str)
                .collect();
            (principals.is_none() || !gone.is_empty()).then_some(Unmatched {
                file: &self.file,
                at: *at,
                what: &approval.what,
                principals: gone,
            })
        });
        unmatched.collect()
    }
}

impl Approved<'_> {
    /// Whether the new configuration allows something, or may do so, that nobody approved
    pub(super) fn allows_more(&self, report: &Report) -> bool {
        let differences = report.differences.iter().zip(&self.differences);
        let settings = report.setting_changes.iter().zip(&self.settings);
        differences
            .filter(|(each, _)| needs_approval(each))
            .any(|(_, reason)| reason.is_none())
            || settings
                .filter(|(each, _)| each.may_allow)
                .any(|(_, reason)| reason.is_none())
            || !report.incomplete.is_empty()
    }

    /// How many differences and settings are approved
    pub(super) fn count(&self) -> usize {
        let all = self.differences.iter().chain(&self.settings);
        all.filter(|reason| reason.is_some()).count()
    }

    /// A file of approvals for whatever is not approved yet; somebody has to write the reasons
    pub(super) fn missing(&self, report: &Report) -> String {
        let differences = report.differences.iter().zip(&self.differences);
        let differences = differences
            .filter(|(each, reason)| needs_approval(each) && reason.is_none())
            .map(|(each, _)| {
                let principals: Vec<String> = each.principals.iter().map(ToString::to_string).collect();
                entry(&human::requests(each), &difference_id(each), &principals)
            });
        let settings = report.setting_changes.iter().zip(&self.settings);
        let settings = settings
            .filter(|(each, reason)| each.may_allow && reason.is_none())
            .map(|(each, _)| entry(&human::setting(each), &setting_id(each), &[]));
        let entries: String = differences.chain(settings).collect();
        match entries.is_empty() {
            true => "approvals: []\n".to_owned(),
            false => format!("approvals:\n{entries}"),
        }
    }
}

impl Unmatched<'_> {
    /// What it is and what to do
    pub(super) fn message(&self) -> String {
        let whom = match self.principals.is_empty() {
            true => String::new(),
            false => format!(" for {}", self.principals.join(", ")),
        };
        format!(
            "approves `{}`, which is no difference any more{whom}: remove it",
            self.what
        )
    }
}

fn approvals(bytes: &[u8]) -> Result<Vec<(Position, Approval)>, Fault> {
    let mut approvals = Vec::new();
    for document in yaml::parse(utf8(bytes)?)? {
        let file: ApprovalFile = document.read()?;
        for node in file.approvals {
            let approval: Approval = node.read()?;
            if approval.reason.trim().is_empty() {
                let message = "an approval needs a `reason`: write why this is wanted";
                return Err(Fault::new(node.at, message));
            }
            approvals.push((node.at, approval));
        }
    }
    Ok(approvals)
}

/// An approval as YAML, whose strings may be written as in JSON
fn entry(what: &str, id: &str, principals: &[String]) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let principals = match principals {
        [] => String::new(),
        names => {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("    principals: [{}]\n", names.join(", "))
        }
    };
    format!(
        "  - what: {}\n    id: {}\n{principals}    reason: \"\"\n",
        quoted(what),
        quoted(id)
    )
}

fn needs_approval(difference: &Difference) -> bool {
    difference.change == Change::Allowed
}

/// The id of the requests of a difference, whoever sends them and whichever statement decides
fn difference_id(difference: &Difference) -> String {
    let Difference {
        change,
        principals: _,
        actions,
        named_actions: _,
        resources,
        resource_groups,
        conditions,
        before: _,
        after: _,
        example,
    } = difference;
    id(&format!(
        "{:?}",
        (
            change,
            actions,
            resources,
            resource_groups,
            conditions,
            example.trust
        )
    ))
}

fn setting_id(change: &SettingChange) -> String {
    id(&format!("{change:?}"))
}

fn id(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    HEXLOWER.encode(hash.as_ref().get(..ID_BYTES).unwrap_or_default())
}
