//! `Recipient`: an answer for an enclave's eyes only (crypto.md §11). The enclave attests a public key, and the answer's
//! secret goes out encrypted to it instead of in plaintext.

use aws_smithy_types::Blob;
use trent_kms_core::MaterialId;
use trent_nitro::{Attestation, RecipientKey, envelope};
use trent_shared::{ApiError, SecretBytes};

use crate::Kms;
use crate::api::RecipientInfo;
use crate::conditions::Fact;
use crate::messages;

/// Who receives the secret of an answer.
pub(crate) enum Recipient {
    /// Whoever asked, in plaintext.
    Caller,
    /// An enclave, by the key that it attested with the rest.
    Enclave(RecipientKey, Box<Attestation>),
}

/// The secret of an answer in the form that its recipient gets it in; exactly one of the two is there.
pub(crate) struct Delivery {
    pub(crate) plaintext: Option<SecretBytes>,
    pub(crate) ciphertext_for_recipient: Option<Blob>,
}

impl Kms {
    /// Who receives the answer. An attestation document that cannot be verified is refused before any key is looked at,
    /// since permissions may depend on what it says.
    pub(crate) fn recipient(&self, asked: Option<&RecipientInfo>) -> Result<Recipient, ApiError> {
        let Some(info) = asked else { return Ok(Recipient::Caller) };
        let document = info.attestation_document.as_ref().ok_or_else(messages::attestation_required)?;
        if info.key_encryption_algorithm.is_none() {
            return Err(messages::key_encryption_algorithm_required());
        }
        let attestation = Attestation::verify(document.as_ref(), &self.options.attestation_roots, self.now());
        let mut attestation = attestation.map_err(|error| messages::attestation(&error))?;
        let key = attestation.recipient.take().ok_or_else(messages::attested_key_required)?;
        Ok(Recipient::Enclave(key, Box::new(attestation)))
    }

    /// Hands a secret over to its recipient.
    pub(crate) fn deliver(&self, recipient: &Recipient, secret: SecretBytes) -> Result<Delivery, ApiError> {
        match recipient {
            Recipient::Caller => Ok(Delivery { plaintext: Some(secret), ciphertext_for_recipient: None }),
            Recipient::Enclave(key, _) => {
                let sealed = envelope(key, &secret, &*self.entropy).map_err(|error| messages::crypto(&error))?;
                Ok(Delivery { plaintext: None, ciphertext_for_recipient: Some(Blob::new(sealed)) })
            }
        }
    }
}

impl Recipient {
    /// What policies can ask about it.
    pub(crate) fn fact(&self) -> Fact<'_> {
        match self {
            Self::Caller => Fact::Nothing,
            Self::Enclave(_, attestation) => Fact::Attestation(attestation),
        }
    }

    /// The key material's id, which AWS tells a caller and not an enclave.
    pub(crate) fn told(&self, material_id: MaterialId) -> Option<String> {
        match self {
            Self::Caller => Some(material_id.into()),
            Self::Enclave(..) => None,
        }
    }
}
