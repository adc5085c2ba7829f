//! A spawner that acts for nobody, in Chinese.

use crate::admission::outcome::creating_pod_fault::CreatingPodFault;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::response::message::chinese::fault::{broken, shown};
use crate::stamp::REQUESTED_BY;
use crate::wording::{NAME_LENGTH, quoted, subject};

/// Why a spawner acts for nobody, and the remedy
pub(super) fn spawner(fault: &CreatingPodFault, user: &str) -> String {
    format!(
        "该身份没有绑定任何 RAM 用户或角色，作为 spawner 也不代表任何人：{}；或者请联系集群管理员绑定 {}",
        reason(fault),
        subject(user)
    )
}

fn reason(fault: &CreatingPodFault) -> String {
    match fault {
        CreatingPodFault::NoPod => {
            "它的令牌没有绑定 Pod（Secret 中的令牌就是这样）：请使用 Pod 所挂载的令牌".to_owned()
        }
        CreatingPodFault::Gone => {
            "它的令牌所绑定的 Pod 已不存在：请重新创建该 Pod，它会得到新的令牌".to_owned()
        }
        CreatingPodFault::OtherAccount => "它的令牌所绑定的 Pod 使用的是另一个 ServiceAccount".to_owned(),
        CreatingPodFault::Stamp(fault) => stamp(fault),
        CreatingPodFault::FirstForm => format!(
            "它的令牌所绑定的 Pod 上的注解 {REQUESTED_BY} 是第 1 版格式，没有写明对象：请修改或重启该 Pod 的工作负载"
        ),
        CreatingPodFault::StampOfOtherAccount => format!(
            "它的令牌所绑定的 Pod 上的注解 {REQUESTED_BY} 是为另一个 ServiceAccount 写入的：请在该 Pod 的模板中写明 serviceAccountName"
        ),
        CreatingPodFault::Contents(differences) => format!(
            "它的令牌所绑定的 Pod 运行的内容与签名标记中的人所写的不同（{}）：如果是其他 webhook 所改，请在 `injectors` \
             中登记它；否则请重新创建该 Pod",
            shown(differences)
        ),
        CreatingPodFault::EphemeralContainer => {
            "有人在它的令牌所绑定的 Pod 中加入了临时容器，因此请求可能来自任何人：请重新创建该 Pod".to_owned()
        }
    }
}

fn stamp(fault: &StampFault) -> String {
    let pod = "它的令牌所绑定的 Pod";
    match fault {
        StampFault::NotSent(kind) => format!(
            "{pod} 的签名标记来自类型 {}，而 webhook 规则没有把该类型发给 ramgate：请联系集群管理员在 chart 的 carriers \
             中加入它并重新安装",
            quoted(kind, NAME_LENGTH)
        ),
        StampFault::Forged(fault, _) | StampFault::NoKey(fault, _) => format!(
            "{pod} 上的注解 {REQUESTED_BY} 不能证明任何事（{}）：请重启该 Pod 的工作负载，或重新创建它",
            broken(fault)
        ),
        StampFault::Missing(_)
        | StampFault::RuntimeClass(..)
        | StampFault::BarePod(_)
        | StampFault::Changed
        | StampFault::NotApplied(_)
        | StampFault::Unexpected
        | StampFault::TooLong
        | StampFault::FieldsDiffer
        | StampFault::NotOfOwner(_)
        | StampFault::OwnerUnread(_)
        | StampFault::Unmarked
        | StampFault::ContainersDiffer(_) => format!(
            "{pod} 没有签名标记，因为登记该 ServiceAccount 之后没有人写过它：请重启该 Pod 的工作负载，或重新创建它"
        ),
    }
}
