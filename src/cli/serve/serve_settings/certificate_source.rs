//! The flags of the certificate: mounted files, or a certificate made by this process.

use std::path::PathBuf;

use crate::cli::serve::serve_settings::mistakes;
use crate::cli::serve::serve_settings::mistakes::Checked;
use crate::cli::serve::serve_settings::serve_args::ServeArgs;
use crate::server::certificate::authority;
use crate::server::certificate::mounted::{CertificateFile, KeyFile};

/// Names of the self-made certificate unless others are given
pub(super) const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Where the certificate of the reviews' port comes from
#[derive(Clone, Debug)]
pub(in crate::cli::serve) enum CertificateSource {
    /// Files that somebody else renews
    Mounted {
        certificate: CertificateFile,
        key: KeyFile,
    },
    /// Made by this process
    SelfMade(SelfMadeCertificate),
}

/// A certificate made by this process, and where its CA is published
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::serve) struct SelfMadeCertificate {
    pub(in crate::cli::serve) names: Vec<String>,
    /// The Secret that holds the authority; without one it lives in memory
    pub(in crate::cli::serve) secret: Option<SharedSecret>,
    pub(in crate::cli::serve) ca_file: Option<PathBuf>,
}

/// A Secret that replicas share, and the webhook configurations that must trust it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::serve) struct SharedSecret {
    pub(in crate::cli::serve) namespace: String,
    pub(in crate::cli::serve) name: String,
    pub(in crate::cli::serve) webhook_configuration: Option<String>,
}

/// Checks the flags of the certificate
///
/// ```text
/// --tls-cert-file a --tls-key-file b -> Mounted
/// --tls-cert-file a                  -> "--tls-cert-file needs --tls-key-file"
/// (none)                             -> SelfMade for localhost, in memory
/// ```
pub(super) fn check(args: &ServeArgs) -> Checked<CertificateSource> {
    match (&args.tls_cert_file, &args.tls_key_file) {
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (CertificateFile(certificate.clone()), KeyFile(key.clone()));
            mistakes::unless(
                self_made_flags(args),
                CertificateSource::Mounted { certificate, key },
            )
        }
        (None, None) => self_made(args).map(CertificateSource::SelfMade),
        (Some(_), None) => Err(vec!["--tls-cert-file needs --tls-key-file".into()]),
        (None, Some(_)) => Err(vec!["--tls-key-file needs --tls-cert-file".into()]),
    }
}

/// Mistakes for flags of the self-made certificate beside mounted files, whose owner also sets caBundle
fn self_made_flags(args: &ServeArgs) -> Vec<String> {
    let flags = [
        (args.tls_secret.is_some(), "--tls-secret"),
        (!args.tls_name.is_empty(), "--tls-name"),
        (args.ca_file.is_some(), "--ca-file"),
    ];
    let given = flags.iter().filter(|(given, _)| *given);
    given
        .map(|(_, flag)| format!("{flag} is for the self-made certificate, not for --tls-cert-file"))
        .collect()
}

fn self_made(args: &ServeArgs) -> Checked<SelfMadeCertificate> {
    let names = match args.tls_name.as_slice() {
        [] => LOCAL_NAMES.map(str::to_owned).to_vec(),
        names => names.to_vec(),
    };
    let bad_names = names.iter().filter_map(|name| {
        let error = authority::check_name(name).err()?;
        Some(format!("--tls-name `{name}`: {error}"))
    });
    let mut mistakes: Vec<String> = bad_names.collect();
    if args.tls_secret.is_some() && args.namespace.is_none() {
        mistakes.push("--tls-secret needs --namespace, where the Secret is".into());
    }
    if args.webhook_configuration.is_some() && args.tls_secret.is_none() {
        mistakes.push(
            "--webhook-configuration needs --tls-secret, so that all replicas have one CA, or --tls-cert-file".into(),
        );
    }
    let secret = args.namespace.as_ref().zip(args.tls_secret.as_ref());
    let secret = secret.map(|(namespace, name)| SharedSecret {
        namespace: namespace.clone(),
        name: name.clone(),
        webhook_configuration: args.webhook_configuration.clone(),
    });
    mistakes::unless(
        mistakes,
        SelfMadeCertificate {
            names,
            secret,
            ca_file: args.ca_file.clone(),
        },
    )
}
