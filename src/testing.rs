//! What this package's integration tests, benches and fuzz targets use of it.
//!
//! Nothing here is a stable interface. Everything else in the package is private to it, so the
//! compiler reports code that nobody uses.

/// From `admission`
pub mod admission {
    pub use crate::admission::response::Response;
    pub use crate::admission::response::admission_response::{MAX_MESSAGE, MAX_WARNING};
    pub use crate::admission::response::unjudged::unjudged;
    pub use crate::admission::review::complete::{CompleteReview, NamedObjects};
    pub use crate::admission::{Mode, Modes, Review, Webhook, respond};
    /// From `annotations`
    pub mod annotations {
        pub use crate::admission::fields::parse_names::{parse_resource_group, parse_role_name};
        pub use crate::admission::fields::parse_tags::parse_tags;
        pub use crate::admission::fields::reading::Fields;
        pub use crate::kubernetes::eci_annotations::ECI_FIELDS;
    }
    pub use crate::admission::offline::{Operation, Request};

    /// From `offline`
    pub mod offline {
        pub use crate::admission::offline::{run, stamped};
    }
}

/// From `alibaba_cloud`
pub mod alibaba_cloud {
    pub use crate::alibaba_cloud::{RequestToSign, SecretText};
}

/// From `analysis`
pub mod analysis {
    pub use crate::analysis::diff::{Change, Difference, Term, compare};
    pub use crate::analysis::lint::{AccountFacts, Code, Warning};

    /// From `lint`
    pub mod lint {
        pub use crate::analysis::lint::{configuration, document};
    }
}

/// From `cases`
pub mod cases {
    pub use crate::cases::{CaseResult, run};
}

/// From `cluster`
pub mod cluster {
    pub use crate::cluster::InstalledWebhooks;
}

/// From `config`
pub mod config {
    pub use crate::config::{
        ClusterSettings, Configuration, FaultClass, LocatedFault, NamedDocument, ParsedDocument, check, load,
        merge,
    };

    /// From `folder`
    pub mod folder {
        pub use crate::config::folder::document_file::documents;
        pub use crate::config::folder::read;
    }
}

/// From `import`
pub mod import {
    pub use crate::import::output::{Form, files};
    pub use crate::import::{Documents, InputFile, OwnDocuments, RamData, Settings, documents};

    /// From `aliyun`
    pub mod aliyun {
        pub use crate::import::aliyun::read;
    }

    /// From `terraform`
    pub mod terraform {
        pub use crate::import::terraform::{TerraformSettings, read};
    }
}

/// From `kubernetes`
pub mod kubernetes {
    pub use crate::kubernetes::control_plane::{is_control_plane, users as control_plane_users};
    pub use crate::kubernetes::controller_revision::{Problem, template};
    pub use crate::kubernetes::pod::Pod;
    pub use crate::kubernetes::snapshot::ClusterSnapshot;
}

/// From `server`
pub mod server {
    pub use crate::server::Server;
    pub use crate::server::admin::{Admin, CandidateView, Readiness, ReadinessReport};
    pub use crate::server::certificate::authority::Authority;
    pub use crate::server::certificate::ca_bundle::CaBundle;
    pub use crate::server::certificate::leaf_issuer::LeafIssuer;
    pub use crate::server::certificate::lifetimes::Lifetimes;
    pub use crate::server::certificate::mounted::{CertificateFile, KeyFile, MountedCertificate};
    pub use crate::server::certificate::resolver::CertificateResolver;
    pub use crate::server::certificate::shared_authorities::SharedAuthorities;
    pub use crate::server::client_certificate::ca_file::ClientCaFile;
    pub use crate::server::limits::{ConnectionLimits, ReviewLimits};
    pub use crate::server::listener::{Listener, Port, Transport};
    pub use crate::server::peers::{Network, Peers};
    pub use crate::server::request_head::{RequestHead, ReviewedConfigMap};
    pub use crate::server::review_handler::{HandledReview, ReviewHandler, UnreadableReview};
    pub use crate::server::reviews::Reviews;
    pub use crate::server::shutdown::{Aborted, Phase, Phases};

    /// From `admin`
    pub mod admin {
        pub use crate::server::admin::router;
    }

    /// From `ca_injection`
    pub mod ca_injection {
        pub use crate::server::certificate::ca_injection::run;
    }

    /// From `reviews`
    pub mod reviews {
        pub use crate::server::reviews::router;
    }
}

/// From `telemetry`
pub mod telemetry {
    pub use crate::telemetry::endpoint::Endpoint;
    pub use crate::telemetry::metrics::Metrics;
    pub use crate::telemetry::metrics::labels::RESOURCES;
    pub use crate::telemetry::record::Record;
}

/// From `yaml`
pub mod yaml {
    pub use crate::yaml::{Manifests, parse, parse_manifests};
}
