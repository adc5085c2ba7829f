//! Changes of exceptions, which let pass for a while what is denied.

use super::change::{Risk, change};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::{Configuration, Exception};

const SECTION: &str = "exceptions";

/// Exceptions that are new or changed, which may allow more, and then those that are gone
pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let of = |configuration: &Configuration, name: &str| {
        let mut all = configuration.exceptions.iter();
        all.find(|one| one.name == name).map(|one| shown(one))
    };
    let come = new.exceptions.iter().filter_map(|one| {
        let texts = [of(old, &one.name), Some(shown(one))];
        change(SECTION, one.name.clone(), texts, Risk::MayAllow)
    });
    let gone = old.exceptions.iter().filter(|one| of(new, &one.name).is_none());
    let gone = gone.filter_map(|one| {
        let texts = [Some(shown(one)), None];
        change(SECTION, one.name.clone(), texts, Risk::AllowsNoMore)
    });
    come.chain(gone).collect()
}

/// Everything that decides what an exception excuses
fn shown(exception: &Exception) -> String {
    let principals = exception.principals.iter().map(ToString::to_string);
    let whom: Vec<String> = exception.users.iter().cloned().chain(principals).collect();
    let codes = exception.codes.iter().map(|code| code.name().to_owned());
    let statements = exception.statements.iter().map(ToString::to_string);
    let actions = exception.actions.iter().cloned();
    let what: Vec<String> = codes.chain(statements).chain(actions).collect();
    format!(
        "{} for {} in {} until {}",
        what.join(", "),
        whom.join(", "),
        exception.namespaces.join(", "),
        exception.until
    )
}
