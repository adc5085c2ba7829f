//! Lists in pages, of which none may be missing.
//!
//! RAM pages by `Marker`, ResourceManager by `PageNumber` and a `TotalCount`.

use serde_json::Value;

use crate::alibaba_cloud::client::{Answer, CloudClient};
use crate::alibaba_cloud::cloud_error::{CloudError, CloudFault};
use crate::alibaba_cloud::service::Service;

/// The most pages of one list: a million items in the largest pages
const MAX_PAGES: u32 = 10_000;

/// How a list is paged
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageStyle {
    /// `MaxItems`, and `Marker` while `IsTruncated`
    Marker {
        /// The most items of a page
        size: usize,
    },
    /// `PageSize` and `PageNumber`, up to `TotalCount`
    Number {
        /// The most items of a page
        size: usize,
    },
}

/// A call for a list
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListCall<'a> {
    pub(crate) service: Service,
    pub(crate) action: &'a str,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    pub(crate) style: PageStyle,
    /// Where the items are, such as `/Users/User`
    pub(crate) items: &'a str,
}

/// The pages that have been read
#[derive(Default)]
struct Pages {
    answers: Vec<Answer>,
    items: usize,
    total: Option<u64>,
}

impl CloudClient {
    /// All pages of a list, in order
    ///
    /// # Errors
    /// A page cannot be read, or the list does not end as it says.
    pub(crate) async fn list(&self, list: &ListCall<'_>) -> Result<Vec<Answer>, CloudError> {
        let call = format!("{} {}", list.service.name(), list.action);
        let mut pages = Pages::default();
        let mut next = first(list.style);
        for number in 1..=MAX_PAGES {
            let place: Vec<(&str, &str)> = next.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let parameters: Vec<(&str, &str)> = list.parameters.iter().copied().chain(place).collect();
            let answer = self.call(list.service, list.action, &parameters).await?;
            let following = match list.style {
                PageStyle::Marker { size } => pages.after_marker(list, size, &answer.json, &next),
                PageStyle::Number { size } => pages.after_number(list, size, number, &answer.json),
            };
            pages.answers.push(answer);
            match following.map_err(|fault| fault.of(&call))? {
                Some(following) => next = following,
                None => return Ok(pages.answers),
            }
        }
        Err(CloudFault::Half(format!("it has more than {MAX_PAGES} pages")).of(&call))
    }
}

/// The parameters of the first page
fn first(style: PageStyle) -> Vec<(&'static str, String)> {
    match style {
        PageStyle::Marker { size } => vec![("MaxItems", size.to_string())],
        PageStyle::Number { size } => numbered(size, 1),
    }
}

fn numbered(size: usize, number: u32) -> Vec<(&'static str, String)> {
    vec![("PageNumber", number.to_string()), ("PageSize", size.to_string())]
}

/// The parameters of the page after this one; `None` at the end
type Following = Result<Option<Vec<(&'static str, String)>>, CloudFault>;

impl Pages {
    fn after_marker(
        &mut self,
        list: &ListCall<'_>,
        size: usize,
        answer: &Value,
        asked: &[(&'static str, String)],
    ) -> Following {
        let found = count(list, answer)?;
        let marker = answer
            .get("Marker")
            .and_then(Value::as_str)
            .filter(|marker| !marker.is_empty());
        match (answer.get("IsTruncated").and_then(Value::as_bool), marker) {
            (Some(true), None) => half("IsTruncated without a Marker"),
            (Some(true), Some(marker))
                if asked
                    .iter()
                    .any(|(name, value)| *name == "Marker" && value == marker) =>
            {
                half("the Marker leads to the same page again")
            }
            (Some(true), Some(marker)) => Ok(Some(vec![
                ("MaxItems", size.to_string()),
                ("Marker", marker.to_owned()),
            ])),
            (Some(false), _) => Ok(None),
            // Fields without content may be left out, but a full page that does not say that it is the last is not
            (None, None) if found < size => Ok(None),
            (None, _) => half("it does not say IsTruncated"),
        }
    }

    fn after_number(&mut self, list: &ListCall<'_>, size: usize, number: u32, answer: &Value) -> Following {
        let found = count(list, answer)?;
        let Some(total) = answer.get("TotalCount").and_then(Value::as_u64) else {
            return half("it has no TotalCount");
        };
        if answer
            .get("PageNumber")
            .and_then(Value::as_u64)
            .is_some_and(|page| page != u64::from(number))
        {
            return half(&format!("page {number} was asked for, and another came"));
        }
        if *self.total.get_or_insert(total) != total {
            return half("TotalCount changes from page to page: something is being changed, try again");
        }
        self.items = self.items.saturating_add(found);
        let items = u64::try_from(self.items).unwrap_or(u64::MAX);
        match items.cmp(&total) {
            std::cmp::Ordering::Equal => Ok(None),
            std::cmp::Ordering::Greater => half(&format!("{items} items, and TotalCount is {total}")),
            std::cmp::Ordering::Less if found == 0 => {
                half(&format!("only {items} items come, and TotalCount is {total}"))
            }
            std::cmp::Ordering::Less => Ok(Some(numbered(size, number.saturating_add(1)))),
        }
    }
}

/// The number of a page's items; a list without any may be left out
fn count(list: &ListCall<'_>, answer: &Value) -> Result<usize, CloudFault> {
    let field = list
        .items
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    match (answer.get(field), answer.pointer(list.items)) {
        (None, _) => Ok(0),
        (Some(_), Some(Value::Array(items))) => Ok(items.len()),
        (Some(Value::Object(outer)), None) if outer.is_empty() => Ok(0),
        (Some(_), _) => Err(CloudFault::Half(format!("{} is no list", list.items))),
    }
}

fn half<T>(why: &str) -> Result<T, CloudFault> {
    Err(CloudFault::Half(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(style: PageStyle) -> ListCall<'static> {
        ListCall {
            service: Service::Ram,
            action: "ListUsers",
            parameters: &[],
            style,
            items: "/Users/User",
        }
    }

    fn users(number: usize) -> Value {
        json!({"User": vec![json!({"UserName": "u"}); number]})
    }

    fn after_marker(answer: &Value, asked: &str) -> Following {
        let asked = [("Marker", asked.to_owned())];
        Pages::default().after_marker(&list(PageStyle::Marker { size: 2 }), 2, answer, &asked)
    }

    #[test]
    fn a_list_by_marker_ends_where_it_says_so() {
        let more = after_marker(
            &json!({"IsTruncated": true, "Marker": "m", "Users": users(2)}),
            "",
        )
        .unwrap()
        .unwrap();
        assert_eq!(more, [("MaxItems", "2".to_owned()), ("Marker", "m".to_owned())]);
        for end in [
            json!({"IsTruncated": false, "Users": users(2)}),
            json!({"IsTruncated": false, "Marker": "EXAMPLE", "Users": users(1)}),
            json!({"Users": users(1)}),
            json!({"Users": {}}),
            json!({}),
        ] {
            assert_eq!(after_marker(&end, "").unwrap(), None, "{end}");
        }
        for half in [
            json!({"IsTruncated": true, "Users": users(2)}),
            json!({"IsTruncated": true, "Marker": "", "Users": users(2)}),
            json!({"IsTruncated": true, "Marker": "same", "Users": users(2)}),
            json!({"Users": users(2)}),
            json!({"Marker": "m", "Users": users(1)}),
            json!({"IsTruncated": false, "Users": "none"}),
            json!({"IsTruncated": false, "Users": {"Member": []}}),
        ] {
            assert!(
                matches!(after_marker(&half, "same"), Err(CloudFault::Half(_))),
                "{half}"
            );
        }
    }

    #[test]
    fn a_list_by_number_has_as_many_items_as_it_counts() {
        let list = list(PageStyle::Number { size: 2 });
        let read = |answers: &[Value]| -> Following {
            let mut pages = Pages::default();
            let mut last = Ok(None);
            for (number, answer) in (1..).zip(answers) {
                last = pages.after_number(&list, 2, number, answer);
                if last.is_err() {
                    break;
                }
            }
            last
        };
        let page = |number: u32, total: u32, found: usize| json!({"PageNumber": number, "TotalCount": total, "Users": users(found)});
        assert_eq!(
            read(&[page(1, 3, 2)]).unwrap().unwrap()[0],
            ("PageNumber", "2".to_owned())
        );
        assert_eq!(read(&[page(1, 3, 2), page(2, 3, 1)]).unwrap(), None);
        assert_eq!(read(&[json!({"TotalCount": 0})]).unwrap(), None);
        for answers in [
            vec![json!({"Users": users(2)})],
            vec![page(1, 3, 2), page(2, 3, 0)],
            vec![page(1, 3, 2), page(2, 2, 1)],
            vec![page(1, 3, 2), page(1, 3, 1)],
            vec![page(1, 1, 2)],
        ] {
            assert!(matches!(read(&answers), Err(CloudFault::Half(_))), "{answers:?}");
        }
    }
}
