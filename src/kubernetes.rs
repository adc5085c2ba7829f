//! Kubernetes objects as ramgate reads them: pods, pod templates, workloads, ControllerRevisions, eci-profile.
//!
//! A review contains objects of any size. These types parse only the fields that a decision needs, and limit what they
//! keep. [`cluster::Cluster`] looks up objects that are not in the review.

pub(crate) mod borrowed_text;
pub(crate) mod canonical_json;
pub(crate) mod cluster;
pub(crate) mod control_plane;
pub(crate) mod controller_revision;
pub(crate) mod deserialize;
pub(crate) mod eci_annotations;
pub(crate) mod eci_profile;
pub(crate) mod field_path;
pub(crate) mod json_member;
pub(crate) mod limits;
pub(crate) mod meta;
pub(crate) mod metadata;
pub(crate) mod node_kind;
pub(crate) mod owned_object;
pub(crate) mod pod;
pub(crate) mod pod_spec;
pub(crate) mod pod_template;
pub(crate) mod requested_resources;
pub(crate) mod requester;
pub(crate) mod reviewed_template;
pub(crate) mod routing_policy;
pub(crate) mod snapshot;
pub(crate) mod string_map;
pub(crate) mod template_place;
pub(crate) mod user_extra;
pub(crate) mod workload;
