//! What this package's integration tests, benches and fuzz targets use of it.
//!
//! Nothing here is a stable interface. Everything else in the package is private to it, so the
//! compiler reports code that nobody uses.

/// From `admission`
pub mod admission {
    pub use crate::admission::response::reply::{MAX_MESSAGE, MAX_WARNING, refuse};
    pub use crate::admission::{Answer, Mode, Modes, Path, Review, answer};
    /// From `annotations`
    pub mod annotations {
        pub use crate::admission::fields::annotations::{
            ECI_FIELDS, Fields, resource_group, role_name, tags,
        };
    }
    pub use crate::admission::offline::{Operation, Request};

    /// From `offline`
    pub mod offline {
        pub use crate::admission::offline::{run, stamped};
    }
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
    pub use crate::cluster::Installed;
}

/// From `config`
pub mod config {
    pub use crate::config::directory::{
        ClusterSettings, Configuration, FaultClass, LocatedFault, ParsedDocument, check, merge,
    };
    pub use crate::config::{NamedDocument, load};

    /// From `folder`
    pub mod folder {
        pub use crate::config::folder::read;
    }
}

/// From `kubernetes`
pub mod kubernetes {
    pub use crate::kubernetes::cluster::ClusterSnapshot;
    pub use crate::kubernetes::control_plane::is_control_plane;
    pub use crate::kubernetes::controller_revision::{Problem, template};
    pub use crate::kubernetes::pod::Pod;
}

/// From `server`
pub mod server {
    pub use crate::server::Server;
    pub use crate::server::admin::{Admin, Readiness, Report};
    pub use crate::server::certificate::authority::Authority;
    pub use crate::server::certificate::bundle::Bundle;
    pub use crate::server::certificate::lifetimes::Lifetimes;
    pub use crate::server::certificate::mounted::{CertificateFile, KeyFile, Mounted};
    pub use crate::server::certificate::own::Own;
    pub use crate::server::certificate::secret::SharedAuthorities;
    pub use crate::server::certificate::slot::Slot;
    pub use crate::server::clients::AuthorityFile;
    pub use crate::server::judge::{Endpoint, Judge, Verdict};
    pub use crate::server::limits::{ConnectionLimits, ReviewLimits};
    pub use crate::server::listener::{Listener, Port, Transport};
    pub use crate::server::peers::{Network, Peers};
    pub use crate::server::reviews::Reviews;
    pub use crate::server::shutdown::{Aborted, Phase, Phases};

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
