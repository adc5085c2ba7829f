//! `ramgate stamp verify`: one stamp in plain words, and whether it is to be believed.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::analysis::survey::agreement::{Difference, asked, differences};
use crate::analysis::survey::judge::stamp;
use crate::analysis::survey::live::{cluster_uid, ring};
use crate::analysis::survey::source::{stamp_of, text};
use crate::analysis::survey::{Source, Stamp, agreement};
use crate::cli::report::{Exit, Output, Problem, print, print_json};
use crate::cli::site::{Ground, Site, SiteArgs, unread};
use crate::cli::stamp::target;
use crate::cli::{manifest, site};
use crate::config::ClusterSettings;
use crate::kubernetes::eci_annotations::{
    CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID, SERVICE_ARNS, USER_ARNS,
};
use crate::stamp::{Broken, Claims, Signer, unverified};
use crate::wording::{NAME_LENGTH, clipped, described, quoted};

/// The longest value that a line shows; tags of a pod may be longer than names
const VALUE: usize = 256;

/// Say in plain words what the stamp of a pod or workload says, and whether it is to be believed
///
/// The exit code is 2 if one is not. It takes the right to read the Secret with the keys.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Pods or workloads of the cluster, such as deployment/web
    #[arg(value_name = "KIND/NAME", required_unless_present = "files")]
    targets: Vec<String>,
    /// Manifests (YAML or JSON) in place of them: files, folders, or - for standard input
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "FILE|DIR|-",
        conflicts_with = "targets"
    )]
    files: Vec<PathBuf>,
    /// The namespace of what names none; without it the one of the context
    #[arg(short = 'n', long = "in", value_name = "NS")]
    within: Option<String>,
    #[command(flatten)]
    site: SiteArgs,
}

/// What there is to say of one stamp
struct Verified {
    source: Source,
    namespace: String,
    name: String,
    at: Option<String>,
    stamp: Stamp,
    /// What it says, believed or not
    claims: Option<Claims>,
    is_newest: bool,
    differences: Vec<Difference>,
    /// Whether mapping and eci-profile account for the differences
    is_explained: bool,
}

pub(super) fn run(args: &VerifyArgs, output: Output) -> Result<Exit, Problem> {
    let verified = site::run(verified(args))?;
    match output {
        Output::Human => print(&verified.iter().map(Verified::human).collect::<String>()),
        Output::Json => print_json(&json!({
            "good": verified.iter().all(Verified::is_good),
            "stamps": verified.iter().map(Verified::as_json).collect::<Vec<_>>(),
        })),
    }
    Ok(match verified.iter().all(Verified::is_good) {
        true => Exit::Good,
        false => Exit::Denied,
    })
}

async fn verified(args: &VerifyArgs) -> Result<Vec<Verified>, Problem> {
    let site = Site::open(&args.site).await?;
    let namespace = site.namespace(args.within.as_ref())?;
    let mut ground = None;
    let objects = objects(args, &site, &namespace, &mut ground).await?;
    let secret = &site.installation.stamp_secret;
    let ring = ring(&site.reader, site.release(), secret).await.map_err(unread)?;
    let ring = ring.ok_or_else(|| {
        Problem::Usage(format!(
            "Secret {}/{secret} is not there, and without its keys no stamp can be checked: --namespace is where ramgate is \
             installed, --stamp-secret names the Secret",
            site.release()
        ))
    })?;
    let signer = Signer::new(ring, cluster_uid(&site.reader).await.map_err(unread)?);
    let mut all = Vec::new();
    for (source, object) in &objects {
        let mut found = Verified::of(source, object, &signer, &ClusterSettings::default())?;
        if found.iter().any(Verified::is_of_another_object) {
            // What controllers of listed kinds make of an object, the configuration tells
            found = Verified::of(source, object, &signer, settings(&site, &mut ground).await?)?;
        }
        for mut one in found {
            if !one.differences.is_empty() && one.stamp.claims().is_some() {
                let ground = match &mut ground {
                    Some(ground) => &*ground,
                    none => none.insert(site.ground().await?),
                };
                one.is_explained = one.is_accounted_for(ground, object);
            }
            all.push(one);
        }
    }
    match all.is_empty() {
        true => Err(Problem::Usage(
            "there is no pod and no pod template in it".to_owned(),
        )),
        false => Ok(all),
    }
}

/// What is to be verified; a kind that is not built in is looked for in the configuration
async fn objects(
    args: &VerifyArgs,
    site: &Site<'_>,
    namespace: &str,
    ground: &mut Option<Ground>,
) -> Result<Vec<(Source, Value)>, Problem> {
    let built_in = ClusterSettings::default();
    let mut objects = Vec::new();
    for text in &args.targets {
        let (kind, name) = target::split(text)?;
        let source = match Source::meant(kind, &built_in) {
            Some(source) => source,
            None => target::source(kind, settings(site, ground).await?)?,
        };
        let found = target::read(site, source, namespace, name).await?;
        objects.push((found.source, found.object));
    }
    for manifest in manifest::read(&args.files)? {
        let mut object = manifest.object;
        let source = match Source::of(&object, &built_in) {
            Some(source) => Some(source),
            None => Source::of(&object, settings(site, ground).await?),
        };
        if text(&object, "/metadata/namespace").is_empty()
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
        objects.extend(source.map(|source| (source, object)));
    }
    Ok(objects)
}

async fn settings<'g>(
    site: &Site<'_>,
    ground: &'g mut Option<Ground>,
) -> Result<&'g ClusterSettings, Problem> {
    let ground = match ground {
        Some(ground) => ground,
        none => none.insert(site.ground().await?),
    };
    Ok(&ground.configuration.cluster)
}

impl Verified {
    /// The stamps in an object
    fn of(
        source: &Source,
        object: &Value,
        signer: &Signer,
        settings: &ClusterSettings,
    ) -> Result<Vec<Self>, Problem> {
        let owned = source.owned(object);
        let namespace = text(object, "/metadata/namespace");
        let unread = |error: serde_json::Error| {
            let (kind, name) = (source.kind(), text(object, "/metadata/name"));
            Problem::Usage(format!("{kind} {namespace}/{name}: {error}"))
        };
        let templates = source.templates(object).map_err(unread)?.into_iter();
        let one = |(at, reviewed): (Option<String>, &Value)| {
            let written = stamp_of(reviewed);
            let stamp = stamp(Some(signer), written, namespace, &owned, settings);
            let (fields, account) = asked(reviewed).map_err(unread)?;
            let differences = stamp.claims().map_or_else(Vec::new, |claims| {
                differences(claims, &fields, account.as_deref())
            });
            Ok(Self {
                source: source.clone(),
                namespace: namespace.to_owned(),
                name: text(object, "/metadata/name").to_owned(),
                at,
                is_newest: stamp.key() == Some(signer.ring().newest().id()),
                claims: written.and_then(unverified),
                stamp,
                differences,
                is_explained: false,
            })
        };
        templates.map(one).collect()
    }

    /// Whether what differs is what the server itself accounts for: mapping and eci-profile, as they are today
    fn is_accounted_for(&self, ground: &Ground, object: &Value) -> bool {
        let rows = ground.judge().rows(&self.source, object);
        let row = rows.into_iter().find(|row| row.at == self.at);
        row.is_some_and(|row| {
            let causes = row.today.denied().map_or(&[][..], |denied| &denied.causes);
            // What RAM says was asked after the fields were held against the stamp
            let is_of_ram = |reason: &str| matches!(reason, "ImplicitDeny" | "ExplicitDeny");
            causes.iter().all(|cause| is_of_ram(&cause.reason))
        })
    }

    fn is_of_another_object(&self) -> bool {
        matches!(
            self.stamp,
            Stamp::Broken {
                reason: Some(Broken::Object(_)),
                ..
            }
        )
    }

    fn is_good(&self) -> bool {
        self.stamp.claims().is_some() && (self.differences.is_empty() || self.is_explained)
    }

    /// Why it is not to be believed
    fn trouble(&self) -> Option<String> {
        match &self.stamp {
            Stamp::Missing => Some("there is no stamp: nothing says who asked for it".to_owned()),
            Stamp::Broken { reason, .. } => {
                let reason = reason
                    .as_ref()
                    .map_or_else(String::new, |reason| format!(": {reason}"));
                Some(format!("the stamp is not to be believed{reason}"))
            }
            Stamp::Good { .. } if self.is_good() => None,
            Stamp::Good { .. } => {
                Some("the stamp was written by ramgate, but not for what this asks for now".to_owned())
            }
        }
    }

    fn human(&self) -> String {
        let at = self.at.as_ref().map_or_else(String::new, |at| format!(" ({at})"));
        let title = format!(
            "{} {}/{}{at}",
            self.source.kind(),
            clipped(&self.namespace, NAME_LENGTH),
            clipped(&self.name, VALUE)
        );
        let verdict = self.trouble().unwrap_or_else(|| "the stamp is good".to_owned());
        let mut lines = vec![format!("{title}: {verdict}")];
        if let Some(claims) = &self.claims {
            if self.stamp.claims().is_none() {
                lines.push("what it says, of which nothing is proved:".to_owned());
            }
            let pairs = self.said(claims);
            lines.extend(pairs.into_iter().map(|(what, said)| format!("  {what:16}{said}")));
        }
        lines.extend(self.differences.iter().map(|difference| {
            let because = if self.is_explained {
                ", as mapping or eci-profile make it"
            } else {
                ""
            };
            format!("  {}", told(difference) + because)
        }));
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// What the stamp says, line by line
    fn said(&self, claims: &Claims) -> Vec<(&'static str, String)> {
        let principal = claims.principal.as_ref();
        let cluster = match self.stamp.claims() {
            Some(_) => "of this cluster".to_owned(),
            None => format!("of cluster {}", clipped(&claims.cluster, NAME_LENGTH)),
        };
        let key = self.stamp.key().map(|key| {
            let newest = if self.is_newest { ", the newest" } else { "" };
            format!("{}{newest}", clipped(key, NAME_LENGTH))
        });
        let namespace = clipped(&claims.namespace, NAME_LENGTH);
        let mut pairs = vec![
            ("asked by", quoted(&claims.user, VALUE)),
            (
                "for",
                principal.map_or_else(
                    || "nobody: the user was bound to no RAM principal".to_owned(),
                    described,
                ),
            ),
            ("in", format!("namespace {namespace} {cluster}")),
            (
                "written into",
                claims.object.as_ref().map_or_else(
                    || "any object there: it is of the first form".to_owned(),
                    |object| clipped(&object.to_string(), VALUE),
                ),
            ),
        ];
        for (annotation, value) in agreement::fields(&claims.fields) {
            let value = value.map_or_else(|| "none".to_owned(), |value| clipped(value, VALUE));
            pairs.push((word(annotation), value));
        }
        let account = claims.service_account.as_deref();
        pairs.push((
            "service account",
            account.map_or_else(|| "any".to_owned(), |name| clipped(name, VALUE)),
        ));
        pairs.extend(claims.containers.as_ref().map(|containers| {
            let names: Vec<&str> = containers.iter().map(|(name, _)| name).collect();
            ("containers", clipped(&names.join(", "), VALUE))
        }));
        pairs.extend(key.map(|key| ("key", key)));
        pairs
    }

    fn as_json(&self) -> Value {
        let claims = self.claims.as_ref();
        let principal = claims.and_then(|claims| claims.principal.as_ref());
        let difference = |difference: &Difference| json!({"field": difference.field, "stamped": difference.stamped, "found": difference.found});
        json!({
            "kind": self.source.kind(),
            "namespace": self.namespace,
            "name": self.name,
            "template": self.at,
            "good": self.is_good(),
            "stamp": self.stamp.name(),
            "trouble": self.trouble(),
            "requester": claims.map(|claims| &claims.user),
            "principal": principal.map(ToString::to_string),
            "stampedNamespace": claims.map(|claims| &claims.namespace),
            "cluster": claims.map(|claims| &claims.cluster),
            "fields": claims.map(|claims| json!(claims.fields)),
            "serviceAccount": claims.and_then(|claims| claims.service_account.as_ref()),
            "object": claims.and_then(|claims| claims.object.as_ref()),
            "containers": claims.and_then(|claims| claims.containers.as_ref()),
            "key": self.stamp.key(),
            "keyIsNewest": self.is_newest,
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
            "differencesExplained": self.is_explained,
        })
    }
}

/// What a person calls the field of an annotation
fn word(annotation: &str) -> &'static str {
    match annotation {
        CUSTOM_TAGS => "tags",
        RESOURCE_GROUP_ID => "resource group",
        RAM_ROLE_NAME => "RAM role",
        SERVICE_ARNS => "service roles",
        USER_ARNS => "user roles",
        _ => "field",
    }
}

fn told(difference: &Difference) -> String {
    let value = |value: &Option<String>| value.as_ref().map(|value| quoted(value, VALUE));
    let found = value(&difference.found).unwrap_or_else(|| "absent".to_owned());
    let stamped = value(&difference.stamped).unwrap_or_else(|| "none".to_owned());
    format!("{} is {found}, the stamp says {stamped}", difference.field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::survey::fixture::{ALICE, MALLORY, Town, signer, template, workload};

    fn verified(object: &Value) -> Verified {
        let source = Source::of(object, &ClusterSettings::default()).unwrap();
        let mut all = Verified::of(
            &source,
            object,
            &signer(&["k1", "k2"]),
            &ClusterSettings::default(),
        )
        .unwrap();
        assert_eq!(all.len(), 1);
        all.pop().unwrap()
    }

    fn made(user: &str) -> Value {
        Town::new("").made_by(user, &workload("Deployment", "web", template("env:test")))
    }

    #[test]
    fn a_good_stamp_is_told_in_plain_words() {
        let one = verified(&made(ALICE));
        assert!(one.is_good());
        insta::assert_snapshot!(one.human());
        assert!(
            verified(&made(MALLORY))
                .human()
                .contains("nobody: the user was bound to no RAM principal")
        );
    }

    #[test]
    fn what_a_forged_stamp_says_is_told_as_unproved_and_cannot_write_to_the_terminal() {
        let mut copy = made(ALICE);
        let pointer = "/spec/template/metadata/annotations/ramgate.io~1requested-by";
        let forged = copy.pointer(pointer).and_then(Value::as_str).unwrap();
        *copy.pointer_mut(pointer).unwrap() = forged.replace("alice@", "\\u001b[31mroot@").into();
        let one = verified(&copy);
        assert!(!one.is_good());
        let text = one.human();
        assert!(
            text.starts_with(
                "Deployment shop/web: the stamp is not to be believed: its signature is wrong\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("of which nothing is proved") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[test]
    fn a_copy_in_another_namespace_and_a_workload_without_a_stamp_are_told() {
        let mut copy = made(ALICE);
        copy["metadata"]["namespace"] = "bank".into();
        let text = verified(&copy).human();
        assert!(
            text.starts_with(
                "Deployment bank/web: the stamp is not to be believed: it was written for namespace shop\n"
            ),
            "{text}"
        );
        let bare = verified(&workload("Deployment", "web", template("env:test")));
        assert_eq!(
            bare.human(),
            "Deployment shop/web: there is no stamp: nothing says who asked for it\n"
        );
        assert_eq!(bare.as_json()["stamp"], "missing");
    }

    #[test]
    fn other_fields_than_the_stamped_ones_are_told_one_by_one() {
        let mut object = made(ALICE);
        let annotations = object.pointer_mut("/spec/template/metadata/annotations").unwrap();
        annotations["k8s.aliyun.com/eci-custom-tags"] = "env:prod".into();
        annotations["k8s.aliyun.com/eci-ram-role-name"] = "Admin".into();
        object["spec"]["template"]["spec"]["serviceAccountName"] = "root".into();
        let mut one = verified(&object);
        insta::assert_snapshot!(one.human());
        assert!(!one.is_good());
        one.is_explained = true;
        assert!(one.is_good() && one.human().contains("as mapping or eci-profile make it"));
    }

    #[test]
    fn mapping_accounts_for_what_it_writes_and_for_nothing_else() {
        let ground = |cluster: &str| Ground::of(Town::new(cluster));
        let mut object = made(ALICE);
        let tags = "/spec/template/metadata/annotations/k8s.aliyun.com~1eci-custom-tags";
        *object.pointer_mut(tags).unwrap() = "env:test,team:shop".into();
        let one = verified(&object);
        assert_eq!(one.differences.len(), 1);
        let mapping = "mapping: {tags: [{key: team, from: {value: shop}, mode: enforce}]}";
        assert!(one.is_accounted_for(&ground(mapping), &object));
        assert!(!one.is_accounted_for(&ground(""), &object));
    }
}
