//! The live eci-profile: one ConfigMap, followed by its name.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};

use crate::admission::profile::{NAME, NAMESPACE, Profile};
use crate::api::{self, Told};
use crate::store::snapshot::Store;

/// The eci-profile as it was last good; empty where there is none
#[derive(Debug, Default)]
pub struct LiveProfile {
    current: ArcSwap<Profile>,
    trouble: Mutex<Option<String>>,
}

impl LiveProfile {
    /// What pods are decorated with
    pub fn current(&self) -> Arc<Profile> {
        self.current.load_full()
    }

    /// Why what is in force is not what the ConfigMap says, if it is not
    pub fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Follows the ConfigMap from the first configuration on that reads it, for ever
    pub async fn keep(self: Arc<Self>, client: Client, store: Arc<Store>) {
        let mut changes = store.subscribe();
        let is_read = || {
            let configuration = store.current();
            configuration.is_some_and(|configuration| configuration.cluster.eci_profile)
        };
        while !is_read() {
            if changes.changed().await.is_err() {
                return;
            }
        }
        let maps: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
        let mut events = pin!(api::follow(maps, NAME));
        let mut told = Told::default();
        while let Some(event) = events.next().await {
            let read = match event {
                Ok(map) => {
                    let data = map.and_then(|map| map.data).unwrap_or_default();
                    Profile::parse(&data).map_err(|error| error.to_string())
                }
                Err(error) => Err(format!("ConfigMap {NAMESPACE}/{NAME} cannot be read: {error}")),
            };
            if told.is_news(&read)
                && let Err(error) = &read
            {
                tracing::error!("the eci-profile of before stays in use: {error}");
            }
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = read.as_ref().err().cloned();
            if let Ok(profile) = read {
                tracing::info!(selectors = profile.selectors().len(), "eci-profile");
                self.current.store(Arc::new(profile));
            }
        }
    }
}
