//! The flags of `ramgate serve` in a Deployment.

use k8s_openapi::api::apps::v1::Deployment;

/// The command and arguments of ramgate's container; `None` if no container runs `ramgate serve`
pub(super) fn serve_arguments(deployment: &Deployment) -> Option<Vec<String>> {
    let spec = deployment.spec.as_ref()?.template.spec.as_ref()?;
    spec.containers.iter().find_map(|container| {
        let words = container.command.iter().chain(&container.args).flatten();
        // The kubelet reads `$$(` as `$(`
        let words: Vec<String> = words.map(|word| word.replace("$$(", "$(")).collect();
        let serves = words.iter().any(|word| word == "serve");
        let is_ramgate = flag(&words, "--stamp-secret").is_some() || flag(&words, "--namespace").is_some();
        (serves && is_ramgate).then_some(words)
    })
}

/// The first value of a flag
pub(super) fn flag(arguments: &[String], name: &str) -> Option<String> {
    flags(arguments, name).next()
}

/// All values of a flag, written `--flag=value` or `--flag value`
pub(super) fn flags<'a>(arguments: &'a [String], name: &'a str) -> impl Iterator<Item = String> + 'a {
    arguments.iter().enumerate().filter_map(move |(at, argument)| {
        let rest = argument.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None if rest.is_empty() => arguments.get(at.checked_add(1)?).cloned(),
            None => None,
        }
    })
}
