//! A deliberately naive KMS, written from the facts (key-states.md, multi-region-and-aliases.md, crypto.md §2.2 and §10.3)
//! and from nothing else: plain structs, one event after the other, nothing kept that can be looked up.

mod operations;

use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds since the epoch.
pub(crate) type Moment = i64;

pub(crate) const SECOND: Moment = 1000;
pub(crate) const HOUR: Moment = 3600 * SECOND;
pub(crate) const DAY: Moment = 24 * HOUR;
pub(crate) const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];
/// How long it takes to create a replica, to change the primary Region and to rotate on demand.
const MOMENT: Moment = 2 * SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingReplicaDeletion,
    PendingImport,
    Creating,
    Updating,
}

/// What a refused call says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    pub(crate) message: Message,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Is(String),
    /// Nobody has recorded AWS's words.
    Unknown,
}

pub(crate) type Outcome = Result<(), Refused>;

/// Where a call goes, and to which key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) key: usize,
    pub(crate) region: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: Moment,
    pub(crate) keys: Vec<Key>,
    /// Region and name, and the key's number.
    pub(crate) aliases: BTreeMap<(usize, String), usize>,
}

/// A key with all its related keys in other Regions.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) is_external: bool,
    pub(crate) is_multi_region: bool,
    pub(crate) primary: usize,
    pub(crate) members: BTreeMap<usize, Member>,
    /// The oldest first; the last is the current one.
    pub(crate) materials: Vec<Material>,
    /// The number of an imported material that waits for its rotation.
    pub(crate) pending: Option<usize>,
    pub(crate) rotation: Option<Rotation>,
    /// When a rotation on demand began.
    pub(crate) rotating_since: Option<Moment>,
    pub(crate) on_demand_rotations: usize,
    /// AWS's ids of the materials, as far as they have been seen.
    pub(crate) ids: BTreeMap<usize, String>,
}

/// The key in one Region.
#[derive(Debug, Default)]
pub(crate) struct Member {
    pub(crate) is_enabled: bool,
    pub(crate) creating_until: Moment,
    pub(crate) updating_until: Moment,
    pub(crate) deletion: Option<Deletion>,
    /// What was imported here and not deleted, and when it expires.
    pub(crate) imported: BTreeMap<usize, Option<Moment>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Deletion {
    On(Moment),
    /// With this window, once the last replica is gone.
    AfterReplicas(Moment),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Material {
    /// Of imported material that which the test gave it, else how many came before it.
    pub(crate) number: usize,
    pub(crate) rotated: Option<(Moment, &'static str)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rotation {
    pub(crate) period: Moment,
    pub(crate) next: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportType {
    Unsaid,
    New,
    Existing,
}

enum Event {
    Deletion(usize, usize),
    OnDemandRotation(usize),
    AutomaticRotation(usize),
}

impl Model {
    /// Turns the clock, and makes happen what falls due on the way, one after the other.
    pub(crate) fn advance(&mut self, to: Moment) {
        while let Some((due, event)) = self.events().into_iter().min_by_key(|(due, _)| *due)
            && due <= to
        {
            // What could not happen when it was due happens as soon as it can.
            self.now = self.now.max(due);
            self.happen(&event);
        }
        self.now = to;
    }

    /// The next moment at which anything changes by itself.
    pub(crate) fn next_date(&self) -> Option<Moment> {
        let mut dates = Vec::new();
        for key in &self.keys {
            for member in key.members.values() {
                dates.extend([member.creating_until, member.updating_until]);
                dates.extend(member.imported.values().copied().flatten());
            }
        }
        dates.extend(self.events().into_iter().map(|(date, _)| date));
        dates.into_iter().filter(|date| *date > self.now).min()
    }

    fn events(&self) -> Vec<(Moment, Event)> {
        let mut events = Vec::new();
        for (number, key) in self.keys.iter().enumerate() {
            for (region, member) in &key.members {
                if let Some(Deletion::On(due)) = member.deletion {
                    events.push((due, Event::Deletion(number, *region)));
                }
            }
            if let Some(since) = key.rotating_since {
                events.push((since + MOMENT, Event::OnDemandRotation(number)));
            }
            let primary = key.state(key.primary, self.now);
            if let Some(rotation) = key.rotation
                && matches!(primary, Some(State::Enabled | State::Updating))
            {
                events.push((rotation.next, Event::AutomaticRotation(number)));
            }
        }
        events
    }

    fn happen(&mut self, event: &Event) {
        let now = self.now;
        match *event {
            Event::Deletion(number, region) => {
                self.aliases.retain(|(at, _), target| (*at, *target) != (region, number));
                let key = &mut self.keys[number];
                key.members.remove(&region);
                if key.members.len() == 1
                    && let Some(primary) = key.members.get_mut(&key.primary)
                    && let Some(Deletion::AfterReplicas(window)) = primary.deletion
                {
                    primary.deletion = Some(Deletion::On(now + window));
                }
                if key.members.is_empty() {
                    (key.rotation, key.rotating_since) = (None, None);
                }
            }
            Event::OnDemandRotation(number) => {
                let key = &mut self.keys[number];
                key.rotating_since = None;
                let next = if key.is_external { key.pending.take() } else { Some(key.materials.len()) };
                key.materials.extend(next.map(|number| Material { number, rotated: Some((now, "ON_DEMAND")) }));
            }
            Event::AutomaticRotation(number) => {
                let key = &mut self.keys[number];
                key.materials.push(Material { number: key.materials.len(), rotated: Some((now, "AUTOMATIC")) });
                if let Some(rotation) = &mut key.rotation {
                    rotation.next = now + rotation.period;
                }
            }
        }
    }

    fn in_state(&mut self, at: At, allowed: &[State]) -> Outcome {
        self.member(at)?;
        let arn = self.arn(at);
        let Some(state) = self.keys[at.key].state(at.region, self.now) else { return Ok(()) };
        if allowed.contains(&state) {
            return Ok(());
        }
        let (code, what) = match state {
            State::Disabled => ("DisabledException", "disabled"),
            State::PendingDeletion => ("KMSInvalidStateException", "pending deletion"),
            State::PendingReplicaDeletion => ("KMSInvalidStateException", "pending replica deletion"),
            State::PendingImport => ("KMSInvalidStateException", "pending import"),
            State::Creating => ("KMSInvalidStateException", "creating"),
            State::Updating => ("KMSInvalidStateException", "updating"),
            State::Enabled => unreachable!("an enabled key takes part in everything"),
        };
        refuse(code, format!("{arn} is {what}."))
    }

    fn member(&mut self, at: At) -> Result<&mut Member, Refused> {
        let message = Message::Is(format!("Key '{}' does not exist", self.arn(at)));
        let member = self.keys[at.key].members.get_mut(&at.region);
        member.ok_or(Refused { code: "NotFoundException", message })
    }

    pub(crate) fn arn(&self, at: At) -> String {
        self.keys[at.key].arn(at.region)
    }
}

impl Key {
    pub(crate) fn arn(&self, region: usize) -> String {
        format!("arn:aws:kms:{}:000000000000:key/{}", REGIONS[region], self.id)
    }

    /// None where there is no such key, or none any more.
    pub(crate) fn state(&self, region: usize, now: Moment) -> Option<State> {
        let member = self.members.get(&region)?;
        let has_material = self.has_all_material(region, now);
        Some(match member.deletion {
            Some(Deletion::On(_)) => State::PendingDeletion,
            Some(Deletion::AfterReplicas(_)) => State::PendingReplicaDeletion,
            None if member.creating_until > now => State::Creating,
            None if !has_material => State::PendingImport,
            None if !member.is_enabled => State::Disabled,
            None if member.updating_until > now => State::Updating,
            None => State::Enabled,
        })
    }

    pub(crate) fn has_all_material(&self, region: usize, now: Moment) -> bool {
        let is_here = |material: &Material| self.has_material(region, material.number, now);
        !self.materials.is_empty() && self.materials.iter().all(is_here)
    }

    pub(crate) fn has_material(&self, region: usize, number: usize, now: Moment) -> bool {
        let imported = self.members.get(&region).and_then(|member| member.imported.get(&number));
        !self.is_external || imported.is_some_and(|expires| expires.is_none_or(|expires| expires > now))
    }

    /// In how many Regions a pending material is still to be imported.
    pub(crate) fn awaited_in(&self, pending: usize) -> usize {
        self.members.values().filter(|member| !member.imported.contains_key(&pending)).count()
    }

    /// The ids of the key's materials must all differ.
    pub(crate) fn has_repeated_id(&self) -> bool {
        self.ids.values().collect::<BTreeSet<_>>().len() < self.ids.len()
    }
}

pub(crate) fn alias_arn(name: &str, region: usize) -> String {
    format!("arn:aws:kms:{}:000000000000:{name}", REGIONS[region])
}

fn refuse(code: &'static str, message: String) -> Outcome {
    Err(Refused { code, message: Message::Is(message) })
}
