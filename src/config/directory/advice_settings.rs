//! The section `advice`: whom a denial names, and the language of messages.

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::shortened;
use ram_policy::source::{Fault, Node};

/// The longest contact, in bytes: it is in every denial, beside RAM's fields and the advice
const MAX_CONTACT: usize = 200;

/// The language of messages
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Locale {
    /// English
    #[default]
    En,
    /// Simplified Chinese
    Zh,
}

/// The `advice` section of a document
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AdviceSettings {
    /// Whom a denial names, such as a chat channel
    pub(crate) contact: Option<String>,
    /// The language of messages to requesters
    pub(crate) locale: Locale,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    contact: Option<LocatedText>,
    locale: Option<LocatedText>,
}

/// Reads the section
///
/// # Errors
/// A contact that is empty, too long or has more than one line, or an unknown language
pub(crate) fn read(node: &Node) -> Result<AdviceSettings, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    if let Some(contact) = &wire.contact {
        faults.handle(check_contact(contact));
    }
    let locale = wire.locale.as_ref();
    let locale = locale.and_then(|locale| faults.handle(read_locale(locale)));
    faults.finish(AdviceSettings {
        contact: wire.contact.map(String::from),
        locale: locale.unwrap_or_default(),
    })
}

fn check_contact(contact: &LocatedText) -> Result<(), Fault> {
    if contact.trim().is_empty() {
        return Err(contact.fault("an empty contact: write whom to ask, or leave it out"));
    }
    if contact.len() > MAX_CONTACT || contact.contains(char::is_control) {
        return Err(contact.fault(format!("a contact is one line of at most {MAX_CONTACT} bytes")));
    }
    Ok(())
}

fn read_locale(locale: &LocatedText) -> Result<Locale, Fault> {
    match locale.as_str() {
        "en" => Ok(Locale::En),
        "zh" => Ok(Locale::Zh),
        other => Err(locale.fault(format!("`{}` is no language: write en or zh", shortened(other)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn a_contact_and_a_language_are_read() {
        let settings = parsed("{contact: \"#help\", locale: zh}", read).unwrap();
        let expected = AdviceSettings {
            contact: Some("#help".to_owned()),
            locale: Locale::Zh,
        };
        assert_eq!(settings, expected);
        assert_eq!(parsed("{}", read).unwrap(), AdviceSettings::default());
        let longest = "c".repeat(MAX_CONTACT);
        assert!(parsed(&format!("{{contact: {longest}}}"), read).is_ok());
    }

    #[test]
    fn a_bad_contact_or_language_is_refused() {
        let faults = |text: &str| parsed(text, read).unwrap_err();
        assert!(faults("{contact: ' '}").contains("an empty contact"));
        assert!(faults("{contact: \"a\\nb\"}").contains("one line of at most 200 bytes"));
        let long = "c".repeat(MAX_CONTACT + 1);
        assert!(faults(&format!("{{contact: {long}}}")).contains("one line of at most 200 bytes"));
        assert!(faults("{locale: de}").contains("`de` is no language: write en or zh"));
        assert!(faults("{contacts: a}").contains("unknown field `contacts`"));
    }
}
