//! What there is to say of one workload.

use crate::admission::Cause;
use crate::analysis::survey::source::{Owner, Source};
use crate::stamp::{Broken, Claims, Form};

/// A workload or bare pod that leads to ECI
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What kind it is
    pub source: Source,
    /// Its namespace
    pub namespace: String,
    /// Its name
    pub name: String,
    /// The path of the template in it, where it has several
    pub at: Option<String>,
    /// What controls it
    pub owner: Option<Owner>,
    /// Whether its owner keeps it from rolling out
    pub is_paused: bool,
    /// Whether it is a pod that has its node already, so that nobody asks for it again
    pub is_bound: bool,
    /// Whether its pods are ECI's for certain, and not only if they are bound to a virtual node
    pub is_certain: bool,
    /// What leads to ECI
    pub mark: String,
    /// What its stamp is worth
    pub stamp: Stamp,
    /// What would become of its pods
    pub today: Today,
}

/// What a stamp is worth
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// It says who asked
    Good {
        /// Who asked for what
        claims: Box<Claims>,
        /// The key that signed it
        key: String,
    },
    /// There is none
    Missing,
    /// It is not to be believed
    Broken {
        /// Why not; nothing where there are no keys to check it with
        reason: Option<Broken>,
        /// The key that it names
        key: Option<String>,
    },
}

/// What would become of pods that are made now, in mode enforce
#[derive(Clone, Debug)]
pub(crate) enum Today {
    /// They are allowed
    Allowed,
    /// They are denied
    Denied(Denied),
    /// They are denied where the scheduler binds them to a virtual node
    DeniedIfBound(Denied),
}

/// Why pods would be denied
#[derive(Clone, Debug)]
pub(crate) struct Denied {
    /// The first code
    pub code: String,
    /// In one sentence
    pub sentence: String,
    /// Everything that speaks against them
    pub causes: Vec<Cause>,
}

impl Row {
    /// `KIND/NAME`, with the path of the template where there are several
    pub(crate) fn title(&self) -> String {
        let at = self.at.as_ref().map_or_else(String::new, |at| format!(" ({at})"));
        format!("{}/{}{at}", self.source.kind(), self.name)
    }

    /// Whether its stamp is good and its pods are allowed
    pub(crate) fn is_good(&self) -> bool {
        matches!((&self.stamp, &self.today), (Stamp::Good { .. }, Today::Allowed))
    }

    /// Whether mode enforce would stop something of it
    pub(crate) fn would_be_denied(&self) -> bool {
        !self.is_bound && !self.is_good()
    }
}

impl Stamp {
    /// One word for it
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Good { .. } => "good",
            Self::Missing => "missing",
            Self::Broken { .. } => "broken",
        }
    }

    /// What it says, if it is to be believed
    pub(crate) fn claims(&self) -> Option<&Claims> {
        match self {
            Self::Good { claims, .. } => Some(claims),
            Self::Missing | Self::Broken { .. } => None,
        }
    }

    /// The form in which it was written, if it is to be believed
    pub(crate) fn form(&self) -> Option<Form> {
        let object = |claims: &Claims| claims.object.is_some();
        self.claims().map(|claims| match object(claims) {
            true => Form::Second,
            false => Form::First,
        })
    }

    /// The key that signed it, or that it names
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Good { key, .. } => Some(key),
            Self::Broken { key, .. } => key.as_deref(),
            Self::Missing => None,
        }
    }

    /// What is wrong with it
    pub(crate) fn trouble(&self) -> Option<String> {
        match self {
            Self::Good { .. } => None,
            Self::Missing => Some("nothing says who asked for its pods".to_owned()),
            Self::Broken {
                reason: Some(reason), ..
            } => Some(format!("its stamp proves nothing, {reason}")),
            Self::Broken { reason: None, .. } => {
                Some("its stamp proves nothing, there is no key to check it with".to_owned())
            }
        }
    }
}

impl Today {
    /// One word for it
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied(_) => "denied",
            Self::DeniedIfBound(_) => "denied-if-bound",
        }
    }

    /// Why not, if they are not allowed
    pub(crate) fn denied(&self) -> Option<&Denied> {
        match self {
            Self::Allowed => None,
            Self::Denied(denied) | Self::DeniedIfBound(denied) => Some(denied),
        }
    }
}
