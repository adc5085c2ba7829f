//! Words that several messages share, in Chinese.

use crate::config::MappingSource;
use crate::wording::{NAME_LENGTH, quoted};
use ram_policy::Principal;

/// A RAM principal
pub(crate) fn described(principal: &Principal) -> String {
    match principal {
        Principal::Account => "阿里云账号".to_owned(),
        Principal::User(name) => format!("RAM 用户 `{name}`"),
        Principal::Role(name) => format!("RAM 角色 `{name}`"),
        Principal::Service(name) => format!("云服务 `{name}`"),
    }
}

/// The source of a mapping rule
pub(super) fn source_name(source: &MappingSource) -> String {
    let named = |what: &str, key: &str| format!("{what} {}", quoted(key, NAME_LENGTH));
    match source {
        MappingSource::Value(_) => "映射规则".to_owned(),
        MappingSource::NamespaceLabel(key) => named("命名空间标签", key),
        MappingSource::NamespaceAnnotation(key) => named("命名空间注解", key),
        MappingSource::PodLabel(key) => named("Pod 标签", key),
        MappingSource::PodAnnotation(key) => named("Pod 注解", key),
        MappingSource::ServiceAccountLabel(key) => named("ServiceAccount 标签", key),
        MappingSource::ServiceAccountAnnotation(key) => named("ServiceAccount 注解", key),
    }
}

/// A few of many: `a`、`b`、`c` 等 7 个
pub(crate) fn listed<T: AsRef<str>>(items: &[T], word: &str) -> String {
    const SHOWN: usize = 3;
    let shown = items.iter().take(SHOWN);
    let shown: Vec<String> = shown.map(|item| quoted(item.as_ref(), NAME_LENGTH)).collect();
    if items.len() > SHOWN {
        return format!("{} 等 {} 个", shown.join("、"), items.len());
    }
    match shown.split_last() {
        None => "空".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{} {word} {last}", before.join("、")),
    }
}
