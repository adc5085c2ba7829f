//! The items of a list call, from all its pages; a list with a hole is refused.

use crate::import::aliyun::file_name::Action;
use crate::import::faults::{Faults, Place};
use crate::import::wire;
use ram_policy::source::{Fault, Node, Value};

/// One answer of a call
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) file: &'a str,
    pub(crate) page: usize,
    pub(crate) node: &'a Node,
}

/// An item of a list with the file that it is in
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) file: &'a str,
    pub(crate) node: &'a Node,
}

impl Item<'_> {
    /// Where the item is
    pub(crate) fn place(&self) -> Place {
        Place::new(self.file, self.node.at)
    }
}

/// The field in which a list call answers, and the field in that
pub(crate) fn list_fields(action: Action) -> Option<(&'static str, &'static str)> {
    match action {
        Action::ListUsers | Action::ListUsersForGroup => Some(("Users", "User")),
        Action::ListGroups => Some(("Groups", "Group")),
        Action::ListRoles => Some(("Roles", "Role")),
        Action::ListPoliciesForUser | Action::ListPoliciesForGroup | Action::ListPoliciesForRole => {
            Some(("Policies", "Policy"))
        }
        Action::ListPolicyAttachments => Some(("PolicyAttachments", "PolicyAttachment")),
        Action::ListResourceGroups => Some(("ResourceGroups", "ResourceGroup")),
        Action::ListAncestors => Some(("Folders", "Folder")),
        Action::ListControlPolicyAttachmentsForTarget => {
            Some(("ControlPolicyAttachments", "ControlPolicyAttachment"))
        }
        Action::GetAccount
        | Action::GetCallerIdentity
        | Action::GetControlPolicy
        | Action::GetPolicy
        | Action::GetRole => None,
    }
}

/// Whether a call answers in pages, so that each answer says whether it is whole
fn has_pages(action: Action) -> bool {
    matches!(
        action,
        Action::ListUsers
            | Action::ListUsersForGroup
            | Action::ListGroups
            | Action::ListRoles
            | Action::ListPolicyAttachments
            | Action::ListResourceGroups
    )
}

/// One page: where it starts, its items, and what it says about the others
struct Page<'a> {
    file: &'a str,
    node: &'a Node,
    items: &'a [Node],
    is_truncated: Option<bool>,
    total: Option<usize>,
    /// The pager's output, which has all items and nothing that says so
    is_bare: bool,
}

/// All items of a list call, from its answers in any order
///
/// Answers come one in a file, several as a list in one file, or as the bare list that the CLI's `--pager` prints.
pub(crate) fn items<'a>(action: Action, answers: &[Answer<'a>], faults: &mut Faults) -> Vec<Item<'a>> {
    let mut answers = answers.to_vec();
    answers.sort_by_key(|answer| answer.page);
    for (wanted, answer) in (1..).zip(&answers) {
        if answer.page != wanted {
            let message = format!("page {wanted} is missing before page {}", answer.page);
            faults.whole(answer.file, message);
            return Vec::new();
        }
    }
    let mut pages = Vec::new();
    for answer in &answers {
        match pages_of(action, answer) {
            Ok(found) => pages.extend(found),
            Err(fault) => faults.push(answer.file, fault),
        }
    }
    if let Err((file, fault)) = check_whole(action, &pages) {
        faults.push(file, fault);
    }
    let items = |page: &Page<'a>| {
        let file = page.file;
        page.items.iter().map(move |node| Item { file, node })
    };
    pages.iter().flat_map(items).collect()
}

fn pages_of<'a>(action: Action, answer: &Answer<'a>) -> Result<Vec<Page<'a>>, Fault> {
    let Value::List(entries) = &answer.node.value else {
        return Ok(vec![page(action, answer.file, answer.node)?]);
    };
    let whole = entries.iter().filter(|entry| is_answer(action, entry)).count();
    if whole == 0 {
        return Ok(vec![Page {
            file: answer.file,
            node: answer.node,
            items: entries,
            is_truncated: None,
            total: None,
            is_bare: true,
        }]);
    }
    if whole < entries.len() {
        let message = "pages and items stand in one list";
        return Err(Fault::new(answer.node.at, message));
    }
    entries
        .iter()
        .map(|entry| page(action, answer.file, entry))
        .collect()
}

/// Whether an object is an answer rather than an item of a list
fn is_answer(action: Action, node: &Node) -> bool {
    let fields = ["RequestId", "IsTruncated", "TotalCount"];
    let plural = list_fields(action).map(|(plural, _)| plural);
    let mut fields = fields.iter().copied().chain(plural);
    fields.any(|name| wire::field(node, name).is_some())
}

fn page<'a>(action: Action, file: &'a str, node: &'a Node) -> Result<Page<'a>, Fault> {
    check_answer(action, node)?;
    let (plural, singular) = list_fields(action).unwrap_or_default();
    let items = match wire::field(node, plural) {
        // The CLI leaves empty fields out
        None => &[],
        // Newer versions of an API answer with the list alone
        Some(Node {
            value: Value::List(items),
            ..
        }) => items.as_slice(),
        Some(inner) => wire::list(wire::object(inner, plural)?, singular)?,
    };
    Ok(Page {
        file,
        node,
        items,
        is_truncated: wire::flag(node, "IsTruncated")?,
        total: wire::count(node, "TotalCount")?,
        is_bare: false,
    })
}

/// Checks that an object is an answer of the call and no error
///
/// # Errors
/// It is something else
pub(crate) fn check_answer(action: Action, node: &Node) -> Result<(), Fault> {
    wire::object(node, "an answer")?;
    if let (Some(code), true) = (wire::text(node, "Code")?, wire::field(node, "Message").is_some()) {
        let code: String = code.chars().filter(char::is_ascii_graphic).take(64).collect();
        let message = format!("{} failed with code `{code}`: make the call again", action.name());
        return Err(Fault::new(node.at, message));
    }
    if list_fields(action).is_some() && !is_answer(action, node) {
        let message = format!("this is no answer of {}", action.name());
        return Err(Fault::new(node.at, message));
    }
    Ok(())
}

/// Checks that pages follow each other without a hole and that the last one is the last
fn check_whole<'a>(action: Action, pages: &[Page<'a>]) -> Result<(), (&'a str, Fault)> {
    let fault = |page: &Page<'a>, message: String| Err((page.file, Fault::new(page.node.at, message)));
    let count = pages.len();
    for (number, page) in (1..).zip(pages) {
        if page.is_bare && count > 1 {
            return fault(
                page,
                "a list without its answer stands beside other pages".to_owned(),
            );
        }
        match page.is_truncated {
            Some(true) if number == count => {
                return fault(
                    page,
                    "IsTruncated is true, and no further page is there".to_owned(),
                );
            }
            Some(false) if number < count => {
                return fault(
                    page,
                    "IsTruncated is false, and a further page is there".to_owned(),
                );
            }
            None if page.total.is_none() && has_pages(action) && !page.is_bare => {
                let message = "neither IsTruncated nor TotalCount says whether this answer is whole";
                return fault(page, message.to_owned());
            }
            _ => {}
        }
    }
    let found: usize = pages.iter().map(|page| page.items.len()).sum();
    let mut totals = pages
        .iter()
        .filter_map(|page| page.total.map(|total| (page, total)));
    if let Some((page, total)) = totals.find(|(_, total)| *total != found) {
        return fault(page, format!("TotalCount is {total}, and {found} are there"));
    }
    Ok(())
}
