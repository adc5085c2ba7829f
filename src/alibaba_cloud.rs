//! Reads Alibaba Cloud's APIs with signed requests: only named services at their documented hosts, over TLS, without
//! following redirects, within bounds of time and size.
//!
//! ```text
//! service, action, parameters -> signature -> transport -> client: retries, credentials -> paging -> complete lists
//! ```

mod access_key;
mod client;
mod cloud_error;
mod credentials;
mod paging;
mod secret_text;
mod service;
mod signature;
mod transport;

pub(crate) use crate::alibaba_cloud::client::{Answer, CloudClient, Patience};
pub(crate) use crate::alibaba_cloud::cloud_error::{CloudError, CloudFault};
pub(crate) use crate::alibaba_cloud::credentials::CredentialSource;
pub(crate) use crate::alibaba_cloud::paging::{ListCall, PageStyle};
pub use crate::alibaba_cloud::secret_text::SecretText;
pub(crate) use crate::alibaba_cloud::service::{Endpoints, Network, Region, Service};
pub use crate::alibaba_cloud::signature::RequestToSign;
pub(crate) use crate::alibaba_cloud::transport::Transport;
