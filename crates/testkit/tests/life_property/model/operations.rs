//! What each operation does to the model, or why it refuses.

use std::collections::BTreeMap;

use super::{
    At, DAY, Deletion, HOUR, ImportType, Key, MOMENT, Material, Member, Message, Model, Moment, Outcome, REGIONS,
    Refused, Rotation, State, alias_arn, refuse,
};
use crate::steps::Kind;

impl Model {
    pub(crate) fn create(&mut self, id: String, kind: Kind) {
        let Kind { is_external, is_multi_region } = kind;
        let member = Member { is_enabled: true, ..Member::default() };
        let first = Material { number: 0, rotated: None };
        self.keys.push(Key {
            id,
            is_external,
            is_multi_region,
            primary: 0,
            members: BTreeMap::from([(0, member)]),
            materials: if is_external { vec![] } else { vec![first] },
            pending: None,
            rotation: None,
            rotating_since: None,
            on_demand_rotations: 0,
            ids: BTreeMap::new(),
        });
    }

    pub(crate) fn enable(&mut self, at: At, is_enabled: bool) -> Outcome {
        self.in_state(at, &[State::Enabled, State::Disabled])?;
        self.member(at)?.is_enabled = is_enabled;
        Ok(())
    }

    pub(crate) fn schedule_deletion(&mut self, at: At, window: Moment) -> Outcome {
        use State::{Creating, Disabled, Enabled, PendingImport};
        self.in_state(at, &[Enabled, Disabled, PendingImport, Creating])?;
        let has_replicas = self.keys[at.key].primary == at.region && self.keys[at.key].members.len() > 1;
        let date = self.now + window;
        self.member(at)?.deletion =
            Some(if has_replicas { Deletion::AfterReplicas(window) } else { Deletion::On(date) });
        Ok(())
    }

    pub(crate) fn cancel_deletion(&mut self, at: At) -> Outcome {
        let arn = self.arn(at);
        let member = self.member(at)?;
        if member.deletion.take().is_none() {
            return refuse("KMSInvalidStateException", format!("{arn} is not pending deletion."));
        }
        member.is_enabled = false;
        Ok(())
    }

    pub(crate) fn enable_rotation(&mut self, at: At, period: Option<Moment>) -> Outcome {
        self.rotation_can_change(at, "EnableKeyRotation")?;
        let now = self.now;
        let key = &mut self.keys[at.key];
        let period = period.unwrap_or(key.rotation.map_or(365 * DAY, |rotation| rotation.period));
        if key.rotation.is_none_or(|rotation| rotation.period != period) {
            key.rotation = Some(Rotation { period, next: now + period });
        }
        Ok(())
    }

    pub(crate) fn disable_rotation(&mut self, at: At) -> Outcome {
        self.rotation_can_change(at, "DisableKeyRotation")?;
        self.keys[at.key].rotation = None;
        Ok(())
    }

    /// Of an external key the origin is told rather than the state.
    fn rotation_can_change(&mut self, at: At, operation: &str) -> Outcome {
        self.member(at)?;
        let arn = self.arn(at);
        if self.keys[at.key].is_external {
            let origin = format!("{arn} origin is EXTERNAL which is not valid for this operation.");
            return refuse("UnsupportedOperationException", origin);
        }
        self.in_state(at, &[State::Enabled, State::Updating])?;
        self.not_on_replica(at, operation)
    }

    pub(crate) fn rotate_on_demand(&mut self, at: At) -> Outcome {
        self.in_state(at, &[State::Enabled, State::Updating])?;
        self.not_on_replica(at, "RotateKeyOnDemand")?;
        let (arn, now) = (self.arn(at), self.now);
        let key = &mut self.keys[at.key];
        if key.rotating_since.is_some() {
            return Ok(());
        }
        if key.is_external {
            let Some(pending) = key.pending else {
                let message = format!("No available key material pending rotation for the key: {arn}.");
                return refuse("KMSInvalidStateException", message);
            };
            if key.awaited_in(pending) > 0 {
                let message = "Cannot perform key material rotation: Key material has not been imported for replicas \
                               of the Multi-Region key.";
                return refuse("KMSInvalidStateException", message.to_owned());
            }
        }
        if key.on_demand_rotations == 25 {
            let message = format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
                 performed for this key: {arn}"
            );
            return refuse("LimitExceededException", message);
        }
        if key.rotation.is_some_and(|rotation| rotation.next <= now + HOUR / 3) {
            return Err(Refused { code: "ConflictException", message: Message::Unknown });
        }
        key.rotating_since = Some(now);
        key.on_demand_rotations += 1;
        Ok(())
    }

    fn not_on_replica(&self, at: At, operation: &str) -> Outcome {
        if self.keys[at.key].primary == at.region {
            return Ok(());
        }
        let arn = self.arn(at);
        let message = format!("{arn} is a multi-region replica key which is not valid for {operation}.");
        refuse("UnsupportedOperationException", message)
    }

    pub(crate) fn parameters_for_import(&mut self, at: At) -> Outcome {
        self.is_external(at)?;
        self.in_state(at, &[State::Enabled, State::Disabled, State::PendingImport])
    }

    fn is_external(&mut self, at: At) -> Outcome {
        self.member(at)?;
        if self.keys[at.key].is_external {
            return Ok(());
        }
        let message = format!("{} origin is AWS_KMS which is not valid for this operation.", self.arn(at));
        refuse("UnsupportedOperationException", message)
    }

    /// Imports under parameters that were handed out at `token`.
    pub(crate) fn import(
        &mut self,
        at: At,
        number: usize,
        import_type: ImportType,
        expires: Option<Moment>,
        token: Moment,
    ) -> Outcome {
        use State::{Disabled, Enabled, PendingImport, Updating};
        self.is_external(at)?;
        self.in_state(at, &[Enabled, Disabled, PendingImport, Updating])?;
        if self.now >= token + DAY {
            return Err(Refused { code: "ExpiredImportTokenException", message: Message::Unknown });
        }
        let arn = self.arn(at);
        let key = &mut self.keys[at.key];
        if import_type == ImportType::New && key.primary != at.region {
            let message = "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys";
            return refuse("ValidationException", message.to_owned());
        }
        let is_known = key.pending == Some(number) || key.materials.iter().any(|material| material.number == number);
        let is_virgin = key.materials.is_empty();
        // Of a key that never had any, EXISTING_KEY_MATERIAL is not recorded; Trent takes it.
        if import_type == ImportType::New || is_virgin {
            let id = key.ids.get(&number);
            if is_known {
                let says = |id| {
                    format!(
                        "Key material (id: {id}) being imported as NEW_KEY_MATERIAL is already associated with KMS key \
                         {arn}."
                    )
                };
                let message = id.map_or(Message::Unknown, |id| Message::Is(says(id)));
                return Err(Refused { code: "IncorrectKeyMaterialException", message });
            }
            if let Some(pending) = key.pending {
                let says = |id, pending| {
                    format!(
                        "New key material (id: {id}) cannot be imported into KMS key {arn}, because another key \
                         material (id: {pending}) is pending rotation."
                    )
                };
                let ids = id.zip(key.ids.get(&pending));
                let message = ids.map_or(Message::Unknown, |(id, pending)| Message::Is(says(id, pending)));
                return Err(Refused { code: "KMSInvalidStateException", message });
            }
            if is_virgin {
                key.materials.push(Material { number, rotated: None });
            } else {
                key.pending = Some(number);
            }
        } else if !is_known {
            return Err(Refused { code: "IncorrectKeyMaterialException", message: Message::Unknown });
        }
        let member = self.member(at)?;
        member.imported.insert(number, expires);
        member.is_enabled = true;
        Ok(())
    }

    /// Deletes the current material unless told which.
    pub(crate) fn delete_material(&mut self, at: At, number: Option<usize>) -> Outcome {
        use State::{Disabled, Enabled, PendingDeletion, PendingImport, PendingReplicaDeletion};
        self.is_external(at)?;
        self.in_state(at, &[Enabled, Disabled, PendingImport, PendingDeletion, PendingReplicaDeletion])?;
        let arn = self.arn(at);
        let key = &mut self.keys[at.key];
        let current = key.materials.last().map(|material| material.number);
        let Some(number) = number.or(current) else { return Ok(()) };
        if key.pending == Some(number) && key.primary == at.region {
            key.pending = None;
            for member in key.members.values_mut() {
                member.imported.remove(&number);
            }
        } else if key.pending == Some(number) || key.materials.iter().any(|material| material.number == number) {
            self.member(at)?.imported.remove(&number);
        } else {
            let says = |id| format!("Key material (id: {id}) has never been imported into KMS key {arn}.");
            let message = key.ids.get(&number).map_or(Message::Unknown, |id| Message::Is(says(id)));
            return Err(Refused { code: "ValidationException", message });
        }
        Ok(())
    }

    pub(crate) fn replicate(&mut self, at: At, to: usize) -> Outcome {
        self.in_state(at, &[State::Enabled])?;
        let (arn, now) = (self.arn(at), self.now);
        let key = &mut self.keys[at.key];
        if !key.is_multi_region || key.primary != at.region {
            return refuse("UnsupportedOperationException", format!("{arn} is not a multi-region primary key."));
        }
        if to == key.primary {
            let message = format!("{} cannot have a replica because it contains the primary.", REGIONS[to]);
            return refuse("ValidationException", message);
        }
        if key.members.contains_key(&to) {
            let message = "You can create only one replica of each primary key in each AWS Region.";
            return refuse("AlreadyExistsException", message.to_owned());
        }
        key.members.insert(to, Member { is_enabled: true, creating_until: now + MOMENT, ..Member::default() });
        Ok(())
    }

    pub(crate) fn update_primary(&mut self, at: At, to: usize) -> Outcome {
        self.in_state(at, &[State::Enabled, State::Updating])?;
        let (arn, now) = (self.arn(at), self.now);
        let key = &self.keys[at.key];
        if !key.is_multi_region || key.primary != at.region {
            return refuse("KMSInvalidStateException", format!("{arn} is not a multi-Region primary key."));
        }
        if to == at.region {
            return Ok(());
        }
        if !key.members.contains_key(&to) {
            let message = format!("{} does not have a replica key in the specified Region.", key.id);
            return refuse("ValidationException", message);
        }
        let replica = At { key: at.key, region: to };
        self.in_state(replica, &[State::Enabled, State::Updating])?;
        self.keys[at.key].primary = to;
        self.member(at)?.updating_until = now + MOMENT;
        self.member(replica)?.updating_until = now + MOMENT;
        Ok(())
    }

    /// Encrypting and decrypting.
    pub(crate) fn use_key(&mut self, at: At) -> Outcome {
        self.in_state(at, &[State::Enabled, State::Updating])
    }

    pub(crate) fn create_alias(&mut self, name: &str, at: At) -> Outcome {
        self.may_be_target(at)?;
        if self.aliases.contains_key(&(at.region, name.to_owned())) {
            let message = format!("An alias with the name {} already exists", alias_arn(name, at.region));
            return refuse("AlreadyExistsException", message);
        }
        self.aliases.insert((at.region, name.to_owned()), at.key);
        Ok(())
    }

    pub(crate) fn update_alias(&mut self, name: &str, at: At) -> Outcome {
        let alias = (at.region, name.to_owned());
        if !self.aliases.contains_key(&alias) {
            return refuse("NotFoundException", format!("Alias {} is not found.", alias_arn(name, at.region)));
        }
        self.may_be_target(at)?;
        self.aliases.insert(alias, at.key);
        Ok(())
    }

    fn may_be_target(&mut self, at: At) -> Outcome {
        use State::{Creating, Disabled, Enabled, PendingImport, Updating};
        self.in_state(at, &[Enabled, Disabled, PendingImport, Creating, Updating])
    }

    pub(crate) fn delete_alias(&mut self, name: &str, region: usize) -> Outcome {
        match self.aliases.remove(&(region, name.to_owned())) {
            Some(_) => Ok(()),
            None => refuse("NotFoundException", format!("Alias {} is not found.", alias_arn(name, region))),
        }
    }
}
