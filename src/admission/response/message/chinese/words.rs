//! Words that several messages share, in Chinese.

use crate::admission::routing::mark::Mark;
use crate::admission::routing::well_known::{BURST_KEY, INJECTION_LABEL};
use crate::config::{MappingSource, id_of};
use crate::wording::{NAME_LENGTH, clipped, quoted, subject};
use ram_policy::Principal;

/// A RAM principal
pub(crate) fn described(principal: &Principal) -> String {
    match principal {
        Principal::Account => "阿里云账号".to_owned(),
        Principal::User(name) => format!("RAM 用户 `{name}`"),
        Principal::Role(name) => format!("RAM 角色 `{name}`"),
        Principal::Group(name) => format!("RAM 用户组 `{name}`"),
        Principal::Service(name) => format!("云服务 `{name}`"),
    }
}

/// What makes an unbound user somebody: an id of ACK in the directory, or else a binding
pub(crate) fn binding_step(user: &str) -> String {
    match id_of(user) {
        Some(id) => format!(
            "在该编号对应的 RAM 用户或角色上写入 `id: \"{}\"`，或绑定其所在的某个组",
            clipped(id, NAME_LENGTH)
        ),
        None => format!("绑定 {} 或其所在的某个组", subject(user)),
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

/// The reason why a pod goes to ECI, or may go there
pub(super) fn mark(mark: &Mark) -> String {
    let name = |name: &str| quoted(name, NAME_LENGTH);
    match mark {
        Mark::PodLabel(label) => format!("标签 {label}=true"),
        Mark::NamespaceLabel(INJECTION_LABEL) => format!("命名空间标签 {INJECTION_LABEL}=enabled"),
        Mark::NamespaceLabel(label) => format!("命名空间标签 {label}=true"),
        Mark::Burst(value) => format!("{BURST_KEY}={value}"),
        Mark::Profile(selector) => format!("eci-profile 的选择器 {}", name(selector)),
        Mark::Serverless => "Serverless 集群".to_owned(),
        Mark::VirtualNode(node) => format!("虚拟节点 {}", name(node)),
        Mark::UnknownNode(node) => format!("节点 {}，无法确认它是真实节点", name(node)),
        Mark::NodeLabel(label) => format!("要求节点标签 {}", name(label)),
        Mark::NodeField(node) => format!("要求虚拟节点 {}", name(node)),
        Mark::SomeNodeLabel(label) => format!("所要求的节点标签之一 {}", name(label)),
        Mark::PreferredLabel(label) => format!("优先选择节点标签 {}", name(label)),
        Mark::HostName(node) => format!("要求或优先选择主机名 {}", name(node)),
        Mark::Toleration(taint) => format!("容忍污点 {taint}"),
        Mark::TolerationOfAll => "容忍所有污点".to_owned(),
        Mark::Resource(resource) => format!("请求资源 {}", name(resource)),
        Mark::RuntimeClass(class) => format!("RuntimeClass {}", name(class)),
        Mark::BurstNamespace => "可溢出到 ECI 的命名空间".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_ack_is_written_into_the_directory() {
        assert_eq!(
            binding_step("2012-1676970192"),
            "在该编号对应的 RAM 用户或角色上写入 `id: \"2012\"`，或绑定其所在的某个组"
        );
        assert_eq!(
            binding_step("alice"),
            "绑定 {kind: User, name: alice} 或其所在的某个组"
        );
    }
}
