//! What is wrong, in Chinese.

use crate::admission::response::message::chinese::words::{binding_step, described, listed};
use crate::admission::response::message::chinese::{annotation, creating_pod, fault};
use crate::admission::response::message::explanation::{Denied, Noun, Requirement, Searched, TagTime, Why};
use crate::wording::{NAME_LENGTH, quoted, subject};
use eci_calls::condition_key::{RESOURCE_GROUP_ID, TagKey};
use eci_calls::{INSTANCE_ROLE_SERVICE, RefusalReason};
use ram_policy::{MetCondition, Principal, StatementId};

pub(super) fn why(why: &Why<'_>, namespace: &str) -> String {
    match why {
        Why::Malformed(malformed) => annotation::malformed(malformed),
        Why::Unmappable(error) => annotation::unmappable(error),
        Why::NotMapped {
            annotation,
            wanted,
            found,
        } => not_mapped(annotation, *wanted, *found),
        Why::Unbound { user } => format!(
            "该身份没有绑定任何 RAM 用户或角色：请联系集群管理员{}",
            binding_step(user)
        ),
        Why::Spawner { fault, user } => creating_pod::spawner(fault, user),
        Why::CreatingPodUnread => {
            "无法读取其令牌所绑定的 Pod，因此无法判断它代表谁：请重试；如果持续出现，请联系集群管理员查看 ramgate 的日志"
                .to_owned()
        }
        Why::Stamp(stamp) => fault::stamp(stamp, namespace),
        Why::BindingAnnotation(annotation) => format!(
            "它的 Binding 带有注解 {}，而 Pod 上没有：请将注解写在 Pod 或其模板上，Binding 只决定 Pod 运行在哪个节点",
            quoted(annotation, NAME_LENGTH)
        ),
        Why::Revision(revision) => fault::revision(revision),
        Why::UnlistedController { kind, preset, user } => {
            let kind = quoted(kind, NAME_LENGTH);
            let entry = match preset {
                Some(entry) => format!("在 `carriers` 中为类型 {kind} 添加 {entry}"),
                None => format!("在 `carriers` 中为类型 {kind} 登记它"),
            };
            format!(
                "它既不是用户，也不是 Kubernetes 内置的控制器，并且没有登记：请联系集群管理员{entry}，或绑定 {}",
                subject(user)
            )
        }
        Why::UnknownNamespace(namespace) => format!(
            "命名空间 {} 刚刚创建，ramgate 还没有读到它的标签：请稍后重试",
            quoted(namespace, NAME_LENGTH)
        ),
        Why::NoNamespace => "请求没有指定命名空间，而 Pod 必须属于某个命名空间：请指定".to_owned(),
        Why::UnknownPod => "找不到这个 Pod，因此无法判断容器组属于谁：请确认它存在后重试".to_owned(),
        Why::PodChanged => {
            "该 Pod 在绑定过程中被修改，或请求没有经过 mutating webhook：请重试（调度器会自动重试）"
                .to_owned()
        }
        Why::UnknownWorkload => "找不到这个工作负载，因此无法判断其 Pod 是否运行在 ECI 上：请确认它存在后重试".to_owned(),
        Why::UnknownRequest(what) => format!(
            "webhook 规则发来了 {}，而此版本的 ramgate 不知道如何判断：请联系集群管理员安装版本一致的 chart 和镜像；如果该类型会创建 \
             Pod，请在 `carriers` 中登记它",
            quoted(what, NAME_LENGTH)
        ),
        Why::Profile(problem) => format!("{problem}：请改正后重新 apply"),
        Why::Refused(reason) => refused(reason),
        Why::NotEverywhere { statement, boundary } => not_everywhere(*statement, *boundary),
        Why::Denied(denied) => by_ram(denied),
    }
}

/// A denial by RAM
fn by_ram(denied: &Denied<'_>) -> String {
    match denied {
        Denied::Tag {
            time,
            noun,
            key,
            requirement,
            got,
        } => {
            let time = match time {
                TagTime::Only => "标签",
                TagTime::New => "新标签",
                TagTime::Current => "当前标签",
            };
            let absent = format!("但{}没有这个标签", self::noun(*noun));
            let (key, requirement) = (quoted(key, NAME_LENGTH), self::requirement(*requirement));
            format!("{time} {key} {requirement}，{}", found(got, &absent))
        }
        Denied::Key {
            key,
            requirement,
            got,
        } => {
            let (key, requirement) = (condition_key(key), self::requirement(*requirement));
            format!("{key}{requirement}，{}", found(got, "但请求中没有"))
        }
        Denied::Forbids {
            statement,
            is_control_policy,
            action,
            for_new_tags,
            noun,
            conditions,
        } => {
            let layer = if *is_control_policy {
                "管控策略语句"
            } else {
                "语句"
            };
            let tags = if *for_new_tags {
                "（针对新标签）"
            } else {
                ""
            };
            let statement = quoted(&statement.to_string(), 100);
            format!(
                "{layer} {statement} 禁止 {action}{tags}{}",
                because(conditions, *noun)
            )
        }
        Denied::UnknownPrincipal(principal) => {
            format!("{} 不在 ramgate 的目录中，因此没有任何权限", described(principal))
        }
        Denied::UnknownRole => "该角色不在 ramgate 的目录中".to_owned(),
        Denied::Untrusting { trusted } => format!(
            "该角色信任的是 {}，而不是运行 ECI 实例的 {INSTANCE_ROLE_SERVICE}",
            listed(trusted, "和")
        ),
        Denied::MayNotPass { principal, role } => {
            format!(
                "{} 无权为 Pod 指定角色 {}",
                described(principal),
                quoted(role, 128)
            )
        }
        Denied::OtherResource {
            statement,
            action,
            allowed,
            wanted,
            is_single,
        } => {
            let single = if *is_single {
                "；Pod 的请求中没有实例 ID，因此只有 `containergroup/*` 能匹配"
            } else {
                ""
            };
            format!(
                "语句 {} 只允许对 {} 执行 {action}，不包括 {}{single}",
                quoted(&statement.to_string(), 100),
                listed(allowed, "和"),
                quoted(wanted, 128)
            )
        }
        Denied::NothingAllows { searched, action } => nothing_allows(*searched, action),
        Denied::Root { principal, action } => format!("{} 被禁止执行 {action}", described(principal)),
    }
}

fn noun(noun: Noun) -> &'static str {
    match noun {
        Noun::Pod => " Pod ",
        Noun::ImageCache => "镜像缓存",
    }
}

fn found(got: &[String], absent: &str) -> String {
    match got {
        [] => absent.to_owned(),
        got => format!("但它是 {}", listed(got, "和")),
    }
}

fn condition_key(key: &str) -> String {
    match key {
        RESOURCE_GROUP_ID => "资源组".to_owned(),
        key => format!("{} ", quoted(key, NAME_LENGTH)),
    }
}

/// The requirement of a condition, behind its key
pub(crate) fn requirement(requirement: Requirement<'_>) -> String {
    match requirement {
        Requirement::Equal(wanted) => format!("必须是 {}", listed(wanted, "或")),
        Requirement::Like(wanted) => format!("必须匹配 {}", listed(wanted, "或")),
        Requirement::NotEqual(wanted) => format!("不能是 {}", listed(wanted, "或")),
        Requirement::Meet(operator, wanted) => format!("必须满足 {operator} {}", listed(wanted, "或")),
    }
}

/// The conditions of a Deny, each with what it found, to be put behind "forbids it"
pub(crate) fn because(conditions: &[MetCondition], noun: Noun) -> String {
    if conditions.is_empty() {
        return String::new();
    }
    let because: Vec<String> = conditions.iter().map(|condition| met(condition, noun)).collect();
    format!("，因为{}", because.join("，且"))
}

fn met(condition: &MetCondition, noun: Noun) -> String {
    let tag = TagKey::parse(&condition.key);
    let key = match tag {
        Some(TagKey { tag, .. }) => format!("标签 {}", quoted(tag, NAME_LENGTH)),
        None => condition_key(&condition.key),
    };
    let found = match condition.got.as_slice() {
        [] if tag.is_some() => format!("{}没有{key}", self::noun(noun)),
        [] => format!("请求中没有 {}", key.trim_end()),
        got => format!("{} 是 {}", key.trim_end(), listed(got, "和")),
    };
    let requirement = if condition.got.is_empty() && condition.operator.quantifier().is_some() {
        // Without the key there is no value to compare: the operator itself is the reason
        Requirement::Meet(condition.operator, &condition.wanted)
    } else {
        Requirement::new(condition.operator, &condition.wanted)
    };
    let rule = match requirement {
        Requirement::Equal(wanted) if wanted == condition.got => return found,
        Requirement::Equal(wanted) => format!("禁止的值：{}", listed(wanted, "或")),
        Requirement::Like(wanted) => format!("禁止匹配：{}", listed(wanted, "或")),
        Requirement::NotEqual(wanted) => format!("允许的值：{}", listed(wanted, "或")),
        Requirement::Meet(operator, wanted) => format!("禁止：{operator} {}", listed(wanted, "或")),
    };
    format!("{found}（{rule}）")
}

fn nothing_allows(searched: Searched<'_>, action: &str) -> String {
    match searched {
        Searched::ControlPolicies => format!("资源目录的管控策略都不允许 {action}"),
        Searched::TrustPolicy => format!("该角色的信任策略不允许 {action}"),
        Searched::Granted { principal, group } => {
            let group =
                group.map(|group| format!("（账号范围和资源组 {} 范围都没有）", quoted(group, NAME_LENGTH)));
            format!(
                "没有策略授予 {} 此操作所需的权限 {action}{}",
                described(principal),
                group.unwrap_or_default()
            )
        }
    }
}

fn refused(reason: &RefusalReason) -> String {
    let change = |what: &str, current: &Option<String>, wanted: &Option<String>| {
        let wanted = match wanted {
            Some(name) => format!("不能改为 `{name}`"),
            None => "不能去掉".to_owned(),
        };
        let current = current
            .as_ref()
            .map_or_else(|| "没有".to_owned(), |name| format!("是 `{name}`"));
        format!("实例的{what}{wanted}（当前{current}）")
    };
    match reason {
        RefusalReason::UnknownRole(name) => format!("RAM 角色 `{name}` 不在目录中"),
        RefusalReason::UnknownGroup(id) => format!("资源组 `{id}` 不在目录中"),
        RefusalReason::RoleChange { current, wanted } => change(" RAM 角色", current, wanted),
        RefusalReason::GroupChange { current, wanted } => change("资源组", current, wanted),
        RefusalReason::RegistryRoleChange => "拉取镜像的角色不能更改，ECI 只在创建实例时读取它们".to_owned(),
        RefusalReason::OtherGroup { current, given } => match current {
            Some(current) => format!("实例属于资源组 `{current}`，而不是 `{given}`"),
            None => format!("实例不属于任何资源组，而不是属于 `{given}`"),
        },
        RefusalReason::Tags(error) => format!("标签不符合 ECI 的限制（{error}）"),
    }
}

fn not_mapped(annotation: &str, wanted: Option<&str>, found: Option<&str>) -> String {
    let value =
        |value: Option<&str>| value.map_or_else(|| "空".to_owned(), |value| quoted(value, NAME_LENGTH));
    format!(
        "按 ramgate 的映射规则，注解 {annotation} 必须是 {}，实际是 {}：它在途中被修改，或请求没有经过 mutating \
         webhook；请重试，或联系集群管理员",
        value(wanted),
        value(found)
    )
}

fn not_everywhere(statement: Option<&StatementId>, boundary: Option<&Principal>) -> String {
    let whose = match boundary {
        Some(principal) => format!("对命名空间的权限边界（{}），", described(principal)),
        None => "对该身份，".to_owned(),
    };
    let why = match statement {
        Some(statement) => format!("语句 `{statement}` 对它们区别对待"),
        None => "没有语句这样允许".to_owned(),
    };
    format!(
        "它可以在该节点的所有容器组中执行命令，因此必须对所有容器组（无论标签和资源组）都有 eci:ExecContainerCommand \
         权限；{whose}{why}：请改为对 Pod 使用 `kubectl exec`、`logs` 或 `port-forward`"
    )
}
