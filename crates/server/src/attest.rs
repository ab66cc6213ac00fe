//! `trent attest`: an attestation document for a test, as an enclave would get it from its hypervisor.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use trent_nitro::{DocumentFields, InvalidLocalRoot, LocalRoot, OpenSslFailure, Platform};
use trent_shared::Clock;

use crate::cli::AttestArguments;
use crate::system::{SystemClock, SystemEntropy, write_private};

#[derive(Debug, thiserror::Error)]
pub(crate) enum AttestError {
    #[error("cannot read {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{} is no local root", path.display())]
    NotARoot { path: PathBuf, source: InvalidLocalRoot },
    #[error("cannot make the document")]
    Failed(#[from] OpenSslFailure),
    #[error("cannot print the document")]
    Output(#[source] io::Error),
}

/// Prints the document, in base64 as `--attestation-document` and `AttestationDocument` want it, to standard output.
pub(crate) fn run(arguments: &AttestArguments) -> Result<(), AttestError> {
    let root = root(&arguments.root)?;
    let public_key = std::fs::read(&arguments.public_key)
        .map_err(|source| AttestError::Unreadable { path: arguments.public_key.clone(), source })?;
    let fields = DocumentFields {
        module_id: "i-0123456789abcdef0-enc0123456789abcdef".to_owned(),
        timestamp: SystemClock.now(),
        platform: Platform::Enclave,
        pcrs: registers(&arguments.pcrs),
        public_key: Some(public_key),
        user_data: None,
        nonce: None,
    };
    let document = root.document(&fields, &SystemEntropy)?;
    let text = openssl::base64::encode_block(&document);
    writeln!(io::stdout().lock(), "{text}").map_err(AttestError::Output)
}

/// The root in a file, which is made when it is missing.
fn root(path: &Path) -> Result<LocalRoot, AttestError> {
    match std::fs::read_to_string(path) {
        Ok(pem) => LocalRoot::from_pem(&pem).map_err(|source| AttestError::NotARoot { path: path.to_owned(), source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let root = LocalRoot::generate(SystemClock.now(), &SystemEntropy)?;
            let unwritable = |source| AttestError::Unwritable { path: path.to_owned(), source };
            write_private(path, root.to_pem()?.expose().as_bytes()).map_err(unwritable)?;
            Ok(root)
        }
        Err(source) => Err(AttestError::Unreadable { path: path.to_owned(), source }),
    }
}

/// The registers that an enclave always has, zeros unless told.
fn registers(told: &[(u8, Vec<u8>)]) -> BTreeMap<u8, Vec<u8>> {
    let mut registers: BTreeMap<u8, Vec<u8>> = (0..=4).map(|index| (index, vec![0; 48])).collect();
    registers.extend(told.iter().cloned());
    registers
}
