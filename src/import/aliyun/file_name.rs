//! The names of files in a dump: which call each holds the answer of.

/// A call whose answers are read
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    GetAccount,
    GetCallerIdentity,
    GetControlPolicy,
    GetPolicy,
    GetRole,
    ListAncestors,
    ListControlPolicyAttachmentsForTarget,
    ListGroups,
    ListPoliciesForGroup,
    ListPoliciesForRole,
    ListPoliciesForUser,
    ListPolicyAttachments,
    ListResourceGroups,
    ListRoles,
    ListUsers,
    ListUsersForGroup,
}

/// Each call with its name
const ACTIONS: [(&str, Action); 16] = [
    ("GetAccount", Action::GetAccount),
    ("GetCallerIdentity", Action::GetCallerIdentity),
    ("GetControlPolicy", Action::GetControlPolicy),
    ("GetPolicy", Action::GetPolicy),
    ("GetRole", Action::GetRole),
    ("ListAncestors", Action::ListAncestors),
    (
        "ListControlPolicyAttachmentsForTarget",
        Action::ListControlPolicyAttachmentsForTarget,
    ),
    ("ListGroups", Action::ListGroups),
    ("ListPoliciesForGroup", Action::ListPoliciesForGroup),
    ("ListPoliciesForRole", Action::ListPoliciesForRole),
    ("ListPoliciesForUser", Action::ListPoliciesForUser),
    ("ListPolicyAttachments", Action::ListPolicyAttachments),
    ("ListResourceGroups", Action::ListResourceGroups),
    ("ListRoles", Action::ListRoles),
    ("ListUsers", Action::ListUsers),
    ("ListUsersForGroup", Action::ListUsersForGroup),
];

impl Action {
    /// The name of the call
    pub(crate) fn name(self) -> &'static str {
        let known = ACTIONS.iter().find(|(_, action)| *action == self);
        known.map_or("", |(name, _)| name)
    }
}

/// What the name of a file says
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileName<'a> {
    pub(crate) action: Action,
    /// What the call was asked about, such as a group's name, with a page number if there is one; nothing for `ACTION.json`
    pub(crate) argument: Option<&'a str>,
    /// The page, from 1; of a file with an argument, [`split_page`] tells, as a name may itself end in `.2`
    pub(crate) page: usize,
}

/// Reads the path of a file from the folder of the dump; nothing if it is not one that is read
///
/// ```text
/// ListUsers.json                       ListUsers, page 1
/// ListUsers.2.json                     ListUsers, page 2
/// ListUsersForGroup/developers.json    ListUsersForGroup, developers
/// GetPolicy/Custom/EciTestOnly.json    GetPolicy, EciTestOnly
/// ```
pub(crate) fn file_name(path: &str) -> Option<FileName<'_>> {
    let path = path.strip_suffix(".json")?;
    let (name, argument) = match path.split_once('/') {
        Some((name, argument)) => (name, Some(argument)),
        None => (path, None),
    };
    let (name, page) = match argument {
        Some(_) => (name, 1),
        None => split_page(name),
    };
    let (_, action) = ACTIONS.iter().find(|(known, _)| *known == name)?;
    // GetPolicy has the type before the name; the answer repeats both
    let argument = argument.map(|argument| argument.rsplit_once('/').map_or(argument, |(_, last)| last));
    Some(FileName {
        action: *action,
        argument,
        page,
    })
}

/// A name with its page: `NAME.2` is the second page of `NAME`
pub(crate) fn split_page(name: &str) -> (&str, usize) {
    let page = name.rsplit_once('.').and_then(|(before, digits)| {
        let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        let page: usize = digits.parse().ok().filter(|_| plain)?;
        Some((before, page))
    });
    page.unwrap_or((name, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_call_argument_and_page() {
        let read = |path| file_name(path).map(|name| (name.action.name(), name.argument, name.page));
        assert_eq!(read("ListUsers.json"), Some(("ListUsers", None, 1)));
        assert_eq!(read("ListUsers.12.json"), Some(("ListUsers", None, 12)));
        assert_eq!(read("GetPolicy/Custom/P.json"), Some(("GetPolicy", Some("P"), 1)));
        assert_eq!(
            read("ListUsersForGroup/dev.2.json"),
            Some(("ListUsersForGroup", Some("dev.2"), 1))
        );
        for path in [
            "ListUsers",
            "ListUser.json",
            "ListUsers.x.json",
            "listusers.json",
            "x/ListUsers.json",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
        assert_eq!(split_page("dev.2"), ("dev", 2));
        assert_eq!(split_page("dev.02"), ("dev.02", 1));
        assert_eq!(split_page("v1.x"), ("v1.x", 1));
    }
}
