//! Tags of ECI resources and the limits of the API for them.

/// Most tags on one resource
pub const MAX_TAGS: usize = 20;
/// Longest key, in characters; the create call is stricter than the tagging call, and its limit holds here
pub const MAX_KEY: usize = 64;
/// Longest value, in characters
pub const MAX_VALUE: usize = 128;

/// Tags in the order they were given; keys are unique and compared exactly
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<(String, String)>);

/// A tag that ECI does not take
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// More tags than a resource can have
    #[error("{found} tags are too many: ECI takes at most {MAX_TAGS}")]
    TooMany {
        /// How many there are
        found: usize,
    },
    /// A key twice
    #[error("tag key `{key}` is given twice")]
    Repeated {
        /// The key
        key: String,
    },
    /// No key
    #[error("the key of tag value `{value}` is empty")]
    EmptyKey {
        /// The value that has no key
        value: String,
    },
    /// A key over the limit
    #[error("tag key `{key}` has {found} characters: ECI takes at most {MAX_KEY}")]
    LongKey {
        /// The key
        key: String,
        /// Its length
        found: usize,
    },
    /// A value over the limit
    #[error("the value of tag `{key}` has {found} characters: ECI takes at most {MAX_VALUE}")]
    LongValue {
        /// The tag's key
        key: String,
        /// The value's length
        found: usize,
    },
    /// A key that Alibaba Cloud keeps to itself
    #[error("tag key `{key}` starts with `{prefix}`, which Alibaba Cloud keeps to itself")]
    ReservedKey {
        /// The key
        key: String,
        /// What it must not start with
        prefix: &'static str,
    },
    /// A value that Alibaba Cloud keeps to itself
    #[error("the value of tag `{key}` starts with `acs:`, which Alibaba Cloud keeps to itself")]
    ReservedValue {
        /// The tag's key
        key: String,
    },
    /// A link in a key or value
    #[error("tag `{key}` holds `{found}`, which ECI does not take in keys and values")]
    Url {
        /// The tag's key
        key: String,
        /// `http://` or `https://`
        found: &'static str,
    },
}

impl Tags {
    /// Tags of a request, which must keep ECI's limits
    ///
    /// # Errors
    /// The first tag that ECI would not take
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self, TagError> {
        if pairs.len() > MAX_TAGS {
            return Err(TagError::TooMany { found: pairs.len() });
        }
        let mut tags = Self::default();
        for (key, value) in pairs {
            check_tag(&key, &value)?;
            if tags.value(&key).is_some() {
                return Err(TagError::Repeated { key });
            }
            tags.0.push((key, value));
        }
        Ok(tags)
    }

    /// Tags that a resource already has, or that a query filters by: nothing about them is refused
    pub fn existing(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut tags = Self::default();
        for (key, value) in pairs {
            match tags.0.iter_mut().find(|(known, _)| *known == key) {
                Some(known) => known.1 = value,
                None => tags.0.push((key, value)),
            }
        }
        tags
    }

    /// The value of a key
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    /// Keys and values in order
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same tags, in whatever order
    pub fn equals_unordered(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.iter().all(|(key, value)| other.value(key) == Some(value))
    }
}

/// Whether ECI takes a tag
///
/// # Errors
/// The first limit that it breaks
pub fn check_tag(key: &str, value: &str) -> Result<(), TagError> {
    let owned = || key.to_owned();
    let (key_length, value_length) = (key.chars().count(), value.chars().count());
    if key.is_empty() {
        return Err(TagError::EmptyKey {
            value: value.to_owned(),
        });
    }
    if key_length > MAX_KEY {
        return Err(TagError::LongKey {
            key: owned(),
            found: key_length,
        });
    }
    if value_length > MAX_VALUE {
        return Err(TagError::LongValue {
            key: owned(),
            found: value_length,
        });
    }
    if let Some(prefix) = ["aliyun", "acs:"]
        .into_iter()
        .find(|prefix| key.starts_with(prefix))
    {
        return Err(TagError::ReservedKey { key: owned(), prefix });
    }
    if value.starts_with("acs:") {
        return Err(TagError::ReservedValue { key: owned() });
    }
    let linked = |link: &&str| key.contains(*link) || value.contains(*link);
    match ["http://", "https://"].into_iter().find(linked) {
        Some(found) => Err(TagError::Url { key: owned(), found }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_at_their_edges() {
        assert_eq!(check_tag(&"ä".repeat(MAX_KEY), &"ä".repeat(MAX_VALUE)), Ok(()));
        assert_eq!(check_tag("a", ""), Ok(()));
        assert!(matches!(check_tag("", "v"), Err(TagError::EmptyKey { .. })));
        assert!(matches!(
            check_tag(&"k".repeat(MAX_KEY + 1), ""),
            Err(TagError::LongKey { found: 65, .. })
        ));
        assert!(matches!(
            check_tag("k", &"v".repeat(MAX_VALUE + 1)),
            Err(TagError::LongValue { found: 129, .. })
        ));
        assert!(matches!(
            check_tag("aliyunx", ""),
            Err(TagError::ReservedKey { prefix: "aliyun", .. })
        ));
        assert!(matches!(
            check_tag("acs:x", ""),
            Err(TagError::ReservedKey { prefix: "acs:", .. })
        ));
        assert!(matches!(
            check_tag("k", "acs:x"),
            Err(TagError::ReservedValue { .. })
        ));
        assert!(matches!(
            check_tag("k", "see http://x"),
            Err(TagError::Url { found: "http://", .. })
        ));
        assert!(matches!(
            check_tag("https://x", ""),
            Err(TagError::Url {
                found: "https://",
                ..
            })
        ));
        assert_eq!(check_tag("k", "aliyun"), Ok(()));
    }

    #[test]
    fn requests_have_few_and_unique_tags() {
        let pairs = |count: usize| {
            (0..count)
                .map(|at| (format!("k{at}"), String::new()))
                .collect::<Vec<_>>()
        };
        assert!(Tags::from_pairs(pairs(MAX_TAGS)).is_ok());
        assert_eq!(
            Tags::from_pairs(pairs(MAX_TAGS + 1)),
            Err(TagError::TooMany { found: 21 })
        );
        let twice = vec![("k".to_owned(), "a".to_owned()), ("k".to_owned(), "b".to_owned())];
        assert_eq!(
            Tags::from_pairs(twice.clone()),
            Err(TagError::Repeated { key: "k".into() })
        );
        assert_eq!(Tags::existing(twice).value("k"), Some("b"));
    }

    #[test]
    fn order_does_not_tell_tags_apart() {
        let tags = |pairs: &[(&str, &str)]| {
            Tags::existing(
                pairs
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
            )
        };
        assert!(tags(&[("a", "1"), ("b", "2")]).equals_unordered(&tags(&[("b", "2"), ("a", "1")])));
        assert!(!tags(&[("a", "1")]).equals_unordered(&tags(&[("a", "2")])));
        assert!(!tags(&[("a", "1")]).equals_unordered(&tags(&[("a", "1"), ("b", "2")])));
    }
}
