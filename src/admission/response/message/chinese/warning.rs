//! Warnings, in Chinese.

use crate::admission::fields::mapping::{MappedField, Overruled};
use crate::admission::outcome::warning::Warning;
use crate::admission::response::message::chinese::words::source_name;
use crate::admission::response::message::chinese::{annotation, fault};
use crate::admission::routing::lookalike::Lookalike;
use crate::admission::routing::placement::Misplaced;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, ECI_FIELDS};
use crate::kubernetes::eci_profile::Selector;
use crate::kubernetes::routing_policy::PodRoute;
use crate::wording::{NAME_LENGTH, quoted};

pub(super) fn warning(warning: &Warning, namespace: &str) -> String {
    match warning {
        Warning::Lookalike(alike) => lookalike(alike),
        Warning::Placement(misplaced) => self::misplaced(misplaced),
        Warning::ProfileSelector(selector) => self::selector(selector),
        Warning::PodRoute(route) => pod_route(route),
        Warning::Overruled(overruled) => self::overruled(overruled),
        Warning::StoredAnnotation(malformed) => format!(
            "已有 Pod 的{}；它的所有 ECI 设置都按未设置处理",
            annotation::malformed(malformed)
        ),
        Warning::BindingStampRemoved => {
            "ramgate 去掉了 Binding 中的注解 ramgate.io/requested-by：该注解只由 ramgate 写入，且从不写在 Binding 中".to_owned()
        }
        Warning::StampRemoved(removed) => {
            format!("ramgate 去掉了该 Pod 的签名标记：{}", fault::stamp(removed, namespace))
        }
        Warning::StampOverwritten => "注解 ramgate.io/requested-by 只由 ramgate 写入：现在它记录的是您".to_owned(),
        Warning::StampRestored => "注解 ramgate.io/requested-by 只由 ramgate 写入：它保持原值".to_owned(),
        Warning::Unstamped => "该工作负载的 Pod 还没有请求人，而您无权在 ECI 上创建这样的 Pod：在有权限的人写入该工作负载之前，\
                               ramgate 会拒绝这些 Pod"
            .to_owned(),
    }
}

fn lookalike(alike: &Lookalike) -> String {
    let key = quoted(&alike.key, 80);
    match alike.meant {
        Some(_) => format!("ECI 不读取注解 {key}：您是不是想写 `{}`？", alike.meant_key()),
        None => format!("注解 {key} 看起来属于 ECI，但 ramgate 不认识它，因此没有检查"),
    }
}

fn misplaced(misplaced: &Misplaced) -> String {
    match misplaced {
        Misplaced::Value { label, value } => {
            format!(
                "标签 `{label}` 的值是 {}，不会把 Pod 调度到 ECI：请写 `true`",
                quoted(value, NAME_LENGTH)
            )
        }
        Misplaced::LabelAsAnnotation { label, place } => {
            format!("注解 `{label}` 不起作用，因为它是标签：请写到 {place} 中")
        }
        Misplaced::Annotation { key, place } => format!(
            "metadata.annotations 中的注解 {} 对 Pod 不起作用：请写到 {place} 中",
            quoted(key, NAME_LENGTH)
        ),
        Misplaced::Label { label, place } => {
            format!("metadata.labels 中的标签 `{label}` 对 Pod 不起作用：请写到 {place} 中")
        }
        Misplaced::JsonTags => {
            format!(
                "注解 `{CUSTOM_TAGS}` 看起来是 JSON，其中的括号和引号会成为标签的一部分：请写成 `key:value,key:value`"
            )
        }
    }
}

fn selector(selector: &Selector) -> String {
    let routes = if selector.is_selective() {
        "会把匹配的 Pod 调度到 ECI"
    } else {
        "会修改调度到 ECI 的 Pod"
    };
    let fields = ECI_FIELDS.iter().filter_map(|key| {
        let value = selector.effect.annotations.get(*key)?;
        Some(format!("，并写入 {key}: {}", quoted(value, 64)))
    });
    format!(
        "eci-profile 的选择器 {} {routes}{}",
        quoted(&selector.name, 64),
        fields.collect::<String>()
    )
}

fn pod_route(route: &PodRoute) -> String {
    let fields = route.fields();
    let fields = fields.map(|(key, value)| format!("，并写入 {key}: {}", quoted(value, 64)));
    format!(
        "该 {} 会把匹配的 Pod 调度到 ECI{}",
        route.kind(),
        fields.collect::<String>()
    )
}

fn overruled(overruled: &Overruled) -> String {
    let what = match overruled.what {
        MappedField::Tag(_) => "标签",
        MappedField::ResourceGroup => "资源组",
        MappedField::Role => "角色",
    };
    let becomes = match &overruled.becomes {
        Some(value) => format!("被替换为 {}", quoted(value, NAME_LENGTH)),
        None => "被去掉".to_owned(),
    };
    format!(
        "{what} {} {becomes}：它由{}决定",
        quoted(&overruled.was, NAME_LENGTH),
        source_name(&overruled.by)
    )
}
