//! Resource groups: those that grants and conditions name, one that neither names, and none.

use std::collections::BTreeSet;

use super::{Candidate, Candidates, Description, condition_key};
use crate::config::Configuration;
use eci_calls::condition_key::RESOURCE_GROUP_ID;
use ram_policy::Condition;

/// The resource groups to try, the absent one first
pub(crate) fn candidates(
    granted: &BTreeSet<&str>,
    conditions: &[&Condition],
    configurations: [&Configuration; 2],
) -> Candidates {
    let conditioned = condition_key::candidates(RESOURCE_GROUP_ID, conditions);
    let declared = configurations
        .iter()
        .flat_map(|configuration| &configuration.account.resource_groups);
    let without_grant = declared
        .map(|group| group.id.as_str())
        .find(|id| !granted.contains(id));
    // Of equal values the first stays: one that a condition names is described by its name, and not as the other one.
    let (named, others): (Vec<_>, Vec<_>) = conditioned
        .all
        .into_iter()
        .partition(|each| each.description != Description::Other);
    let all = [Candidate::absent()]
        .into_iter()
        .chain(granted.iter().copied().map(Candidate::exactly))
        .chain(named.into_iter().filter(|each| each.value.is_some()))
        .chain(without_grant.map(Candidate::other))
        .chain(others)
        .chain([Candidate::other("rg-other")]);
    Candidates {
        all: all.collect(),
        is_bounded: conditioned.is_bounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::candidates::shown;
    use crate::config::{ParsedDocument, merge};
    use ram_policy::{Document, DocumentKind};

    #[test]
    fn groups_are_those_with_grants_one_without_and_none() {
        let directory = ParsedDocument::directory(
            b"{account: {id: '7', region: cn-a}, resourceGroups: [{id: rg-1}, {id: rg-2}]}",
        );
        let here = merge([("d", &directory)]).unwrap();
        let text = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"StringEquals": {"acs:ResourceGroupId": "rg-9"}}}]}"#;
        let document = Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document;
        let conditions: Vec<&Condition> = document.statements[0].conditions.iter().collect();
        let found = candidates(&BTreeSet::from(["rg-1"]), &conditions, [&here, &here]);
        let wanted = [
            "- Absent",
            "rg-1 Exactly",
            "rg-9 Exactly",
            "rg-2 Other",
            "other Other",
            "rg-other Other",
        ];
        assert_eq!(shown(&found.all), wanted);
    }
}
