//! Makes a replica the primary key, and the primary key a replica.

use trent_kms_core::{LifecycleOperation, RegionError};
use trent_shared::{ApiError, Context, Region};

use crate::action::Action;
use crate::api::UpdatePrimaryRegionRequest;
use crate::{Kms, messages};

pub(crate) async fn update_primary_region(
    kms: &Kms,
    cx: &Context,
    input: UpdatePrimaryRegionRequest,
) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::UpdatePrimaryRegion, |change| {
        let (key, now) = (&mut change.key, change.now);
        let here = &key.arn.region;
        let life = &mut key.record.lifecycle;
        let Some(regions) = life.regions().filter(|regions| regions.primary == *here) else {
            return Err(messages::not_primary(&key.arn));
        };
        if regions.primary.as_str() == input.primary_region {
            // It is there already (recorded).
            return Ok(());
        }
        let no_replica_there = || messages::no_replica_there(key.arn.id);
        let target: Region = input.primary_region.parse().map_err(|_| no_replica_there())?;
        let replica = change.related.iter_mut().find(|related| related.arn.region == target);
        let replica = replica.ok_or_else(no_replica_there)?;
        // Either key may be in the wrong state; the answer names the one that is (recorded).
        let permitted = replica.record.lifecycle.permits(LifecycleOperation::UpdatePrimaryRegion, now);
        permitted.map_err(|error| messages::state(&replica.arn, error))?;
        let updated = now.plus(kms.options.transitions.primary_update);
        let handed_over = life.hand_over(here, &mut replica.record.lifecycle, &target, now, updated);
        handed_over.map_err(|error| match error {
            RegionError::State(error) => messages::state(&key.arn, error),
            RegionError::NotPrimary => messages::not_primary(&key.arn),
            RegionError::PrimaryIsThere | RegionError::ReplicaIsThere | RegionError::NoReplicaThere => {
                no_replica_there()
            }
        })
    });
    changed.await.map(|_| ())
}
