//! Messages in Simplified Chinese.

use crate::admission::response::message::chinese::{because, binding_step, described, listed, requirement};
use crate::admission::response::message::explanation::Noun;
use crate::authorization::message::words::{Advice, Found, Key, Named, Reason, Searched, Step, Words};
use crate::authorization::pod_read::{PodRead, Verb};
use crate::wording::{NAME_LENGTH, quoted};
use ram_policy::Principal;

/// Simplified Chinese
pub(super) struct Chinese;

impl Words for Chinese {
    fn opening(&self, user: &str, bound: Option<&Principal>, read: &PodRead<'_>) -> String {
        let user = quoted(user, NAME_LENGTH);
        let bound = bound.map(|principal| format!("（{}）", described(principal)));
        let pods = match (read.name, read.namespace) {
            (Some(name), Some(namespace)) => {
                format!("ECI 上的 Pod {} ", quoted(&format!("{namespace}/{name}"), 128))
            }
            (_, Some(namespace)) => format!("命名空间 {} 在 ECI 上的 Pod", quoted(namespace, NAME_LENGTH)),
            (_, None) => "所有命名空间在 ECI 上的 Pod".to_owned(),
        };
        let read = match read.verb {
            Verb::Get => format!("读取 {pods}"),
            Verb::Log => format!("读取 {pods}的日志"),
            Verb::List => format!("列出{pods}"),
            Verb::Watch => format!("监听{pods}"),
        };
        format!(
            "{user}{}无权{}",
            bound.unwrap_or_else(|| " ".to_owned()),
            read.trim_end()
        )
    }

    fn reason(&self, reason: &Reason<'_>) -> String {
        match reason {
            Reason::Unbound(user) => format!(
                "该身份没有绑定任何 RAM 用户或角色，请联系集群管理员{}",
                binding_step(user)
            ),
            Reason::UnknownNamespace => {
                "命名空间不存在，或刚刚创建，ramgate 还没有读到它的标签，请稍后重试".to_owned()
            }
            Reason::UnreadPod => "ramgate 无法读取该 Pod，因此无法判断它属于谁，请稍后重试".to_owned(),
            Reason::UnknownGroup(group) => format!(
                "映射规则把其 Pod 放入资源组 {}，而它不在目录中，请联系集群管理员添加",
                quoted(group, NAME_LENGTH)
            ),
            Reason::UnknownPrincipal(principal) => format!(
                "{} 不在 ramgate 的目录中，因此没有任何权限，请联系集群管理员添加",
                described(principal)
            ),
            Reason::Forbids {
                statement,
                action,
                conditions,
                step,
            } => format!(
                "{} 禁止 {action}{}；{}",
                named(*statement),
                because(conditions, Noun::Pod),
                self::step(step)
            ),
            Reason::Unmet {
                statement,
                key,
                requirement,
                found,
                step,
            } => format!(
                "{} {}（{}），{}；{}",
                self::key(key),
                self::requirement(*requirement),
                named(*statement),
                self::found(found),
                self::step(step)
            ),
            Reason::OtherResource {
                statement,
                action,
                allowed,
                wanted,
                step,
            } => format!(
                "{} 只允许对 {} 执行 {action}，不包括 {}；{}",
                named(*statement),
                listed(allowed, "和"),
                quoted(wanted, 128),
                self::step(step)
            ),
            Reason::NothingAllows {
                searched,
                action,
                step,
            } => format!("{}；{}", nothing_allows(searched, action), self::step(step)),
        }
    }

    fn of_boundary(&self, boundary: &Principal, reason: &str) -> String {
        format!("权限边界（{}）不允许：{reason}", described(boundary))
    }

    fn stop(&self) -> &'static str {
        "。"
    }

    fn colon(&self) -> &'static str {
        "："
    }

    fn contact(&self, contact: &str) -> String {
        format!("如需帮助，请联系：{contact}")
    }
}

fn named(statement: Named<'_>) -> String {
    let layer = if statement.is_control_policy {
        "管控策略语句"
    } else {
        "语句"
    };
    format!("{layer} {}", quoted(&statement.id.to_string(), 100))
}

fn key(key: &Key<'_>) -> String {
    match key {
        Key::Tag(tag) => format!("标签 {}", quoted(tag, NAME_LENGTH)),
        Key::Other(key) => quoted(key, NAME_LENGTH),
    }
}

fn found(found: &Found<'_>) -> String {
    match found {
        Found::Values(values) => format!("但它是 {}", listed(values, "和")),
        Found::OfOnePod => "而只有针对单个 Pod 的请求才有它".to_owned(),
        Found::Unselected(Verb::Watch) => "但监听请求没有选择这个标签".to_owned(),
        Found::Unselected(Verb::Get | Verb::Log | Verb::List) => "但列表请求没有选择这个标签".to_owned(),
        Found::NoSelection => "但针对单个 Pod 的请求不选择标签".to_owned(),
        Found::Absent => "但 Pod 没有这个标签".to_owned(),
        Found::NotInRequest => "但请求中没有".to_owned(),
    }
}

fn nothing_allows(searched: &Searched<'_>, action: &str) -> String {
    match searched {
        Searched::ControlPolicies => format!("资源目录的管控策略都不允许 {action}"),
        Searched::Granted {
            principal,
            group: Some(group),
        } => format!(
            "{} 的策略（账号范围和资源组 {} 范围）都不允许 {action}",
            described(principal),
            quoted(group, NAME_LENGTH)
        ),
        Searched::Granted {
            principal,
            group: None,
        } => format!("{} 在账号范围内的策略都不允许 {action}", described(principal)),
    }
}

fn step(step: &Step) -> String {
    let administrator = if step.is_control_policy {
        "资源目录管理员"
    } else {
        " RAM 管理员"
    };
    match &step.advice {
        Advice::WithoutLabels => "请去掉选择器中的这些标签后重试".to_owned(),
        Advice::Labels(labels) => format!("请使用标签选择器 {}", quoted(labels, 400)),
        Advice::NoSelector => format!("换用其他标签选择器也不会被允许，请联系{administrator}"),
        Advice::Ask => format!("请联系{administrator}"),
        Advice::AskOthers => format!("请有权限的人操作，或联系{administrator}"),
    }
}
