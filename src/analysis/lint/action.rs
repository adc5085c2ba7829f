//! Actions of ECI that ECI does not have.

use super::code::Code;
use super::question::Reach;
use super::subject::{Finding, Subject};
use eci_calls::Operation;
use ram_policy::Pattern;
use ram_policy::source::closest;

/// Looks for unknown actions
pub(crate) fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let unknown = subject
        .entries
        .iter()
        .filter(|entry| matches!(entry.reach, Reach::Unknown));
    unknown
        .map(|entry| {
            let message = match Pattern::new(entry.text).is_wild() {
                true => format!("`{}` matches no operation of the ECI API", entry.text),
                false => format!("`{}` is no operation of the ECI API", entry.text),
            };
            let known = Operation::ALL.iter().map(|operation| operation.action());
            let advice = match closest(entry.text, known) {
                Some(meant) => format!("write `{meant}`, if that was meant"),
                None => {
                    "take an action from the ECI API reference, such as `eci:CreateContainerGroup`".to_owned()
                }
            };
            Finding {
                code: Code::UnknownAction,
                at: entry.at,
                message,
                advice,
            }
        })
        .collect()
}
