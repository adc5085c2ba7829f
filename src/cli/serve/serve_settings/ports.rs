//! The flags of the ports: their addresses, and the clients that may connect.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::serve::serve_settings::mistakes::Checked;
use crate::server::peers::{Network, Peers};

/// The flags of the ports
#[derive(Debug, Args)]
pub(super) struct PortArgs {
    /// Where reviews arrive, HTTPS
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Where /live, /ready, /metrics and /candidate are, plain HTTP
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8080")]
    admin_listen: SocketAddr,
    /// Where /live and /ready are for probes alone, plain HTTP, so that nobody at the admin port can delay them
    #[arg(long, value_name = "ADDR")]
    probe_listen: Option<SocketAddr>,
    /// Network whose connections the reviews' port takes, CIDR; others are closed at once. Without it any are taken
    #[arg(long, value_name = "CIDR")]
    peer: Vec<Network>,
    /// Demand a client certificate of this authority at the reviews' port, PEM; followed when it changes
    #[arg(long, value_name = "FILE")]
    client_ca_file: Option<PathBuf>,
    /// Common name or DNS name that the client certificate must have. Without it any of that authority is good
    #[arg(long, value_name = "NAME")]
    client_name: Vec<String>,
}

/// The addresses of the ports, and the clients that may connect
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: SocketAddr,
    pub(crate) probe_listen: Option<SocketAddr>,
    pub(crate) peers: Peers,
    pub(crate) client_ca: Option<ClientCaSettings>,
}

/// The CA that signs client certificates, and the names that they may have
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientCaSettings {
    pub(crate) file: PathBuf,
    pub(crate) names: Vec<String>,
}

impl PortArgs {
    /// Checks the flags of the ports
    ///
    /// # Errors
    /// Client names are given without a client CA.
    pub(super) fn check(&self) -> Checked<Ports> {
        if self.client_ca_file.is_none() && !self.client_name.is_empty() {
            return Err(vec![
                "--client-name needs --client-ca-file: a name counts in a certificate alone".into(),
            ]);
        }
        let client_ca = self.client_ca_file.as_ref().map(|file| ClientCaSettings {
            file: file.clone(),
            names: self.client_name.clone(),
        });
        Ok(Ports {
            listen: self.listen,
            admin_listen: self.admin_listen,
            probe_listen: self.probe_listen,
            peers: self.peer.iter().copied().collect(),
            client_ca,
        })
    }
}
