//! What the documents that no import wrote define themselves.

use std::collections::BTreeSet;

use crate::config::{DirectoryDocument, NamedDocument, ParsedDocument};

/// The account section of a document
#[derive(Clone, Debug)]
pub(crate) struct OwnAccount {
    pub(crate) document: String,
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) control_policies: Vec<Vec<String>>,
}

/// The definitions in documents of the user that an import leaves to the user
///
/// The default resource group and everything about the cluster are not RAM's, so the sections that hold them stay as they are.
#[derive(Clone, Debug, Default)]
pub struct OwnDocuments {
    pub(crate) account: Option<OwnAccount>,
    pub(crate) resource_groups: BTreeSet<String>,
    pub(crate) policies: BTreeSet<String>,
}

impl OwnDocuments {
    /// The definitions in some documents
    pub fn new<'a>(documents: impl IntoIterator<Item = &'a NamedDocument>) -> Self {
        let mut own = Self::default();
        for named in documents {
            match &named.document {
                ParsedDocument::Policy(policy) => {
                    own.policies.insert(policy.name.to_string());
                }
                ParsedDocument::Directory(directory) => own.add(&named.name, directory),
                ParsedDocument::Broken(_) => {}
            }
        }
        own
    }

    /// Definitions that somebody names, whose documents are not at hand: the account with its region, resource groups, policies
    pub(crate) fn stated(
        account: Option<(&str, &str)>,
        resource_groups: &[String],
        policies: &[String],
    ) -> Self {
        Self {
            account: account.map(|(id, region)| OwnAccount {
                document: "account".to_owned(),
                id: id.to_owned(),
                region: region.to_owned(),
                control_policies: Vec::new(),
            }),
            resource_groups: resource_groups.iter().cloned().collect(),
            policies: policies.iter().cloned().collect(),
        }
    }

    /// The policies alone, for a comparison in which everything else is the import's
    pub fn only_policies(self) -> Self {
        Self {
            policies: self.policies,
            ..Self::default()
        }
    }

    /// The region of the account section
    pub fn region(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.region.as_str())
    }

    /// The number of the account section
    pub fn account(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.id.as_str())
    }

    fn add(&mut self, name: &str, directory: &DirectoryDocument) {
        let ids = directory.resource_groups.iter().map(|group| group.id.to_string());
        self.resource_groups.extend(ids);
        let account = directory.accounts.first().map(|section| OwnAccount {
            document: name.to_owned(),
            id: section.id.clone(),
            region: section.region.clone(),
            control_policies: section
                .control_policies
                .iter()
                .map(|level| level.iter().map(|policy| policy.to_string()).collect())
                .collect(),
        });
        self.account = self.account.take().or(account);
    }
}
