//! The certificate that the flags choose: loaded or made before the sockets are bound, and renewed afterwards.

use std::path::PathBuf;
use std::sync::Arc;

use kube::Client;

use crate::cli::command_error::CommandError;
use crate::cli::serve::background_tasks::BackgroundTasks;
use crate::cli::serve::serve_settings::certificate_source::{CertificateSource, SelfMadeCertificate};
use crate::server::certificate::ca_bundle::CaBundle;
use crate::server::certificate::leaf_issuer::LeafIssuer;
use crate::server::certificate::lifetimes::Lifetimes;
use crate::server::certificate::mounted::{CertificateFile, KeyFile, MountedCertificate};
use crate::server::certificate::resolver::CertificateResolver;
use crate::server::certificate::rotation::Authorities;
use crate::server::certificate::shared_authorities::SharedAuthorities;
use crate::server::certificate::{ca_bundle, ca_injection};
use crate::server::mounted_files::POLL_INTERVAL;
use crate::telemetry::metrics::Metrics;

/// A certificate, and the tasks that keep it fresh once they run
pub(super) struct CertificateRenewal {
    renewal: Renewal,
    injection: Option<Injection>,
    ca_file: Option<(PathBuf, CaBundle)>,
}

/// How the certificate is kept fresh
enum Renewal {
    /// By others, in mounted files
    Mounted(MountedCertificate),
    /// By an authority in memory
    InMemory(LeafIssuer, Authorities),
    /// By an authority that all replicas share
    Shared(Box<(SharedAuthorities, LeafIssuer)>),
}

/// The parameters of the caBundle's injection
struct Injection {
    client: Client,
    webhook_configuration: String,
    bundle: CaBundle,
    metrics: Arc<Metrics>,
}

impl CertificateRenewal {
    /// Loads or makes the certificate; one of a shared authority comes later, from the cluster
    ///
    /// # Errors
    /// The mounted files cannot be used, or the CA file cannot be written.
    pub(super) fn start(
        source: CertificateSource,
        client: Option<&Client>,
        pod: &str,
        resolver: &Arc<CertificateResolver>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, CommandError> {
        match source {
            CertificateSource::Mounted { certificate, key } => {
                Self::start_mounted(certificate, key, resolver, metrics)
            }
            CertificateSource::SelfMade(certificate) => {
                Self::start_self_made(certificate, client, pod, resolver, metrics)
            }
        }
    }

    fn start_mounted(
        certificate: CertificateFile,
        key: KeyFile,
        resolver: &Arc<CertificateResolver>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, CommandError> {
        let mounted = MountedCertificate::load(certificate, key, Arc::clone(resolver), Arc::clone(metrics));
        let mounted = mounted.map_err(|error| CommandError::Usage(error.to_string()))?;
        Ok(Self {
            renewal: Renewal::Mounted(mounted),
            injection: None,
            ca_file: None,
        })
    }

    fn start_self_made(
        certificate: SelfMadeCertificate,
        client: Option<&Client>,
        pod: &str,
        resolver: &Arc<CertificateResolver>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, CommandError> {
        let SelfMadeCertificate {
            names,
            secret,
            ca_file,
        } = certificate;
        let mut issuer = LeafIssuer::new(names, Lifetimes::USUAL, Arc::clone(resolver), Arc::clone(metrics));
        let bundle = issuer.bundle();
        let (renewal, injection) = match secret.zip(client) {
            Some((secret, client)) => {
                let shared = SharedAuthorities::new(client.clone(), &secret.namespace, &secret.name, pod);
                let injection = secret.webhook_configuration.map(|name| Injection {
                    client: client.clone(),
                    webhook_configuration: name,
                    bundle: bundle.clone(),
                    metrics: Arc::clone(metrics),
                });
                (Renewal::Shared(Box::new((shared, issuer))), injection)
            }
            None => {
                let authorities = issuer.start_in_memory();
                let authorities = authorities.map_err(|error| CommandError::Usage(error.to_string()))?;
                (Renewal::InMemory(issuer, authorities), None)
            }
        };
        if let Some(path) = &ca_file {
            // Now, so that a path that cannot be written fails at once, and the file is there before the port is
            ca_bundle::write(path, &bundle.borrow())
                .map_err(|error| CommandError::Usage(error.to_string()))?;
        }
        Ok(Self {
            renewal,
            injection,
            ca_file: ca_file.map(|path| (path, bundle)),
        })
    }

    /// Keeps the certificate fresh for as long as the process lives
    pub(super) fn run(self, tasks: &BackgroundTasks) {
        const NAME: &str = "the renewal of the certificate";
        match self.renewal {
            Renewal::Mounted(mounted) => tasks.spawn(NAME, mounted.run(POLL_INTERVAL)),
            Renewal::InMemory(issuer, authorities) => {
                tasks.spawn(NAME, issuer.renew_in_memory(authorities));
            }
            Renewal::Shared(shared) => {
                let (shared, issuer) = *shared;
                tasks.spawn(NAME, shared.run(issuer));
            }
        }
        if let Some(Injection {
            client,
            webhook_configuration,
            bundle,
            metrics,
        }) = self.injection
        {
            tasks.spawn(
                "the update of caBundle",
                ca_injection::run(client, webhook_configuration, bundle, metrics),
            );
        }
        if let Some((path, bundle)) = self.ca_file {
            tasks.spawn(
                "the update of the CA file",
                ca_bundle::write_changes(path, bundle),
            );
        }
    }
}
