//! Facts about the account that the linter uses: its region, and the condition keys that every request has.

use crate::config::ParsedDocument;

/// The account of the documents; empty if no document has one, or several do
#[derive(Clone, Debug, Default)]
pub struct AccountFacts {
    account: Option<Account>,
}

#[derive(Clone, Debug)]
struct Account {
    id: String,
    region: String,
    pass_role_service: Option<String>,
    context: Vec<(String, Vec<String>)>,
}

impl AccountFacts {
    /// Reads the account from the documents
    pub fn of<'a>(documents: impl IntoIterator<Item = &'a ParsedDocument>) -> Self {
        let mut accounts = documents.into_iter().flat_map(|document| match document {
            ParsedDocument::Directory(directory) => directory.accounts.as_slice(),
            ParsedDocument::Policy(_) | ParsedDocument::Broken(_) => &[],
        });
        let account = match (accounts.next(), accounts.next()) {
            (Some(account), None) => Some(Account {
                id: account.id.clone(),
                region: account.region.clone(),
                pass_role_service: account.pass_role_service.clone(),
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

    /// The values that `account.context` gives a condition key in every request
    pub(crate) fn fixed_values(&self, key: &str) -> Option<&[String]> {
        let mut entries = self.account.iter().flat_map(|account| &account.context);
        let (_, values) = entries.find(|(known, _)| known == key)?;
        Some(values)
    }

    /// Whether the account is known and sets no `passRoleService`
    pub(crate) fn lacks_pass_role_service(&self) -> bool {
        self.account
            .as_ref()
            .is_some_and(|account| account.pass_role_service.is_none())
    }
}
