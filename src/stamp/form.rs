//! The annotation of a stamp, and the two forms of its value.

/// The annotation that holds a stamp
pub(crate) const REQUESTED_BY: &str = "ramgate.io/requested-by";

/// The form of a stamp
///
/// Stamps of both forms are verified. The first form is written only while another replica may know no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Without the stamped object and the digests of containers
    First,
    /// With both
    #[default]
    Second,
}

impl Form {
    /// The version of this form, as text
    pub fn version(self) -> &'static str {
        match self {
            Self::First => "1",
            Self::Second => "2",
        }
    }

    /// The version of this form, as a stamp holds it
    pub(super) fn number(self) -> u8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }

    /// The form with this version
    pub(super) fn of(number: u8) -> Option<Self> {
        [Self::First, Self::Second]
            .into_iter()
            .find(|form| form.number() == number)
    }
}
