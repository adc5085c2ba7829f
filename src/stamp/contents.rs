//! What runs in a pod, as far as a stamp holds it: a digest for the image and one for the command of each container.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// How many bytes of a digest are kept: half of SHA-256, which nobody finds a second image for
const KEPT: usize = 16;

/// How many containers are told apart; the digests of more are folded into one, so that a stamp stays small
const MOST: usize = 128;

/// The name under which the digests of too many containers are folded; no container can have it
const ALL: &str = "*";

/// The containers of a pod by their names
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Contents(BTreeMap<String, ContainerDigest>);

/// Digests of the image, and of command and arguments, of one container
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerDigest {
    image: [u8; KEPT],
    command: [u8; KEPT],
}

/// The part of a pod's spec that lists a container
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerList {
    /// `initContainers`
    Init,
    /// `containers`
    Main,
}

impl ContainerDigest {
    /// The digests of a container; which list it stands in counts as part of its command
    pub fn new<'t>(
        list: ContainerList,
        image: &str,
        command: impl ExactSizeIterator<Item = &'t str>,
        arguments: impl ExactSizeIterator<Item = &'t str>,
    ) -> Self {
        let mut text = vec![u8::from(list == ContainerList::Init)];
        extend(&mut text, command);
        extend(&mut text, arguments);
        Self {
            image: kept(image.as_bytes()),
            command: kept(&text),
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

/// Texts, each with its length before it, so that no two lists read the same
fn extend<'t>(bytes: &mut Vec<u8>, texts: impl ExactSizeIterator<Item = &'t str>) {
    bytes.extend(texts.len().to_be_bytes());
    for text in texts {
        bytes.extend(text.len().to_be_bytes());
        bytes.extend(text.as_bytes());
    }
}

fn kept(bytes: &[u8]) -> [u8; KEPT] {
    let mut kept = [0; KEPT];
    let whole = digest(&SHA256, bytes);
    kept.iter_mut()
        .zip(whole.as_ref())
        .for_each(|(kept, byte)| *kept = *byte);
    kept
}

impl Contents {
    /// The containers of a pod in their order
    pub fn new(containers: impl IntoIterator<Item = (String, ContainerDigest)>) -> Self {
        let all: Vec<(String, ContainerDigest)> = containers.into_iter().collect();
        if all.len() <= MOST {
            return Self(all.into_iter().collect());
        }
        let fold = |part: fn(&ContainerDigest) -> &[u8; KEPT]| {
            let mut bytes = Vec::new();
            for (name, digest) in &all {
                extend(&mut bytes, std::iter::once(name.as_str()));
                bytes.extend(part(digest));
            }
            kept(&bytes)
        };
        let folded = ContainerDigest {
            image: fold(|digest| &digest.image),
            command: fold(|digest| &digest.command),
        };
        Self([(ALL.to_owned(), folded)].into())
    }

    /// The digests of a container
    pub fn container(&self, name: &str) -> Option<&ContainerDigest> {
        self.0.get(name)
    }

    /// All containers with their digests
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ContainerDigest)> {
        self.0.iter().map(|(name, digest)| (name.as_str(), digest))
    }

    /// Whether there were too many containers to tell them apart
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
        let read = |part: &str| <[u8; KEPT]>::try_from(HEXLOWER.decode(part.as_bytes()).ok()?).ok();
        text.split_once('.')
            .and_then(|(image, command)| {
                Some(Self {
                    image: read(image)?,
                    command: read(command)?,
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
    fn image_and_command_are_told_apart() {
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
        assert!(!one.same_command(&init), "the list counts");
    }

    #[test]
    fn digests_read_as_they_are_written() {
        let contents = Contents::new([("main".to_owned(), digest_of("app:1", &[], &[]))]);
        let text = serde_json::to_string(&contents).unwrap();
        assert_eq!(serde_json::from_str::<Contents>(&text).unwrap(), contents);
        assert!(serde_json::from_str::<Contents>(r#"{"main": "00.11"}"#).is_err());
        assert!(serde_json::from_str::<Contents>(r#"{"main": "x"}"#).is_err());
    }

    #[test]
    fn too_many_containers_become_one_digest_of_all() {
        let many = |last: &str| {
            let digests = (0..=MOST).map(|number| (format!("c{number}"), digest_of("app:1", &[], &[])));
            Contents::new(digests.chain([("last".to_owned(), digest_of(last, &[], &[]))]))
        };
        assert!(many("app:1").is_folded());
        assert_eq!(many("app:1"), many("app:1"));
        assert_ne!(many("app:1"), many("app:2"));
        assert_eq!(many("app:1").iter().len(), 1);
    }
}
