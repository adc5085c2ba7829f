//! Binds the ports.

use std::net::SocketAddr;

use crate::cli::command_error::CommandError;
use crate::cli::serve::serve_settings::ports::Ports;
use crate::server::listener::Listener;

/// The bound ports
pub(super) struct Listeners {
    pub(super) reviews: Listener,
    pub(super) admin: Listener,
    /// `None` if probes use the admin port
    pub(super) probes: Option<Listener>,
}

impl Listeners {
    /// Binds all ports and logs their addresses
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub(super) async fn bind(ports: &Ports) -> Result<Self, CommandError> {
        let reviews = bind(ports.listen).await?;
        let admin = bind(ports.admin_listen).await?;
        let probes = match ports.probe_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            reviews = %reviews.address(),
            admin = %admin.address(),
            probes = probes.as_ref().map(|listener| listener.address().to_string()),
            "listening"
        );
        Ok(Self {
            reviews,
            admin,
            probes,
        })
    }
}

async fn bind(address: SocketAddr) -> Result<Listener, CommandError> {
    let listener = Listener::bind(address).await;
    listener.map_err(|error| CommandError::Usage(error.to_string()))
}
