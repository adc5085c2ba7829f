//! The codes of warnings. They are stable, so that scripts can rely on them.

use std::fmt;

use ram_policy::WarningKind;

macro_rules! codes {
    ($($(#[doc = $about:literal])+ $name:ident,)*) => {
        /// The kind of a warning; docs/lint.md has an example and a remedy for each
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
    /// A condition on a resource's tags, for actions that create the resource
    ResourceTagOnCreate,
    /// A condition on the call's tags, for actions that send none
    RequestTagWithoutTags,
    /// A condition on a key that requests for the statement's actions never have
    KeyNeverThere,
    /// A condition on acs:Service, which the directory does not set
    ServiceUnset,
    /// A Deny whose negated condition always holds, because the key is always absent
    AbsentKeyDenies,
    /// An `eci:` action that ECI does not have
    UnknownAction,
    /// A resource with a name, for actions that create it and so have no name yet
    NameOnCreate,
    /// A resource with a name, for actions that admission asks before it knows any name
    NameUnknown,
    /// A resource of a type that the actions do not have
    ResourceOfAnotherKind,
    /// A resource in a region or account other than the directory's
    ResourceElsewhere,
    /// A resource of an account whose number is no number
    NoSuchAccount,
    /// A role of another account, which is no instance's role
    ForeignAccount,
    /// A tag that no annotation of a pod can hold
    UncarriedTag,
    /// A resource group, user or role in a condition that the directory does not have
    UnknownName,
    /// An operation of ECI under the code of another service
    ActionOfEci,
    /// A statement whose time is over
    Expired,
    /// An exception whose end has come
    ExceptionOver,
    /// An exception whose end is more than 90 days away
    ExceptionTooLong,
    /// A binding that gives everybody a principal
    BroadBinding,
    /// Conditions on one key that no value satisfies together
    Contradiction,
    /// An Allow that a Deny shadows
    ShadowedAllow,
    /// A Deny for a resource group that an Allow for the account shadows
    LateDeny,
    /// A wildcard under an operator that has none
    LiteralWildcard,
    /// A pattern whose prefix ends within a word
    OpenPrefix,
    /// A role from mapping that a principal may not pass
    PassRoleMissing,
    /// ram:PassRole granted for a resource group, where it has no effect
    PassRoleInGroup,
    /// An instance role that ECS may not assume
    TrustLacksEcs,
    /// A policy that no principal is granted
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
    /// A boolean that is not in lower case
    BooleanCase,
    /// Blanks around a text, which are not part of its value
    Blanks,
    /// A resource that no resource of the cloud matches
    MatchesNothing,
    /// A set operator, which RAM does not document
    SetOperator,
    /// A byte order mark before the text
    ByteOrderMark,
    /// A single address written as a block
    SingleAddress,
    /// A block of addresses with bits set behind its prefix
    HostBits,
    /// A path of `carriers` that the kind does not have
    UnknownPlace,
    /// A name that no document defines
    UndefinedName,
    /// Something that the documents together lack, or have twice
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
            WarningKind::BooleanCase => Self::BooleanCase,
            WarningKind::Blanks => Self::Blanks,
            WarningKind::MatchesNothing => Self::MatchesNothing,
            WarningKind::SetOperator => Self::SetOperator,
            WarningKind::ByteOrderMark => Self::ByteOrderMark,
            WarningKind::SingleAddress => Self::SingleAddress,
            WarningKind::HostBits => Self::HostBits,
            WarningKind::TooLong => Self::TooLong,
        }
    }
}
