//! RAM's data from the cloud into named ConfigMaps: the process beside the webhook that holds credentials.
//!
//! ```text
//! stored ConfigMaps, account (calls) -> import -> placement -> loss: too much? -> config_maps: try all, then write
//! ```
//!
//! Either all of it is written or nothing, unless the API server refuses a write that it took on trial a moment ago: a call that fails, a page that is missing, a document that is invalid, text that
//! does not fit and a loss that nobody accepted leave the ConfigMaps as they are.

mod account;
mod config_maps;
mod loss;
mod placement;

use jiff::Timestamp;

use crate::alibaba_cloud::{CloudClient, CloudError};
use crate::config::{LocatedFault, NamedDocument};
use crate::import;
use crate::import::facts::facts;
use crate::import::output::directories;
use crate::import::{Documents, OwnDocuments, Settings};
pub(crate) use crate::sync::config_maps::{ConfigMapError, NamedConfigMaps};
pub(crate) use crate::sync::loss::Loss;
use crate::sync::placement::MAX_DOCUMENT;
use crate::wording::listed;

/// What a run is told
#[derive(Debug)]
pub(crate) struct SyncSettings {
    /// The account that the credentials must be of
    pub(crate) account: Option<String>,
    /// What documents that are not synced define themselves
    pub(crate) own: OwnDocuments,
    /// The cluster's region
    pub(crate) region: String,
    /// How many things may be gone
    pub(crate) accepted_loss: usize,
}

/// What a run did
#[derive(Debug)]
pub(crate) enum SyncOutcome {
    /// The ConfigMaps are as RAM is
    Written(Written),
    /// Nothing was written, because too much would be gone
    HeldBack(Loss),
}

/// What was written
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) account: String,
    /// The names of the ConfigMaps that were changed
    pub(crate) changed: Vec<String>,
    /// The number of things of each kind
    pub(crate) counts: Vec<(&'static str, usize)>,
    /// What was left out and what else a person should know
    pub(crate) notes: Vec<String>,
}

/// Why nothing was written
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    ConfigMap(#[from] ConfigMapError),
    #[error("{0}")]
    DoesNotFit(String),
    #[error("what RAM answers makes no valid documents")]
    Invalid(Vec<LocatedFault>),
    #[error("{0}")]
    Stored(String),
}

/// What RAM is now
struct RamState {
    account: String,
    documents: Documents,
}

/// Reads the account and brings the ConfigMaps up to date
///
/// # Errors
/// Anything that leaves the ConfigMaps as they are, but for a loss, which is an outcome
pub(crate) async fn run(
    client: &CloudClient,
    config_maps: &NamedConfigMaps,
    settings: &SyncSettings,
) -> Result<SyncOutcome, SyncError> {
    // First, so that a missing ConfigMap or right is said before the cloud is asked a thousand questions
    let stored = config_maps.read().await?;
    let RamState { account, documents } = read(client, settings).await?;
    let policies = documents.policies.iter();
    let policies: Vec<(String, String)> = policies
        .map(|(name, text)| (format!("{name}.json"), text.clone()))
        .collect();
    let wanted = config_maps
        .place(&policies, directories(&documents, MAX_DOCUMENT))
        .map_err(SyncError::DoesNotFit)?;
    let (before, after) = (stored.documents(), wanted.documents());
    check_new(&after)?;
    check_stored(&before, &account, settings.accepted_loss)?;
    let after = facts(&after);
    let loss = Loss::between(&facts(&before), &after);
    if loss.is_too_large() && loss.total() > settings.accepted_loss {
        config_maps.hold_back(&stored, &loss.to_string()).await?;
        return Ok(SyncOutcome::HeldBack(loss));
    }
    let changed = config_maps.write(&stored, &wanted, Timestamp::now()).await?;
    Ok(SyncOutcome::Written(Written {
        account,
        changed,
        counts: loss::counts(&after),
        notes: idle_acceptance(&loss, settings.accepted_loss)
            .into_iter()
            .chain(notes(&documents))
            .collect(),
    }))
}

/// The note that an acceptance is still there and was not needed: nothing spends it
fn idle_acceptance(loss: &Loss, accepted: usize) -> Option<String> {
    let is_idle = accepted > 0 && !loss.is_too_large();
    is_idle.then(|| {
        format!(
            "--accept-loss {accepted} was not needed, and lets the next loss of that size pass unseen: set it back to 0"
        )
    })
}

/// Reads the account, as an import reads a dump
async fn read(client: &CloudClient, settings: &SyncSettings) -> Result<RamState, SyncError> {
    let dump = account::read(client, settings.account.as_deref()).await?;
    let data = import::aliyun::read(&dump.files, Some(&dump.account)).map_err(SyncError::Invalid)?;
    let region = Some(settings.region.clone());
    let documents = import::documents(&data, &settings.own, &Settings { region });
    Ok(RamState {
        account: dump.account,
        documents: documents.map_err(SyncError::Invalid)?,
    })
}

/// Refuses documents that the webhook would refuse, whatever the other ConfigMaps hold
fn check_new(documents: &[NamedDocument]) -> Result<(), SyncError> {
    let faults: Vec<LocatedFault> = documents.iter().flat_map(NamedDocument::faults).collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(SyncError::Invalid(faults))
    }
}

/// Refuses to replace documents of another account, and those in which nobody can count what would be gone
fn check_stored(documents: &[NamedDocument], account: &str, accepted_loss: usize) -> Result<(), SyncError> {
    let own = OwnDocuments::new(documents);
    if let Some(other) = own.account().filter(|stored| *stored != account) {
        return Err(SyncError::Stored(format!(
            "the ConfigMaps hold account {other}, and the credentials are of account {account}: empty the ConfigMaps first if \
             that is meant"
        )));
    }
    let mut faults = documents.iter().flat_map(NamedDocument::faults);
    match faults.next().filter(|_| accepted_loss == 0) {
        None => Ok(()),
        Some(fault) => Err(SyncError::Stored(format!(
            "{fault}; what would be lost cannot be counted: repair the ConfigMap, or give --accept-loss"
        ))),
    }
}

/// What a person should know: policies that are left out, and the notes of the import
fn notes(documents: &Documents) -> Vec<String> {
    let left_out = documents.left_out.iter().map(|(policy, left_out)| {
        let holders: Vec<&str> = left_out.holders.iter().map(String::as_str).collect();
        format!(
            "policy `{policy}` is left out, so that less is allowed: {}; {} with it",
            left_out.reason,
            listed(&holders, "and")
        )
    });
    left_out.chain(documents.notes.iter().cloned()).collect()
}
