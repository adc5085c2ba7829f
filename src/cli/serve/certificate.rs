//! The certificate that the flags ask for: loaded or made before the sockets are bound, kept fresh afterwards.

use std::path::PathBuf;
use std::sync::Arc;

use kube::Client;

use crate::cli::command_error::CommandError;
use crate::cli::serve::readiness::Tasks;
use crate::cli::serve::settings::{CertificateSource, OwnCertificate};
use crate::server::certificate::bundle::Bundle;
use crate::server::certificate::lifetimes::Lifetimes;
use crate::server::certificate::mounted::Mounted;
use crate::server::certificate::own::Own;
use crate::server::certificate::rotation::Authorities;
use crate::server::certificate::secret::SharedAuthorities;
use crate::server::certificate::slot::Slot;
use crate::server::certificate::{bundle, injection, mounted};
use crate::telemetry::metrics::Metrics;

/// A certificate that waits to be kept fresh
pub(super) struct Certificate {
    keeper: Keeper,
    injection: Option<Injection>,
    ca_file: Option<(PathBuf, Bundle)>,
}

/// Who keeps it fresh
enum Keeper {
    Mounted(Mounted),
    InMemory(Own, Authorities),
    Shared(Box<(SharedAuthorities, Own)>),
}

/// What keeps caBundle in step
struct Injection {
    client: Client,
    name: String,
    bundle: Bundle,
    metrics: Arc<Metrics>,
}

impl Certificate {
    /// Loads or makes the certificate; one that replicas share comes later, from the cluster
    ///
    /// # Errors
    /// Files that cannot be used, a file for the CA that cannot be written.
    pub(super) fn start(
        source: CertificateSource,
        client: Option<&Client>,
        pod: &str,
        slot: &Arc<Slot>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, CommandError> {
        let OwnCertificate {
            names,
            secret,
            ca_file,
        } = match source {
            CertificateSource::Own(own) => own,
            CertificateSource::Mounted { certificate, key } => {
                let mounted = Mounted::load(certificate, key, Arc::clone(slot), Arc::clone(metrics));
                let mounted = mounted.map_err(|error| CommandError::Usage(error.to_string()))?;
                return Ok(Self {
                    keeper: Keeper::Mounted(mounted),
                    injection: None,
                    ca_file: None,
                });
            }
        };
        let mut own = Own::new(names, Lifetimes::USUAL, Arc::clone(slot), Arc::clone(metrics));
        let bundle = own.bundle();
        let (keeper, injection) = match (secret, client) {
            (Some(secret), Some(client)) => {
                let shared = SharedAuthorities::new(client.clone(), &secret.namespace, &secret.name, pod);
                let injection = secret.webhook_configuration.map(|name| Injection {
                    client: client.clone(),
                    name,
                    bundle: bundle.clone(),
                    metrics: Arc::clone(metrics),
                });
                (Keeper::Shared(Box::new((shared, own))), injection)
            }
            (None, _) | (Some(_), None) => {
                let authorities = own.start_in_memory();
                let authorities = authorities.map_err(|error| CommandError::Usage(error.to_string()))?;
                (Keeper::InMemory(own, authorities), None)
            }
        };
        if let Some(path) = &ca_file {
            // Now, so that a path that cannot be written is told at once, and the file is there before the port is
            bundle::write(path, &bundle.borrow()).map_err(|error| CommandError::Usage(error.to_string()))?;
        }
        Ok(Self {
            keeper,
            injection,
            ca_file: ca_file.map(|path| (path, bundle)),
        })
    }

    /// Keeps it fresh for as long as the process lives
    pub(super) fn keep(self, tasks: &Tasks) {
        const NAME: &str = "the renewal of the certificate";
        match self.keeper {
            Keeper::Mounted(mounted) => tasks.spawn(NAME, mounted.keep(mounted::LOOK)),
            Keeper::InMemory(own, authorities) => tasks.spawn(NAME, own.keep_in_memory(authorities)),
            Keeper::Shared(both) => {
                let (shared, own) = *both;
                tasks.spawn(NAME, shared.keep(own));
            }
        }
        if let Some(Injection {
            client,
            name,
            bundle,
            metrics,
        }) = self.injection
        {
            tasks.spawn(
                "the update of caBundle",
                injection::keep(client, name, bundle, metrics),
            );
        }
        if let Some((path, bundle)) = self.ca_file {
            tasks.spawn("the update of the CA file", bundle::keep_file(path, bundle));
        }
    }
}
