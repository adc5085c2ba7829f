//! Digests of the images and commands of a pod's containers.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// How many bytes of a digest are kept: half of SHA-256, which still rules out a second preimage
const KEPT: usize = 16;

/// How many containers have digests of their own; if there are more, one digest covers all, so a stamp stays small
const MOST_CONTAINERS: usize = 128;

/// The name of the digest that covers all containers; no container can have this name
const ALL: &str = "*";

/// The digests of a pod's containers, by container name
///
/// ```text
/// {"main": "<digest of the image>.<digest of the command>"}
/// {"*": "<digest of all images>.<digest of all commands>"}   for more than 128 containers
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct ContainerDigests(BTreeMap<String, ContainerDigest>);

/// The digests of one container: one of its image, one of its command and arguments
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerDigest {
    image: [u8; KEPT],
    command: [u8; KEPT],
}

/// The list of a pod's spec that a container is in
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerList {
    /// `initContainers`
    Init,
    /// `containers`
    Main,
}

impl ContainerDigest {
    /// The digests of a container; its list counts as part of its command
    pub fn new<'t>(
        list: ContainerList,
        image: &str,
        command: impl ExactSizeIterator<Item = &'t str>,
        arguments: impl ExactSizeIterator<Item = &'t str>,
    ) -> Self {
        let mut bytes = vec![u8::from(list == ContainerList::Init)];
        length_prefixed(&mut bytes, command);
        length_prefixed(&mut bytes, arguments);
        Self {
            image: truncated_digest(image.as_bytes()),
            command: truncated_digest(&bytes),
        }
    }

    /// Whether both have the same image
    pub fn same_image(&self, other: &Self) -> bool {
        self.image == other.image
    }

    /// Whether both have the same command and arguments
    pub fn same_command(&self, other: &Self) -> bool {
        self.command == other.command
    }
}

/// Appends texts, each after its length, so no two different lists give the same bytes
fn length_prefixed<'t>(bytes: &mut Vec<u8>, texts: impl ExactSizeIterator<Item = &'t str>) {
    bytes.extend(texts.len().to_be_bytes());
    for text in texts {
        bytes.extend(text.len().to_be_bytes());
        bytes.extend(text.as_bytes());
    }
}

fn truncated_digest(bytes: &[u8]) -> [u8; KEPT] {
    // SHA-256 always has these bytes
    let digest = digest(&SHA256, bytes);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

impl ContainerDigests {
    /// The digests of containers, given in the order of the pod
    pub fn new(containers: impl IntoIterator<Item = (String, ContainerDigest)>) -> Self {
        let all: Vec<(String, ContainerDigest)> = containers.into_iter().collect();
        if all.len() <= MOST_CONTAINERS {
            return Self(all.into_iter().collect());
        }
        let digest_of_all = |property: fn(&ContainerDigest) -> &[u8; KEPT]| {
            let mut bytes = Vec::new();
            for (name, digest) in &all {
                length_prefixed(&mut bytes, std::iter::once(name.as_str()));
                bytes.extend(property(digest));
            }
            truncated_digest(&bytes)
        };
        let all = ContainerDigest {
            image: digest_of_all(|digest| &digest.image),
            command: digest_of_all(|digest| &digest.command),
        };
        Self([(ALL.to_owned(), all)].into())
    }

    /// The digests of a container
    pub fn container(&self, name: &str) -> Option<&ContainerDigest> {
        self.0.get(name)
    }

    /// All containers with their digests
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ContainerDigest)> {
        self.0.iter().map(|(name, digest)| (name.as_str(), digest))
    }

    /// Whether one digest covers all containers, because there are too many
    pub fn is_folded(&self) -> bool {
        self.0.contains_key(ALL)
    }
}

impl fmt::Display for ContainerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (image, command) = (HEXLOWER.encode(&self.image), HEXLOWER.encode(&self.command));
        write!(f, "{image}.{command}")
    }
}

impl From<ContainerDigest> for String {
    fn from(digest: ContainerDigest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for ContainerDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let decode = |part: &str| <[u8; KEPT]>::try_from(HEXLOWER.decode(part.as_bytes()).ok()?).ok();
        text.split_once('.')
            .and_then(|(image, command)| {
                Some(Self {
                    image: decode(image)?,
                    command: decode(command)?,
                })
            })
            .ok_or("digests of a container are two hexadecimal numbers of 32 digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(image: &str, command: &[&str], arguments: &[&str]) -> ContainerDigest {
        let (command, arguments) = (command.iter().copied(), arguments.iter().copied());
        ContainerDigest::new(ContainerList::Main, image, command, arguments)
    }

    #[test]
    fn image_and_command_have_digests_of_their_own() {
        let one = digest_of("app:1", &["run"], &["fast"]);
        assert_eq!(one, digest_of("app:1", &["run"], &["fast"]));
        let other = digest_of("app:2", &["run"], &["fast"]);
        assert!(!one.same_image(&other) && one.same_command(&other));
        for (command, arguments) in [
            (&["run", "fast"][..], &[][..]),
            (&[], &["run", "fast"]),
            (&["runfast"], &[]),
            (&["run"], &["fast", ""]),
        ] {
            let other = digest_of("app:1", command, arguments);
            assert!(
                one.same_image(&other) && !one.same_command(&other),
                "{command:?} {arguments:?}"
            );
        }
        let init = ContainerDigest::new(
            ContainerList::Init,
            "app:1",
            ["run"].into_iter(),
            ["fast"].into_iter(),
        );
        assert!(!one.same_command(&init), "the digest covers the list");
    }

    #[test]
    fn digests_read_as_they_are_written() {
        let digests = ContainerDigests::new([("main".to_owned(), digest_of("app:1", &[], &[]))]);
        let text = serde_json::to_string(&digests).unwrap();
        assert_eq!(serde_json::from_str::<ContainerDigests>(&text).unwrap(), digests);
        assert!(serde_json::from_str::<ContainerDigests>(r#"{"main": "00.11"}"#).is_err());
        assert!(serde_json::from_str::<ContainerDigests>(r#"{"main": "x"}"#).is_err());
    }

    #[test]
    fn too_many_containers_become_one_digest_of_all() {
        let many = |last: &str| {
            let digests =
                (0..=MOST_CONTAINERS).map(|number| (format!("c{number}"), digest_of("app:1", &[], &[])));
            ContainerDigests::new(digests.chain([("last".to_owned(), digest_of(last, &[], &[]))]))
        };
        assert!(many("app:1").is_folded());
        assert_eq!(many("app:1"), many("app:1"));
        assert_ne!(many("app:1"), many("app:2"));
        assert_eq!(many("app:1").iter().len(), 1);
    }
}
