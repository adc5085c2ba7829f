//! What this package's integration tests, benches and fuzz targets use of it.
//!
//! Nothing here is a stable interface. Everything else in the package is private to it, so the
//! compiler reports code that nobody uses.

/// From `admission`
pub mod admission {
    pub use crate::admission::Mode;
    pub use crate::admission::Modes;
    pub use crate::admission::Path;
    pub use crate::admission::Review;
    pub use crate::admission::response::reply::refuse;
    pub use crate::admission::response::reply::{MAX_MESSAGE, MAX_WARNING};
    pub use crate::admission::{Answer, answer};
    /// From `annotations`
    pub mod annotations {
        pub use crate::admission::fields::annotations::{
            ECI_FIELDS, Fields, resource_group, role_name, tags,
        };
    }
    pub use crate::admission::offline::Operation;
    pub use crate::admission::offline::Request;

    /// From `offline`
    pub mod offline {
        pub use crate::admission::offline::run;
        pub use crate::admission::offline::stamped;
    }
}

/// From `analysis`
pub mod analysis {
    pub use crate::analysis::diff::Change;
    pub use crate::analysis::diff::Difference;
    pub use crate::analysis::diff::Term;
    pub use crate::analysis::diff::compare;
    pub use crate::analysis::lint::Code;
    pub use crate::analysis::lint::Facts;
    pub use crate::analysis::lint::Warning;

    /// From `lint`
    pub mod lint {
        pub use crate::analysis::lint::configuration;
        pub use crate::analysis::lint::document;
    }
}

/// From `cases`
pub mod cases {
    pub use crate::cases::CaseResult;
    pub use crate::cases::run;
}

/// From `cluster`
pub mod cluster {
    pub use crate::cluster::Installed;
}

/// From `config`
pub mod config {
    pub use crate::config::NamedPiece;
    pub use crate::config::directory::ClusterSettings;
    pub use crate::config::directory::Configuration;
    pub use crate::config::directory::FaultClass;
    pub use crate::config::directory::LocatedFault;
    pub use crate::config::directory::Piece;
    pub use crate::config::directory::{check, merge};
    pub use crate::config::load;

    /// From `folder`
    pub mod folder {
        pub use crate::config::folder::read;
    }
}

/// From `kubernetes`
pub mod kubernetes {
    pub use crate::kubernetes::cluster::ClusterSnapshot;
    pub use crate::kubernetes::control_plane::is_control_plane;
    pub use crate::kubernetes::controller_revision::Problem;
    pub use crate::kubernetes::controller_revision::template;
    pub use crate::kubernetes::pod::Pod;
}

/// From `server`
pub mod server {
    pub use crate::server::Server;
    pub use crate::server::admin::Admin;
    pub use crate::server::admin::Readiness;
    pub use crate::server::admin::Report;
    pub use crate::server::certificate::authority::Authority;
    pub use crate::server::certificate::bundle::Bundle;
    pub use crate::server::certificate::lifetimes::Lifetimes;
    pub use crate::server::certificate::mounted::CertificateFile;
    pub use crate::server::certificate::mounted::KeyFile;
    pub use crate::server::certificate::mounted::Mounted;
    pub use crate::server::certificate::own::Own;
    pub use crate::server::certificate::secret::SharedAuthorities;
    pub use crate::server::certificate::slot::Slot;
    pub use crate::server::clients::AuthorityFile;
    pub use crate::server::judge::Endpoint;
    pub use crate::server::judge::Judge;
    pub use crate::server::judge::Verdict;
    pub use crate::server::limits::ConnectionLimits;
    pub use crate::server::limits::ReviewLimits;
    pub use crate::server::listener::Listener;
    pub use crate::server::listener::Port;
    pub use crate::server::listener::Transport;
    pub use crate::server::peers::Network;
    pub use crate::server::peers::Peers;
    pub use crate::server::reviews::Reviews;
    pub use crate::server::shutdown::Aborted;
    pub use crate::server::shutdown::Phase;
    pub use crate::server::shutdown::Phases;

    /// From `admin`
    pub mod admin {
        pub use crate::server::admin::router;
    }

    /// From `injection`
    pub mod injection {
        pub use crate::server::certificate::injection::keep;
    }

    /// From `reviews`
    pub mod reviews {
        pub use crate::server::reviews::router;
    }
}

/// From `telemetry`
pub mod telemetry {
    pub use crate::telemetry::metrics::Metrics;
    pub use crate::telemetry::record::Record;
}

/// From `yaml`
pub mod yaml {
    pub use crate::yaml::parse;
}
