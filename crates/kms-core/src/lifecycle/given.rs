//! Keys that begin with material which somebody chose, so that tests can rely on it.

use trent_shared::Timestamp;

use super::{AutomaticRotation, Lifecycle, MaterialFacts, Rotated, RotationPeriod, RotationType};
use crate::MaterialId;
use crate::spec::KeyOrigin;

impl Lifecycle {
    /// The life of a key that has these materials, the last one current: as if it had been rotated from each to the next
    /// just `now`. To a key of origin `EXTERNAL` they were imported, and do not expire.
    pub fn given(origin: KeyOrigin, materials: impl IntoIterator<Item = MaterialId>, now: Timestamp) -> Self {
        let mut life = Self::without_material(origin);
        let is_imported = origin == KeyOrigin::External;
        let rotation_type = if is_imported { RotationType::OnDemand } else { RotationType::Automatic };
        for id in materials {
            let is_first = life.shared.materials.is_empty();
            let rotated = (!is_first).then_some(Rotated { date: now, rotation_type });
            life.shared.materials.push(MaterialFacts { id, description: None, rotated });
            if is_imported {
                life.imported.insert(id, None);
            }
        }
        life
    }

    /// Turns automatic rotation on, from this date on.
    #[must_use]
    pub fn rotating(mut self, period: RotationPeriod, next: Timestamp) -> Self {
        self.shared.automatic_rotation = Some(AutomaticRotation { period, next });
        self
    }
}

#[cfg(test)]
mod tests {
    use trent_shared::Region;

    use super::*;
    use crate::KeyState;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn ids() -> [MaterialId; 2] {
        [[1; 32], [2; 32]].map(MaterialId::from)
    }

    #[test]
    fn the_last_material_is_current_and_the_others_were() {
        for origin in [KeyOrigin::AwsKms, KeyOrigin::External] {
            let life = Lifecycle::given(origin, ids(), NOW);
            assert_eq!(life.state(NOW), Some(KeyState::Enabled));
            assert_eq!(life.current_material().map(|material| material.id), Some(ids()[1]));
            let dates: Vec<_> = life.materials().iter().map(|material| material.rotated.map(|it| it.date)).collect();
            assert_eq!(dates, [None, Some(NOW)]);
            assert!(ids().iter().all(|id| life.holds(*id)));
        }
        let to_be_imported = Lifecycle::given(KeyOrigin::External, [], NOW);
        assert_eq!(to_be_imported.state(NOW), Some(KeyState::PendingImport));
    }

    #[test]
    fn rotation_begins_at_its_date() {
        let (here, next) = (Region::default(), NOW.plus_days(1));
        let mut life = Lifecycle::given(KeyOrigin::AwsKms, ids(), NOW).rotating(RotationPeriod::default(), next);
        assert_eq!(life.next_event(&here), Some(next));
        life.advance(&here, next, || MaterialId::from([3; 32]));
        assert_eq!(life.materials().len(), 3);
        assert_eq!(life.next_event(&here), Some(next.plus_days(365)));
    }
}
