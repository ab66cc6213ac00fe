//! Seed files: keys that exist from the start, with ids and material that tests can rely on.
//!
//! A file is in Trent's own format ([`trent`]) or in that of local-kms ([`local_kms`]), which its shape tells. What both
//! describe is a [`SeedKey`]; whether KMS would have such a key is for [`trent_kms`] to say.

mod document;
mod local_kms;
mod material;
mod trent;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tracing::info;
use trent_kms::Kms;
use trent_kms::seed::{Planted, RefusedSeed, SeedKey};
use trent_shared::{AccountId, Region};
use zeroize::Zeroizing;

use self::document::Wrong;
use crate::settings::Settings;

/// What is read without being named, where it exists: the file that local-kms reads, and a directory to mount.
const INIT_FILES: [&str; 2] = ["/init/seed.yaml", "/etc/trent/init.d"];

/// Where the keys are that name no account or Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

/// A key, and which file describes it where.
#[derive(Debug)]
struct Seed {
    key: SeedKey,
    place: Place,
}

/// An entry of a seed file, for whoever wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    file: PathBuf,
    /// `key` and its id, where it has one that could be read.
    entry: Option<String>,
    /// From 1.
    line: Option<u64>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SeedError {
    #[error("cannot read {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{place}: {reason}")]
    Wrong { place: Place, reason: String },
}

/// Makes the keys of all seed files that are not there yet.
pub(crate) async fn plant(kms: &Kms, settings: &Settings) -> Result<(), SeedError> {
    let seeds = load(&INIT_FILES.map(Path::new), &settings.seed, &settings.seed_home())?;
    let (keys, places): (Vec<SeedKey>, Vec<Place>) = seeds.into_iter().map(|seed| (seed.key, seed.place)).unzip();
    match kms.plant(&keys).await {
        Ok(Planted { keys: 0, aliases: 0, grants: 0 }) => Ok(()),
        Ok(Planted { keys, aliases, grants }) => {
            info!(keys, aliases, grants, "planted");
            Ok(())
        }
        Err(RefusedSeed { index, reason }) => {
            let place = places.into_iter().nth(index).unwrap_or_default();
            Err(SeedError::Wrong { place, reason })
        }
    }
}

/// Reads the seed files, and those that lie in directories among them: first `init`, as far as they exist, then `named`.
fn load(init: &[&Path], named: &[PathBuf], home: &Home) -> Result<Vec<Seed>, SeedError> {
    let init = init.iter().filter(|path| path.exists()).map(|path| path.to_path_buf());
    let mut seeds = Vec::new();
    for path in init.chain(named.iter().cloned()) {
        for file in files(path)? {
            let text = std::fs::read_to_string(&file)
                .map(Zeroizing::new)
                .map_err(|source| SeedError::Unreadable { path: file.clone(), source })?;
            seeds.extend(parse(&file, &text, home)?);
        }
    }
    refuse_twins(&seeds)?;
    Ok(seeds)
}

/// The file, or the YAML files in the directory by name.
fn files(path: PathBuf) -> Result<Vec<PathBuf>, SeedError> {
    if !path.is_dir() {
        return Ok(vec![path]);
    }
    let list = || -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path()));
        let is_yaml = |file: &PathBuf| file.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let mut files = entries.filter(|entry| entry.as_ref().map_or(true, is_yaml)).collect::<io::Result<Vec<_>>>()?;
        files.sort();
        Ok(files)
    };
    list().map_err(|source| SeedError::Unreadable { path: path.clone(), source })
}

fn parse(file: &Path, text: &str, home: &Home) -> Result<Vec<Seed>, SeedError> {
    let read = if local_kms::is_shape_of(text) { local_kms::parse } else { trent::parse };
    let place = |entry, line| Place { file: file.to_owned(), entry, line };
    match read(text, home) {
        Ok(keys) => {
            let seed = |(line, key): (u64, SeedKey)| {
                let entry = Some(format!("key {}", key.id));
                Seed { place: place(entry, Some(line)), key }
            };
            Ok(keys.into_iter().map(seed).collect())
        }
        Err(Wrong { entry, line, reason }) => Err(SeedError::Wrong { place: place(entry, line), reason }),
    }
}

/// Refuses two keys of one ARN, and two aliases.
fn refuse_twins(seeds: &[Seed]) -> Result<(), SeedError> {
    let mut seen = BTreeMap::new();
    for Seed { key, place } in seeds {
        let names = std::iter::once(format!("key/{}", key.id)).chain(key.aliases.iter().cloned());
        for name in names {
            let what = format!("{name} of account {} in {}", key.account, key.region);
            if let Some(first) = seen.insert(what.clone(), place) {
                let reason = format!("{what} is there already: {first}");
                return Err(SeedError::Wrong { place: place.clone(), reason });
            }
        }
    }
    Ok(())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        self.entry.iter().try_for_each(|entry| write!(f, ": {entry}"))
    }
}

#[cfg(test)]
mod tests;
