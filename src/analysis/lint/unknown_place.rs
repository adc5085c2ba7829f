//! Paths of pod metadata that a kind of a preset does not have.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::warning::DocumentWarning;
use crate::config::ClusterSettings;
use crate::wording::quoted;

/// The longest path that a message shows
const LENGTH: usize = 128;

/// The warnings about the carriers of a section
pub(super) fn find(settings: &ClusterSettings) -> impl Iterator<Item = DocumentWarning> + '_ {
    settings.carriers.iter().flat_map(|carrier| {
        let kind = &carrier.kind;
        carrier.unknown_paths.iter().map(move |path| DocumentWarning {
            code: Code::UnknownPlace,
            at: path.at,
            message: format!(
                "{kind} has no pod metadata at {}, as far as preset `{}` knows",
                quoted(path, LENGTH),
                carrier.preset_of_kind().unwrap_or_default()
            ),
            advice: "list the preset, or correct the path".to_owned(),
        })
    })
}
