//! `ramgate preflight`: finds what mode enforce would break in a cluster, and what would bypass ramgate.

mod human;
mod json;
mod report;

use clap::Args;
use regex::Regex;

use crate::analysis::survey::live::{Scope, read_access, read_inventory, whole_names};
use crate::analysis::survey::preflight::{PreflightInput, findings};
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{LiveCluster, LiveClusterArgs, block_on};
use crate::cli::output::{Printer, print};
use crate::cli::owner_args::OwnerArgs;
use crate::cli::report::Forms;

/// Say what mode enforce would break in a cluster, and what would slip through it
///
/// The exit code is 2 if there is anything.
#[derive(Debug, Args)]
pub(super) struct PreflightArgs {
    /// Regular expression of the whole name of real nodes, if not the one that ramgate's Deployment names
    #[arg(long, value_name = "REGEX")]
    real_node_names: Option<String>,
    #[command(flatten)]
    owners: OwnerArgs,
    #[command(flatten)]
    cluster: LiveClusterArgs,
}

/// A result as text, and whether there is nothing to put right
struct Report {
    text: String,
    is_good: bool,
}

pub(super) fn run(args: &PreflightArgs, printer: Printer) -> Result<Exit, CommandError> {
    let pattern = args.real_node_names.as_deref().map(whole_names).transpose();
    let names = pattern.map_err(|error| CommandError::Usage(format!("--real-node-names: {error}")))?;
    let report = block_on(check_cluster(args, names, printer))?;
    print(&report.text)?;
    Ok(Exit::good_if(report.is_good))
}

async fn check_cluster(
    args: &PreflightArgs,
    names: Option<Regex>,
    printer: Printer,
) -> Result<Report, CommandError> {
    let owners = args.owners.owners()?;
    let live = LiveCluster::connect(&args.cluster).await?;
    let input = live.evaluation_input(owners).await?;
    let evaluator = input.evaluator();
    let (inventory, kind_notes) = read_inventory(&live.client, &evaluator, &Scope::AllNamespaces).await?;
    let names = names.or_else(|| live.installation.real_node_names.clone());
    let mut notes = input.notes.clone();
    notes.extend(kind_notes);
    let (access, access_note) = match read_access(&live.client).await? {
        Ok(access) => (Some(access), None),
        Err(note) => (None, Some(note)),
    };
    notes.extend(access_note);
    notes.extend(installation_notes(&live).await?);
    if names.is_none() {
        notes.push(
            "names of nodes are not checked: give --real-node-names, as in the chart's values".to_owned(),
        );
    }
    let input = PreflightInput {
        evaluator,
        inventory: &inventory,
        webhook_configuration: &live.installation.webhook_configuration,
        modes: live.installation.modes.as_ref(),
        real_node_names: names.as_ref(),
        access: access.as_ref(),
    };
    let findings = findings(&input);
    let forms = Forms {
        human: |_| human::human(&input, &findings, &notes),
        json: || json::as_json(&input, &findings, &notes),
        report: || report::report(&findings, &notes),
    };
    Ok(Report {
        text: forms.text(printer),
        is_good: findings.is_empty(),
    })
}

async fn installation_notes(live: &LiveCluster<'_>) -> Result<Vec<String>, CommandError> {
    let release = live.release_namespace();
    let is_missing = !live.installation.is_found;
    let missing = is_missing.then(|| {
        format!("no Deployment of ramgate is found in namespace {release}, so that its modes are not known")
    });
    let port = match &live.installation.port {
        Some(port) => port.note(&live.client, release).await?,
        None => None,
    };
    Ok(missing.into_iter().chain(port).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::analysis::survey::access::RoleBasedAccess;
    use crate::analysis::survey::preflight::Check;
    use crate::analysis::survey::test_cluster::{ALICE, CAROL, TestCluster, pod, template, workload};
    use crate::cli::output::json_text;

    /// Workloads of alice, of whoever is named and of nobody, with and without obstacles, in human form and as JSON
    fn printed(test: &TestCluster) -> (String, Value) {
        let mut running = pod("runs", "env:prod, a:b");
        running["spec"]["nodeName"] = "vk".into();
        let mut other = workload("Deployment", "other", template("team:a"));
        other["metadata"]["namespace"] = "bank".into();
        other["metadata"]["managedFields"] = serde_json::json!([{"manager": "helm", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {}}}]);
        let objects = [
            test.made_by(ALICE, &workload("Deployment", "fine", template("env:test"))),
            workload("StatefulSet", "old", template("env:test")),
            other,
            running,
        ];
        let inventory = test.inventory(&objects);
        let input = PreflightInput {
            evaluator: test.evaluator(),
            inventory: &inventory,
            webhook_configuration: "ramgate",
            modes: None,
            real_node_names: None,
            access: None,
        };
        let (findings, notes) = (findings(&input), ["something is not there".to_owned()]);
        (
            human::human(&input, &findings, &notes),
            json::as_json(&input, &findings, &notes),
        )
    }

    /// Two who may do the same, and a third who may do more
    fn access() -> RoleBasedAccess {
        let mut access = RoleBasedAccess::default();
        let role = |name: &str, resources: &[&str]| {
            serde_json::json!({"metadata": {"name": name}, "rules": [
            {"apiGroups": [""], "resources": resources, "verbs": ["create"], "resourceNames": []}]})
        };
        let bots = ["reaper", "sweeper"]
            .map(|name| serde_json::json!({"kind": "ServiceAccount", "namespace": "ops", "name": name}));
        let support = [serde_json::json!({"kind": "Group", "name": "support"})];
        for (name, resources, subjects) in [
            ("evicts", &["pods/eviction"][..], &bots[..]),
            ("helps", &["pods/exec", "pods"], &support),
        ] {
            access.add_cluster_role(serde_json::from_value(role(name, resources)).unwrap());
            let binding = serde_json::json!({"metadata": {"name": name}, "subjects": subjects,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}});
            access.add_cluster_role_binding(serde_json::from_value(binding).unwrap());
        }
        access
    }

    #[test]
    fn subjects_of_rbac_are_counted_and_those_with_the_same_rights_stand_together() {
        let (test, access) = (TestCluster::new(""), access());
        let inventory = test.inventory(&[workload("Deployment", "web", template("env:test"))]);
        let input = PreflightInput {
            evaluator: test.evaluator(),
            inventory: &inventory,
            webhook_configuration: "ramgate",
            modes: None,
            real_node_names: None,
            access: Some(&access),
        };
        let mut findings = findings(&input);
        findings.retain(|finding| finding.check == Check::Rbac);
        insta::assert_snapshot!(human::human(&input, &findings, &[]));
        let value = json::as_json(&input, &findings, &[]);
        insta::assert_snapshot!(json_text(
            &serde_json::json!({"unlisted": value["unlisted"], "findings": value["findings"]})
        ));
    }

    #[test]
    fn people_read_counts_first_and_then_the_workloads_of_each_owner() {
        insta::assert_snapshot!(printed(&TestCluster::new("")).0);
    }

    #[test]
    fn an_exception_and_its_end_are_beside_the_denial() {
        let test = TestCluster::new(
            "exceptions: [{name: move, principals: [user/alice], namespaces: [shop], codes: [ImplicitDeny], \
                 until: '2026-06-01T00:00:00Z', reason: r, owner: team-a}]",
        );
        let made = test.made_by(ALICE, &workload("Deployment", "moving", template("env:prod")));
        let inventory = test.inventory(&[made]);
        let input = PreflightInput {
            evaluator: test.evaluator(),
            inventory: &inventory,
            webhook_configuration: "ramgate",
            modes: None,
            access: None,
            real_node_names: None,
        };
        let findings = findings(&input);
        let told = "allowed by exception move, until 2026-06-01T00:00:00Z, owner team-a";
        let text = human::human(&input, &findings, &[]);
        assert!(text.contains(&format!("Deployment/moving, {told}")), "{text}");
        assert!(
            findings.iter().any(|finding| finding.problem.ends_with(told)),
            "{findings:?}"
        );
        let json = json::as_json(&input, &findings, &[]);
        let workload = &json["groups"][0]["workloads"][0];
        assert_eq!(
            (&workload["enforce"], &workload["exception"]["until"]),
            (&"excused".into(), &"2026-06-01T00:00:00Z".into())
        );
    }

    #[test]
    fn before_the_installation_a_missing_stamp_is_counted_and_not_listed() {
        let test = TestCluster::new("").before_installation();
        insta::assert_snapshot!(printed(&test).0);
    }

    #[test]
    fn programs_read_groups_with_all_workloads() {
        insta::assert_snapshot!(json_text(&printed(&TestCluster::new("").owned_by(CAROL)).1));
    }
}
