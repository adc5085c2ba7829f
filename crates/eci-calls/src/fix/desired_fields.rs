//! The fields of a call that its caller may choose, and changes of them.

/// The fields of a call that its caller may choose
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DesiredFields {
    /// Tags, in the caller's order
    pub tags: Vec<(String, String)>,
    /// The resource group's id
    pub resource_group: Option<String>,
    /// The instance role's name
    pub role: Option<String>,
}

/// A change of one field
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The tag with this key gets this value, or is removed
    Tag(String, Option<String>),
    /// The resource group becomes this one, or none
    ResourceGroup(Option<String>),
    /// The role becomes this one, or none
    Role(Option<String>),
}

impl DesiredFields {
    /// The value of a tag; `None` if there is no such tag
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
    /// Whether both change the same tag, or both the resource group, or both the role
    pub(crate) fn has_field_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tag(one, _), Self::Tag(other, _)) => one == other,
            (Self::ResourceGroup(_), Self::ResourceGroup(_)) | (Self::Role(_), Self::Role(_)) => true,
            _ => false,
        }
    }
}
