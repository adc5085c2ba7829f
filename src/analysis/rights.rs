//! Who loses rights by a new configuration, and which restrictions it lifts.
//!
//! ```text
//! Configuration x 2 -> holding (the policies of each principal) -> statement_cover -> RightsChange
//! ```
//!
//! A principal loses a right if an old Allow is not covered by a new one, or if a new Deny is not covered by an old one.
//! Statements are compared, not requests: this is fast for thousands of principals, and may count a right that other
//! statements still give together. Not counted: new boundaries, mapping rules, and other settings of the account.

mod cover;
mod holding;
mod statement_cover;

use std::collections::{BTreeSet, HashMap};

use crate::admission::{Mode, Modes};
use crate::analysis::rights::cover::Cover;
use crate::analysis::rights::holding::{Holding, HoldingKey};
use crate::config::{Boundary, Configuration, KindChange, RightsChange, RightsKind, Subject};
use ram_policy::Principal;

/// Compares the rights of two configurations
///
/// ```text
/// user ann: Allow eci:*  ->  Allow eci:Describe*      1 of 1 RAM users loses rights
/// user ann: Allow eci:Describe*  ->  Allow eci:*      none
/// ```
pub(crate) fn compare(old: &Configuration, new: &Configuration) -> RightsChange {
    let mut comparison = Comparison {
        old,
        new,
        cover: Cover::default(),
        known: HashMap::new(),
        lifted: BTreeSet::new(),
    };
    let mut kinds = comparison.principals();
    kinds.extend(comparison.subjects());
    kinds.retain(|kind| kind.total > 0);
    let gone = old.boundaries.iter().filter(|one| !new.boundaries.contains(one));
    RightsChange {
        kinds,
        lifted: gone.map(boundary_text).chain(comparison.lifted).collect(),
        modes: Vec::new(),
    }
}

/// Compares the rights and the modes of two configurations, whose directories stand over these modes
///
/// A stricter mode is no loss of rights: it gives effect to what RAM has decided all along, in namespaces that somebody has
/// named one by one.
pub(crate) fn compare_in_force(modes: &Modes, old: &Configuration, new: &Configuration) -> RightsChange {
    let mut change = compare(old, new);
    let [before, after] = [old, new].map(|each| modes.with_directory(&each.modes));
    let mut changes = before.changes_to(&after);
    // The log cuts a long list at its end
    changes.sort_by_key(|mode| !mode.is_softer());
    for mode in changes {
        if mode.before == Mode::Enforce {
            change
                .lifted
                .push(format!("mode enforce of namespace {}", mode.namespace));
        }
        change.modes.push(mode.to_string());
    }
    change
}

fn boundary_text(boundary: &Boundary) -> String {
    format!("boundary {}", boundary.principal)
}

struct Comparison<'a> {
    old: &'a Configuration,
    new: &'a Configuration,
    /// Which statements cover which
    cover: Cover,
    /// Whether a change of holdings takes rights away, for principals with equal policies
    known: HashMap<(HoldingKey, HoldingKey), bool>,
    /// The Deny statements that are gone
    lifted: BTreeSet<String>,
}

impl<'a> Comparison<'a> {
    /// Users, roles and bound groups
    fn principals(&mut self) -> Vec<KindChange> {
        let groups: BTreeSet<Principal> = self.old.bindings.principals().cloned().collect();
        let groups = groups
            .into_iter()
            .filter(|one| matches!(one, Principal::Group(_)));
        let (mut users, mut roles, mut bound_groups) = (
            KindChange::none(RightsKind::User),
            KindChange::none(RightsKind::Role),
            KindChange::none(RightsKind::Group),
        );
        for principal in self.old.policies.principals().into_iter().chain(groups) {
            let (kind, name) = match &principal {
                Principal::User(name) => (&mut users, name),
                Principal::Role(name) => (&mut roles, name),
                Principal::Group(name) => (&mut bound_groups, name),
                Principal::Account | Principal::Service(_) => continue,
            };
            if self.has_rights(&principal) {
                let loses = self.loses_to(&principal, &principal);
                kind.add(|| name.to_string(), loses);
            }
        }
        vec![users, roles, bound_groups]
    }

    /// Subjects that are bound to a principal with rights
    fn subjects(&mut self) -> Vec<KindChange> {
        let bindings = self.new.bindings.iter();
        let bound: HashMap<&Subject, &Principal> = bindings
            .map(|binding| (&binding.subject, &binding.principal))
            .collect();
        let (mut users, mut groups, mut accounts, mut patterns) = (
            KindChange::none(RightsKind::BoundUser),
            KindChange::none(RightsKind::BoundGroup),
            KindChange::none(RightsKind::BoundServiceAccount),
            KindChange::none(RightsKind::BoundPattern),
        );
        for binding in self.old.bindings.iter() {
            if !self.has_rights(&binding.principal) {
                continue;
            }
            let after = bound.get(&binding.subject);
            let loses = after.is_none_or(|after| self.loses_to(&binding.principal, after));
            let (kind, name) = match &binding.subject {
                Subject::User(name) => (&mut users, name.to_string()),
                Subject::Group(name) => (&mut groups, name.to_string()),
                Subject::ServiceAccount { namespace, name } => (&mut accounts, format!("{namespace}/{name}")),
            };
            kind.add(|| name, loses);
        }
        for pattern in self.old.bindings.patterns() {
            let is_gone = !self.new.bindings.patterns().contains(pattern);
            patterns.add(|| pattern.to_string(), is_gone);
        }
        vec![users, groups, accounts, self.ids(), patterns]
    }

    /// The ids of users and roles with rights, by which Kubernetes users are known
    fn ids(&mut self) -> KindChange {
        let mut ids = KindChange::none(RightsKind::BoundId);
        for (id, principal) in self.old.bindings.ids() {
            if self.has_rights(principal) {
                let after = self.new.bindings.of_id(id);
                let loses = after.is_none_or(|after| self.loses_to(principal, after));
                ids.add(|| id.to_owned(), loses);
            }
        }
        ids
    }

    /// Whether anything is allowed to a principal in the old set
    fn has_rights(&self, principal: &Principal) -> bool {
        *principal == Principal::Account || self.old.policies.has_allow(principal)
    }

    /// Whether who was one principal and is now this one loses rights
    fn loses_to(&mut self, before: &Principal, after: &Principal) -> bool {
        // Nearly everybody keeps the documents that they had, and costs a look at their addresses
        if before == after && self.old.policies.holds_same(&self.new.policies, before) {
            return false;
        }
        let (held, after) = (self.held(before), self.held_after(after));
        self.loses(&held, &after)
    }

    /// What a principal holds in the old set
    fn held(&mut self, principal: &Principal) -> Holding<'a> {
        Holding::of(&self.old.policies, principal, &mut self.cover)
    }

    /// What a principal holds in the new set
    fn held_after(&mut self, principal: &Principal) -> Holding<'a> {
        Holding::of(&self.new.policies, principal, &mut self.cover)
    }

    /// Whether rights are lost from one holding to the other
    fn loses(&mut self, old: &Holding<'a>, new: &Holding<'a>) -> bool {
        if old.key() == new.key() {
            return false;
        }
        let key = (old.key(), new.key());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let loses = old.loses_to(new, &self.cover);
        self.lifted.extend(old.lifted_by(new, &self.cover));
        self.known.insert(key, loses);
        loses
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::config::{NamedDocument, ParsedDocument, load};

    /// Far more than a comparison takes without optimization, and far less than one that repeats what is known
    const MOST_TIME: std::time::Duration = std::time::Duration::from_secs(10);
    const ALLOW: &str = r#"{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}"#;

    fn policy(statements: &str) -> String {
        format!(r#"{{"Version": "1", "Statement": [{statements}]}}"#)
    }

    fn configuration(directory: &str, policies: &[(&str, &str)]) -> Configuration {
        let account = format!("account: {{id: '123', region: cn-hangzhou}}\n{directory}");
        let mut documents = vec![NamedDocument::new(
            "d",
            ParsedDocument::directory(account.as_bytes()),
        )];
        for (name, statements) in policies {
            let document = ParsedDocument::policy(name, policy(statements).as_bytes());
            documents.push(NamedDocument::new(*name, document));
        }
        load(&documents).unwrap_or_else(|faults| panic!("{}", faults[0]))
    }

    #[test]
    fn modes_that_change_are_named_and_only_lifted_ones_allow_more() {
        let set = |modes: &str| configuration(&format!("modes: {{z: audit{modes}}}"), &[]);
        let flags = Modes {
            namespaces: [("a".to_owned(), Mode::Enforce)].into(),
            ..Modes::default()
        };
        let change = |old: &str, new: &str| {
            let change = compare_in_force(&flags, &set(old), &set(new));
            assert_eq!((change.lost(), change.is_mass_loss()), (0, false));
            (change.modes.join(", "), change.lifted.join(", "))
        };
        let lifted = |namespace: &str| format!("mode enforce of namespace {namespace}");
        for (old, new, modes, gone) in [
            ("", "", "", String::new()),
            ("", ", a: enforce", "", String::new()),
            ("", ", a: warn", "a (enforce to warn)", lifted("a")),
            (", a: audit", "", "a (audit to enforce)", String::new()),
            (", b: enforce", "", "b (enforce to warn)", lifted("b")),
            ("", ", b: audit", "b (warn to audit)", String::new()),
            (
                "",
                ", b: enforce, c: enforce",
                "b (warn to enforce), c (warn to enforce)",
                String::new(),
            ),
            (
                "",
                ", b: enforce, y: audit",
                "y (warn to audit), b (warn to enforce)",
                String::new(),
            ),
        ] {
            assert_eq!(change(old, new), (modes.to_owned(), gone), "{old} -> {new}");
        }
    }

    /// Users `u0` to `uN`, each with policy P and a Kubernetes user
    fn users(count: usize, more: &str) -> String {
        let mut text = "users:\n".to_owned();
        let mut bindings = "bindings:\n".to_owned();
        for number in 0..count {
            writeln!(text, "  - {{name: u{number}, policies: [{{policy: P}}]}}").unwrap();
            writeln!(
                bindings,
                "  - {{principal: user/u{number}, subjects: [{{kind: User, name: k{number}}}]}}"
            )
            .unwrap();
        }
        format!("{text}{bindings}{more}")
    }

    fn lost(old: &Configuration, new: &Configuration) -> Vec<(RightsKind, usize, usize)> {
        let change = compare(old, new);
        let kinds = change.kinds.iter();
        kinds.map(|one| (one.kind, one.lost.len(), one.total)).collect()
    }

    #[test]
    fn those_who_are_gone_lose_and_newcomers_do_not() {
        let (ten, seven) = (users(10, ""), users(7, ""));
        let (old, new) = (
            configuration(&ten, &[("P", ALLOW)]),
            configuration(&seven, &[("P", ALLOW)]),
        );
        let expected = vec![(RightsKind::User, 3, 10), (RightsKind::BoundUser, 3, 10)];
        assert_eq!(lost(&old, &new), expected);
        assert!(!compare(&old, &new).is_mass_loss());
        assert_eq!(compare(&new, &old).lost(), 0);
        let two = configuration(&users(2, ""), &[("P", ALLOW)]);
        assert!(compare(&old, &two).is_mass_loss());
        assert_eq!(compare(&old, &old).lost(), 0);
    }

    #[test]
    fn a_policy_that_all_hold_is_compared_by_what_it_covers() {
        let old = r#"{"Effect": "Allow", "Action": ["eci:Create*", "eci:Delete*"], "Resource": "*",
            "Condition": {"StringEquals": {"acs:RequestTag/env": ["a", "b"]}}}"#;
        let wider = old.replace(r#"["a", "b"]"#, r#"["a", "b", "c"]"#);
        let split = r#"{"Effect": "Allow", "Action": "eci:Create*", "Resource": "*"}, {"Effect": "Allow", "Action": "eci:Delete*", "Resource": "*"}"#;
        let narrower = old.replace(r#"["a", "b"]"#, r#"["a"]"#);
        let deny = format!(r#"{old}, {{"Effect": "Deny", "Action": "eci:Create*", "Resource": "*"}}"#);
        let before = configuration(&users(9, ""), &[("P", old)]);
        for (statements, number) in [
            (old.to_owned(), 0),
            (wider, 0),
            (split.to_owned(), 0),
            (ALLOW.to_owned(), 0),
            (narrower, 18),
            (deny.clone(), 18),
            (
                r#"{"Effect": "Allow", "Action": "eci:Create*", "Resource": "*"}"#.to_owned(),
                18,
            ),
        ] {
            let after = configuration(&users(9, ""), &[("P", &statements)]);
            assert_eq!(compare(&before, &after).lost(), number, "{statements}");
        }
        let denied = configuration(&users(9, ""), &[("P", &deny)]);
        assert_eq!(compare(&denied, &before).lifted, ["P#2"]);
        assert!(compare(&before, &denied).lifted.is_empty());
    }

    #[test]
    fn grants_move_between_groups_and_scopes() {
        let group = "resourceGroups: [{id: rg-a, name: a}]\n";
        let of = |directory: &str| configuration(&format!("{group}{directory}"), &[("P", ALLOW)]);
        let own = of("users: [{name: a, policies: [{policy: P}]}]");
        let by_group = of("users: [{name: a, groups: [g]}]\ngroups: [{name: g, policies: [{policy: P}]}]");
        let in_scope = of("users: [{name: a, policies: [{policy: P, resourceGroup: rg-a}]}]");
        assert_eq!(compare(&own, &by_group).lost(), 0);
        assert_eq!(compare(&by_group, &own).lost(), 0);
        assert_eq!(compare(&in_scope, &own).lost(), 0);
        assert_eq!(compare(&own, &in_scope).lost(), 1);
    }

    #[test]
    fn a_deny_counts_in_its_scope() {
        let deny = r#"{"Effect": "Deny", "Action": "eci:Create*", "Resource": "*"}"#;
        let of = |scope: &str| {
            let directory = format!(
                "resourceGroups: [{{id: rg-a, name: a}}]\nusers: [{{name: a, policies: [{{policy: P}}, {{policy: D{scope}}}]}}]"
            );
            configuration(&directory, &[("P", ALLOW), ("D", deny)])
        };
        let (everywhere, in_group) = (of(""), of(", resourceGroup: rg-a"));
        assert_eq!(compare(&in_group, &everywhere).lost(), 1);
        assert_eq!(compare(&everywhere, &in_group).lost(), 0);
        assert_eq!(compare(&everywhere, &in_group).lifted, ["D#1"]);
        assert!(compare(&in_group, &everywhere).lifted.is_empty());
    }

    #[test]
    fn control_policies_and_trust_policies_count() {
        let level = |levels: &str| {
            let directory = "users: [{name: a, policies: [{policy: P}]}]\n";
            let account = format!(
                "account: {{id: '123', region: cn-hangzhou, controlPolicies: {levels}}}\n{directory}"
            );
            let documents = [
                NamedDocument::new("d", ParsedDocument::directory(account.as_bytes())),
                NamedDocument::new("P", ParsedDocument::policy("P", policy(ALLOW).as_bytes())),
                NamedDocument::new(
                    "Q",
                    ParsedDocument::policy("Q", policy(&ALLOW.replace("eci:*", "eci:Create*")).as_bytes()),
                ),
            ];
            load(&documents).unwrap()
        };
        let (free, full, narrow) = (
            level("[]"),
            level("[[FullAliyunAccess]]"),
            level("[[FullAliyunAccess], [Q]]"),
        );
        // A new level always counts, whatever it allows
        assert_eq!(compare(&free, &full).lost(), 1);
        assert_eq!(compare(&full, &narrow).lost(), 1);
        assert_eq!(compare(&narrow, &full).lost(), 0);
        let trusting = |services: &str| {
            let directory = format!(
                "roles: [{{name: R, policies: [{{policy: P}}], trustPolicy: {{Version: '1', Statement: [{{Effect: Allow, \
                 Action: sts:AssumeRole, Principal: {{Service: [{services}]}}}}]}}}}]"
            );
            configuration(&directory, &[("P", ALLOW)])
        };
        let (one, two) = (
            trusting("ecs.aliyuncs.com"),
            trusting("ecs.aliyuncs.com, fc.aliyuncs.com"),
        );
        assert_eq!(compare(&one, &two).lost(), 0);
        assert_eq!(compare(&two, &one).lost(), 1);
    }

    #[test]
    fn subjects_lose_with_their_binding_or_by_another_principal() {
        let bound = |principal: &str, subjects: &str| {
            let directory = format!(
                "users: [{{name: a, policies: [{{policy: P}}]}}, {{name: b, policies: [{{policy: Q}}]}}, {{name: c}}]\n\
                 bindings: [{{principal: {principal}, subjects: [{subjects}]}}]"
            );
            configuration(&directory, &[("P", ALLOW), ("Q", &ALLOW.replace("eci:*", "*"))])
        };
        let team = "{kind: Group, name: team}";
        let both = "{kind: Group, name: team}, {kind: ServiceAccount, namespace: n, name: s}";
        assert_eq!(compare(&bound("user/a", both), &bound("user/a", team)).lost(), 1);
        assert_eq!(compare(&bound("user/a", team), &bound("user/b", team)).lost(), 0);
        assert_eq!(compare(&bound("user/b", team), &bound("user/a", team)).lost(), 1);
        // Who holds nothing has nothing to lose
        assert_eq!(compare(&bound("user/c", team), &bound("user/a", team)).lost(), 0);
        let star = "{kind: User, name: '*@corp.example'}";
        let change = compare(&bound("user/*", star), &bound("user/a", team));
        assert_eq!(change.kinds.last().unwrap().lost, ["*@corp.example"]);
    }

    #[test]
    fn a_boundary_that_is_gone_is_named() {
        let directory = "users: [{name: a, policies: [{policy: P}]}]\n";
        let limited = format!(
            "{directory}boundaries: [{{namespaces: {{matchLabels: {{tier: prod}}}}, principal: user/a}}]\n"
        );
        let (old, new) = (
            configuration(&limited, &[("P", ALLOW)]),
            configuration(directory, &[("P", ALLOW)]),
        );
        assert_eq!(compare(&old, &new).lifted, ["boundary user/a"]);
        assert!(compare(&new, &old).lifted.is_empty());
    }

    #[test]
    fn ids_are_subjects_of_users_and_roles() {
        let of = |users: &str| configuration(&format!("users: [{users}]"), &[("P", ALLOW)]);
        let with = |id: &str| format!("{{name: u{id}, id: '{id}', policies: [{{policy: P}}]}}");
        let without = |id: &str| format!("{{name: u{id}, policies: [{{policy: P}}]}}");
        let ids = ["201", "202", "203", "204", "205"];
        let all = of(&ids.map(with).join(", "));
        let none = of(&ids.map(without).join(", "));
        let expected = vec![(RightsKind::User, 0, 5), (RightsKind::BoundId, 5, 5)];
        assert_eq!(lost(&all, &none), expected);
        assert!(compare(&all, &none).is_mass_loss());
        assert_eq!(compare(&none, &all).lost(), 0);
        // Another user's id, who holds nothing
        let moved = of("{name: u201, policies: [{policy: P}]}, {name: z, id: '201'}");
        assert_eq!(compare(&of(&with("201")), &moved).lost(), 1);
    }

    #[test]
    fn ten_thousand_principals_with_policies_of_their_own_are_compared_at_once() {
        const COUNT: usize = 10_000;
        // A changed document for everybody
        let side = |values: &str| {
            let mut directory = "users:\n".to_owned();
            let mut policies = Vec::new();
            for number in 0..COUNT {
                writeln!(
                    directory,
                    "  - {{name: u{number}, id: '{number}1', policies: [{{policy: P{number}}}]}}"
                )
                .unwrap();
                policies.push((
                    format!("P{number}"),
                    ALLOW.replace(
                        '}',
                        &format!(r#", "Condition": {{"StringEquals": {{"acs:RequestTag/n": {values}}}}}}}"#),
                    ),
                ));
            }
            let policies: Vec<(&str, &str)> =
                policies.iter().map(|(name, text)| (&**name, &**text)).collect();
            configuration(&directory, &policies)
        };
        let (old, new) = (side(r#"["a", "b"]"#), side(r#"["a"]"#));
        let start = std::time::Instant::now();
        let change = compare(&old, &new);
        assert_eq!(change.lost(), 2 * COUNT);
        assert!(start.elapsed() < MOST_TIME, "{:?}", start.elapsed());
    }

    #[test]
    fn long_policies_that_many_hold_are_compared_at_once() {
        // Each about as long as RAM allows, and held in different sets, so that no comparison is known already
        let long = |salt: &str| {
            let actions: Vec<String> = (0..300)
                .map(|number| format!(r#""eci:{salt}{number}*""#))
                .collect();
            format!(
                r#"{{"Effect": "Allow", "Action": [{}], "Resource": ["acs:eci:*:*:a/*", "acs:eci:*:*:b/*", "acs:eci:*:*:c/*", "acs:eci:*:*:d/*"]}}"#,
                actions.join(", ")
            )
        };
        let side = |salt: &str| {
            let mut directory = "users:\n".to_owned();
            let names: Vec<String> = (0..20).map(|number| format!("L{number}")).collect();
            for number in 0..1_000_usize {
                let held: Vec<String> = (0..20)
                    .filter(|bit| number >> (bit % 10) & 1 == 1)
                    .map(|bit| format!("{{policy: L{bit}}}"))
                    .collect();
                writeln!(
                    directory,
                    "  - {{name: u{number}, policies: [{}]}}",
                    held.join(", ")
                )
                .unwrap();
            }
            let texts: Vec<String> = (0..20).map(|number| long(&format!("{salt}x{number}y"))).collect();
            let policies: Vec<(&str, &str)> = names
                .iter()
                .zip(&texts)
                .map(|(name, text)| (&**name, &**text))
                .collect();
            configuration(&directory, &policies)
        };
        // The same texts once more, as after a change of one key of a ConfigMap, and others
        let (old, same, new) = (side("A"), side("A"), side("B"));
        for (new, lost) in [(same, 0), (new, 999)] {
            let start = std::time::Instant::now();
            assert_eq!(compare(&old, &new).lost(), lost);
            assert!(start.elapsed() < MOST_TIME, "{:?}", start.elapsed());
        }
    }
}
