//! Who sends a request, by what its signature says and what is known of credentials.

use std::collections::HashSet;

use http::Request;
use trent_shared::{Caller, Region, SecretString, Timestamp};

use crate::canonical::Signable;
use crate::claim::Claim;
use crate::{Refusal, SignedRequest, SigningRules};

/// Decides who sends a request.
#[derive(Debug)]
pub struct Gate {
    signatures: Signatures,
    configured: HashSet<String>,
}

/// What signatures are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signatures {
    /// Whatever is sent is accepted. Known access key ids are their owners'; any other is the root user's of the account
    /// that it names, or of the default account.
    #[default]
    Accept,
    /// Only known credentials, and everything about them is checked.
    Verify,
}

/// What is known of an access key id.
#[derive(Debug, Clone)]
pub struct Known<'c> {
    pub caller: Caller,
    pub secret_access_key: &'c SecretString,
    /// Temporary credentials have one.
    pub session_token: Option<&'c SecretString>,
    pub expires_at: Option<Timestamp>,
    /// Access keys of users can be made inactive, and sessions end with the role or user that they are of.
    pub is_active: bool,
}

/// Who sends a request, and the Region that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub caller: Caller,
    pub region: Region,
}

/// How far a request got without asking anybody.
#[derive(Debug)]
pub enum Step<'r> {
    Decided(Result<Sender, Refusal>),
    /// The decision needs to know whose access key id this is.
    Ask(Question<'r>),
}

/// A request whose access key id may be known.
#[derive(Debug)]
pub struct Question<'r> {
    reading: Reading<'r>,
    now: Timestamp,
}

#[derive(Debug)]
enum Reading<'r> {
    Lenient(Claim<'r>),
    Strict(SignedRequest<'r>),
}

impl Gate {
    /// `configured` are access key ids that are known and of any form, beside those that IAM and STS hand out.
    pub fn new(signatures: Signatures, configured: impl IntoIterator<Item = String>) -> Self {
        Self { signatures, configured: configured.into_iter().collect() }
    }

    /// Reads a request for an operation of the service that has these rules.
    pub fn receive<'r, B: AsRef<[u8]>>(
        &self,
        request: &'r Request<B>,
        operation: &str,
        rules: &SigningRules,
        now: Timestamp,
    ) -> Step<'r> {
        match self.read(request, operation, rules, now) {
            Ok(step) => step,
            Err(refusal) => Step::Decided(Err(refusal)),
        }
    }

    fn read<'r, B: AsRef<[u8]>>(
        &self,
        request: &'r Request<B>,
        operation: &str,
        rules: &SigningRules,
        now: Timestamp,
    ) -> Result<Step<'r>, Refusal> {
        let reading = match self.signatures {
            Signatures::Accept => {
                let claim = Claim::read(Signable::of(request))?;
                if !is_of_aws(&claim.access_key_id) && !self.configured.contains(&*claim.access_key_id) {
                    return Ok(Step::Decided(Ok(claim.root())));
                }
                Reading::Lenient(claim)
            }
            Signatures::Verify => match SignedRequest::parse(request, rules, now) {
                Err(Refusal::Unsigned) if rules.unsigned_operations.contains(&operation) => {
                    return Ok(Step::Decided(Ok(Claim::default().root())));
                }
                signed => Reading::Strict(signed?),
            },
        };
        Ok(Step::Ask(Question { reading, now }))
    }
}

impl Question<'_> {
    pub fn access_key_id(&self) -> &str {
        match &self.reading {
            Reading::Lenient(claim) => &claim.access_key_id,
            Reading::Strict(signed) => signed.access_key_id(),
        }
    }

    /// The Region that the request is for.
    pub fn region(&self) -> &Region {
        match &self.reading {
            Reading::Lenient(claim) => &claim.region,
            Reading::Strict(signed) => signed.region(),
        }
    }

    /// Decides by what is known of the access key id. `None`: nobody's.
    pub fn answer(self, known: Option<Known<'_>>) -> Result<Sender, Refusal> {
        let Some(known) = known else {
            return match self.reading {
                Reading::Lenient(claim) => Ok(claim.root()),
                Reading::Strict(_) => Err(Refusal::UnknownCredentials),
            };
        };
        if let Reading::Strict(signed) = &self.reading {
            signed.check_session_token(known.session_token)?;
        }
        // That an access key is inactive or a session over is so, whatever the signature is like.
        if !known.is_active {
            return Err(Refusal::UnknownCredentials);
        }
        if known.expires_at.is_some_and(|expiry| expiry <= self.now) {
            return Err(Refusal::ExpiredToken);
        }
        if let Reading::Strict(signed) = &self.reading {
            signed.verify(known.secret_access_key)?;
        }
        Ok(Sender { region: self.region().clone(), caller: known.caller })
    }
}

/// Whether an access key id has the form of those that IAM and STS hand out.
fn is_of_aws(id: &str) -> bool {
    id.starts_with("AKIA") || id.starts_with("ASIA")
}
