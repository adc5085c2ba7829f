//! What is remembered of one review: the fields of the log line and the labels of the counters.

/// One judged review, in the words that an operator searches for
///
/// A field that the review did not have, or that was not reached, is empty or absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The review's uid, as the API server wrote it
    pub uid: String,
    /// Kubernetes user who asked
    pub user: String,
    /// How many groups the user is in
    pub groups: usize,
    /// RAM principal that the user stands for
    pub principal: Option<String>,
    /// Namespace of the object
    pub namespace: String,
    /// Name of the object, or its generateName
    pub name: String,
    /// Kind of the object
    pub kind: String,
    /// Resource with its subresource, such as `pods/binding`
    pub resource: String,
    /// CREATE, UPDATE, DELETE or CONNECT
    pub operation: String,
    /// What was answered: allowed, warned, recorded or denied
    pub decision: String,
    /// enforce, warn or audit
    pub mode: String,
    /// ECI's or our own code of a refusal, or RAM's NoPermissionType
    pub code: Option<String>,
    /// The statement that decided, such as `P#1`
    pub statement: Option<String>,
    /// Generation of the configuration that was in force
    pub generation: Option<u64>,
    /// What RAM was asked, in order
    pub asked: Vec<Asked>,
}

/// One question put to RAM
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// RAM action, such as `eci:CreateContainerGroup`
    pub action: String,
    /// Allow, ImplicitDeny, ExplicitDeny, Empty or Refused
    pub decision: String,
    /// PolicyType of the layer that decided, in RAM's words
    pub scope: String,
}
