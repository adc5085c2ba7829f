//! The chart as Helm renders it: what it refuses, and what each value does to the manifests.
//!
//! Run on the real Helm: `HELM` names it, else `tests/tools/obtain.sh` builds it once.

mod files;
mod render;
mod rights;
mod values;
mod webhooks;
mod workload;
