//! `ramgate stamp list`: lists all workloads that lead to ECI, with their stamps and their outcomes in mode enforce.

mod human;
mod json;
mod listing;

use clap::Args;

use crate::analysis::survey::EvaluatedWorkload;
use crate::analysis::survey::live::{Scope, read_inventory};
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{LiveCluster, LiveClusterArgs, NamespaceArgs, block_on};
use crate::cli::output::{Output, print, print_json};
use crate::cli::owner_args::OwnerArgs;
use crate::cli::stamp::list::listing::Listing;

/// List all workloads that lead to ECI: who asked for them, and whether mode enforce would let their pods in today
///
/// The exit code is 2 if it would stop any of them.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    namespaces: NamespaceArgs,
    #[command(flatten)]
    owners: OwnerArgs,
    #[command(flatten)]
    cluster: LiveClusterArgs,
}

pub(super) fn run(args: &ListArgs, output: Output) -> Result<Exit, CommandError> {
    let listing = block_on(list(args))?;
    match output {
        Output::Human => print(&human::human(&listing))?,
        Output::Json => print_json(&json::as_json(&listing))?,
    }
    let is_any_denied = listing.workloads.iter().any(EvaluatedWorkload::would_be_denied);
    Ok(Exit::good_if(!is_any_denied))
}

async fn list(args: &ListArgs) -> Result<Listing, CommandError> {
    let owners = args.owners.owners()?;
    let live = LiveCluster::connect(&args.cluster).await?;
    let scope = live.scope(&args.namespaces)?;
    let input = live.evaluation_input(owners).await?;
    let (inventory, kind_notes) = read_inventory(&live.client, &input.evaluator(), &scope).await?;
    let ring = input.cluster.snapshot.signer.as_ref().map(|signer| signer.ring());
    Ok(Listing {
        keys: inventory.key_uses(ring),
        workloads: inventory.into_workloads(),
        secret: format!("{}/{}", live.release_namespace(), live.installation.stamp_secret),
        is_complete: scope == Scope::AllNamespaces,
        notes: [input.notes, kind_notes].concat(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::analysis::survey::test_cluster::{
        ALICE, CAROL, MALLORY, TestCluster, pod, signer, template, workload,
    };

    fn listing(scope: &Scope) -> Listing {
        let test = TestCluster::new("");
        let made = |user, kind, name| test.made_by(user, &workload(kind, name, template("env:test")));
        let tolerant = json!({"spec": {"tolerations": [{"operator": "Exists"}]}});
        let mut running = pod("runs", "env:test");
        running["spec"]["nodeName"] = "vk".into();
        let lost = workload("Deployment", "lost", template("env:test"));
        let inventory = test.inventory(&[
            made(ALICE, "Deployment", "web"),
            made(CAROL, "CronJob", "report"),
            made(MALLORY, "Job", "once"),
            test.made_with(signer(&["k9"]), ALICE, &lost),
            workload("StatefulSet", "bare", template("env:test")),
            workload("DaemonSet", "agent", tolerant),
            running,
        ]);
        let ring = signer(&["k1", "k2"]);
        let notes = vec!["something is not there".to_owned()];
        let secret = "ramgate-system/ramgate-stamp".to_owned();
        Listing {
            keys: inventory.key_uses(Some(ring.ring())),
            workloads: inventory.into_workloads(),
            secret,
            is_complete: *scope == Scope::AllNamespaces,
            notes,
        }
    }

    #[test]
    fn people_read_a_table_what_to_do_and_the_keys() {
        insta::assert_snapshot!(human::human(&listing(&Scope::AllNamespaces)));
    }

    #[test]
    fn an_exception_and_its_end_are_beside_the_denial() {
        let test = TestCluster::new(
            "exceptions: [{name: move, principals: [user/alice], namespaces: [shop], codes: [ImplicitDeny], \
                 until: '2026-06-01T00:00:00Z', reason: r, owner: team-a}]",
        );
        let made = test.made_by(ALICE, &workload("Deployment", "moving", template("env:prod")));
        let listing = Listing {
            keys: Vec::new(),
            workloads: test.inventory(&[made]).into_workloads(),
            secret: String::new(),
            is_complete: false,
            notes: Vec::new(),
        };
        let text = human::human(&listing);
        assert!(text.contains("excused"), "{text}");
        let told =
            "shop/Deployment/moving (allowed by exception move, until 2026-06-01T00:00:00Z, owner team-a): ";
        assert!(text.contains(told), "{text}");
        let json = json::as_json(&listing);
        assert_eq!(
            (&json["wouldBeDenied"], &json["workloads"][0]["today"]),
            (&json!(0), &json!("excused"))
        );
    }

    #[test]
    fn a_key_can_go_only_if_all_namespaces_were_looked_through() {
        assert!(
            human::human(&listing(&Scope::AllNamespaces))
                .contains("k1: 0 stamps, can be taken out of the Secret")
        );
        assert!(human::human(&listing(&Scope::Namespace("shop".to_owned()))).contains("k1: 0 stamps\n"));
        assert_eq!(
            json::as_json(&listing(&Scope::AllNamespaces))["keys"][2]["retirable"],
            true
        );
        assert_eq!(
            json::as_json(&listing(&Scope::Namespace("shop".to_owned())))["keys"][2]["retirable"],
            false
        );
    }

    #[test]
    fn programs_read_json() {
        let value = json::as_json(&listing(&Scope::AllNamespaces));
        assert_eq!(value["wouldBeDenied"], 5);
        let report = &value["workloads"][0];
        assert_eq!(
            (
                &report["kind"],
                &report["requester"],
                &report["principal"],
                &report["today"],
                &report["code"]
            ),
            (
                &json!("CronJob"),
                &json!(CAROL),
                &json!("user/carol"),
                &json!("denied"),
                &json!("ImplicitDeny")
            )
        );
        assert_eq!(report["advice"], json!(null));
    }
}
