//! The RAM principal of a Kubernetes identity.
//!
//! | order | what says it | example |
//! | --- | --- | --- |
//! | 1 | a binding of the whole name, of a user or a service account | `alice@example.com` |
//! | 2 | the id of a RAM user or role in the name | `201234567890123456-1676970192` |
//! | 3 | a trusted key of the extra information | `canonicalArn: acs:ram::1234567890123456:user/alice` |
//! | 4 | a name with a star that is bound to `user/*` | `*@example.com` |
//! | 5 | the first binding of one of the groups | `payments` |
//!
//! Names that begin with `system:` belong to Kubernetes: only 1 and 5 apply to them. Whoever may create a service account
//! chooses the end of such a name, and nothing in it may make them somebody.

use crate::config::{Configuration, SYSTEM};
use crate::kubernetes::user_extra::UserExtra;
use ram_policy::Principal;

/// Who sends a request, as the API server knows them
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requester<'a, G> {
    /// The user name
    pub(crate) user: &'a str,
    /// The groups
    pub(crate) groups: G,
    /// The extra information
    pub(crate) extra: UserExtra<'a>,
}

impl<'a> Requester<'a, std::iter::Empty<&'a str>> {
    /// A user of whom only the name is known
    pub(crate) fn named(user: &'a str) -> Self {
        Self {
            user,
            groups: std::iter::empty(),
            extra: UserExtra::NONE,
        }
    }
}

impl<'a, G: Iterator<Item = &'a str>> Requester<'a, G> {
    /// The RAM principal of this identity; `None` if nothing says which one it is
    pub(crate) fn principal(self, configuration: &Configuration) -> Option<Principal> {
        let bindings = &configuration.bindings;
        if let Some(bound) = bindings.of_user(self.user) {
            return Some(bound.clone());
        }
        let is_of_kubernetes = self.user.starts_with(SYSTEM);
        let person = || {
            let by_id = bindings.of_id(self.user).cloned();
            by_id
                .or_else(|| of_extra(self.extra, configuration))
                .or_else(|| of_star(self.user, configuration))
        };
        let person = if is_of_kubernetes { None } else { person() };
        person.or_else(|| bindings.of_groups(self.groups).cloned())
    }
}

/// The one user or role of the directory that all values of the trusted keys name
///
/// Values that name none count as absent: those of another account, of the account itself, of a session, of somebody who
/// is not in the directory. If two values name two principals, none of them counts.
fn of_extra(extra: UserExtra<'_>, configuration: &Configuration) -> Option<Principal> {
    let policies = &configuration.policies;
    let keys = configuration.bindings.trusted_extra().iter();
    let principals = keys
        .flat_map(|key| extra.values(key))
        .filter_map(|arn| Principal::of_arn(&arn, policies.account()))
        .filter(|principal| policies.has_principal(principal));
    only(principals)
}

/// The one user of the directory whom a name with a star stands for; none if two stars stand for two users
fn of_star(user: &str, configuration: &Configuration) -> Option<Principal> {
    let patterns = configuration.bindings.patterns().iter();
    let principals = patterns
        .filter_map(|pattern| pattern.name_in(user))
        .map(|name| Principal::User(name.into()))
        .filter(|principal| configuration.policies.has_principal(principal));
    only(principals)
}

/// The one element that occurs, however often; `None` if there are others
fn only(mut principals: impl Iterator<Item = Principal>) -> Option<Principal> {
    let first = principals.next()?;
    principals.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use serde_json::value::{RawValue, to_raw_value};

    use super::*;
    use crate::config::{ParsedDocument, merge};

    const DIRECTORY: &str = r#"
account: {id: "123", region: cn-hangzhou, trustedExtra: [canonicalArn, arn]}
users:
- {name: bound}
- {name: numbered, id: "2012"}
- {name: carol}
- {name: dave}
- {name: dave-x}
- {name: "7", id: "99"}
groups: [{name: dev}]
roles:
- {name: Runner, id: "3012", trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {RAM: ["acs:ram::123:root"]}}]}}
bindings:
- {principal: user/bound, subjects: [{kind: User, name: "2012-1"}, {kind: User, name: carol@corp.example}, {kind: ServiceAccount, namespace: ci, name: bot}, {kind: User, name: "system:node:a"}]}
- {principal: user/*, subjects: [{kind: User, name: "*@corp.example"}, {kind: User, name: "*-x@corp.example"}, {kind: User, name: "*:bot"}, {kind: User, name: "*"}]}
- {principal: group/dev, subjects: [{kind: Group, name: developers}]}
"#;

    fn configuration(directory: &str) -> Configuration {
        let document = ParsedDocument::directory(directory.as_bytes());
        merge([("d", &document)]).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    fn raw(extra: &[(&str, &[&str])]) -> Box<RawValue> {
        let map: std::collections::BTreeMap<_, _> = extra.iter().copied().collect();
        to_raw_value(&map).unwrap()
    }

    fn principal(directory: &str, user: &str, groups: &[&str], extra: &[(&str, &[&str])]) -> String {
        let extra = raw(extra);
        let requester = Requester {
            user,
            groups: groups.iter().copied(),
            extra: UserExtra::new(Some(&extra)),
        };
        let principal = requester.principal(&configuration(directory));
        principal.map_or_else(|| "nobody".to_owned(), |principal| principal.to_string())
    }

    const DAVE: (&str, &[&str]) = ("canonicalarn", &["acs:ram::123:user/dave"]);

    #[test]
    fn each_source_comes_before_those_below_it() {
        let of = |user: &str, groups: &[&str], extra: &[(&str, &[&str])]| {
            principal(DIRECTORY, user, groups, extra)
        };
        let groups = &["developers"];
        // A binding of the name, before the id and before the star
        assert_eq!(of("2012-1", groups, &[DAVE]), "user/bound");
        assert_eq!(of("carol@corp.example", groups, &[DAVE]), "user/bound");
        assert_eq!(of("system:serviceaccount:ci:bot", groups, &[DAVE]), "user/bound");
        // The id, before the extra information and before a star
        for user in ["2012", "2012-2", "2012-1676970192"] {
            assert_eq!(of(user, groups, &[DAVE]), "user/numbered", "{user}");
        }
        assert_eq!(of("3012-5", groups, &[]), "role/Runner");
        // The extra information, before the star
        assert_eq!(of("erin@corp.example", groups, &[DAVE]), "user/dave");
        assert_eq!(of("dave-x", groups, &[DAVE]), "user/dave");
        // The star, before the groups
        assert_eq!(of("dave@corp.example", groups, &[]), "user/dave");
        // A star that stands for the number of somebody's name, and no id
        assert_eq!(of("7", groups, &[]), "user/7");
        assert_eq!(of("99", groups, &[]), "user/7");
        // The groups
        assert_eq!(of("erin@corp.example", groups, &[]), "group/dev");
        assert_eq!(of("erin@corp.example", &[], &[]), "nobody");
    }

    #[test]
    fn names_of_kubernetes_are_nobody_without_a_binding() {
        for user in [
            "system:serviceaccount:shop:2012",
            "system:serviceaccount:shop:2012-1676970192",
            "system:serviceaccount:carol:bot",
            "system:node:carol",
            "system:carol",
            "system:2012",
        ] {
            assert_eq!(principal(DIRECTORY, user, &[], &[DAVE]), "nobody", "{user}");
            assert_eq!(
                principal(DIRECTORY, user, &["developers"], &[DAVE]),
                "group/dev",
                "{user}"
            );
        }
    }

    #[test]
    fn an_id_is_the_whole_name_or_stands_before_digits() {
        for user in [
            "20121",
            "02012",
            "2012-",
            "2012-a",
            "2012-1-1",
            "12012-1",
            "2012@corp.example",
            "2013-1",
            "2012 ",
        ] {
            assert_eq!(principal(DIRECTORY, user, &[], &[]), "nobody", "{user}");
        }
    }

    #[test]
    fn two_stars_that_disagree_are_nobody() {
        assert_eq!(principal(DIRECTORY, "dave-x@corp.example", &[], &[]), "nobody");
        assert_eq!(
            principal(DIRECTORY, "carol-x@corp.example", &[], &[]),
            "user/carol"
        );
    }

    #[test]
    fn extra_information_counts_only_if_it_names_one_known_principal_of_this_account() {
        let of = |extra: &[(&str, &[&str])]| principal(DIRECTORY, "erin@corp.example", &[], extra);
        assert_eq!(
            of(&[("canonicalArn", &["acs:ram::123:role/Runner"])]),
            "role/Runner"
        );
        assert_eq!(
            of(&[(
                "canonicalArn",
                &["acs:ram::123:user/dave", "acs:ram::123:user/dave"]
            )]),
            "user/dave"
        );
        assert_eq!(
            of(&[DAVE, ("arn", &["acs:ram::123:assumed-role/Runner/erin"])]),
            "user/dave"
        );
        for ignored in [
            "acs:ram::124:user/dave",
            "acs:ram::123:user/nobody",
            "acs:ram::123:user/Dave",
            "acs:ram::123:group/dev",
            "acs:ram::123:root",
            "acs:ram::123:assumed-role/Runner/erin",
            "acs:ram::123:user/*",
            "user/dave",
            "",
        ] {
            assert_eq!(of(&[("canonicalArn", &[ignored])]), "nobody", "{ignored}");
        }
        // Two that differ
        assert_eq!(
            of(&[(
                "canonicalArn",
                &["acs:ram::123:user/dave", "acs:ram::123:user/carol"]
            )]),
            "nobody"
        );
        assert_eq!(
            of(&[DAVE, ("canonicalArn", &["acs:ram::123:user/carol"])]),
            "nobody"
        );
        assert_eq!(of(&[DAVE, ("arn", &["acs:ram::123:user/carol"])]), "nobody");
        // Another key
        assert_eq!(of(&[("sessionName", &["acs:ram::123:user/dave"])]), "nobody");
    }

    #[test]
    fn extra_information_is_off_by_default() {
        let untrusting = DIRECTORY.replace(", trustedExtra: [canonicalArn, arn]", "");
        assert_eq!(
            principal(&untrusting, "erin@corp.example", &[], &[DAVE]),
            "nobody"
        );
        assert_eq!(
            principal(&untrusting, "dave@corp.example", &[], &[DAVE]),
            "user/dave"
        );
    }
}
