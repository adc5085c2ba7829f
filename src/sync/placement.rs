//! Which document goes into which ConfigMap: in order, each one filled before the next.

use std::collections::BTreeMap;

/// The most text of one ConfigMap. The API server takes 1 MiB of values; keys and a little room are counted as well.
pub(super) const MAX_BYTES: usize = 1_000_000;

/// The longest directory document, which has a ConfigMap of its own
pub(super) const MAX_DOCUMENT: usize = MAX_BYTES - 1_000;

/// The key of a directory document
const DIRECTORY_KEY: &str = "ram.yaml";

/// The data of each ConfigMap, by its name; one that is not needed is empty
pub(super) type Placed = BTreeMap<String, BTreeMap<String, String>>;

/// Places policies, in their order
///
/// # Errors
/// They do not fit
pub(super) fn place_policies(policies: &[(String, String)], names: &[String]) -> Result<Placed, String> {
    let mut placed = empty(names);
    let mut rest = names.iter();
    let mut open = rest.next();
    let mut used: usize = 0;
    for (key, text) in policies {
        let size = key.len().saturating_add(text.len());
        if used.saturating_add(size) > MAX_BYTES && used > 0 {
            open = rest.next();
            used = 0;
        }
        let room = open
            .and_then(|name| placed.get_mut(name))
            .filter(|_| size <= MAX_BYTES);
        let Some(data) = room else {
            return Err(too_much(
                "policies",
                policies
                    .iter()
                    .map(|(key, text)| key.len().saturating_add(text.len())),
                names,
            ));
        };
        used = used.saturating_add(size);
        data.insert(key.clone(), text.clone());
    }
    Ok(placed)
}

/// Places directory documents, one in each ConfigMap
///
/// # Errors
/// There are more documents than ConfigMaps
pub(super) fn place_directories(documents: Vec<String>, names: &[String]) -> Result<Placed, String> {
    let sizes: Vec<usize> = documents.iter().map(String::len).collect();
    if documents.len() > names.len() || sizes.iter().any(|size| *size > MAX_BYTES) {
        return Err(too_much("directory documents", sizes.into_iter(), names));
    }
    let mut placed = empty(names);
    for (name, text) in names.iter().zip(documents) {
        placed.insert(name.clone(), BTreeMap::from([(DIRECTORY_KEY.to_owned(), text)]));
    }
    Ok(placed)
}

fn empty(names: &[String]) -> Placed {
    names.iter().map(|name| (name.clone(), BTreeMap::new())).collect()
}

fn too_much(what: &str, sizes: impl Iterator<Item = usize>, names: &[String]) -> String {
    let bytes = sizes.fold(0_usize, usize::saturating_add);
    format!(
        "{bytes} bytes of {what} do not fit into {}, of which each takes {MAX_BYTES}: name one more ConfigMap",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies(sizes: &[usize]) -> Vec<(String, String)> {
        let policy =
            |(number, size): (usize, &usize)| (format!("P{number}.json"), "x".repeat(size.saturating_sub(7)));
        sizes.iter().enumerate().map(policy).collect()
    }

    fn keys(placed: &Placed) -> Vec<(&str, Vec<&str>)> {
        placed
            .iter()
            .map(|(name, data)| (name.as_str(), data.keys().map(String::as_str).collect()))
            .collect()
    }

    #[test]
    fn each_config_map_is_filled_before_the_next() {
        let names = ["a".to_owned(), "b".to_owned()];
        let half = MAX_BYTES / 2;
        let placed = place_policies(&policies(&[half, half, half, half]), &names).unwrap();
        assert_eq!(
            keys(&placed),
            [
                ("a", vec!["P0.json", "P1.json"]),
                ("b", vec!["P2.json", "P3.json"])
            ]
        );
        let placed = place_policies(&policies(&[half, half + 1]), &names).unwrap();
        assert_eq!(keys(&placed), [("a", vec!["P0.json"]), ("b", vec!["P1.json"])]);
        assert_eq!(
            keys(&place_policies(&[], &names).unwrap()),
            [("a", vec![]), ("b", vec![])]
        );
        let error = place_policies(&policies(&[half, half, half, half, 10]), &names).unwrap_err();
        assert!(
            error.starts_with("2000010 bytes of policies do not fit into a, b, of which each takes"),
            "{error}"
        );
        assert!(place_policies(&policies(&[MAX_BYTES]), &names).is_ok());
        assert!(place_policies(&policies(&[MAX_BYTES + 1]), &names).is_err());
    }

    #[test]
    fn each_directory_document_has_its_config_map() {
        let names = ["d".to_owned(), "e".to_owned()];
        let placed = place_directories(vec!["users: []".to_owned()], &names).unwrap();
        assert_eq!(keys(&placed), [("d", vec!["ram.yaml"]), ("e", vec![])]);
        assert!(place_directories(vec![String::new(); 3], &names).is_err());
        assert!(place_directories(vec!["x".repeat(MAX_BYTES + 1)], &names).is_err());
    }
}
