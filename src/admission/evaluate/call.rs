//! From a request about a pod to the call that ECI would get.

use crate::admission::fields::reading::Fields;
use crate::config::Configuration;
use eci_calls::{Call, Instance, Operation, Refusal, Tags};

/// The tags of ACK's own that are known before a pod has a name: the cluster's id, and the namespace
pub(crate) const SET_BY_ACK: [&str; 2] = ["ClusterId", "NameSpace"];

/// The call that makes a pod's container group
pub(crate) fn create(fields: &Fields, configuration: &Configuration, namespace: &str) -> Call {
    let mut call = Call::new(Operation::CreateContainerGroup);
    call.tags = (!fields.tags.is_empty()).then(|| custom_tags(fields));
    call.extra_tags = extra_tags(configuration, namespace);
    call.resource_group.clone_from(&fields.resource_group);
    call.role.clone_from(&fields.role);
    call.role_arns.clone_from(&fields.role_arns);
    call
}

/// The call that changes a pod's container group, and what ECI would refuse about it beforehand
pub(crate) fn update(
    old: &Fields,
    new: &Fields,
    configuration: &Configuration,
    namespace: &str,
) -> (Call, Vec<Refusal>) {
    let mut call = Call::new(Operation::UpdateContainerGroup);
    let (old_tags, new_tags) = (custom_tags(old), custom_tags(new));
    call.tags = (!old_tags.equals_unordered(&new_tags)).then_some(new_tags);
    call.extra_tags = extra_tags(configuration, namespace);
    call.instance = Some(instance(old, configuration, namespace));
    let mut refusals: Vec<Refusal> = group_change(old, new, configuration).into_iter().collect();
    let role = |fields: &Fields| fields.role.as_ref().map(|name| name.to_ascii_lowercase());
    if role(old) != role(new) {
        refusals.push(Refusal::role_change(old.role.as_deref(), new.role.as_deref()));
    }
    if old.role_arns != new.role_arns {
        refusals.push(Refusal::registry_role_change());
    }
    (call, refusals)
}

/// A call that addresses a pod's container group, such as its deletion
pub(crate) fn by_id(
    operation: Operation,
    fields: &Fields,
    configuration: &Configuration,
    namespace: &str,
) -> Call {
    let mut call = Call::new(operation);
    call.instance = Some(instance(fields, configuration, namespace));
    call
}

/// The call that makes an image cache; ACK adds no tags of its own to it
pub(crate) fn create_image_cache(fields: &Fields) -> Call {
    let mut call = Call::new(Operation::CreateImageCache);
    call.tags = (!fields.tags.is_empty()).then(|| custom_tags(fields));
    call.resource_group.clone_from(&fields.resource_group);
    call
}

/// The call that changes an image cache, and what ECI would refuse about it beforehand
pub(crate) fn update_image_cache(
    old: &Fields,
    new: &Fields,
    configuration: &Configuration,
) -> (Call, Vec<Refusal>) {
    let mut call = image_cache_by_id(Operation::UpdateImageCache, old);
    let (old_tags, new_tags) = (custom_tags(old), custom_tags(new));
    call.tags = (!old_tags.equals_unordered(&new_tags)).then_some(new_tags);
    (call, group_change(old, new, configuration).into_iter().collect())
}

/// A call that addresses an image cache, such as its deletion
pub(crate) fn image_cache_by_id(operation: Operation, fields: &Fields) -> Call {
    let mut call = Call::new(operation);
    call.instance = Some(Instance {
        id: None,
        tags: custom_tags(fields),
        resource_group: fields.resource_group.clone(),
        role: None,
    });
    call
}

/// The refusal of another resource group
fn group_change(old: &Fields, new: &Fields, configuration: &Configuration) -> Option<Refusal> {
    let default = configuration.account.default_group();
    let group = |fields: &Fields| fields.resource_group.as_deref().or(default).map(str::to_owned);
    (group(old) != group(new))
        .then(|| Refusal::group_change(old.resource_group.as_deref(), new.resource_group.as_deref()))
}

/// A container group as its pod describes it; its id is not asked for, because only the provider may be trusted with it
fn instance(fields: &Fields, configuration: &Configuration, namespace: &str) -> Instance {
    let extra = extra_tags(configuration, namespace);
    let own = fields
        .tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    Instance {
        id: None,
        tags: Tags::existing(own.chain(extra.iter()).map(owned)),
        resource_group: fields.resource_group.clone(),
        role: fields.role.clone(),
    }
}

/// Tags that were read strictly, so that no limit is left to check
fn custom_tags(fields: &Fields) -> Tags {
    Tags::existing(fields.tags.iter().cloned())
}

fn extra_tags(configuration: &Configuration, namespace: &str) -> Tags {
    let pairs = configuration
        .cluster_id
        .iter()
        .flat_map(|id| SET_BY_ACK.into_iter().zip([id.as_str(), namespace]));
    Tags::existing(pairs.map(owned))
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ParsedDocument, merge};
    use crate::yaml;

    fn configuration(cluster_id: &str) -> Configuration {
        let text = format!(
            "account: {{id: '1', region: r{cluster_id}}}\nresourceGroups: [{{id: rg-d, default: true, name: d}}, {{id: rg-a, name: a}}]"
        );
        let piece = ParsedDocument::directory_node(&yaml::parse(&text).unwrap().remove(0));
        merge([("directory", &piece)]).unwrap()
    }

    fn fields(group: Option<&str>, role: Option<&str>, tag: Option<&str>) -> Fields {
        Fields {
            tags: tag
                .map(|value| ("env".to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            resource_group: group.map(str::to_owned),
            role: role.map(str::to_owned),
            role_arns: Vec::new(),
        }
    }

    fn pairs(tags: &Tags) -> Vec<(&str, &str)> {
        tags.iter().collect()
    }

    #[test]
    fn the_cluster_adds_its_own_tags_if_it_has_an_id() {
        let fields = fields(None, None, Some("test"));
        let call = create(&fields, &configuration(", clusterId: c1"), "shop");
        assert_eq!(
            pairs(&call.extra_tags),
            [("ClusterId", "c1"), ("NameSpace", "shop")]
        );
        assert_eq!(pairs(call.tags.as_ref().unwrap()), [("env", "test")]);
        let call = by_id(
            Operation::DeleteContainerGroup,
            &fields,
            &configuration(", clusterId: c1"),
            "shop",
        );
        let instance = call.instance.unwrap();
        assert_eq!(
            pairs(&instance.tags),
            [("env", "test"), ("ClusterId", "c1"), ("NameSpace", "shop")]
        );
        assert!(create(&fields, &configuration(""), "shop").extra_tags.is_empty());
    }

    #[test]
    fn an_update_says_what_changes_and_what_cannot() {
        let codes = |old: &Fields, new: &Fields| {
            let (call, refusals) = update(old, new, &configuration(""), "shop");
            (
                call.tags.is_some(),
                refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>(),
            )
        };
        let plain = fields(None, None, None);
        assert_eq!(codes(&plain, &plain), (false, vec![]));
        assert_eq!(codes(&plain, &fields(None, None, Some("x"))), (true, vec![]));
        assert_eq!(codes(&fields(None, None, Some("x")), &plain), (true, vec![]));
        assert_eq!(
            codes(&plain, &fields(Some("rg-d"), None, None)),
            (false, vec![]),
            "the default group by its id"
        );
        assert_eq!(
            codes(&fields(Some("rg-a"), None, None), &plain),
            (false, vec!["ResourceGroupChange"])
        );
        assert_eq!(
            codes(&fields(None, Some("R"), None), &fields(None, Some("r"), None)),
            (false, vec![])
        );
        assert_eq!(
            codes(&fields(None, Some("R"), None), &plain),
            (false, vec!["RoleChange"])
        );
    }
}
