//! What a linter knows of the account: where its resources are, and which keys every request has.

use crate::config::ParsedDocument;

/// The account of the documents, if one of them holds it
#[derive(Clone, Debug, Default)]
pub struct Facts {
    account: Option<Account>,
}

#[derive(Clone, Debug)]
struct Account {
    id: String,
    region: String,
    service: Option<String>,
    context: Vec<(String, Vec<String>)>,
}

impl Facts {
    /// Looks for the account in documents; with two of them there is none
    pub fn of<'a>(documents: impl IntoIterator<Item = &'a ParsedDocument>) -> Self {
        let mut accounts = documents.into_iter().flat_map(|document| match document {
            ParsedDocument::Directory(part) => part.accounts.as_slice(),
            ParsedDocument::Policy(_) | ParsedDocument::Broken(_) => &[],
        });
        let account = match (accounts.next(), accounts.next()) {
            (Some(account), None) => Some(Account {
                id: account.id.clone(),
                region: account.region.clone(),
                service: account.pass_role_service.clone(),
                context: account.context.clone(),
            }),
            _ => None,
        };
        Self { account }
    }

    /// Whether the account is known
    pub(crate) fn is_known(&self) -> bool {
        self.account.is_some()
    }

    /// The account's number
    pub(crate) fn id(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.id.as_str())
    }

    /// The cluster's region
    pub(crate) fn region(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.region.as_str())
    }

    /// The values that every request has of a key
    pub(crate) fn given(&self, key: &str) -> Option<&[String]> {
        let mut entries = self.account.iter().flat_map(|account| &account.context);
        let (_, values) = entries.find(|(known, _)| known == key)?;
        Some(values)
    }

    /// Whether ECI names the service that receives a role; unknown without an account
    pub(crate) fn service(&self) -> Option<Option<&str>> {
        self.account.as_ref().map(|account| account.service.as_deref())
    }
}
