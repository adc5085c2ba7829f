//! The certificates of a control plane: one authority for the API server and for everyone who talks to it.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::DnValue;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::date_time_ymd;

use super::process::unique;

/// A certificate authority and the folder where its certificates are written
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// Where a certificate and its key were written, both as PEM
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    /// A new authority of the given common name, written as `ca.pem`
    pub(crate) fn new(name: &str, folder: &Path) -> Self {
        let mut parameters = named(name, None);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("key")).expect("CA");
        fs::create_dir_all(folder).expect("folder of certificates");
        fs::write(folder.join("ca.pem"), issuer.pem()).expect("CA certificate");
        Self {
            issuer,
            folder: folder.to_owned(),
        }
    }

    /// Where the authority's own certificate stands
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The authority's own certificate as PEM
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a user (the common name) and one group at most (the organization)
    pub(crate) fn client(&self, user: &str, group: Option<&str>) -> Pair {
        self.sign(user, named(user, group))
    }

    /// A certificate for a server of these DNS names and addresses, valid until a year begins
    pub(crate) fn server(&self, file: &str, names: &[&str], until: i32) -> Pair {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names).expect("server names");
        parameters.distinguished_name = common_name(file);
        parameters.not_after = date_time_ymd(until, 1, 1);
        self.sign(file, parameters)
    }

    fn sign(&self, file: &str, parameters: CertificateParams) -> Pair {
        let key = KeyPair::generate().expect("key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("certificate");
        // Tests that run beside each other may ask for the same name.
        let file = format!("{}-{}", file.replace([':', '/', '@'], "-"), unique());
        let pair = Pair {
            certificate: self.folder.join(format!("{file}.pem")),
            key: self.folder.join(format!("{file}.key")),
        };
        fs::write(&pair.certificate, certificate.pem()).expect("certificate file");
        fs::write(&pair.key, key.serialize_pem()).expect("key file");
        pair
    }
}

fn named(name: &str, group: Option<&str>) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = common_name(name);
    if let Some(group) = group {
        let group = DnValue::Utf8String(group.to_owned());
        parameters
            .distinguished_name
            .push(DnType::OrganizationName, group);
    }
    parameters
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, DnValue::Utf8String(name.to_owned()));
    distinguished
}
