//! What is planted.

use std::collections::BTreeSet;

use crate::rehearsal::teams::Team;

/// What is wrong with the Deployment of a team
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Obstacle {
    /// One more than a pod may have, with the one that mapping writes
    TooManyTags,
    /// After a comma, where ECI takes none
    Blank,
    /// The tag that RAM wants is missing
    Denied,
    /// An instance role that the author may not pass
    ForeignRole,
    /// The author is bound to no principal
    Unbound,
}

impl Obstacle {
    /// One in four teams has one; the last team has one that stays
    pub(crate) fn of_team(number: usize) -> Option<Self> {
        const ALL: [Obstacle; 5] = [
            Obstacle::TooManyTags,
            Obstacle::Blank,
            Obstacle::ForeignRole,
            Obstacle::Unbound,
            Obstacle::Denied,
        ];
        (number % 4 == 3).then(|| ALL[number / 4 % ALL.len()])
    }
}

/// The obstacles that the teams have, by namespace
pub(crate) fn planted(teams: &[Team]) -> BTreeSet<(String, Obstacle)> {
    teams
        .iter()
        .filter_map(|team| Some((team.namespace.clone(), team.obstacle?)))
        .collect()
}
