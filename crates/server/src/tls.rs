//! The certificate that TLS connections are answered with: one that is configured, or one from a CA of Trent's own.

mod authority;
mod names;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use trent_gateway::{ServerCertificate, Tls};
use trent_shared::{Clock, Timestamp};
use zeroize::Zeroizing;

pub(crate) use self::names::ServerName;

use self::authority::{Authority, InvalidAuthority};
use crate::sentence;
use crate::settings::Settings;
use crate::system::{SystemClock, write_private};

/// The file in the data directory with the certificate and the private key of Trent's CA.
const AUTHORITY_FILE: &str = "tls-ca.pem";

/// How TLS connections are answered.
#[derive(Clone)]
pub(crate) enum TlsMode {
    Off,
    /// With the certificate in this file, which somebody else has issued.
    Configured(PathBuf, ServerCertificate),
    Issued(Arc<LocalAuthority>),
}

/// Trent's own CA. It is read, or made, when it is first asked for: most who start Trent talk plain HTTP, and need not
/// wait until OpenSSL has warmed up.
pub(crate) struct LocalAuthority {
    /// `None` keeps it in memory.
    file: Option<PathBuf>,
    names: Vec<ServerName>,
    authority: Mutex<Option<Authority>>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("{given} is set, but {missing} is not: a certificate and its private key go together")]
    Alone { given: &'static str, missing: &'static str },
    #[error("{key}: cannot read {}", path.display())]
    Unreadable { key: &'static str, path: PathBuf, source: io::Error },
    #[error("tls.certificate: {} holds no certificates in PEM", path.display())]
    NoCertificate { path: PathBuf },
    #[error("tls.private_key: {} holds no private key in PEM without a passphrase", path.display())]
    NoPrivateKey { path: PathBuf },
    #[error("tls.private_key: {} is not the key of the first certificate in {}", path.display(), certificate.display())]
    ForeignPrivateKey { path: PathBuf, certificate: PathBuf },
    #[error("tls.certificate: {} cannot be used", path.display())]
    Refused { path: PathBuf, source: ErrorStack },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    #[error("cannot read {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{} is no CA", path.display())]
    Invalid { path: PathBuf, source: InvalidAuthority },
    #[error("OpenSSL has failed")]
    OpenSsl(#[from] ErrorStack),
}

impl TlsMode {
    /// Reads the files that are configured.
    pub(crate) fn configured(settings: &Settings) -> Result<Self, TlsError> {
        let tls = &settings.tls;
        if !tls.is_enabled {
            return Ok(Self::Off);
        }
        match (&tls.certificate, &tls.private_key) {
            (None, None) => {
                let file = (!settings.ephemeral).then(|| settings.data_dir.join(AUTHORITY_FILE));
                let names = ServerName::of_this_machine(settings.listen.ip()).chain(tls.names.iter().cloned());
                Ok(Self::Issued(Arc::new(LocalAuthority::new(file, names.collect()))))
            }
            (Some(certificate), Some(private_key)) => {
                Ok(Self::Configured(certificate.clone(), read(certificate, private_key)?))
            }
            (Some(_), None) => Err(TlsError::Alone { given: "tls.certificate", missing: "tls.private_key" }),
            (None, Some(_)) => Err(TlsError::Alone { given: "tls.private_key", missing: "tls.certificate" }),
        }
    }

    /// What the gateway answers TLS connections with; `None` leaves them unanswered.
    pub(crate) fn for_gateway(self) -> Result<Option<Tls>, TlsError> {
        match self {
            Self::Off => Ok(None),
            Self::Configured(path, certificate) => {
                let tls = Tls::new(certificate).map_err(|source| TlsError::Refused { path, source })?;
                Ok(Some(tls))
            }
            Self::Issued(authority) => {
                // As text, since the log tells an error without its causes.
                let issue = move || authority.issue().map_err(|error| sentence(&error).into());
                Ok(Some(Tls::on_first_use(issue)))
            }
        }
    }
}

impl LocalAuthority {
    fn new(file: Option<PathBuf>, names: Vec<ServerName>) -> Self {
        Self { file, names, authority: Mutex::new(None) }
    }

    /// The certificate that clients are to trust, in PEM.
    pub(crate) fn certificate_pem(&self) -> Result<Vec<u8>, AuthorityError> {
        Ok(self.authority()?.certificate_pem()?)
    }

    /// A fresh certificate for the names of this server. It is never stored, so that it cannot get too old, and always has
    /// the names that are configured.
    fn issue(&self) -> Result<ServerCertificate, AuthorityError> {
        Ok(self.authority()?.issue(&self.names, SystemClock.now())?)
    }

    /// By real time, as clients check it: however far the clock is turned, they stay in theirs.
    fn authority(&self) -> Result<Authority, AuthorityError> {
        let mut authority = self.authority.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(authority) = &*authority {
            return Ok(authority.clone());
        }
        let now = SystemClock.now();
        let made = match &self.file {
            Some(path) => kept(path, now)?,
            None => Authority::generate(now)?,
        };
        Ok(authority.insert(made).clone())
    }
}

/// The CA in a file, which is made when it is missing, and anew when it is too old to issue anything.
fn kept(path: &Path, now: Timestamp) -> Result<Authority, AuthorityError> {
    match fs::read(path).map(Zeroizing::new) {
        Ok(pem) => {
            let read = Authority::from_pem(&pem);
            let authority = read.map_err(|source| AuthorityError::Invalid { path: path.to_owned(), source })?;
            if authority.outlives_what_it_issues(now)? {
                return Ok(authority);
            }
            tracing::warn!(file = %path.display(), "the CA is at its end; clients need to be given the new one");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(AuthorityError::Unreadable { path: path.to_owned(), source }),
    }
    let authority = Authority::generate(now)?;
    replace(path, &authority.to_pem()?)
        .map_err(|source| AuthorityError::Unwritable { path: path.to_owned(), source })?;
    Ok(authority)
}

/// Whole or not at all, whenever the machine stops.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => write_private(&part, content)?,
    }
    fs::rename(part, path)
}

/// A certificate, those that follow it, and its key.
fn read(path: &Path, key_path: &Path) -> Result<ServerCertificate, TlsError> {
    let bytes = |key, path: &Path| {
        let read = fs::read(path).map(Zeroizing::new);
        read.map_err(|source| TlsError::Unreadable { key, path: path.to_owned(), source })
    };
    let pem = bytes("tls.certificate", path)?;
    let mut certificates = X509::stack_from_pem(&pem).unwrap_or_default().into_iter();
    let certificate = certificates.next().ok_or_else(|| TlsError::NoCertificate { path: path.to_owned() })?;
    let key_pem = bytes("tls.private_key", key_path)?;
    let private_key = private_key(&key_pem).ok_or_else(|| TlsError::NoPrivateKey { path: key_path.to_owned() })?;
    let refused = |source| TlsError::Refused { path: path.to_owned(), source };
    if !certificate.public_key().map_err(refused)?.public_eq(&private_key) {
        return Err(TlsError::ForeignPrivateKey { path: key_path.to_owned(), certificate: path.to_owned() });
    }
    if certificate.not_after() < &*Asn1Time::from_unix(SystemClock.now().as_millis() / 1000).map_err(refused)? {
        tracing::warn!(file = %path.display(), "the configured certificate has expired");
    }
    Ok(ServerCertificate { certificate, chain: certificates.collect(), private_key })
}

/// With a passphrase, if only an empty one, OpenSSL does not ask for one on the terminal.
fn private_key(pem: &[u8]) -> Option<PKey<Private>> {
    PKey::private_key_from_pem_passphrase(pem, &[]).ok()
}

#[cfg(test)]
mod tests;
