//! Faults of stamps and of ControllerRevisions, in Chinese.

use crate::admission::outcome::container_difference::{ContainerDifference, DifferenceKind};
use crate::admission::outcome::restart_step::Restart;
use crate::admission::outcome::revision_fault::RevisionFault;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::response::message::chinese::words;
use crate::kubernetes::workload::Workload;
use crate::stamp::{MAX_STAMP_BYTES, REQUESTED_BY, VerifyError};
use crate::wording::{NAME_LENGTH, clipped, quoted};

/// The fault of a stamp and its remedy
pub(super) fn stamp(fault: &StampFault, namespace: &str) -> String {
    let restart = |step: &Option<Restart>| restart_command(step.as_ref(), namespace);
    match fault {
        StampFault::Missing(step) => {
            format!("模板上没有签名标记，无法判断该控制器代表谁：{}", restart(step))
        }
        StampFault::RuntimeClass(class, step) => format!(
            "模板上没有签名标记，无法判断该控制器代表谁；如果模板中没有任何指向 ECI 的设置，则是 RuntimeClass {} \
             或某个准入插件把它加到了 Pod 上：请联系集群管理员在 `runtimeClasses` 中登记该类；然后{}",
            quoted(class, NAME_LENGTH),
            restart(step)
        ),
        StampFault::NoKey(broken, step) => format!(
            "用于说明该控制器代表谁的签名标记无法验证（{}）：{}",
            self::broken(broken),
            restart(step)
        ),
        StampFault::BarePod(None) => {
            "该 Pod 没有签名标记，无法判断是谁请求创建的：请删除后重新创建".to_owned()
        }
        StampFault::BarePod(Some(broken)) => format!(
            "用于说明谁请求创建该 Pod 的签名标记无法验证（{}）：请删除后重新创建",
            self::broken(broken)
        ),
        StampFault::Forged(broken, None) => format!(
            "注解 {REQUESTED_BY} 是伪造的（{}）：请去掉它，该注解由 ramgate 写入",
            self::broken(broken)
        ),
        StampFault::Forged(broken, step) => format!(
            "注解 {REQUESTED_BY} 是伪造的（{}）：请从清单文件中去掉它，该注解由 ramgate 写入；然后{}",
            self::broken(broken),
            restart(step)
        ),
        StampFault::Changed => {
            format!("注解 {REQUESTED_BY} 不是 ramgate 写入的值：请恢复原值，或去掉它（Binding 中不应有它）")
        }
        StampFault::NotApplied(Some(mark)) => format!(
            "缺少注解 {REQUESTED_BY}：请求没有经过 mutating webhook，或者在 ramgate 处理之后，其他 webhook 才加上了指向 ECI \
             的设置（{}）。请在清单中写上该设置（例如标签 alibabacloud.com/eci=true）后重新 apply。如果仍不行，请联系集群管理员确认 \
             ramgate 的 MutatingWebhookConfiguration 存在，并把由其他 webhook 送往 ECI 的命名空间登记在 `burstNamespaces` 中",
            words::mark(mark)
        ),
        StampFault::NotApplied(None) | StampFault::Unexpected => format!(
            "注解 {REQUESTED_BY} 与 ramgate 写入的不一致：对象在途中被修改，或请求没有经过 mutating \
             webhook；请稍后原样重新 apply。如果仍不行，请联系集群管理员确认 ramgate 的 MutatingWebhookConfiguration \
             存在，且没有后续的 webhook 去掉该注解"
        ),
        StampFault::TooLong => format!(
            "注解 {REQUESTED_BY} 会超过 {MAX_STAMP_BYTES} 字节，因此 ramgate 不写入它：请使用更短的名称，尤其是 ServiceAccount 的名称"
        ),
        StampFault::FieldsDiffer => {
            "它的标签、资源组、角色或 ServiceAccount 与签名标记不一致：请在模板中设置后重新 apply".to_owned()
        }
        StampFault::NotSent(kind) => format!(
            "webhook 规则没有把类型 {} 发给 ramgate，因此其中的签名标记不能证明任何事：请联系集群管理员在 chart 的 carriers \
             中加入它并重新安装",
            quoted(kind, NAME_LENGTH)
        ),
        StampFault::NotOfOwner(kind) => {
            let kind = quoted(kind, NAME_LENGTH);
            format!(
                "注解 {REQUESTED_BY} 不在当前的 {kind} 中，因此它来自别处，例如 {kind} 所引用的模板：请在那里删除它；如果刚刚有人修改了 \
                 该 {kind}，其控制器会再次尝试"
            )
        }
        StampFault::OwnerUnread(kind) => format!(
            "无法读取控制它的 {}，因此无法得知其中是谁的签名标记：请稍后重试；如果一直如此，请联系集群管理员确认 ramgate 有权 get \
             该类型",
            quoted(kind, NAME_LENGTH)
        ),
        StampFault::ContainersDiffer(differences) => format!(
            "它运行的内容与签名标记中的人所写的不同（{}）：如果是其他 webhook 所改，请联系集群管理员在 `injectors` \
             中登记它；否则请查明是谁修改了模板的副本",
            shown(differences)
        ),
        StampFault::Unmarked => {
            "它创建时没有任何指向 ECI 的设置，因此无法判断是谁请求的：请在 Pod 或其模板上设置标签 \
                                 alibabacloud.com/eci=true，并重新创建"
                .to_owned()
        }
    }
}

pub(super) fn broken(error: &VerifyError) -> String {
    match error {
        VerifyError::Unreadable => "它不是 ramgate 写入的格式".to_owned(),
        VerifyError::UnknownKey(key) => format!("签名密钥 {} 不在 ramgate 中", clipped(key, NAME_LENGTH)),
        VerifyError::Signature => "签名不正确".to_owned(),
        VerifyError::Namespace(namespace) => {
            format!("它是为命名空间 {} 写入的", clipped(namespace, NAME_LENGTH))
        }
        VerifyError::Cluster => "它是在另一个集群中写入的".to_owned(),
        VerifyError::Object(object) => format!("它是为 {} 写入的", clipped(object, 128)),
    }
}

fn restart_command(restart: Option<&Restart>, namespace: &str) -> String {
    let namespace = clipped(namespace, NAME_LENGTH);
    let name = |name: &str| clipped(name, NAME_LENGTH);
    match restart {
        Some(Restart::Rollout(workload, of)) => format!(
            "请运行 `kubectl rollout restart {}/{} -n {namespace}`，因为重新 apply 相同的文件不会有任何变化",
            workload.kind().to_lowercase(),
            name(of)
        ),
        Some(Restart::Recreate(of)) => {
            format!("请删除 Job {} 并重新创建，因为它的模板不能修改", name(of))
        }
        Some(Restart::Write(kind, of)) => match Workload::of_kind(kind) {
            Some(_) => format!(
                "请运行 `kubectl annotate --overwrite {}/{} -n {namespace} ramgate.io/stamped=$(date +%s)`，这不会影响它现有的 Pod",
                kind.to_lowercase(),
                name(of)
            ),
            None => format!(
                "请修改 {} {} 的模板并重新 apply；如果仍不行，请联系集群管理员在 `carriers` 中登记它的控制器",
                clipped(kind, NAME_LENGTH),
                name(of)
            ),
        },
        None => "请通过您自己的工作负载创建该 Pod，或直接创建".to_owned(),
    }
}

/// The fault of a ControllerRevision and its remedy
pub(super) fn revision(fault: &RevisionFault) -> String {
    let whole = "revision 必须恰好包含一个完整的 Pod 模板，因为控制器会把它合并到工作负载中：请修改工作负载自身的模板";
    let instead = "请修改工作负载自身的模板，或运行 `kubectl rollout undo`";
    match fault {
        RevisionFault::NotWhole(problem) => format!("其内容有误（{problem}）；{whole}"),
        RevisionFault::Unreadable(problem) => {
            format!("其模板无法读取（{}）；{whole}", quoted(problem, NAME_LENGTH))
        }
        RevisionFault::NotYours(Some(author)) => format!(
            "其模板属于 {}，只有它的控制器或作者才能把 revision 交给工作负载：{instead}",
            quoted(author, NAME_LENGTH)
        ),
        RevisionFault::NotYours(None) => {
            format!("无法判断其模板由谁编写，只有它的控制器才能把这样的 revision 交给工作负载：{instead}")
        }
    }
}

/// The most differences in one sentence
const SHOWN: usize = 3;

pub(super) fn shown(differences: &[ContainerDifference]) -> String {
    let words = differences.iter().take(SHOWN).map(|difference| {
        let container = quoted(&difference.container, NAME_LENGTH);
        match difference.kind {
            DifferenceKind::Added => format!("多了容器 {container}"),
            DifferenceKind::Image => format!("容器 {container} 的镜像不同"),
            DifferenceKind::Command => format!("容器 {container} 的命令或参数不同"),
            DifferenceKind::Missing => format!("缺少容器 {container}"),
        }
    });
    let mut words: Vec<String> = words.collect();
    if let Some(more) = differences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        words.push(format!("另有 {more} 处"));
    }
    words.join("，")
}
