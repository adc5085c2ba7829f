//! The policies that Alibaba Cloud itself provides, as its pages print them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

pub const NAMES: &[&str] = &[
    "FullAliyunAccess",
    "AdministratorAccess",
    "AliyunECIReadOnlyAccess",
    "AliyunECIFullAccess",
];

static POLICIES: LazyLock<BTreeMap<&str, Value>> =
    LazyLock::new(|| NAMES.iter().map(|name| (*name, written(name))).collect());

pub fn policy(name: &str) -> &'static Value {
    &POLICIES[name]
}

fn written(name: &str) -> Value {
    let statements = match name {
        "FullAliyunAccess" | "AdministratorAccess" => vec![allow(&["*"])],
        "AliyunECIReadOnlyAccess" => vec![
            allow(&["eci:Describe*", "eci:List*"]),
            allow(&["ecs:DescribeSecurityGroups"]),
            allow(&["vpc:DescribeVpcs", "vpc:DescribeVSwitches"]),
        ],
        "AliyunECIFullAccess" => vec![
            allow(&["eci:*"]),
            allow(&["ecs:DescribeSecurityGroups"]),
            allow(&[
                "vpc:DescribeVSwitches",
                "vpc:DescribeVpcs",
                "vpc:DescribeEipAddresses",
            ]),
            for_services(
                "ram:CreateServiceLinkedRole",
                &["eci.aliyuncs.com", "vnode.eci.aliyuncs.com"],
            ),
        ],
        other => panic!("no system policy `{other}`"),
    };
    json!({"Version": "1", "Statement": statements})
}

fn allow(actions: &[&str]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

fn for_services(action: &str, services: &[&str]) -> Value {
    json!({
        "Effect": "Allow",
        "Action": action,
        "Resource": "*",
        "Condition": {"StringEquals": {"ram:ServiceName": services}},
    })
}
