//! The modes in force: those of the directory over those of the flags.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::admission::{Mode, Modes};
use crate::config::Configuration;

/// The modes of the flags, and with them those of the last configuration that was asked for
///
/// The merge is kept, because every review asks for it.
#[derive(Debug)]
pub(super) struct MergedModes {
    flags: Arc<Modes>,
    last: ArcSwap<Merge>,
}

#[derive(Debug)]
struct Merge {
    directory: Arc<BTreeMap<String, Mode>>,
    modes: Arc<Modes>,
}

impl MergedModes {
    pub(super) fn new(flags: Modes) -> Self {
        let flags = Arc::new(flags);
        let last = Merge {
            directory: Arc::default(),
            modes: Arc::clone(&flags),
        };
        Self {
            flags,
            last: ArcSwap::from_pointee(last),
        }
    }

    /// The modes of the flags alone
    pub(super) fn flags(&self) -> &Arc<Modes> {
        &self.flags
    }

    /// The modes of a configuration; those of the flags if there is none
    pub(super) fn of(&self, configuration: Option<&Configuration>) -> Arc<Modes> {
        let Some(configuration) = configuration else {
            return Arc::clone(&self.flags);
        };
        let last = self.last.load();
        if Arc::ptr_eq(&last.directory, &configuration.modes) {
            return Arc::clone(&last.modes);
        }
        let modes = Arc::new(self.flags.with_directory(&configuration.modes));
        self.last.store(Arc::new(Merge {
            directory: Arc::clone(&configuration.modes),
            modes: Arc::clone(&modes),
        }));
        modes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ParsedDocument, merge};

    fn configuration(modes: &str) -> Configuration {
        let text = format!("account: {{id: '123', region: r}}\n{modes}");
        merge([("d", &ParsedDocument::directory(text.as_bytes()))]).unwrap()
    }

    #[test]
    fn each_configuration_has_its_own_modes() {
        let merged = MergedModes::new(Modes {
            namespaces: [("a".to_owned(), Mode::Audit)].into(),
            ..Modes::default()
        });
        let of = |configuration: Option<&Configuration>| {
            let modes = merged.of(configuration);
            ["a", "b", "c"].map(|namespace| modes.of(namespace))
        };
        let (first, second) = (
            configuration("modes: {a: enforce}"),
            configuration("modes: {b: enforce}"),
        );
        for _ in 0..2 {
            assert_eq!(of(None), [Mode::Audit, Mode::Warn, Mode::Warn]);
            assert_eq!(of(Some(&first)), [Mode::Enforce, Mode::Warn, Mode::Warn]);
            assert_eq!(of(Some(&second)), [Mode::Audit, Mode::Enforce, Mode::Warn]);
            assert_eq!(
                of(Some(&configuration(""))),
                [Mode::Audit, Mode::Warn, Mode::Warn]
            );
        }
        assert!(Arc::ptr_eq(&merged.of(Some(&first)), &merged.of(Some(&first))));
    }
}
