//! Messages in Simplified Chinese.
//!
//! Names of Kubernetes, RAM and ECI stay as consoles and manuals write them in Chinese.

mod annotation;
mod creating_pod;
mod fault;
mod reason;
mod warning;
mod words;

use crate::admission::outcome::advice::Line;
use crate::admission::outcome::mode::Mode;
use crate::admission::outcome::origin::Origin;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::response::message::chinese::words::source_name;
use crate::admission::response::message::explanation::{Ask, Helpless, Note, Step, Who, Why};
use crate::admission::response::message::language::Language;
use crate::admission::response::message::message_context::MessageContext;
use crate::admission::response::object_name::ReviewedObject;
use crate::admission::response::place::Place;
use crate::admission::routing::mark::Mark;
use crate::config::Exception;
use crate::kubernetes::eci_annotations::{SERVICE_ARNS, USER_ARNS};
use crate::wording::{NAME_LENGTH, clipped, quoted};
use ram_policy::Principal;

pub(crate) use crate::admission::response::message::chinese::reason::{because, requirement};
pub(crate) use crate::admission::response::message::chinese::words::{binding_step, described, listed};

/// Simplified Chinese
pub(crate) struct Chinese;

impl Language for Chinese {
    fn opening(&self, context: &MessageContext<'_>) -> String {
        let who = quoted(context.user, NAME_LENGTH);
        let bound = context
            .principal
            .map(|principal| format!("（{}）", described(principal)));
        let (before, after) = verb(context.verb);
        let bound = bound.unwrap_or_else(|| " ".to_owned());
        let object = object(context.object);
        format!("{who}{bound}无权{}", spaced(&[before, &object, after]))
    }

    fn why(&self, why: &Why<'_>, namespace: &str) -> String {
        reason::why(why, namespace)
    }

    fn note(&self, note: &Note<'_>) -> String {
        match note {
            Note::From(Origin::Profile(name)) => {
                format!("（由 eci-profile 的选择器 {} 写入）", quoted(name, NAME_LENGTH))
            }
            Note::From(Origin::Binding) => "（由该 Pod 的 Binding 写入）".to_owned(),
            Note::From(Origin::Mapping(source)) => format!("（来自{}）", source_name(source)),
            Note::LookAlike {
                found,
                wanted,
                letter,
            } => {
                let (found, wanted) = (quoted(found, NAME_LENGTH), quoted(wanted, NAME_LENGTH));
                match letter {
                    Some(letter) => format!(
                        "；标签 {found} 看起来与 {wanted} 一样，但其中一个字符不同（U+{:04X}）",
                        u32::from(*letter)
                    ),
                    None => format!("；标签 {found} 与它只有大小写不同，而标签键区分大小写"),
                }
            }
            Note::Misplaced { found, place } => format!("；它写在了 {found} 中，请移到 {place}"),
            Note::NameOfGroup(id) => format!("；这是资源组 {} 的名称", quoted(id, NAME_LENGTH)),
            Note::DidYouMean(name) => format!("（您是不是想写 {}？）", quoted(name, NAME_LENGTH)),
        }
    }

    fn step(&self, step: &Step<'_>, place: &Place) -> Option<String> {
        Some(match step {
            Step::None => return None,
            Step::Write(lines) => format!("请{}", write(lines, place)),
            Step::Ask(ask) => self::ask(ask),
            Step::AskOrWrite(ask, lines) => format!("{}，或者{}", self::ask(ask), write(lines, place)),
            Step::PutBack => "请恢复原值，或新建一个 Pod".to_owned(),
            Step::PutBackRegistryRoles => {
                format!("请恢复注解 {SERVICE_ARNS} 和 {USER_ARNS} 的原值，或新建一个 Pod")
            }
        })
    }

    fn lead(&self, step: &Step<'_>, place: &Place, removed: &[&Line], is_followed: bool) -> Option<String> {
        let place = shown(place);
        let removed: Vec<&str> = removed.iter().map(|line| line.annotation).collect();
        let removed = removed.join(" 和 ");
        let start = match step {
            Step::AskOrWrite(ask, _) => format!("{}，或者在 {place} 中", self::ask(ask)),
            Step::Write(_) => format!("请在 {place} 中"),
            Step::None | Step::Ask(_) | Step::PutBack | Step::PutBackRegistryRoles => return None,
        };
        Some(match (removed.as_str(), is_followed) {
            ("", _) => format!("{start}写入："),
            (removed, true) => format!("{start}删除 {removed}，并写入："),
            (removed, false) => format!("{start}删除 {removed}"),
        })
    }

    fn of_boundary(&self, boundary: &Principal, explanation: &str) -> String {
        format!(
            "命名空间的权限边界（{}）不允许：{explanation}",
            described(boundary)
        )
    }

    fn joined(&self, first: &str, second: &str) -> String {
        let mark = if first.contains('：') { '；' } else { '：' };
        format!("{first}{mark}{second}")
    }

    fn stop(&self) -> &'static str {
        "。"
    }

    fn contact(&self, contact: &str) -> String {
        format!("如需帮助，请联系：{contact}")
    }

    fn also(&self) -> &'static str {
        "此外："
    }

    fn too_long(&self) -> &'static str {
        "要写入的内容过长，无法在此显示，请用 `ramgate check` 查看"
    }

    fn warning(&self, warning: &Warning, namespace: &str) -> String {
        warning::warning(warning, namespace)
    }

    fn softened(&self, mode: Mode) -> String {
        format!("ramgate 处于 {mode} 模式；在 enforce 模式下，此请求会被拒绝：")
    }

    fn excused(&self, exception: &Exception) -> String {
        format!(
            "ramgate：例外 {} 在 {} 之前允许此请求，之后将被拒绝：",
            exception.name, exception.until
        )
    }

    fn tentative(&self, is_pod: bool, mark: &Mark) -> String {
        let subject = if is_pod { "此 Pod" } else { "此模板的 Pod" };
        format!(
            "ramgate: {subject} 可能被调度到 ECI（{}），届时会被拒绝：",
            words::mark(mark)
        )
    }

    fn keep_off(&self, place: &str) -> String {
        format!("或者让它的 Pod 不使用虚拟节点：请在 {place} 中写入：")
    }
}

/// The words before and behind the object
fn verb(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Create => ("在 ECI 上创建", ""),
        Verb::Update => ("更新 ECI 上的", ""),
        Verb::Delete => ("删除 ECI 上的", ""),
        Verb::Evict => ("驱逐 ECI 上的", ""),
        Verb::Own => ("更改 ECI 上", "的属主（属主决定它何时被删除）"),
        Verb::Scale => ("在 ECI 上扩容", ""),
        Verb::Exec => ("在 ECI 上的", "中执行命令"),
        Verb::Attach => ("连接到 ECI 上的", ""),
        Verb::PortForward => ("转发 ECI 上", "的端口"),
        Verb::Proxy => ("通过代理访问 ECI 上的", ""),
    }
}

/// Texts in a row, with a blank between Chinese and other letters
fn spaced(texts: &[&str]) -> String {
    let mut row = String::new();
    for text in texts {
        let ends = (row.chars().next_back(), text.chars().next());
        if let (Some(last), Some(first)) = ends
            && last.is_ascii() != first.is_ascii()
            && !is_full_width_mark(last)
        {
            row.push(' ');
        }
        row.push_str(text);
    }
    row
}

/// Whether a punctuation mark brings its own blank
fn is_full_width_mark(letter: char) -> bool {
    matches!(letter, '（' | '）' | '，' | '。' | '：' | '；' | '？')
}

fn object(object: &ReviewedObject) -> String {
    let name = |name: &str| quoted(name, 128);
    match object {
        ReviewedObject::Pod(pod) => format!("Pod {}", name(pod)),
        ReviewedObject::PodsOf { kind, name: of } => format!("{} {} 的 Pod", clipped(kind, 64), name(of)),
        ReviewedObject::PodsOfNamespace(namespace) => format!("命名空间 {} 中的 Pod", name(namespace)),
        ReviewedObject::Workload { kind, name: of } => format!("{} {}", clipped(kind, 64), name(of)),
        ReviewedObject::ImageCache(cache) => format!("镜像缓存 {}", name(cache)),
        ReviewedObject::Kubelet(node) => format!("节点 {} 的 kubelet", name(node)),
        ReviewedObject::RoutingPolicy { kind, name: of } => {
            format!("{kind} {}（Pod 由它生成）", name(of))
        }
        ReviewedObject::ConfigMap(map) => format!("ConfigMap {}（Pod 由它生成）", name(map)),
    }
}

fn write(lines: &[Line], place: &Place) -> String {
    let words = lines.iter().map(|line| match &line.value {
        Some(_) => format!("写入 {line}"),
        None => format!("删除 {}", line.annotation),
    });
    let words: Vec<String> = words.collect();
    format!("在 {} 中{}", shown(place), words.join("，并"))
}

fn shown(place: &Place) -> String {
    match &place.object {
        Some(object) => format!("{} 的 {}", clipped(object, 128), place.path),
        None => place.path.clone(),
    }
}

fn ask(ask: &Ask<'_>) -> String {
    let others = if ask.or_others {
        "请有权限的人操作，或"
    } else {
        "请"
    };
    let who = match ask.who {
        Who::RamAdministrator => "联系 RAM 管理员",
        Who::ResourceDirectory => "联系资源目录管理员",
        Who::RoleOwner => "联系该角色的负责人，允许 ECS 扮演它",
        Who::ServiceLinkedRole => "联系 RAM 管理员，由其创建一次 ECI 的服务关联角色",
        Who::AddPrincipal => "联系集群管理员添加它",
        Who::AddRole => "联系集群管理员添加该角色",
        Who::AddGroup => "联系集群管理员添加该资源组",
        Who::ClusterAdministrator => "联系集群管理员",
        Who::SourceOwner => "联系其负责人",
    };
    let asked = format!("{others}{who}");
    match ask.reason {
        None => asked,
        Some(Helpless::NoOtherFields) => format!("换用其他标签、资源组或角色也不会被允许，{asked}"),
        Some(Helpless::SetByAck) => format!("此标签由 ACK 设置，{asked}"),
        Some(Helpless::SetBy(source)) => format!("此标签由{}决定，{asked}", source_name(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chinese_and_other_letters_have_a_blank_between_them() {
        assert_eq!(
            spaced(&["在 ECI 上创建", "镜像缓存 `base`", ""]),
            "在 ECI 上创建镜像缓存 `base`"
        );
        assert_eq!(
            spaced(&["在 ECI 上创建", "Pod `a/b`", ""]),
            "在 ECI 上创建 Pod `a/b`"
        );
        assert_eq!(
            spaced(&["在 ECI 上的", "Pod `a/b`", "中执行命令"]),
            "在 ECI 上的 Pod `a/b` 中执行命令"
        );
        assert_eq!(
            spaced(&["更改 ECI 上", "命名空间 `a` 中的 Pod", "的属主"]),
            "更改 ECI 上命名空间 `a` 中的 Pod 的属主"
        );
        assert_eq!(
            spaced(&["更新 ECI 上的", "节点（甲）", "的端口"]),
            "更新 ECI 上的节点（甲）的端口"
        );
    }
}
