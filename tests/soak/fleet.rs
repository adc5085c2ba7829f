//! The replicas, as a Deployment and its Service have them: a new one is ready before an old one goes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::control_plane::ControlPlane;
use crate::harness::process::free_port;
use crate::harness::replica::Replica;
use crate::harness::wait::within;
use crate::ledger::Ledger;
use crate::log_sink::{LogReader, SmallDisk};
use crate::member::Member;
use crate::service::Service;

/// Until an endpoint that has gone is gone for everybody, as in a busy cluster
const PROPAGATION: Duration = Duration::from_secs(1);

/// What a start may take while the control plane is disturbed
const START: Duration = Duration::from_secs(180);

/// All replicas that are, and that were
pub(crate) struct Fleet {
    plane: Arc<ControlPlane>,
    service: Arc<Service>,
    ledger: Arc<Ledger>,
    members: RwLock<Vec<Arc<Member>>>,
    gone: Mutex<Vec<Arc<Member>>>,
    /// Held while the API server is away: nothing starts a pod then
    pub(crate) control: Mutex<()>,
    number: AtomicU64,
}

/// What is special about a replica
pub(crate) enum Special<'a> {
    Nothing,
    /// Its log goes to this disk
    Disk(&'a SmallDisk),
    /// Its clock is set by a file
    Clock {
        library: PathBuf,
        file: PathBuf,
    },
}

impl Fleet {
    pub(crate) fn new(plane: Arc<ControlPlane>, service: Arc<Service>, ledger: Arc<Ledger>) -> Self {
        Self {
            plane,
            service,
            ledger,
            members: RwLock::default(),
            gone: Mutex::default(),
            control: Mutex::new(()),
            number: AtomicU64::new(1),
        }
    }

    /// Those that are, oldest first
    pub(crate) fn members(&self) -> Vec<Arc<Member>> {
        self.members.read().expect("members").clone()
    }

    /// Those that were
    pub(crate) fn gone(&self) -> Vec<Arc<Member>> {
        self.gone.lock().expect("gone").clone()
    }

    /// Whether one was killed after an instant
    pub(crate) fn killed_since(&self, instant: Instant) -> bool {
        let killed = |member: &Arc<Member>| member.tally.was_killed_since(instant);
        self.members().iter().any(killed) || self.gone().iter().any(killed)
    }

    /// The newest generations that each has shown, by their ports
    pub(crate) fn newest(&self) -> Vec<(u16, [u64; 2])> {
        let members = self.members.read().expect("members");
        let newest = |member: &Arc<Member>| {
            let newest = std::array::from_fn(|kind| member.tally.newest[kind].load(Ordering::SeqCst));
            (member.tally.port, newest)
        };
        members.iter().map(newest).collect()
    }

    /// Starts one, waits until it is ready, and lists its endpoint
    pub(crate) fn start(self: &Arc<Self>, special: &Special<'_>) -> Arc<Member> {
        let member = {
            let _control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
            self.launch(special)
        };
        within(START, "a replica is ready", || {
            if let Some(status) = member.replica.lock().expect("replica").process.ended() {
                let log = member.log.as_ref().map(LogReader::tail);
                panic!("{} has ended with {status}: {log:#?}", member.tally.name);
            }
            member.readiness()
        });
        self.members.write().expect("members").push(Arc::clone(&member));
        member.list(true);
        self.publish();
        self.observe(&member);
        member
    }

    fn launch(&self, special: &Special<'_>) -> Arc<Member> {
        let name = format!("ramgate-{}", self.number.fetch_add(1, Ordering::Relaxed));
        let (reader, stderr) = match special {
            Special::Disk(disk) => (None, disk.open()),
            Special::Nothing | Special::Clock { .. } => {
                let (reader, stderr) = LogReader::start();
                (Some(reader), stderr)
            }
        };
        let replica = Replica::start_changed(&self.plane, &name, free_port(), &[], Some(stderr), |command| {
            if let Special::Clock { library, file } = special {
                command
                    .env("LD_PRELOAD", library)
                    .env("FAKETIME_TIMESTAMP_FILE", file)
                    .env("FAKETIME_CACHE_DURATION", "1")
                    // Who sets a clock does not change how much time has passed.
                    .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            }
        });
        Arc::new(Member::new(&name, replica, reader))
    }

    /// Lists the endpoints that may be listed
    fn publish(&self) {
        let members = self.members();
        let listed = members.iter().filter(|member| member.is_listed());
        self.service
            .set(listed.map(|member| Arc::clone(&member.tally)).collect());
    }

    /// Samples it, and asks it as the kubelet does: unready after two bad answers, ready again after a good one
    fn observe(self: &Arc<Self>, member: &Arc<Member>) {
        let (ledger, sampled) = (Arc::clone(&self.ledger), Arc::clone(member));
        thread::spawn(move || sampled.watch(&ledger));
        let (fleet, member) = (Arc::clone(self), Arc::clone(member));
        thread::spawn(move || {
            let mut bad = 0;
            while !member.is_gone() {
                let ended = member.replica.lock().expect("replica").process.ended();
                if let Some(status) = ended.filter(|_| !member.is_gone()) {
                    let log = member.log.as_ref().map(LogReader::tail);
                    let name = &member.tally.name;
                    fleet
                        .ledger
                        .problem(&format!("{name} has ended by itself with {status}: {log:#?}"));
                    fleet.unlist(&member);
                    return;
                }
                let answer = member.readiness();
                bad = if answer.is_ok() { 0 } else { bad + 1 };
                if !member.is_gone() && member.is_listed() != (bad < 2) {
                    fleet
                        .ledger
                        .event(&format!("{} is ready: {answer:?}", member.tally.name));
                    member.list(bad < 2);
                    fleet.publish();
                }
                thread::sleep(Duration::from_millis(500));
            }
        });
    }

    /// Stops one as a roll-out does
    pub(crate) fn stop(&self, member: &Arc<Member>) {
        member.leave();
        member.replica.lock().expect("replica").process.signal("TERM");
        // The endpoint goes a little later than the signal comes.
        thread::sleep(PROPAGATION);
        self.unlist(member);
        let status = within(Duration::from_secs(30), "a replica stops", || {
            // Until its end, so that no count is missing.
            member.sample(&self.ledger);
            let mut replica = member.replica.lock().expect("replica");
            replica.process.ended().ok_or("it still runs")
        });
        if !status.success() {
            let name = &member.tally.name;
            self.ledger.problem(&format!("{name} ended with {status}"));
        }
    }

    /// Kills one; its endpoint is noticed to be gone after a while
    pub(crate) fn kill(&self, member: &Arc<Member>) {
        member.leave();
        member.tally.killed();
        member.replica.lock().expect("replica").process.signal("KILL");
        thread::sleep(PROPAGATION);
        self.unlist(member);
    }

    fn unlist(&self, member: &Arc<Member>) {
        member.list(false);
        self.members
            .write()
            .expect("members")
            .retain(|one| !Arc::ptr_eq(one, member));
        self.publish();
        self.gone.lock().expect("gone").push(Arc::clone(member));
    }

    /// Puts a new replica in the place of the oldest
    pub(crate) fn replace_oldest(self: &Arc<Self>, special: &Special<'_>) -> Arc<Member> {
        let oldest = Arc::clone(&self.members()[0]);
        let new = self.start(special);
        self.stop(&oldest);
        new
    }
}
