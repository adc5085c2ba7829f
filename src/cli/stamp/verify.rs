//! `ramgate stamp verify`: explains stamps, and verifies them.

mod human;
mod json;
mod verify_report;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::analysis::survey::live::{read_cluster_uid, read_ring};
use crate::analysis::survey::objects::text;
use crate::analysis::survey::{AssumedOwners, WorkloadKind};
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{EvaluationInput, LiveCluster, LiveClusterArgs, block_on};
use crate::cli::manifest;
use crate::cli::output::{Output, print, print_json};
use crate::cli::stamp::target;
use crate::cli::stamp::verify::human::human;
use crate::cli::stamp::verify::json::as_json;
use crate::cli::stamp::verify::verify_report::VerifyReport;
use crate::config::ClusterSettings;
use crate::stamp::Signer;

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
    workload_namespace: Option<String>,
    #[command(flatten)]
    cluster: LiveClusterArgs,
}

/// Reads and verifies objects of a cluster
struct Verifier<'a> {
    live: &'a LiveCluster<'a>,
    /// The namespace of objects that name none
    namespace: String,
    /// Settings without custom kinds, for objects that need no configuration
    built_in: ClusterSettings,
    /// The configuration and the cluster, read when a stamp needs them
    input: OnceCell<EvaluationInput>,
}

pub(super) fn run(args: &VerifyArgs, output: Output) -> Result<Exit, CommandError> {
    let stamps = block_on(verify(args))?;
    let are_good = stamps.iter().all(VerifyReport::is_good);
    match output {
        Output::Human => print(&stamps.iter().map(human).collect::<String>())?,
        Output::Json => print_json(&json!({
            "good": are_good,
            "stamps": stamps.iter().map(as_json).collect::<Vec<_>>(),
        }))?,
    }
    Ok(Exit::good_if(are_good))
}

async fn verify(args: &VerifyArgs) -> Result<Vec<VerifyReport>, CommandError> {
    let live = LiveCluster::connect(&args.cluster).await?;
    let verifier = Verifier {
        namespace: live.namespace(args.workload_namespace.as_ref())?,
        live: &live,
        built_in: ClusterSettings::default(),
        input: OnceCell::new(),
    };
    let mut objects = verifier.targets(&args.targets).await?;
    objects.extend(verifier.manifests(&args.files).await?);
    let signer = read_signer(&live).await?;
    let mut stamps = Vec::new();
    for (kind, object) in &objects {
        stamps.extend(verifier.verify(kind, object, &signer).await?);
    }
    if stamps.is_empty() {
        return Err(CommandError::Usage(
            "there is no pod and no pod template in it".to_owned(),
        ));
    }
    Ok(stamps)
}

async fn read_signer(live: &LiveCluster<'_>) -> Result<Signer, CommandError> {
    let (release, secret) = (live.release_namespace(), &live.installation.stamp_secret);
    let ring = read_ring(&live.client, release, secret).await?;
    let ring = ring.ok_or_else(|| {
        CommandError::Usage(format!(
            "Secret {release}/{secret} is not there, and without its keys no stamp can be checked: --namespace is where ramgate is \
             installed, --stamp-secret names the Secret"
        ))
    })?;
    Ok(Signer::new(ring, read_cluster_uid(&live.client).await?))
}

impl Verifier<'_> {
    async fn input(&self) -> Result<&EvaluationInput, CommandError> {
        let read = || self.live.evaluation_input(AssumedOwners::default());
        self.input.get_or_try_init(read).await
    }

    async fn settings(&self) -> Result<&ClusterSettings, CommandError> {
        Ok(&self.input().await?.configuration.cluster)
    }

    /// Reads the objects that are named; only a custom kind needs the configuration
    async fn targets(&self, targets: &[String]) -> Result<Vec<(WorkloadKind, Value)>, CommandError> {
        let mut objects = Vec::new();
        for text in targets {
            let (word, name) = target::split(text)?;
            let kind = match WorkloadKind::named(word, &self.built_in) {
                Some(kind) => kind,
                None => target::kind_named(word, self.settings().await?)?,
            };
            let found = target::read(self.live, kind, &self.namespace, name).await?;
            objects.push((found.kind, found.object));
        }
        Ok(objects)
    }

    /// Reads the manifests that make pods; only a custom kind needs the configuration
    async fn manifests(&self, files: &[PathBuf]) -> Result<Vec<(WorkloadKind, Value)>, CommandError> {
        let mut objects = Vec::new();
        for manifest in manifest::read(files)?.all()? {
            let object = self.in_namespace(manifest.object);
            let kind = match WorkloadKind::of_object(&object, &self.built_in) {
                Some(kind) => Some(kind),
                None => WorkloadKind::of_object(&object, self.settings().await?),
            };
            objects.extend(kind.map(|kind| (kind, object)));
        }
        Ok(objects)
    }

    /// The object with a namespace
    fn in_namespace(&self, mut object: Value) -> Value {
        if text(&object, "/metadata/namespace").is_empty()
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.insert("namespace".to_owned(), self.namespace.as_str().into());
        }
        object
    }

    /// Verifies all stamps of an object
    async fn verify(
        &self,
        kind: &WorkloadKind,
        object: &Value,
        signer: &Signer,
    ) -> Result<Vec<VerifyReport>, CommandError> {
        let mut stamps = VerifyReport::all_of(kind, object, signer, &self.built_in)?;
        if stamps.iter().any(VerifyReport::is_of_another_object) {
            // The configuration lists the custom kinds whose stamps their controllers may copy
            stamps = VerifyReport::all_of(kind, object, signer, self.settings().await?)?;
        }
        for stamp in &mut stamps {
            if stamp.needs_explanation() {
                stamp.is_explained = stamp.is_explained_by(self.input().await?, object);
            }
        }
        Ok(stamps)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::analysis::survey::test_cluster::{ALICE, MALLORY, TestCluster, signer, template, workload};
    use crate::cli::stamp::verify::verify_report::VerifyReport;

    fn verified(object: &Value) -> VerifyReport {
        let kind = WorkloadKind::of_object(object, &ClusterSettings::default()).unwrap();
        let mut all =
            VerifyReport::all_of(&kind, object, &signer(&["k1", "k2"]), &ClusterSettings::default()).unwrap();
        assert_eq!(all.len(), 1);
        all.pop().unwrap()
    }

    fn made(user: &str) -> Value {
        TestCluster::new("").made_by(user, &workload("Deployment", "web", template("env:test")))
    }

    #[test]
    fn a_good_stamp_is_explained() {
        let one = verified(&made(ALICE));
        assert!(one.is_good());
        insta::assert_snapshot!(human(&one));
        assert!(human(&verified(&made(MALLORY))).contains("nobody: the user was bound to no RAM principal"));
    }

    #[test]
    fn claims_of_a_forged_stamp_are_marked_as_unproved_and_cannot_write_to_the_terminal() {
        let mut copy = made(ALICE);
        let pointer = "/spec/template/metadata/annotations/ramgate.io~1requested-by";
        let forged = copy.pointer(pointer).and_then(Value::as_str).unwrap();
        *copy.pointer_mut(pointer).unwrap() = forged.replace("alice@", "\\u001b[31mroot@").into();
        let one = verified(&copy);
        assert!(!one.is_good());
        let text = human(&one);
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
    fn a_copy_in_another_namespace_and_a_workload_without_a_stamp_have_a_problem() {
        let mut copy = made(ALICE);
        copy["metadata"]["namespace"] = "bank".into();
        let text = human(&verified(&copy));
        assert!(
            text.starts_with(
                "Deployment bank/web: the stamp is not to be believed: it was written for namespace shop\n"
            ),
            "{text}"
        );
        let bare = verified(&workload("Deployment", "web", template("env:test")));
        assert_eq!(
            human(&bare),
            "Deployment shop/web: there is no stamp: nothing says who asked for it\n"
        );
        assert_eq!(as_json(&bare)["stamp"], "missing");
    }

    #[test]
    fn every_field_that_differs_is_listed() {
        let mut object = made(ALICE);
        let annotations = object.pointer_mut("/spec/template/metadata/annotations").unwrap();
        annotations["k8s.aliyun.com/eci-custom-tags"] = "env:prod".into();
        annotations["k8s.aliyun.com/eci-ram-role-name"] = "Admin".into();
        object["spec"]["template"]["spec"]["serviceAccountName"] = "root".into();
        let mut one = verified(&object);
        insta::assert_snapshot!(human(&one));
        assert!(!one.is_good());
        one.is_explained = true;
        assert!(one.is_good() && human(&one).contains("as mapping or eci-profile make it"));
    }

    #[test]
    fn mapping_accounts_for_what_it_writes_and_for_nothing_else() {
        let input = |cluster: &str| EvaluationInput::of(TestCluster::new(cluster));
        let mut object = made(ALICE);
        let tags = "/spec/template/metadata/annotations/k8s.aliyun.com~1eci-custom-tags";
        *object.pointer_mut(tags).unwrap() = "env:test,team:shop".into();
        let one = verified(&object);
        assert_eq!(one.differences.len(), 1);
        let mapping = "mapping: {tags: [{key: team, from: {value: shop}, mode: enforce}]}";
        assert!(one.is_explained_by(&input(mapping), &object));
        assert!(!one.is_explained_by(&input(""), &object));
    }
}
