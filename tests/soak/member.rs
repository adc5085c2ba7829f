//! One replica under observation.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::harness::http;
use crate::harness::replica::Replica;
use crate::ledger::{Ledger, Series, Tally};
use crate::log_sink::LogReader;

/// A replica, from its start to its end
pub(crate) struct Member {
    pub(crate) tally: Arc<Tally>,
    pub(crate) replica: Mutex<Replica>,
    pub(crate) log: Option<LogReader>,
    pub(crate) born: Instant,
    id: u32,
    admin_port: u16,
    probe_port: u16,
    /// Whether its endpoint may be listed
    listed: AtomicBool,
    gone: AtomicBool,
    samples: Mutex<Vec<Sample>>,
}

/// A look at it
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) resident_kib: u64,
    pub(crate) files: usize,
    /// Lines of the log that it had to drop
    pub(crate) dropped: u64,
    pub(crate) generation: u64,
    /// All reviews that its metrics count, and those of which only the generator's are in their series
    pub(crate) counted: [u64; 2],
}

impl Member {
    pub(crate) fn new(name: &str, replica: Replica, log: Option<LogReader>) -> Self {
        Self {
            tally: Arc::new(Tally::new(name, replica.port)),
            id: replica.process.id(),
            admin_port: replica.admin_port,
            probe_port: replica.probe_port,
            replica: Mutex::new(replica),
            log,
            born: Instant::now(),
            listed: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            samples: Mutex::default(),
        }
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.listed.load(Ordering::SeqCst)
    }

    pub(crate) fn list(&self, listed: bool) {
        self.listed.store(listed, Ordering::SeqCst);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    pub(crate) fn leave(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }

    /// What it answers to the kubelet's question for readiness
    pub(crate) fn readiness(&self) -> Result<(), String> {
        match http::get(self.probe_port, "/ready") {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(answer.body),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.samples.lock().expect("samples").clone()
    }

    /// Looks at it, and holds its counts against the generator's; nothing if it has ended
    pub(crate) fn sample(&self, ledger: &Ledger) -> Option<Sample> {
        let answered = [Series::Shared, Series::Own].map(|series| self.tally.all_answered(series));
        let metrics = http::get(self.admin_port, "/metrics").ok()?.body;
        let sent = self.tally.all_sent(Series::Own);
        let sample = Sample {
            at: Instant::now(),
            resident_kib: resident_kib(self.id)?,
            files: std::fs::read_dir(format!("/proc/{}/fd", self.id)).ok()?.count(),
            dropped: value(&metrics, "ramgate_log_lines_dropped_total"),
            generation: value(&metrics, "ramgate_config_generation"),
            counted: counted(&metrics),
        };
        let [all, own] = sample.counted;
        let name = &self.tally.name;
        if own < answered[1] || own > sent {
            ledger.problem(&format!(
                "{name} counts {own} reviews of templates and exec, after {} answers and {sent} reviews",
                answered[1]
            ));
        }
        if all < answered[0] + answered[1] {
            let answered = answered[0] + answered[1];
            ledger.problem(&format!("{name} counts {all} reviews after {answered} answers"));
        }
        self.samples.lock().expect("samples").push(sample);
        Some(sample)
    }

    /// Samples for as long as it lives
    pub(crate) fn watch(&self, ledger: &Ledger) {
        while !self.is_gone() {
            self.sample(ledger);
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

fn resident_kib(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The value of a series without labels, 0 if there is none
fn value(metrics: &str, name: &str) -> u64 {
    let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(name));
    let value = lines.find_map(|rest| rest.strip_prefix(' ')?.parse::<f64>().ok());
    value.unwrap_or(0.0) as u64
}

/// All reviews that the metrics count, and those in the generator's own series
fn counted(metrics: &str) -> [u64; 2] {
    let mut sums = [0, 0];
    for line in metrics.lines() {
        let Some((labels, count)) = line
            .strip_prefix("ramgate_admission_requests_total{")
            .and_then(|rest| rest.split_once("} "))
        else {
            continue;
        };
        let labels: BTreeMap<&str, &str> = labels
            .split(',')
            .filter_map(|label| label.split_once('='))
            .collect();
        let count = count.parse::<f64>().unwrap_or(0.0) as u64;
        sums[0] += count;
        if matches!(
            labels.get("resource"),
            Some(&"\"deployments\"" | &"\"pods/exec\"")
        ) {
            sums[1] += count;
        }
    }
    sums
}
