//! Faults of annotations and of mapping, in Chinese.

use crate::admission::fields::malformed_annotation::{
    AnnotationFault, EntryFault, MAX_ENTRIES, MalformedAnnotation,
};
use crate::admission::fields::mapping::{MappedField, MappingError};
use crate::admission::response::message::chinese::words::{listed, source_name};
use crate::kubernetes::eci_annotations::CUSTOM_TAGS;
use crate::wording::{NAME_LENGTH, quoted};
use eci_calls::{MAX_KEY, MAX_VALUE};

/// An annotation that is refused
pub(super) fn malformed(malformed: &MalformedAnnotation) -> String {
    let fault = match &malformed.fault {
        AnnotationFault::Empty => "为空：请写上值，或去掉该注解".to_owned(),
        AnnotationFault::TooManyEntries => format!("超过 {MAX_ENTRIES} 项：容器组不支持这么多"),
        AnnotationFault::ResourceGroup(text) => format!(
            "的值 {} 不是资源组 ID：请写一个 ID，例如 `rg-acfmxyz123`，只能包含字母、数字、`-`、`_` 和 `.`",
            quoted(text, NAME_LENGTH)
        ),
        AnnotationFault::RoleArn { arn, name } => format!(
            "的值 {} 是 ARN：请只写角色名 {}",
            quoted(arn, 100),
            quoted(name, NAME_LENGTH)
        ),
        AnnotationFault::RoleName(text) => format!(
            "的值 {} 不是角色名：请写一个角色名，1 到 64 个字符，只能包含字母、数字、`-`、`_` 和 `.`",
            quoted(text, NAME_LENGTH)
        ),
        AnnotationFault::EmptyEntry(number) => format!("的第 {number} 项为空：请去掉多余的逗号"),
        AnnotationFault::RepeatedKey { key, first, second } => format!(
            "在第 {first} 项和第 {second} 项重复设置了键 {}：请只保留一个",
            quoted(key, NAME_LENGTH)
        ),
        AnnotationFault::Entry { number, text, fault } => {
            format!("的第 {number} 项 {} {}", quoted(text, NAME_LENGTH), entry(fault))
        }
    };
    format!("注解 {} {fault}", malformed.annotation)
}

fn entry(fault: &EntryFault) -> String {
    match fault {
        EntryFault::NoColon => "没有冒号：请写成 `key:value`".to_owned(),
        EntryFault::SecondColon => "有多个冒号：请写成 `key:value`，键和值都不能包含冒号".to_owned(),
        EntryFault::EmptyKey => "的冒号前没有键：请写上键，或去掉该项".to_owned(),
        EntryFault::Blank(_) => "的开头、结尾或冒号旁有空格：请去掉".to_owned(),
        EntryFault::ControlCharacter => "含有控制字符：请去掉".to_owned(),
        EntryFault::InvisibleCharacter(code) => format!("含有看不见的字符 U+{code:04X}：请去掉"),
        EntryFault::Url => "含有 `http://` 或 `https://`：ECI 的标签不能包含网址".to_owned(),
        EntryFault::Reserved(prefix) => format!("使用了保留前缀 `{prefix}`：请换一个键或值"),
        EntryFault::ProviderKey(key) => {
            format!("使用了键 `{key}`，而它由 ACK 或 virtual-kubelet 自己设置：请换一个键")
        }
        EntryFault::LongKey(length) => format!("的键有 {length} 个字符：ECI 最多支持 {MAX_KEY} 个"),
        EntryFault::LongValue(length) => format!("的值有 {length} 个字符：ECI 最多支持 {MAX_VALUE} 个"),
        EntryFault::NoRoleArn => "不是角色的 ARN：请写成 `acs:ram::ACCOUNT:role/NAME`".to_owned(),
    }
}

/// A pod that cannot be mapped
pub(super) fn unmappable(error: &MappingError) -> String {
    match error {
        MappingError::Value { what, from, value } => {
            let what = match what {
                MappedField::Tag(key) => format!("标签 {}", quoted(key, NAME_LENGTH)),
                MappedField::ResourceGroup => "资源组 ID".to_owned(),
                MappedField::Role => "角色名".to_owned(),
            };
            format!(
                "{}的值 {} 不能用作{what}：请联系其负责人改正",
                source_name(from),
                quoted(value, NAME_LENGTH)
            )
        }
        MappingError::TooMany { found, limit, added } => {
            let added = match added.as_slice() {
                [] => String::new(),
                added => format!("（包括映射规则添加的 {}）", listed(added, "和")),
            };
            format!("注解 {CUSTOM_TAGS} 有 {found} 个标签{added}，而 Pod 最多只能有 {limit} 个：请减少一些")
        }
    }
}
