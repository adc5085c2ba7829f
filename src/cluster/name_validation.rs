//! Names that an object may have, checked before they become part of a URL.

/// Whether an object in Kubernetes can have this name
///
/// A user may write anything into a pod, and its text would go into the path of a request.
///
/// ```text
/// web-1, a.b             -> true
/// "", .., a/b, a?b, Web  -> false
/// ```
pub(crate) fn is_object_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !name.is_empty()
        && name.len() <= 253
        && name.chars().all(inner)
        && name.starts_with(end)
        && name.ends_with(end)
}
