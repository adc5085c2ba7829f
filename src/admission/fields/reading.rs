//! The ECI fields of a pod, read from its annotations.
//!
//! Nobody outside Alibaba Cloud knows how the provider reads a malformed value. So ramgate refuses every value that can
//! be read in two ways, each with a message of its own. It trims and guesses nothing.

use crate::admission::fields::changes::Changes;
use crate::admission::fields::malformed_annotation::{AnnotationFault, MalformedAnnotation};
use crate::admission::fields::parse_names::{parse_resource_group, parse_role_arns, parse_role_name};
use crate::admission::fields::parse_tags::parse_tags;
use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, ECI_FIELDS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS, texts_of,
};
use crate::kubernetes::pod::Pod;
use crate::stamp::FieldTexts;
use eci_calls::RoleArn;

/// The ECI fields of a pod, its tags in the order of the annotation
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Custom tags; keys are unique
    pub tags: Vec<(String, String)>,
    /// Resource group id; `None` means the account's default group
    pub resource_group: Option<String>,
    /// Name of the instance role
    pub role: Option<String>,
    /// Roles for pulling images, those of services first
    pub role_arns: Vec<RoleArn>,
}

impl Fields {
    /// Reads the ECI fields of a pod
    ///
    /// ```text
    /// k8s.aliyun.com/eci-custom-tags: "env:test"      ->  tags: [("env", "test")]
    /// k8s.aliyun.com/eci-ram-role-name: "Reader"      ->  role: "Reader"
    ///
    /// k8s.aliyun.com/eci-custom-tags: "env: test"     ->  Blank("before the value") in entry 1
    /// ```
    ///
    /// # Errors
    ///
    /// Every malformed annotation, with its first fault.
    pub fn read(pod: &Pod<'_>) -> Result<Self, Vec<MalformedAnnotation>> {
        Self::from_texts(&texts(pod, &Changes::default()))
    }

    /// Reads the ECI fields from the annotations' values
    ///
    /// # Errors
    ///
    /// Every malformed annotation, with its first fault.
    pub(crate) fn from_texts(texts: &FieldTexts) -> Result<Self, Vec<MalformedAnnotation>> {
        let (fields, malformed) = Self::readable(texts);
        if malformed.is_empty() {
            Ok(fields)
        } else {
            Err(malformed)
        }
    }

    /// The ECI fields that can be read, and every malformed annotation, whose field counts as absent
    pub(crate) fn readable(texts: &FieldTexts) -> (Self, Vec<MalformedAnnotation>) {
        let mut malformed = Vec::new();
        let all = &mut malformed;
        let tags = parsed(CUSTOM_TAGS, &texts.tags, parse_tags, all);
        let resource_group = parsed(
            RESOURCE_GROUP_ID,
            &texts.resource_group_id,
            parse_resource_group,
            all,
        );
        let role = parsed(RAM_ROLE_NAME, &texts.ram_role_name, parse_role_name, all);
        let service_arns = parsed(SERVICE_ARNS, &texts.service_arns, parse_role_arns, all);
        let user_arns = parsed(USER_ARNS, &texts.user_arns, parse_role_arns, all);
        let fields = Self {
            tags: tags.unwrap_or_default(),
            resource_group,
            role,
            role_arns: service_arns.into_iter().chain(user_arns).flatten().collect(),
        };
        (fields, malformed)
    }

    /// Whether ECI does the same with both; the order of tags does not matter
    pub(crate) fn is_equivalent(&self, other: &Self) -> bool {
        let tags = |fields: &Self| {
            let mut tags = fields.tags.clone();
            tags.sort_unstable();
            tags
        };
        tags(self) == tags(other)
            && self.resource_group == other.resource_group
            && self.role == other.role
            && self.role_arns == other.role_arns
    }

    /// The value of the tag annotation; `None` if there are no tags
    pub fn written_tags(&self) -> Option<String> {
        let entries: Vec<String> = self
            .tags
            .iter()
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        (!entries.is_empty()).then(|| entries.join(","))
    }
}

/// Whether two pods have the same text in every annotation that ECI reads
pub(crate) fn same_fields(one: &Pod<'_>, other: &Pod<'_>) -> bool {
    ECI_FIELDS
        .iter()
        .all(|key| one.annotation(key) == other.annotation(key))
}

/// The values of the annotations that ECI reads, as the pod has them after these changes
pub(crate) fn texts(pod: &Pod<'_>, changes: &Changes) -> FieldTexts {
    texts_of(|annotation| changes.applied(annotation, pod.annotation(annotation)))
}

/// Parses one annotation; `None` if the pod does not have it, or if it is malformed
fn parsed<T>(
    annotation: &'static str,
    text: &Option<String>,
    parse: impl Fn(&str) -> Result<T, AnnotationFault>,
    malformed: &mut Vec<MalformedAnnotation>,
) -> Option<T> {
    let text = text.as_ref()?;
    let parsed = if text.is_empty() {
        Err(AnnotationFault::Empty)
    } else {
        parse(text)
    };
    match parsed {
        Ok(value) => Some(value),
        Err(fault) => {
            malformed.push(MalformedAnnotation { annotation, fault });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(annotation: &str, value: &str) -> Result<Fields, String> {
        let json = json!({"metadata": {"annotations": {annotation: value}}}).to_string();
        let fields = Fields::read(&Pod::parse(&json).unwrap());
        fields.map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn good_values_are_read_as_they_stand() {
        assert_eq!(
            read(CUSTOM_TAGS, "env:test,团队:a b,empty:").unwrap().tags,
            [("env", "test"), ("团队", "a b"), ("empty", "")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        assert_eq!(
            read(RESOURCE_GROUP_ID, "rg-acfm")
                .unwrap()
                .resource_group
                .as_deref(),
            Some("rg-acfm")
        );
        assert_eq!(
            read(RAM_ROLE_NAME, "ECI.Role_1-x").unwrap().role.as_deref(),
            Some("ECI.Role_1-x")
        );
        assert_eq!(
            read(USER_ARNS, "acs:ram::1:role/A,acs:ram::2:role/B")
                .unwrap()
                .role_arns,
            ["acs:ram::1:role/A", "acs:ram::2:role/B"].map(|arn| RoleArn::parse(arn).unwrap())
        );
        assert_eq!(read("other", "a,,b"), Ok(Fields::default()));
    }

    #[test]
    fn every_slip_has_its_own_words() {
        let long = "r".repeat(65);
        let many = "k:v,".repeat(21);
        let (long_key, long_value) = (format!("{long}:v"), format!("k:{}", "v".repeat(129)));
        let slips = [
            (CUSTOM_TAGS, ""),
            (CUSTOM_TAGS, "env"),
            (CUSTOM_TAGS, "env:test,name"),
            (CUSTOM_TAGS, "env:test:x"),
            (CUSTOM_TAGS, "env:test,"),
            (CUSTOM_TAGS, ",env:test"),
            (CUSTOM_TAGS, ":test"),
            (CUSTOM_TAGS, "env:a,team:b,env:c"),
            (CUSTOM_TAGS, "env:test, team:b"),
            (CUSTOM_TAGS, "env :test"),
            (CUSTOM_TAGS, "env: test"),
            (CUSTOM_TAGS, "env:test "),
            (CUSTOM_TAGS, "env:a\nb"),
            (CUSTOM_TAGS, "site:https://example.com"),
            (CUSTOM_TAGS, "acs:x"),
            (CUSTOM_TAGS, "env:acs:x"),
            (CUSTOM_TAGS, "PodName:other"),
            (CUSTOM_TAGS, &many),
            (CUSTOM_TAGS, "aliyun-x:y"),
            (CUSTOM_TAGS, &long_key),
            (CUSTOM_TAGS, &long_value),
            (RESOURCE_GROUP_ID, ""),
            (RESOURCE_GROUP_ID, "rg-a,rg-b"),
            (RESOURCE_GROUP_ID, " rg-a"),
            (RAM_ROLE_NAME, ""),
            (RAM_ROLE_NAME, "acs:ram::123:role/Reader"),
            (RAM_ROLE_NAME, "acs:oss:*:*:*"),
            (RAM_ROLE_NAME, "my role"),
            (RAM_ROLE_NAME, &long),
            (SERVICE_ARNS, ""),
            (SERVICE_ARNS, "Reader"),
            (SERVICE_ARNS, "acs:ram::1:role/A, acs:ram::1:role/B"),
            (USER_ARNS, "acs:ram::1:role/A,"),
            (USER_ARNS, "acs:ram::x:role/A"),
            (USER_ARNS, "acs:ram:cn-hangzhou:1:role/A"),
        ];
        let messages: Vec<String> = slips
            .iter()
            .map(|(annotation, value)| {
                read(annotation, value)
                    .unwrap_err()
                    .replace("k8s.aliyun.com/", "")
            })
            .collect();
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn all_malformed_annotations_are_told_at_once() {
        let json =
            json!({"metadata": {"annotations": {CUSTOM_TAGS: "a", RAM_ROLE_NAME: "", USER_ARNS: "x"}}})
                .to_string();
        let malformed = Fields::read(&Pod::parse(&json).unwrap()).unwrap_err();
        assert_eq!(
            malformed.iter().map(|one| one.annotation).collect::<Vec<_>>(),
            [CUSTOM_TAGS, RAM_ROLE_NAME, USER_ARNS]
        );
    }

    #[test]
    fn limits_hold_at_their_edge() {
        assert!(parse_tags(&format!("{}:{}", "k".repeat(64), "v".repeat(128))).is_ok());
        assert!(parse_tags(&(0..20).map(|n| format!("k{n}:v")).collect::<Vec<_>>().join(",")).is_ok());
        assert!(parse_role_name(&"r".repeat(64)).is_ok() && parse_role_name(&"r".repeat(65)).is_err());
        assert!(
            parse_resource_group(&"g".repeat(64)).is_ok() && parse_resource_group(&"g".repeat(65)).is_err()
        );
    }

    proptest! {
        #[test]
        fn accepted_tags_can_be_written_again(text in "[a-zA-Z:, \u{e9}./=-]{0,30}") {
            if let Ok(tags) = parse_tags(&text) {
                let fields = Fields { tags, ..Fields::default() };
                prop_assert_eq!(fields.written_tags(), Some(text));
            }
        }
    }
}
