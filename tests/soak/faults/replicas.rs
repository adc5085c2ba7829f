//! Faults of the replicas: they come, go, are killed, cannot write, and have a wrong clock.

use std::fs;
use std::sync::{Arc, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::Fault;
use crate::fleet::Special;
use crate::harness::install::NAMESPACE;
use crate::harness::process::unique;
use crate::harness::wait::within;
use crate::log_sink::{LogReader, SmallDisk};
use crate::member::Member;
use crate::stage::Stage;

pub(super) const FAULTS: [Fault; 5] = [
    Fault {
        name: "roll-out",
        happen: roll_out,
    },
    Fault {
        name: "kill -9 of a replica",
        happen: kill,
    },
    Fault {
        name: "full disk under the log",
        happen: full_disk,
    },
    Fault {
        name: "log reader that stops reading",
        happen: stuck_reader,
    },
    Fault {
        name: "clock jumps of a replica",
        happen: clock_jumps,
    },
];

/// How long a log stays in the way: many times the buffer of a pipe at any rate
const OBSTRUCTED: Duration = Duration::from_secs(12);

fn roll_out(stage: &Stage) {
    for _ in 0..2 {
        stage.fleet.replace_oldest(&Special::Nothing);
    }
}

fn kill(stage: &Stage) {
    let oldest = stage.fleet.members().remove(0);
    stage.fleet.kill(&oldest);
    stage.fleet.start(&Special::Nothing);
}

fn full_disk(stage: &Stage) {
    let disk = SmallDisk::new(&stage.plane.folder().join(format!("disk-{}", unique())));
    let member = stage.fleet.replace_oldest(&Special::Disk(&disk));
    within(Duration::from_secs(90), "the disk is full", || {
        if disk.is_full() {
            Ok(())
        } else {
            Err(disk.length())
        }
    });
    sleep(OBSTRUCTED);
    if disk.empty() {
        let written = within(
            Duration::from_secs(20),
            "lines are written again",
            || match disk.length() {
                0 => Err("nothing yet"),
                length => Ok(length),
            },
        );
        let name = &member.tally.name;
        stage
            .ledger
            .event(&format!("{name} writes again: {written} bytes"));
    }
    // It must not outlive its disk.
    let new = stage.fleet.start(&Special::Nothing);
    stage.fleet.stop(&member);
    drop(new);
}

fn stuck_reader(stage: &Stage) {
    let Some((member, log)) = busiest(stage) else {
        return;
    };
    log.pause(true);
    sleep(OBSTRUCTED);
    let before = log.lines();
    log.pause(false);
    let read = within(Duration::from_secs(20), "lines are written again", || {
        // More than a pipe holds of them.
        match log.lines() - before {
            lines @ 200.. => Ok(lines),
            lines => Err(lines),
        }
    });
    let name = &member.tally.name;
    stage.ledger.event(&format!("{name} writes again: {read} lines"));
}

/// The replica with most lines at the moment, and their reader
fn busiest(stage: &Stage) -> Option<(Arc<Member>, LogReader)> {
    let members = stage.fleet.members().into_iter();
    let read: Vec<_> = members
        .filter_map(|member| {
            let log = member.log.clone()?;
            let lines = log.lines();
            Some((member, log, lines))
        })
        .collect();
    sleep(Duration::from_secs(1));
    let most = read
        .into_iter()
        .max_by_key(|(_, log, before)| log.lines() - before);
    most.map(|(member, log, _)| (member, log))
}

/// From before its start its clock is an hour ahead; then it jumps back and forth, and far enough that its certificate is
/// due
fn clock_jumps(stage: &Stage) {
    // To a clock that is ahead, a new authority would seem to have settled before anybody trusts it.
    let newest = stage.certificates.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(newest) = newest.as_ref() {
        sleep(newest.in_use.saturating_duration_since(Instant::now()));
    }
    let file = stage.plane.folder().join(format!("clock-{}", unique()));
    let set = |offset: &str| fs::write(&file, offset).expect("clock file");
    set("+3600");
    let member = stage.fleet.replace_oldest(&Special::Clock {
        library: stage.clock_library.clone(),
        file: file.clone(),
    });
    // In seconds: back to the time of others, behind it, and past two thirds of a leaf's 30 days.
    for offset in ["+0", "-7200", "+1814400", "+3600", "-86400", "+0"] {
        set(offset);
        sleep(Duration::from_millis(1500));
        look_at_certificates(stage);
        sleep(Duration::from_millis(500));
        // Only a new connection sees the certificate.
        stage.reconnect();
        sleep(Duration::from_millis(2000));
    }
    let name = &member.tally.name;
    stage.ledger.event(&format!("{name} had six times of day"));
}

/// Changes the Secret with the authorities without meaning, so that the replicas look at it now and not in a minute
fn look_at_certificates(stage: &Stage) {
    let secrets: Api<Secret> = Api::namespaced(stage.admin.clone(), NAMESPACE);
    let patch = json!({"metadata": {"annotations": {"soak": unique().to_string()}}});
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
    let looked = secrets.patch("ramgate-ca", &parameters, &patch);
    // The API server may be away; the next look finds it.
    let _ = stage.runtime.block_on(looked);
}
