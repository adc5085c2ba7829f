//! Attacks on the identity that a pod is asked for. Whoever attacks may do everything in the namespace that Kubernetes'
//! own rights can give.

mod bindings;
mod bystanders;
mod claims;
mod contents;
mod detours;
mod histories;
mod names;
mod parameters;
mod races;
mod revisions;
mod stranger;
