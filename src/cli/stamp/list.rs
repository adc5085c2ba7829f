//! `ramgate stamp list`: every workload that leads to ECI, with who asked for it and what would become of it.

use clap::Args;
use serde_json::{Value, json};

use crate::analysis::survey::inventory::KeyUse;
use crate::analysis::survey::live::Scope;
use crate::analysis::survey::row::{Row, Stamp};
use crate::analysis::survey::{Inventory, RestampPlan, Today, live};
use crate::cli::report::{Exit, Output, Problem, print, print_json};
use crate::cli::site;
use crate::cli::site::{ScopeArgs, Site, SiteArgs, noted, unread};
use crate::cli::stamp::table::table;
use crate::stamp::Form;
use crate::wording::clipped;

/// The longest text of a cell
const CELL: usize = 64;

/// List all workloads that lead to ECI: who asked for them, and whether mode enforce would let their pods in today
///
/// The exit code is 2 if it would stop any of them.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    site: SiteArgs,
}

/// What there is to list
struct Listed {
    rows: Vec<Row>,
    keys: Vec<KeyUse>,
    secret: String,
    /// Whether no workload is left out, so that a key that nothing carries can go
    is_everything: bool,
    notes: Vec<String>,
}

pub(super) fn run(args: &ListArgs, output: Output) -> Result<Exit, Problem> {
    let listed = site::run(listed(args))?;
    match output {
        Output::Human => print(&human(&listed)),
        Output::Json => print_json(&as_json(&listed)),
    }
    Ok(match listed.rows.iter().any(Row::would_be_denied) {
        true => Exit::Denied,
        false => Exit::Good,
    })
}

async fn listed(args: &ListArgs) -> Result<Listed, Problem> {
    let site = Site::open(&args.site).await?;
    let scope = site.scope(&args.scope)?;
    let ground = site.ground().await?;
    let (inventory, missing) = live::inventory(&site.reader, &ground.judge(), &scope)
        .await
        .map_err(unread)?;
    let mut notes = ground.notes;
    notes.extend(missing.into_iter().map(|missing| missing.0));
    let ring = ground
        .cluster
        .snapshot
        .signer
        .as_ref()
        .map(|signer| signer.ring());
    let secret = format!("{}/{}", site.release(), site.installation.stamp_secret);
    Ok(Listed::new(
        inventory,
        ring,
        secret,
        scope == Scope::Everywhere,
        notes,
    ))
}

impl Listed {
    fn new(
        inventory: Inventory,
        ring: Option<&crate::stamp::Ring>,
        secret: String,
        is_everything: bool,
        notes: Vec<String>,
    ) -> Self {
        Self {
            keys: inventory.keys(ring),
            rows: inventory.into_rows(),
            secret,
            is_everything,
            notes,
        }
    }

    fn count(&self, wanted: impl Fn(&Row) -> bool) -> usize {
        self.rows.iter().filter(|row| wanted(row)).count()
    }
}

fn human(listed: &Listed) -> String {
    let mut text = noted(&listed.notes);
    if !listed.rows.is_empty() {
        let heading = [
            "NAMESPACE",
            "WORKLOAD",
            "ROUTE",
            "STAMP",
            "REQUESTER",
            "PRINCIPAL",
            "KEY",
            "TODAY",
        ];
        let lines: Vec<_> = listed.rows.iter().map(cells).collect();
        text.push_str(&table(heading, &lines));
    }
    let told = listed.rows.iter().filter(|row| row.would_be_denied());
    let told: String = told.map(|row| format!("{}\n", detail(row))).collect();
    if !told.is_empty() {
        text.push('\n');
        text.push_str(&told);
    }
    if !listed.keys.is_empty() {
        text.push_str(&format!("\nkeys of Secret {}:\n", listed.secret));
        text.extend(
            listed
                .keys
                .iter()
                .map(|key| format!("  {}\n", key_line(key, listed.is_everything))),
        );
    }
    text.push_str(&format!(
        "\n{} lead to ECI: {} good, {} denied with a good stamp, {} without a stamp, {} with a broken one\n",
        listed.rows.len(),
        listed.count(Row::is_good),
        listed.count(|row| row.stamp.claims().is_some() && row.today.denied().is_some()),
        listed.count(|row| row.stamp == Stamp::Missing),
        listed.count(|row| matches!(row.stamp, Stamp::Broken { .. })),
    ));
    text
}

fn cells(row: &Row) -> [String; 8] {
    let claims = row.stamp.claims();
    let or_dash = |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| clipped(&text, CELL));
    let principal = claims.map(|claims| claims.principal.as_ref());
    [
        clipped(&row.namespace, CELL),
        clipped(&row.title(), CELL),
        match row.is_certain {
            true => "certain",
            false => "possible",
        }
        .to_owned(),
        match row.stamp.form() {
            Some(Form::First) => format!("{}, form 1", row.stamp.name()),
            Some(Form::Second) | None => row.stamp.name().to_owned(),
        },
        or_dash(claims.map(|claims| claims.user.clone())),
        or_dash(
            principal.map(|principal| principal.map_or_else(|| "(nobody)".to_owned(), ToString::to_string)),
        ),
        or_dash(row.stamp.key().map(str::to_owned)),
        today(row).to_owned(),
    ]
}

fn today(row: &Row) -> &'static str {
    match (row.is_bound, &row.today) {
        (true, Today::Allowed) => "runs",
        (true, Today::Denied(_) | Today::DeniedIfBound(_)) => "runs, next denied",
        (false, Today::Allowed) => "allowed",
        (false, Today::Denied(_)) => "denied",
        (false, Today::DeniedIfBound(_)) => "denied if bound",
    }
}

/// What is wrong with a workload, and what to do
fn detail(row: &Row) -> String {
    let place = format!("{}/{}", row.namespace, row.title());
    match (row.stamp.trouble(), row.today.denied()) {
        (Some(trouble), _) => format!("{place}: {trouble}: {}", RestampPlan::of(row).advice(row)),
        (None, Some(denied)) => format!("{place}: {}", denied.sentence),
        (None, None) => place,
    }
}

fn key_line(key: &KeyUse, is_everything: bool) -> String {
    let carried = match key.stamps {
        1 => "1 stamp".to_owned(),
        count => format!("{count} stamps"),
    };
    let said = match (key.is_known, key.is_newest, key.stamps) {
        (false, ..) => ", is not in the Secret",
        (true, true, _) => ", signs",
        (true, false, 0) if is_everything => ", can be taken out of the Secret",
        (true, false, _) => "",
    };
    format!("{}: {carried}{said}", clipped(&key.id, CELL))
}

fn as_json(listed: &Listed) -> Value {
    let key = |key: &KeyUse| {
        json!({
            "id": key.id,
            "stamps": key.stamps,
            "known": key.is_known,
            "newest": key.is_newest,
            "retirable": listed.is_everything && key.is_known && !key.is_newest && key.stamps == 0,
        })
    };
    json!({
        "wouldBeDenied": listed.count(Row::would_be_denied),
        "workloads": listed.rows.iter().map(row_json).collect::<Vec<_>>(),
        "keys": listed.keys.iter().map(key).collect::<Vec<_>>(),
        "notes": listed.notes,
    })
}

/// A workload as programs read it
pub(super) fn row_json(row: &Row) -> Value {
    let claims = row.stamp.claims();
    let principal = claims.and_then(|claims| claims.principal.as_ref());
    let owner = row.owner.as_ref();
    let denied = row.today.denied();
    json!({
        "kind": row.source.kind(),
        "group": row.source.group(),
        "namespace": row.namespace,
        "name": row.name,
        "template": row.at,
        "owner": owner.map(|owner| json!({"group": owner.group, "kind": owner.kind, "name": owner.name})),
        "bound": row.is_bound,
        "certain": row.is_certain,
        "mark": row.mark,
        "stamp": row.stamp.name(),
        "form": row.stamp.form().map(Form::version),
        "trouble": row.stamp.trouble(),
        "requester": claims.map(|claims| &claims.user),
        "principal": principal.map(ToString::to_string),
        "key": row.stamp.key(),
        "today": row.today.name(),
        "wouldBeDenied": row.would_be_denied(),
        "code": denied.map(|denied| &denied.code),
        "message": denied.map(|denied| &denied.sentence),
        "causes": denied.map(|denied| &denied.causes),
        "advice": row.stamp.trouble().map(|_| RestampPlan::of(row).advice(row)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::analysis::survey::fixture::{ALICE, CAROL, MALLORY, Town, pod, signer, template, workload};

    fn listed(is_everything: bool) -> Listed {
        let town = Town::new("");
        let made = |user, kind, name| town.made_by(user, &workload(kind, name, template("env:test")));
        let tolerant = json!({"spec": {"tolerations": [{"operator": "Exists"}]}});
        let mut running = pod("runs", "env:test");
        running["spec"]["nodeName"] = "vk".into();
        let lost = workload("Deployment", "lost", template("env:test"));
        let inventory = town.inventory(&[
            made(ALICE, "Deployment", "web"),
            made(CAROL, "CronJob", "report"),
            made(MALLORY, "Job", "once"),
            town.made_with(signer(&["k9"]), ALICE, &lost),
            workload("StatefulSet", "bare", template("env:test")),
            workload("DaemonSet", "agent", tolerant),
            running,
        ]);
        let ring = signer(&["k1", "k2"]);
        let notes = vec!["something is not there".to_owned()];
        let secret = "ramgate-system/ramgate-stamp".to_owned();
        Listed::new(inventory, Some(ring.ring()), secret, is_everything, notes)
    }

    #[test]
    fn people_read_a_table_what_to_do_and_the_keys() {
        insta::assert_snapshot!(human(&listed(true)));
    }

    #[test]
    fn a_key_can_go_only_if_all_namespaces_were_looked_through() {
        assert!(human(&listed(true)).contains("k1: 0 stamps, can be taken out of the Secret"));
        assert!(human(&listed(false)).contains("k1: 0 stamps\n"));
        assert_eq!(as_json(&listed(true))["keys"][2]["retirable"], true);
        assert_eq!(as_json(&listed(false))["keys"][2]["retirable"], false);
    }

    #[test]
    fn programs_read_the_same() {
        let value = as_json(&listed(true));
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
