//! ECI's calls read off the table: what each operation asks RAM, what ECI refuses itself, what a query shows.

use super::scene::{Call, Keys, Pairs, Scene, Target};
use crate::naive::{ALLOW, EXPLICIT, IMPLICIT, Verdict};
use crate::world::{Ask, Who};

pub const EMPTY: &str = "Empty";
pub const REFUSED: &str = "Refused";

/// One thing RAM is asked for a call
pub struct Question {
    pub ask: Ask,
    /// The second judgement of an update that changes tags
    pub is_about_new_tags: bool,
}

/// Why ECI itself says no
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    Group,
    Role,
    Change,
}

/// What makes an instance or an image cache, for which ECI needs its own role
const CREATES_INSTANCES: &[&str] = &[
    "CreateContainerGroup",
    "CreateContainerGroupFromTemplate",
    "BatchCreateContainerGroups",
    "CreateImageCache",
];

/// The one query that has no resource group
const GROUPLESS: &str = "DescribeContainerGroupPrice";

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Create,
    Update,
    Query,
    Id,
}

/// By the first word of the name; the log of one container is no query, its group is looked up like any id's
pub fn kind(operation: &str) -> Kind {
    let starts = |word: &str| operation.starts_with(word);
    match operation {
        "DescribeContainerLog" => Kind::Id,
        _ if starts("Create") || starts("BatchCreate") => Kind::Create,
        _ if starts("Update") => Kind::Update,
        _ if starts("Describe") || starts("List") => Kind::Query,
        _ => Kind::Id,
    }
}

pub fn refusals(scene: &Scene, call: &Call) -> Vec<Refusal> {
    let mut all = Vec::new();
    match kind(&call.operation) {
        Kind::Create => {
            let is_unknown = call.group.as_ref().is_some_and(|id| !is_group(scene, id));
            if is_unknown && call.who != Who::Account {
                all.push(Refusal::Group);
            }
            if call.role.is_some() && role(scene, call).is_none() {
                all.push(Refusal::Role);
            }
        }
        Kind::Update => {
            let target = call.target.as_ref().unwrap();
            let moved = call.group.is_some() && call.group != group_of(scene, target);
            let lowered = |role: &Option<String>| role.as_ref().map(|name| name.to_lowercase());
            let reassigned = call.role.is_some() && lowered(&call.role) != lowered(&target.role);
            all.extend(
                [moved, reassigned]
                    .into_iter()
                    .filter(|changed| *changed)
                    .map(|_| Refusal::Change),
            );
        }
        Kind::Query | Kind::Id => {}
    }
    all
}

/// In the order of the table: the operation itself, the roles it hands over, their trust, the service-linked role
pub fn questions(scene: &Scene, call: &Call) -> Vec<Question> {
    let account = &scene.world.account;
    let mut all = vec![operation(scene, call, call.target.as_ref(), false)];
    if let (Kind::Update, Some(target), Some(new)) = (kind(&call.operation), &call.target, &call.tags)
        && sorted(new) != sorted(&target.tags)
    {
        let retagged = Target {
            tags: new.clone(),
            ..target.clone()
        };
        all.push(operation(scene, call, Some(&retagged), true));
    }
    if kind(&call.operation) != Kind::Create {
        return all;
    }
    let service: Vec<(&str, &str)> = (scene.pass_service.iter())
        .map(|service| ("acs:Service", service.as_str()))
        .collect();
    let pass = |arn: &str| other(scene, call, "ram:PassRole", arn, service.clone());
    if let Some(name) = &call.role {
        all.push(pass(&format!("acs:ram::{account}:role/{name}")));
    }
    if let Some(name) = role(scene, call) {
        let arn = format!("acs:ram::{account}:role/{name}");
        let mut trust = other(scene, call, "sts:AssumeRole", &arn, Vec::new());
        trust.ask.who = Who::Service("ecs.aliyuncs.com".into());
        trust.ask.is_assuming = true;
        all.push(trust);
    }
    all.extend(call.arns.iter().map(|arn| pass(arn)));
    let needs_linked = CREATES_INSTANCES.contains(&call.operation.as_str());
    let is_missing = (scene.linked.as_ref())
        .is_some_and(|names| !names.iter().any(|name| name == "AliyunServiceRoleForECI"));
    if needs_linked && is_missing {
        let arn = format!("acs:ram:*:{account}:role/*");
        let service = vec![("ram:ServiceName", "eci.aliyuncs.com")];
        all.push(other(scene, call, "ram:CreateServiceLinkedRole", &arn, service));
    }
    all
}

/// What the verdicts on a call's questions amount to
pub fn outcome(scene: &Scene, call: &Call, refusals: &[Refusal], verdicts: &[Verdict<'_>]) -> &'static str {
    let any = |outcome: &str| verdicts.iter().any(|verdict| verdict.outcome == outcome);
    if !refusals.is_empty() {
        return REFUSED;
    }
    if kind(&call.operation) == Kind::Query
        && (any(EXPLICIT) || any(IMPLICIT) || selects_nothing(scene, call))
    {
        return EMPTY;
    }
    match (any(EXPLICIT), any(IMPLICIT)) {
        (true, _) => EXPLICIT,
        (false, true) => IMPLICIT,
        (false, false) => ALLOW,
    }
}

/// A list of a group that does not exist, or of another group than the instance's
fn selects_nothing(scene: &Scene, call: &Call) -> bool {
    let group = call.group.as_ref().filter(|_| call.operation != GROUPLESS);
    group.is_some_and(|id| !is_group(scene, id) || is_elsewhere(scene, call))
}

/// Whether the call sends a group and an id of another group
pub fn is_elsewhere(scene: &Scene, call: &Call) -> bool {
    match (&call.group, &call.target) {
        (Some(_), Some(target)) => group_of(scene, target) != call.group,
        _ => false,
    }
}

/// The operation's own question; the group is the call's for creates and lists, else the target's
fn operation(scene: &Scene, call: &Call, target: Option<&Target>, is_about_new_tags: bool) -> Question {
    let kind = kind(&call.operation);
    let none = Vec::new();
    let sent: Pairs = [call.tags.as_ref().unwrap_or(&none).as_slice(), &call.extra].concat();
    let existing = target.map(|target| &target.tags);
    let group = match (kind, target) {
        (Kind::Create, _) => match &call.group {
            Some(id) if is_group(scene, id) || call.who != Who::Account => Some(id.clone()),
            _ => default_group(scene),
        },
        (Kind::Query, _) if call.operation == GROUPLESS => None,
        (Kind::Query, _) => call.group.clone(),
        (Kind::Update | Kind::Id, Some(target)) => group_of(scene, target),
        (Kind::Update | Kind::Id, None) => None,
    };
    let mut context = given(scene, call);
    let mut tag = |prefix: &str, pairs: &Pairs| {
        for (key, value) in pairs {
            fill(&mut context, &format!("{prefix}/{key}"), value);
        }
    };
    if kind != Kind::Id {
        tag("acs:RequestTag", &sent);
    }
    if kind != Kind::Create {
        tag("acs:ResourceTag", existing.unwrap_or(&none));
    }
    match (kind, existing) {
        (Kind::Create, _) | (Kind::Query, None) => tag("eci:tag", &sent),
        (_, Some(existing)) => tag("eci:tag", existing),
        (_, None) => {}
    }
    Question {
        ask: Ask {
            who: call.who.clone(),
            action: format!("eci:{}", call.operation),
            resource: resource(scene, call, kind),
            group,
            context,
            session: Vec::new(),
            is_assuming: false,
        },
        is_about_new_tags,
    }
}

/// A question beside the operation's own: no tags, no group
fn other(scene: &Scene, call: &Call, action: &str, resource: &str, keys: Vec<(&str, &str)>) -> Question {
    let mut context = given(scene, call);
    for (key, value) in keys {
        fill(&mut context, key, value);
    }
    Question {
        ask: Ask {
            who: call.who.clone(),
            action: action.into(),
            resource: resource.into(),
            group: None,
            context,
            session: Vec::new(),
            is_assuming: false,
        },
        is_about_new_tags: false,
    }
}

/// The call's own values, then the account's, then the clock's
fn given(scene: &Scene, call: &Call) -> Keys {
    let mut context = scene.context.clone();
    context.extend(call.context.clone());
    fill(&mut context, "acs:CurrentTime", &scene.now);
    context
}

/// A given value wins
fn fill(context: &mut Keys, key: &str, value: &str) {
    context.entry(key.into()).or_insert_with(|| vec![value.into()]);
}

fn resource(scene: &Scene, call: &Call, kind: Kind) -> String {
    let name = &call.operation;
    let of = ["ImageCache", "VirtualNode", "DataCache"]
        .into_iter()
        .find(|word| name.contains(word));
    let of = of.unwrap_or("ContainerGroup").to_lowercase();
    let id = match &call.target {
        Some(target) if kind != Kind::Create => target.id.as_deref().unwrap_or("*"),
        _ => "*",
    };
    match name.as_str() {
        "ListTagResources" => "*".into(),
        "DescribeCommitContainerTask" => {
            format!(
                "acs:eci:{}:{}:containergroup/*",
                scene.region, scene.world.account
            )
        }
        _ => format!("acs:eci:{}:{}:{of}/{id}", scene.region, scene.world.account),
    }
}

/// The role of the directory that the call names, without case
fn role<'a>(scene: &'a Scene, call: &Call) -> Option<&'a str> {
    let wanted = call.role.as_ref()?.to_lowercase();
    let role = scene
        .world
        .roles
        .iter()
        .find(|role| role.name.to_lowercase() == wanted)?;
    Some(&role.name)
}

fn is_group(scene: &Scene, id: &str) -> bool {
    scene.groups.iter().any(|(group, _)| group == id)
}

fn default_group(scene: &Scene) -> Option<String> {
    let (id, _) = scene.groups.iter().find(|(_, default)| *default)?;
    Some(id.clone())
}

/// Every resource is in exactly one group: the default where nothing else is said
fn group_of(scene: &Scene, target: &Target) -> Option<String> {
    target.group.clone().or_else(|| default_group(scene))
}

fn sorted(tags: &Pairs) -> Pairs {
    let mut tags = tags.clone();
    tags.sort();
    tags
}
