//! Tags of ECI resources, and the API's limits for them.

/// The most tags on one resource
pub const MAX_TAGS: usize = 20;
/// The longest key, in characters; the create call allows less than the tagging call, and its limit applies
pub const MAX_KEY: usize = 64;
/// The longest value, in characters
pub const MAX_VALUE: usize = 128;

/// Tags in their order; keys are unique and compare exactly
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<(String, String)>);

/// The error of a tag that ECI does not accept
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// More tags than a resource can have
    #[error("{found} tags are too many: ECI takes at most {MAX_TAGS}")]
    TooMany {
        /// The number of tags
        found: usize,
    },
    /// A key that is given twice
    #[error("tag key `{key}` is given twice")]
    Repeated {
        /// The key
        key: String,
    },
    /// An empty key
    #[error("the key of tag value `{value}` is empty")]
    EmptyKey {
        /// The value of the tag
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
    /// A key with a prefix that Alibaba Cloud reserves
    #[error("tag key `{key}` starts with `{prefix}`, which Alibaba Cloud keeps to itself")]
    ReservedKey {
        /// The key
        key: String,
        /// The reserved prefix
        prefix: &'static str,
    },
    /// A value with a prefix that Alibaba Cloud reserves
    #[error("the value of tag `{key}` starts with `acs:`, which Alibaba Cloud keeps to itself")]
    ReservedValue {
        /// The tag's key
        key: String,
    },
    /// A URL in a key or value
    #[error("tag `{key}` holds `{found}`, which ECI does not take in keys and values")]
    Url {
        /// The tag's key
        key: String,
        /// `http://` or `https://`
        found: &'static str,
    },
}

impl Tags {
    /// Checks the tags of a request.
    ///
    /// ```
    /// use eci_calls::Tags;
    ///
    /// let tags = Tags::from_pairs(vec![("env".into(), "test".into())])?;
    /// assert_eq!(tags.value("env"), Some("test"));
    /// let error = Tags::from_pairs(vec![("acs:env".into(), "test".into())]).unwrap_err();
    /// assert_eq!(error.to_string(), "tag key `acs:env` starts with `acs:`, which Alibaba Cloud keeps to itself");
    /// # Ok::<(), eci_calls::TagError>(())
    /// ```
    ///
    /// # Errors
    /// There are too many tags, a key is given twice, or [`check_tag`] fails for one of them.
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

    /// Takes the tags that a resource already has, or that a query filters by, unchecked. Of a repeated key, the last
    /// value counts.
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

    /// The value of a key; `None` if no tag has it
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

    /// Whether both have the same keys and values, in any order
    pub fn equals_unordered(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.iter().all(|(key, value)| other.value(key) == Some(value))
    }
}

/// Checks a tag against ECI's limits.
///
/// # Errors
/// The key is empty; key or value is too long, starts with a reserved prefix, or holds a URL.
pub fn check_tag(key: &str, value: &str) -> Result<(), TagError> {
    check_lengths(key, value)?;
    let mut reserved = ["aliyun", "acs:"].into_iter();
    let key_prefix = reserved.find(|prefix| key.starts_with(prefix));
    let key_text = || key.to_owned();
    if let Some(prefix) = key_prefix {
        return Err(TagError::ReservedKey {
            key: key_text(),
            prefix,
        });
    }
    if value.starts_with("acs:") {
        return Err(TagError::ReservedValue { key: key_text() });
    }
    let is_inside = |scheme: &&str| key.contains(*scheme) || value.contains(*scheme);
    match ["http://", "https://"].into_iter().find(is_inside) {
        Some(found) => Err(TagError::Url {
            key: key_text(),
            found,
        }),
        None => Ok(()),
    }
}

fn check_lengths(key: &str, value: &str) -> Result<(), TagError> {
    let (key_length, value_length) = (key.chars().count(), value.chars().count());
    if key.is_empty() {
        let value = value.to_owned();
        Err(TagError::EmptyKey { value })
    } else if key_length > MAX_KEY {
        let (key, found) = (key.to_owned(), key_length);
        Err(TagError::LongKey { key, found })
    } else if value_length > MAX_VALUE {
        let (key, found) = (key.to_owned(), value_length);
        Err(TagError::LongValue { key, found })
    } else {
        Ok(())
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
    fn tags_compare_in_any_order() {
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
