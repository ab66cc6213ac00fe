//! Multi-Region keys: one primary key and its replicas (multi-region-and-aliases.md, part A).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trent_shared::{Region, Timestamp};

use super::{Lifecycle, LifecycleOperation, SharedProperties, StateError};

/// Where a multi-Region key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRegions {
    pub primary: Region,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replicas: BTreeSet<Region>,
}

/// Why a key is not replicated, or its primary Region not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    #[error(transparent)]
    State(#[from] StateError),
    /// The key is a replica, or of one Region only.
    #[error("the key is not a multi-Region primary key")]
    NotPrimary,
    /// A `ValidationException`.
    #[error("the Region contains the primary key")]
    PrimaryIsThere,
    /// An `AlreadyExistsException`.
    #[error("the Region contains a replica")]
    ReplicaIsThere,
    /// A `ValidationException`.
    #[error("the Region contains no replica")]
    NoReplicaThere,
}

impl Lifecycle {
    /// Makes a new key the primary key of a multi-Region key.
    #[must_use]
    pub fn multi_region(mut self, here: Region) -> Self {
        self.shared.regions = Some(KeyRegions { primary: here, replicas: BTreeSet::new() });
        self
    }

    /// Where the key is, if it is a multi-Region key.
    pub fn regions(&self) -> Option<&KeyRegions> {
        self.shared.regions.as_ref()
    }

    /// The Regions of the related keys, when this one is in the Region `here`.
    pub fn other_regions<'a>(&'a self, here: &'a Region) -> impl Iterator<Item = &'a Region> {
        let all = self.regions().into_iter().flat_map(|regions| regions.replicas.iter().chain([&regions.primary]));
        all.filter(move |region| *region != here)
    }

    /// Whether the key in the Region `here` is a replica of another.
    pub fn is_replica(&self, here: &Region) -> bool {
        self.regions().is_some_and(|regions| regions.primary != *here)
    }

    /// `ReplicateKey` of the key in the Region `here`. Returns the replica's life, which begins when it has been created.
    pub fn replicate(
        &mut self,
        here: &Region,
        target: &Region,
        now: Timestamp,
        created: Timestamp,
    ) -> Result<Self, RegionError> {
        self.permits(LifecycleOperation::ReplicateKey, now)?;
        let regions = self.shared.regions.as_mut().filter(|regions| regions.primary == *here);
        let regions = regions.ok_or(RegionError::NotPrimary)?;
        if regions.primary == *target {
            return Err(RegionError::PrimaryIsThere);
        }
        if !regions.replicas.insert(target.clone()) {
            return Err(RegionError::ReplicaIsThere);
        }
        if let Some(pending) = &mut self.shared.pending {
            pending.awaited_in.insert(target.clone());
        }
        let creating_until = Some(created);
        Ok(Self { creating_until, shared: self.shared.clone(), ..Self::without_material(self.origin) })
    }

    /// `UpdatePrimaryRegion` of the primary key in the Region `here`: the replica in the Region `target` takes its place.
    /// Both are updating until the change is over.
    pub fn hand_over(
        &mut self,
        here: &Region,
        replica: &mut Self,
        target: &Region,
        now: Timestamp,
        updated: Timestamp,
    ) -> Result<(), RegionError> {
        self.permits(LifecycleOperation::UpdatePrimaryRegion, now)?;
        let regions = self.shared.regions.as_mut().filter(|regions| regions.primary == *here);
        let regions = regions.ok_or(RegionError::NotPrimary)?;
        if !regions.replicas.remove(target) {
            return Err(RegionError::NoReplicaThere);
        }
        regions.replicas.insert(std::mem::replace(&mut regions.primary, target.clone()));
        replica.shared = self.shared.clone();
        self.updating_until = Some(updated);
        replica.updating_until = Some(updated);
        Ok(())
    }

    /// Takes note that the replica in a Region has been deleted.
    pub fn forget_replica(&mut self, region: &Region) {
        if let Some(regions) = &mut self.shared.regions {
            regions.replicas.remove(region);
        }
        if let Some(pending) = &mut self.shared.pending {
            pending.awaited_in.remove(region);
        }
    }

    /// Takes over what a related key has changed at this moment. `here` is this key's own Region.
    pub fn synchronise(&mut self, here: &Region, shared: &SharedProperties, at: Timestamp) {
        self.shared = shared.clone();
        self.imported.retain(|id, _| shared.knows(*id));
        if !self.is_replica(here) && !self.has_replicas(here) {
            self.replicas_are_gone(at);
        }
    }

    /// Whether the key in the Region `here` is a primary key with replicas.
    pub(super) fn has_replicas(&self, here: &Region) -> bool {
        self.regions().is_some_and(|regions| regions.primary == *here && !regions.replicas.is_empty())
    }

    pub(super) fn replica_regions(&self) -> BTreeSet<Region> {
        self.regions().map(|regions| regions.replicas.clone()).unwrap_or_default()
    }
}
