//! The codes of warnings: stable, so that scripts may rely on them.

use std::fmt;

use ram_policy::WarningKind;

macro_rules! codes {
    ($($(#[doc = $about:literal])+ $name:ident,)*) => {
        /// What a warning is about; the page docs/lint.md has an example and a remedy for each
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $about])+ $name,)* }

        impl Code {
            /// All codes
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is printed
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

codes! {
    /// A condition on the tags of a resource, for actions that make it first
    ResourceTagOnCreate,
    /// A condition on the tags of the call, for actions that take none
    RequestTagWithoutTags,
    /// A condition on a key that the statement's actions never know
    KeyNeverThere,
    /// A condition on acs:Service, which the directory does not set
    ServiceUnset,
    /// A Deny whose negated condition always holds, because the key is never there
    AbsentKeyDenies,
    /// An `eci:` action that ECI does not have
    UnknownAction,
    /// A resource with a name, for actions that ask before there is one
    NameOnCreate,
    /// A resource of a kind that the actions do not work on
    ResourceOfAnotherKind,
    /// A resource in a region or account that is not the directory's
    ResourceElsewhere,
    /// Conditions on one key that no value meets together
    Contradiction,
    /// An Allow that a Deny takes away whole
    ShadowedAllow,
    /// A Deny for a resource group that an Allow for the account forestalls
    LateDeny,
    /// A wildcard where it is a character like any other
    LiteralWildcard,
    /// A pattern whose prefix ends within a word
    OpenPrefix,
    /// A role that mapping hands to somebody who may not pass it
    PassRoleMissing,
    /// ram:PassRole granted for a resource group, where it never counts
    PassRoleInGroup,
    /// An instance role that ECS may not assume
    TrustLacksEcs,
    /// A policy that nobody holds
    UnusedPolicy,
    /// A user that nothing binds or names
    UnusedUser,
    /// A group of users without a member
    UnusedGroup,
    /// A role that nothing binds or names and nobody may pass
    UnusedRole,
    /// A policy longer than RAM stores
    TooLong,
    /// A boolean or integer without quotes
    Unquoted,
    /// A single address written as a block
    SingleAddress,
    /// A block of addresses with bits set behind its prefix
    HostBits,
    /// A name that no document defines
    UndefinedName,
    /// Something that the documents as a whole lack, or have twice
    Incomplete,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<WarningKind> for Code {
    fn from(kind: WarningKind) -> Self {
        match kind {
            WarningKind::Unquoted => Self::Unquoted,
            WarningKind::SingleAddress => Self::SingleAddress,
            WarningKind::HostBits => Self::HostBits,
            WarningKind::TooLong => Self::TooLong,
        }
    }
}
