//! Commands to paste into a shell.

use std::path::Path;

use crate::analysis::diff::Example;

/// The command that repeats an example
///
/// ```text
/// ramgate simulate --bare --config-dir new --principal user/bob --action oss:GetObject --context 'acs:SourceIp=10.0.0.1 x'
/// ```
pub(in crate::cli) fn simulate_command(example: &Example, new: &Path) -> String {
    let new = new.display().to_string();
    // The search sets every key itself, those that ramgate would fill in as well
    let mut words: Vec<String> = ["ramgate", "simulate", "--bare"].map(str::to_owned).into();
    let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), shell_word(value)]);
    flag("--config-dir", &new);
    flag("--principal", &example.principal.to_string());
    flag("--action", &example.action);
    if example.resource != "*" {
        flag("--resource", &example.resource);
    }
    if let Some(group) = &example.resource_group {
        flag("--resource-group", group);
    }
    for (key, values) in example.context.iter() {
        for value in values {
            flag("--context", &format!("{key}={value}"));
        }
    }
    if example.trust {
        words.push("--trust".to_owned());
    }
    words.join(" ")
}

/// A word, quoted for a shell if it has to be
fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,%+".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
