//! Completes the groups of a user.

/// The prefix of a service account's user name
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The groups of a user, completed as the API server completes them for an impersonated user
///
/// ```text
/// alice, [dev]                      -> [dev, system:authenticated]
/// system:serviceaccount:ci:bot, []  -> [system:serviceaccounts, system:serviceaccounts:ci, system:authenticated]
/// ```
pub(in crate::cli) fn completed_groups(user: &str, given: &[String]) -> Vec<String> {
    let mut groups = given.to_vec();
    let account = user.strip_prefix(SERVICE_ACCOUNT);
    let account = account.and_then(|rest| rest.split_once(':'));
    if let (Some((namespace, _)), true) = (account, groups.is_empty()) {
        groups.extend([
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ]);
    }
    let everybody = match user {
        "system:anonymous" => "system:unauthenticated",
        _ => "system:authenticated",
    };
    if !groups.iter().any(|group| group == everybody) {
        groups.push(everybody.to_owned());
    }
    groups
}
