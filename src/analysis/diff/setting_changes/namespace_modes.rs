//! Changes of the modes of namespaces, which decide whether a denial stops a request.

use std::collections::BTreeSet;

use super::change::{Risk, change};
use crate::analysis::diff::diff_report::SettingChange;
use crate::config::Configuration;
use crate::config::mode::Mode;

const SECTION: &str = "modes";

/// Namespaces with another mode, in order
///
/// A namespace without an entry has the mode that the chart gives it, which is not known here: a new `warn` may replace
/// `enforce`, and where `enforce` goes, `warn` may be left.
pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<SettingChange> {
    let namespaces: BTreeSet<&String> = old.modes.keys().chain(new.modes.keys()).collect();
    let changes = namespaces.into_iter().filter_map(|namespace| {
        let modes = [old, new].map(|each| each.modes.get(namespace).copied());
        let risk = match modes {
            [_, Some(Mode::Enforce)] | [Some(Mode::Warn | Mode::Audit), _] | [None, None] => {
                Risk::AllowsNoMore
            }
            [None, Some(Mode::Warn | Mode::Audit)]
            | [Some(Mode::Enforce), None | Some(Mode::Warn | Mode::Audit)] => Risk::MayAllow,
        };
        let shown = modes.map(|mode| mode.map(|mode| mode.to_string()));
        change(SECTION, namespace.as_str(), shown, risk)
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ParsedDocument, merge};

    fn set(mode: &str) -> Configuration {
        let modes = if mode.is_empty() {
            String::new()
        } else {
            format!("modes: {{a: {mode}, b: warn}}")
        };
        let text = format!("account: {{id: '1', region: r}}\n{modes}");
        merge([("d", &ParsedDocument::directory(text.as_bytes()))]).unwrap()
    }

    #[test]
    fn a_change_that_may_stop_denying_may_allow_more() {
        for (before, after, may_allow) in [
            ("enforce", "warn", Some(true)),
            ("enforce", "audit", Some(true)),
            ("enforce", "", Some(true)),
            ("", "warn", Some(true)),
            ("", "audit", Some(true)),
            ("", "enforce", Some(false)),
            ("warn", "enforce", Some(false)),
            ("warn", "audit", Some(false)),
            ("audit", "", Some(false)),
            ("warn", "warn", None),
        ] {
            let changes = changes(&set(before), &set(after));
            let of_a = changes.iter().find(|change| change.entry == "a");
            assert_eq!(
                of_a.map(|change| change.may_allow),
                may_allow,
                "{before} -> {after}"
            );
        }
    }
}
