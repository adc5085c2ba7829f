//! What a caller is free to choose in a call, and a change of it.

/// What a caller is free to choose
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DesiredFields {
    /// Tags, in the caller's order
    pub tags: Vec<(String, String)>,
    /// The resource group's id
    pub resource_group: Option<String>,
    /// The instance role's name
    pub role: Option<String>,
}

/// One thing that is chosen otherwise
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The tag of this key gets this value, or goes
    Tag(String, Option<String>),
    /// Another resource group, or none
    ResourceGroup(Option<String>),
    /// Another role, or none
    Role(Option<String>),
}

impl DesiredFields {
    /// The value of a tag
    pub fn tag(&self, key: &str) -> Option<&str> {
        let found = self.tags.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The fields after a change; a new tag comes last
    #[must_use]
    pub fn with(&self, change: &Change) -> Self {
        let mut desired = self.clone();
        match change {
            Change::Tag(key, None) => desired.tags.retain(|(known, _)| known != key),
            Change::Tag(key, Some(value)) => match desired.tags.iter_mut().find(|(known, _)| known == key) {
                Some((_, old)) => old.clone_from(value),
                None => desired.tags.push((key.clone(), value.clone())),
            },
            Change::ResourceGroup(group) => desired.resource_group.clone_from(group),
            Change::Role(role) => desired.role.clone_from(role),
        }
        desired
    }
}

impl Change {
    /// Whether both are of one tag, or both of the group, or both of the role
    pub(super) fn is_about_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tag(one, _), Self::Tag(other, _)) => one == other,
            (Self::ResourceGroup(_), Self::ResourceGroup(_)) | (Self::Role(_), Self::Role(_)) => true,
            _ => false,
        }
    }
}
