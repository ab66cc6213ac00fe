//! `cargo xtask models`: takes the service models out of a pinned botocore and keeps their facts only.
//!
//! botocore comes through `pip download`, so that whatever index pip is set up with is used; its wheel is a zip file.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::Failure;
use crate::model::Model;

const BOTOCORE: &str = "1.44.5";

/// The services imported, and where botocore keeps each.
const SERVICES: [(&str, &str); 3] = [("kms", "kms/2014-11-01"), ("sts", "sts/2011-06-15"), ("iam", "iam/2010-05-08")];

/// Where AWS's recorded answers carry members in another order than the model (wire.md §7). The order of
/// the model is the order on the wire, so it is put right here, once.
const RECORDED_ORDER: [(&str, &str, &[&str]); 1] =
    [("sts", "GetCallerIdentityResponse", &["Arn", "UserId", "Account"])];

/// Where they carry values that the type in the model does not have: answers repeat every KeySpec under its old name,
/// also those that the old enumeration never got (crypto.md §1.1).
const RECORDED_TYPES: [(&str, &str, &str, &str); 2] = [
    ("kms", "GetPublicKeyResponse", "CustomerMasterKeySpec", "KeySpec"),
    ("kms", "KeyMetadata", "CustomerMasterKeySpec", "KeySpec"),
];

/// Patterns with look-around, which linear-time matching does not have, and what says the same without it along with the
/// shape's bounds.
const PLAIN_PATTERNS: [(&str, &str, &str); 1] = [("iam", "accountAliasType", "^[a-z0-9](-?[a-z0-9])+$")];

pub(crate) fn import(workspace: &Path) -> Result<(), Failure> {
    let wheel = download(&workspace.join("target/models"))?;
    let mut wheel = zip::ZipArchive::new(Cursor::new(wheel))?;
    let mut provenance = format!(
        "Service models of botocore {BOTOCORE} (package botocore on PyPI, Apache-2.0), stripped of all documentation by\n\
         `cargo xtask models`. sha256 is of the uncompressed service-2.json as shipped.\n\n"
    );
    for (service, folder) in SERVICES {
        let entry = format!("botocore/data/{folder}/service-2.json.gz");
        let mut json = Vec::new();
        GzDecoder::new(wheel.by_name(&entry)?).read_to_end(&mut json)?;
        let mut model: Model = serde_json::from_slice(&json)?;
        model.add_missing_inputs();
        for (_, shape, order) in RECORDED_ORDER.iter().filter(|(of, ..)| *of == service) {
            let shape = model.shapes.get_mut(*shape).ok_or_else(|| format!("{service} has no shape {shape}"))?;
            shape.members.sort_by_key(|name, _| order.iter().position(|member| member == name));
        }
        for (_, shape, member, recorded) in RECORDED_TYPES.iter().filter(|(of, ..)| *of == service) {
            let shape = model.shapes.get_mut(*shape).ok_or_else(|| format!("{service} has no shape {shape}"))?;
            let member = shape.members.get_mut(*member).ok_or_else(|| format!("{service} has no member {member}"))?;
            (*recorded).clone_into(&mut member.shape);
        }
        for (_, shape, pattern) in PLAIN_PATTERNS.iter().filter(|(of, ..)| *of == service) {
            let shape = model.shapes.get_mut(*shape).ok_or_else(|| format!("{service} has no shape {shape}"))?;
            shape.pattern = Some((*pattern).to_owned());
        }
        writeln!(provenance, "{service}.json  {entry}  sha256 {}", hex::encode(Sha256::digest(&json)))?;
        let path = workspace.join(format!("models/{service}.json"));
        fs::write(path, serde_json::to_string_pretty(&model)? + "\n")?;
    }
    fs::write(workspace.join("models/PROVENANCE"), provenance)?;
    println!("imported {} models from botocore {BOTOCORE}; now run cargo xtask codegen", SERVICES.len());
    Ok(())
}

fn download(folder: &Path) -> Result<Vec<u8>, Failure> {
    fs::create_dir_all(folder)?;
    let status = Command::new("python3")
        .args(["-m", "pip", "--quiet", "download", "--no-deps", "--dest"])
        .arg(folder)
        .arg(format!("botocore=={BOTOCORE}"))
        .status()?;
    if !status.success() {
        return Err("pip could not download botocore".into());
    }
    Ok(fs::read(folder.join(format!("botocore-{BOTOCORE}-py3-none-any.whl")))?)
}
