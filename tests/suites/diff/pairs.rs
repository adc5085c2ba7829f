//! Generated pairs of small configurations, and requests with the values that these use.

use ram_policy::{Context, DocumentKind, Principal};
use ramgate::testing::config::{Configuration, ParsedDocument, merge};
use serde_json::{Value, json};

/// A seeded random number generator (splitmix64): one seed always gives the same pair
pub(crate) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn word<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn words(&mut self, from: &[&str], most: usize) -> Value {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.word(from)).collect()
    }
}

const PATTERNS: &[&str] = &[
    "*",
    "eci:*",
    "eci:Create*",
    "eci:*ContainerGroup",
    "eci:CreateContainerGroup",
    "eci:deletecontainergroup",
    "oss:Get*",
    "oss:G?tObject",
    "*:Get*",
    "ram:PassRole",
    "sts:AssumeRole",
];
const RESOURCES: &[&str] = &[
    "*",
    "acs:eci:*:*:containergroup/*",
    "acs:eci:cn-a:1:*",
    "acs:eci:cn-*:*:*/eci-1",
    "acs:oss:*:*:bucket/a*",
    "acs:oss:*:*:*b",
    "acs:ram:*:*:role/App",
    "acs:ram::1:role/*",
    "acs:oss:*:*:bucket/ab",
];
const GROUPS: &[&str] = &["rg-1", "rg-2"];
const POLICIES: &[&str] = &["P0", "P1", "P2", "P3"];
/// Operator, key and values of the conditions to choose from
const CONDITIONS: &[(&str, &str, &[&str])] = &[
    ("StringEquals", "acs:RequestTag/env", &["test", "prod", "Test"]),
    ("StringNotEquals", "acs:RequestTag/env", &["test", "prod"]),
    ("StringEqualsIgnoreCase", "acs:RequestTag/env", &["test", "PROD"]),
    (
        "StringLike",
        "acs:RequestTag/env",
        &["t*", "*t", "p?od", "te*", "*"],
    ),
    ("StringNotLike", "acs:RequestTag/env", &["t*", "*d"]),
    ("StringEquals", "acs:ResourceTag/team", &["a", "b"]),
    ("NumericLessThan", "acs:RequestTag/cpu", &["4", "5", "4.5"]),
    ("NumericGreaterThanEquals", "acs:RequestTag/cpu", &["4", "6"]),
    ("NumericNotEquals", "acs:RequestTag/cpu", &["5"]),
    ("StringEquals", "acs:RequestTag/cpu", &["5", "many"]),
    (
        "IpAddress",
        "acs:SourceIp",
        &["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"],
    ),
    ("NotIpAddress", "acs:SourceIp", &["10.1.0.0/16", "192.0.2.0/24"]),
    ("Bool", "acs:SecureTransport", &["true", "false"]),
    (
        "DateLessThan",
        "acs:CurrentTime",
        &["2026-01-01T00:00:00Z", "2026-06-01T08:00:00+08:00"],
    ),
    (
        "DateGreaterThanEquals",
        "acs:CurrentTime",
        &["2026-01-01T00:00:00Z"],
    ),
    ("StringEquals", "acs:ResourceGroupId", &["rg-1", "rg-3"]),
    ("StringLike", "acs:ResourceGroupId", &["rg-*"]),
    (
        "StringLike",
        "acs:PrincipalARN",
        &["acs:ram::1:user/ann", "*:role/*"],
    ),
];

fn conditions(random: &mut Random) -> Value {
    let mut block = serde_json::Map::new();
    let count = [0, 0, 1, 1, 1, 2, 2, 3][random.below(8)];
    for _ in 0..count {
        let (operator, key, values) = CONDITIONS[random.below(CONDITIONS.len())];
        let values = random.words(values, 2);
        let keys = block.entry(operator).or_insert_with(|| json!({}));
        keys.as_object_mut().unwrap().entry(key).or_insert(values);
    }
    block.into()
}

fn statement(random: &mut Random, kind: DocumentKind) -> Value {
    let is_trust = kind == DocumentKind::Trust;
    let actions = if is_trust {
        random.words(&["sts:AssumeRole", "sts:*", "*"], 1)
    } else {
        random.words(PATTERNS, 2)
    };
    let action = if random.chance(12) { "NotAction" } else { "Action" };
    let effect = if random.chance(30) { "Deny" } else { "Allow" };
    let mut statement = json!({"Effect": effect, action: actions, "Condition": conditions(random)});
    if is_trust {
        statement["Principal"] = match random.below(3) {
            0 => json!({"Service": random.word(&["ecs.aliyuncs.com", "fc.aliyuncs.com"])}),
            1 => json!({"RAM": "acs:ram::1:root"}),
            _ => json!({"RAM": ["acs:ram::1:user/ann", "acs:ram::1:role/Job"]}),
        };
    } else {
        statement["Resource"] = random.words(RESOURCES, 2);
    }
    statement
}

fn document(random: &mut Random, kind: DocumentKind) -> Value {
    let count = 1 + random.below(3);
    let statements: Vec<Value> = (0..count).map(|_| statement(random, kind)).collect();
    json!({"Version": "1", "Statement": statements})
}

fn grants(random: &mut Random, policies: &[&str]) -> Value {
    let mut held: Vec<Value> = Vec::new();
    for policy in policies.iter().filter(|_| random.chance(45)).collect::<Vec<_>>() {
        held.push(if random.chance(35) {
            json!({"policy": policy, "resourceGroup": random.word(GROUPS)})
        } else {
            json!({"policy": policy})
        });
    }
    held.into()
}

/// A configuration as its source documents
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    pub policies: Vec<(String, Value)>,
    pub directory: Value,
}

fn documents(random: &mut Random) -> Documents {
    let policies = POLICIES
        .iter()
        .map(|name| ((*name).to_owned(), document(random, DocumentKind::Identity)))
        .collect();
    let control: Vec<Value> = match random.below(6) {
        0 => vec![
            json!(["FullAliyunAccess"]),
            json!([random.word(POLICIES), "FullAliyunAccess"]),
        ],
        1 => vec![json!([random.word(POLICIES)])],
        2 => vec![json!(["FullAliyunAccess"])],
        _ => vec![],
    };
    let role = |random: &mut Random, name: &str| json!({"name": name, "trustPolicy": document(random, DocumentKind::Trust), "policies": grants(random, POLICIES)});
    let directory = json!({
        "account": {"id": "1", "region": "cn-a", "controlPolicies": control},
        "resourceGroups": [{"id": "rg-1"}, {"id": "rg-2"}],
        "users": [
            {"name": "ann", "groups": ["dev"], "policies": grants(random, POLICIES)},
            {"name": "bob", "policies": grants(random, POLICIES)},
        ],
        "groups": [{"name": "dev", "policies": grants(random, &["P3"])}],
        "roles": [role(random, "App"), role(random, "Job")],
    });
    Documents { policies, directory }
}

/// The documents with a few changes; a change may change nothing
fn changed(random: &mut Random, old: &Documents) -> Documents {
    let other = documents(random);
    let mut new = old.clone();
    for _ in 0..1 + random.below(3) {
        match random.below(7) {
            0 | 1 => {
                let at = random.below(new.policies.len());
                new.policies[at] = other.policies[at].clone();
            }
            2 => {
                let at = random.below(new.policies.len());
                let statements = new.policies[at].1["Statement"].as_array_mut().unwrap();
                statements.push(statement(random, DocumentKind::Identity));
            }
            3 => {
                let at = random.below(2);
                new.directory["users"][at]["policies"] = other.directory["users"][at]["policies"].clone();
            }
            4 => {
                let at = random.below(2);
                new.directory["roles"][at] = other.directory["roles"][at].clone();
            }
            5 => {
                new.directory["account"]["controlPolicies"] =
                    other.directory["account"]["controlPolicies"].clone()
            }
            _ => {
                let gone = random.below(2);
                new.directory["users"].as_array_mut().unwrap().remove(gone.min(1));
                return new;
            }
        }
    }
    new
}

pub(crate) fn pair(random: &mut Random) -> [Documents; 2] {
    let old = documents(random);
    let new = changed(random, &old);
    if random.chance(50) { [old, new] } else { [new, old] }
}

impl Documents {
    pub(crate) fn configuration(&self) -> Configuration {
        let mut documents: Vec<(&str, ParsedDocument)> = self
            .policies
            .iter()
            .map(|(name, policy)| {
                (
                    name.as_str(),
                    ParsedDocument::policy(name, policy.to_string().as_bytes()),
                )
            })
            .collect();
        documents.push((
            "directory",
            ParsedDocument::directory(self.directory.to_string().as_bytes()),
        ));
        merge(documents.iter().map(|(name, document)| (*name, document))).unwrap()
    }
}

/// A request with its caller
#[derive(Debug)]
pub(crate) struct CallerRequest {
    pub principal: Principal,
    pub action: String,
    pub resource: String,
    pub resource_group: Option<String>,
    pub context: Context,
    pub trust: bool,
}

/// A request with values of the policies, and with others
pub(crate) fn request(random: &mut Random) -> CallerRequest {
    let trust = random.chance(15);
    let callers: &[&str] = if trust {
        &[
            "service/ecs.aliyuncs.com",
            "service/fc.aliyuncs.com",
            "user/ann",
            "user/bob",
            "role/Job",
            "account",
        ]
    } else {
        &["user/ann", "user/bob", "role/App", "role/Job"]
    };
    let action = random.word(&[
        "eci:CreateContainerGroup",
        "eci:DeleteContainerGroup",
        "eci:CreateImageCache",
        "eci:DescribeRegions",
        "oss:GetObject",
        "oss:GetBucket",
        "oss:PutObject",
        "vpc:GetX",
        "ram:PassRole",
        "sts:AssumeRole",
    ]);
    let resource = random.word(&[
        "*",
        "acs:eci:cn-a:1:containergroup/*",
        "acs:eci:cn-a:1:containergroup/eci-1",
        "acs:eci:cn-b:2:imagecache/eci-1",
        "acs:oss:any:1:bucket/ab",
        "acs:oss:any:1:bucket/a",
        "acs:oss:any:1:bucket/cb",
        "acs:ram::1:role/App",
        "acs:ram::1:role/app",
        "acs:ram::1:role/Other",
        "acs:ram::2:role/App",
    ]);
    let context = context(random, action, trust);
    let group = random.word(&["", "rg-1", "rg-2", "rg-3", "other"]);
    CallerRequest {
        principal: random.word(callers).parse().unwrap(),
        action: if trust {
            "sts:AssumeRole".into()
        } else {
            action.into()
        },
        resource: if trust {
            format!("acs:ram::1:role/{}", random.word(&["App", "Job"]))
        } else {
            resource.into()
        },
        resource_group: (!trust && !group.is_empty()).then(|| group.to_owned()),
        context,
        trust,
    }
}

/// Condition keys for a request
fn context(random: &mut Random, action: &str, trust: bool) -> Context {
    let mut context = Context::new();
    // Requests lack the tags that their action never has.
    let roles = trust || action.starts_with("ram:") || action.starts_with("sts:");
    let (sends, finds) = (
        !roles && !action.contains("Delete"),
        !roles && !action.contains("Create"),
    );
    let mut fill = |random: &mut Random, key: &str, values: &[&str], percent| {
        let can = (sends || !key.contains("RequestTag/")) && (finds || !key.contains("ResourceTag/"));
        if can && random.chance(percent) {
            context.set(key, random.word(values));
        }
    };
    fill(
        random,
        "acs:RequestTag/env",
        &[
            "test", "prod", "Test", "TEST", "PROD", "text", "t", "tt", "pxod", "x", "",
        ],
        70,
    );
    fill(random, "acs:ResourceTag/team", &["a", "b", "c"], 60);
    fill(
        random,
        "acs:RequestTag/cpu",
        &["3", "4", "4.5", "4.6", "5", "5.0", "6", "7", "many", "few"],
        60,
    );
    fill(
        random,
        "acs:SourceIp",
        &[
            "10.0.0.1",
            "10.1.0.0",
            "10.1.2.3",
            "192.0.2.9",
            "203.0.113.1",
            "2001:db8::1",
        ],
        60,
    );
    fill(random, "acs:SecureTransport", &["true", "false"], 60);
    fill(
        random,
        "acs:CurrentTime",
        &[
            "2025-12-31T23:59:59Z",
            "2026-01-01T00:00:00Z",
            "2026-05-01T00:00:00Z",
            "2026-07-01T00:00:00Z",
        ],
        100,
    );
    context
}
