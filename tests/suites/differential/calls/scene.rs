//! An account and a call as plain data, and how they are handed to the engine.

use std::collections::BTreeMap;

use eci_calls::{self, CallEvaluation, Instance, Operation, ResourceGroup, RoleArn, Tags};
use ram_policy::{Context, PolicySet};

use crate::world::{Compiled, Who, World};

pub type Pairs = Vec<(String, String)>;
pub type Keys = BTreeMap<String, Vec<String>>;

#[derive(Clone, Debug)]
pub struct Scene {
    pub world: World,
    pub region: String,
    /// The service-linked roles that exist; none where that is unknown
    pub linked: Option<Vec<String>>,
    /// What `acs:Service` says when ECI receives a role
    pub pass_service: Option<String>,
    /// Ids of the groups that exist, and which is the default
    pub groups: Vec<(String, bool)>,
    pub context: Keys,
    pub now: String,
    /// Whether every statement speaks of all resources
    pub is_plain: bool,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub who: Who,
    pub operation: String,
    pub tags: Option<Pairs>,
    /// What ACK adds to a create
    pub extra: Pairs,
    pub group: Option<String>,
    pub role: Option<String>,
    pub arns: Vec<String>,
    pub target: Option<Target>,
    pub context: Keys,
}

/// What the call's id names, as it stands
#[derive(Clone, Debug)]
pub struct Target {
    /// None for what has none yet
    pub id: Option<String>,
    pub tags: Pairs,
    pub group: Option<String>,
    pub role: Option<String>,
}

/// The engine's evaluation
pub fn evaluate(compiled: &Compiled, scene: &Scene, call: &Call) -> CallEvaluation {
    evaluate_in(&compiled.set, scene, call)
}

/// The engine's evaluation by another set than the scene's own
pub fn evaluate_in(set: &PolicySet, scene: &Scene, call: &Call) -> CallEvaluation {
    let (principal, now) = (call.who.principal(), scene.now.parse().unwrap());
    eci_calls::evaluate(set, &account(scene), &principal, &asked(call), now)
}

/// The account as the engine takes it
pub fn account(scene: &Scene) -> eci_calls::Account {
    eci_calls::Account {
        region: scene.region.clone(),
        service_linked_roles: (scene.linked.as_ref()).map(|names| names.iter().cloned().collect()),
        pass_role_service: scene.pass_service.clone(),
        resource_groups: (scene.groups.iter())
            .map(|(id, default)| ResourceGroup {
                id: id.clone(),
                name: None,
                default: *default,
            })
            .collect(),
        context: context(&scene.context),
    }
}

/// The call as the engine takes it
pub fn asked(call: &Call) -> eci_calls::Call {
    let operation: Operation = call.operation.parse().unwrap();
    eci_calls::Call {
        tags: call.tags.as_ref().map(tags),
        extra_tags: tags(&call.extra),
        resource_group: call.group.clone(),
        role: call.role.clone(),
        role_arns: (call.arns.iter())
            .map(|arn| RoleArn::parse(arn).unwrap())
            .collect(),
        instance: call.target.as_ref().map(|target| Instance {
            id: target.id.clone(),
            tags: tags(&target.tags),
            resource_group: target.group.clone(),
            role: target.role.clone(),
        }),
        context: context(&call.context),
        ..eci_calls::Call::new(operation)
    }
}

fn tags(pairs: &Pairs) -> Tags {
    Tags::from_pairs(pairs.clone()).unwrap()
}

fn context(keys: &Keys) -> Context {
    keys.clone().into_iter().collect()
}
