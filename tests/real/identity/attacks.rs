//! Attacks on the identity that a pod is asked for. Whoever attacks may do everything in the namespace that Kubernetes'
//! own rights can give.

mod claims;
mod detours;
mod histories;
mod names;
mod races;
