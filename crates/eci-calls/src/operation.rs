//! The operations of the ECI API, version 2018-08-08, with older ones that role policies still name.

use std::fmt;
use std::str::FromStr;

/// The kind of an operation, which decides the condition keys of its question to RAM
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Creates a resource: the request's tags, and its resource group or the default one
    Create,
    /// Changes a resource: the resource's tags, and the request's if it sends any
    Update,
    /// Lists resources: the filter's tags, and with an id also the resource's; if RAM denies it, the result is empty
    Query,
    /// Works on one resource: its tags and its resource group
    ById,
}

impl OperationKind {
    /// The kind by the beginning of an operation's name, in any case
    pub(crate) fn by_name(name: &str) -> Self {
        let starts = |word: &str| {
            name.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if starts("Create") || starts("BatchCreate") {
            Self::Create
        } else if starts("Update") {
            Self::Update
        } else if starts("Describe") || starts("List") {
            Self::Query
        } else {
            Self::ById
        }
    }
}

/// The resource that an operation addresses
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressed {
    /// Resources of one kind: `KIND/*`, or `KIND/ID` with an id
    Collection(&'static str),
    /// `*`: the operation has no resource of its own
    Nothing,
}

const GROUP: Addressed = Addressed::Collection("containergroup");
const CACHE: Addressed = Addressed::Collection("imagecache");
const DATA: Addressed = Addressed::Collection("datacache");
const NODE: Addressed = Addressed::Collection("virtualnode");
const NONE: Addressed = Addressed::Nothing;

macro_rules! operations {
    ($($name:ident $kind:ident $addressed:ident,)*) => {
        /// An operation of the ECI API; prints and parses as its name
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant is the API's own name")]
        pub enum Operation { $($name,)* }

        impl Operation {
            /// All operations
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the API
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The RAM action: `eci:` and the name
            pub fn action(self) -> &'static str {
                match self { $(Self::$name => concat!("eci:", stringify!($name)),)* }
            }

            /// The kind
            pub fn kind(self) -> OperationKind {
                match self { $(Self::$name => OperationKind::$kind,)* }
            }

            pub(crate) fn addressed(self) -> Addressed {
                match self { $(Self::$name => $addressed,)* }
            }
        }
    };
}

operations! {
    BatchCreateContainerGroups Create GROUP,
    CommitContainer ById GROUP,
    CopyDataCache ById DATA,
    CreateContainerGroup Create GROUP,
    CreateContainerGroupFromTemplate Create GROUP,
    CreateDataCache Create DATA,
    CreateImageCache Create CACHE,
    CreateInstanceOpsTask Create GROUP,
    CreateLaunchTemplate Create NONE,
    CreateVirtualNode Create NODE,
    DeleteContainerGroup ById GROUP,
    DeleteDataCache ById DATA,
    DeleteImageCache ById CACHE,
    DeleteLaunchTemplate ById NONE,
    DeleteVirtualNode ById NODE,
    DescribeAvailableResource Query NONE,
    DescribeCommitContainerTask Query GROUP,
    DescribeContainerGroupEvents Query GROUP,
    DescribeContainerGroupMetric Query GROUP,
    DescribeContainerGroupPrice Query NONE,
    DescribeContainerGroupStatus Query GROUP,
    DescribeContainerGroups Query GROUP,
    // Named like a query, but about one instance, and its denial is an error: S28, S29, S40 in tests/cases/documented.
    DescribeContainerLog ById GROUP,
    DescribeDataCaches Query DATA,
    DescribeImageCaches Query CACHE,
    DescribeInstanceOpsRecords Query GROUP,
    DescribeMultiContainerGroupMetric Query GROUP,
    DescribeRegions Query NONE,
    DescribeVirtualNodes Query NODE,
    ExecContainerCommand ById GROUP,
    ExportContainerGroupTemplate ById GROUP,
    ListTagResources Query NONE,
    ListUsage Query NONE,
    ResizeContainerGroupVolume ById GROUP,
    RestartContainerGroup ById GROUP,
    TagResources ById GROUP,
    UntagResources ById GROUP,
    UpdateContainerGroup Update GROUP,
    UpdateContainerGroupByTemplate Update GROUP,
    UpdateDataCache Update DATA,
    UpdateImageCache Update CACHE,
    UpdateVirtualNode Update NODE,
}

impl Operation {
    /// Whether ECI creates its service-linked role for this operation if the account lacks it
    pub(crate) fn needs_service_linked_role(self) -> bool {
        matches!(self.kind(), OperationKind::Create) && matches!(self.addressed(), GROUP | CACHE)
    }

    /// The kind of resource in ARNs, such as `containergroup`; `None` if the operation has no resource of its own
    pub fn resource_kind(self) -> Option<&'static str> {
        match self.addressed() {
            Addressed::Collection(kind) => Some(kind),
            Addressed::Nothing => None,
        }
    }

    /// Whether grants for a resource group count for this operation
    pub fn supports_resource_groups(self) -> bool {
        self != Self::DescribeContainerGroupPrice
    }
}

/// The error of a text that names no operation
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an operation of the ECI API")]
pub struct UnknownOperation(String);

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(text: &str) -> Result<Self, UnknownOperation> {
        let found = Self::ALL.iter().find(|operation| operation.name() == text);
        found.copied().ok_or_else(|| UnknownOperation(text.to_owned()))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_read_as_they_print() {
        assert_eq!(Operation::ALL.len(), 42);
        for operation in Operation::ALL {
            assert_eq!(operation.to_string().parse(), Ok(*operation));
            assert_eq!(operation.action(), format!("eci:{operation}"));
        }
        assert_eq!(
            "Create".parse::<Operation>(),
            Err(UnknownOperation("Create".into()))
        );
    }

    #[test]
    fn kinds_follow_the_names_but_for_one() {
        for operation in Operation::ALL {
            let is_exception = *operation == Operation::DescribeContainerLog;
            let is_by_name = operation.kind() == OperationKind::by_name(operation.name());
            assert_eq!(is_by_name, !is_exception, "{operation}");
        }
    }
}
