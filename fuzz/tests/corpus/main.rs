//! What fuzzing has found, replayed: every file of `corpus/` and `crashes/` through its target.

mod seeds;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use trent_fuzz::TARGETS;

/// So that a clone stays small and a replay short. AWS's attestation document alone is longer.
const MOST_FILES: usize = 40;
const MOST_BYTES: u64 = 4096;
const LONGER: &str = "seed-document-of-aws";

#[test]
fn replay() {
    let mut failed = Vec::new();
    for target in &TARGETS {
        let corpus = files(&folder("corpus", target.name));
        assert!(!corpus.is_empty(), "{} has no corpus", target.name);
        for file in corpus.into_iter().chain(files(&folder("crashes", target.name))) {
            let data = fs::read(&file).expect("readable");
            if catch_unwind(|| (target.run)(&data)).is_err() {
                failed.push(file);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn corpora_are_small() {
    for target in &TARGETS {
        let corpus = files(&folder("corpus", target.name));
        assert!(corpus.len() <= MOST_FILES, "{}: {} files", target.name, corpus.len());
        for file in corpus.iter().filter(|file| !file.ends_with(LONGER)) {
            assert!(fs::metadata(file).expect("there").len() <= MOST_BYTES, "{}", file.display());
        }
    }
}

/// Seeds follow from the fixtures and the models; where those have changed, `write_seeds` brings the files up to date.
#[test]
fn seeds_are_current() {
    for (target, seeds) in seeds::all() {
        let there: BTreeSet<_> = files(&folder("corpus", target)).into_iter().filter(|file| is_seed(file)).collect();
        let expected: BTreeSet<_> = seeds.keys().map(|name| folder("corpus", target).join(name)).collect();
        assert_eq!(there, expected);
        for (name, content) in seeds {
            let file = folder("corpus", target).join(name);
            assert!(fs::read(&file).expect("readable") == content, "stale: {}", file.display());
        }
    }
}

#[test]
#[ignore = "writes the seeds that seeds_are_current compares with"]
fn write_seeds() {
    for (target, seeds) in seeds::all() {
        let folder = folder("corpus", target);
        fs::create_dir_all(&folder).expect("a folder");
        for stale in files(&folder).into_iter().filter(|file| is_seed(file)) {
            fs::remove_file(stale).expect("removed");
        }
        for (name, content) in seeds {
            fs::write(folder.join(name), content).expect("written");
        }
    }
}

/// The binaries are built by nobody but those who fuzz.
#[test]
fn each_target_has_its_binary() {
    let sources = files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/libfuzzer/fuzz_targets")));
    let binaries: Vec<_> = sources.iter().filter_map(|source| source.file_stem()).collect();
    assert_eq!(binaries, TARGETS.map(|target| target.name));
    let manifest = include_str!("../../libfuzzer/Cargo.toml");
    for (source, target) in sources.iter().zip(&TARGETS) {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{}.rs\"", target.name)), "{}", target.name);
        assert!(fs::read_to_string(source).expect("text").contains(&format!("trent_fuzz::{}(data)", target.name)));
    }
}

fn folder(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target)
}

fn is_seed(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(seeds::PREFIX))
}

/// The files of a folder, sorted; none where there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        entries => entries.expect("a folder"),
    };
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}
