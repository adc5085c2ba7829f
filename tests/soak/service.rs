//! The Service: the replicas that are ready, for the generator and for the real API server.

use std::sync::{Arc, RwLock};

use crate::chance::Chance;
use crate::harness::control_plane::ControlPlane;
use crate::ledger::Tally;

/// The ready endpoints
pub(crate) struct Service {
    plane: Arc<ControlPlane>,
    address: String,
    chance: Chance,
    endpoints: RwLock<Vec<Arc<Tally>>>,
}

impl Service {
    /// The Service with an address such as `10.96.0.7:443`, without endpoints
    pub(crate) fn new(plane: Arc<ControlPlane>, address: String, seed: u64) -> Self {
        Self {
            plane,
            address,
            chance: Chance::new(seed),
            endpoints: RwLock::default(),
        }
    }

    /// Puts these in the place of all endpoints; connections that exist stay, as they do behind kube-proxy
    pub(crate) fn set(&self, endpoints: Vec<Arc<Tally>>) {
        let ports = endpoints.iter().map(|endpoint| endpoint.port).collect();
        self.plane.egress().route(&self.address, ports);
        *self.endpoints.write().expect("endpoints") = endpoints;
    }

    /// One of them, chosen by chance for each connection as kube-proxy does
    pub(crate) fn pick(&self) -> Option<Arc<Tally>> {
        let endpoints = self.endpoints.read().expect("endpoints");
        let count = endpoints.len();
        (count > 0).then(|| Arc::clone(&endpoints[self.chance.below(count)]))
    }
}
