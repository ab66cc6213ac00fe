//! The signed part of an attestation document: a CBOR map. Source of every limit: aws-nitro-enclaves-nsm-api
//! `docs/attestation_process.md` §3.2.2.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use minicbor::data::Type;
use minicbor::{Decoder, decode};
use trent_shared::Timestamp;

use crate::attestation::{Attestation, AttestationError, Platform};

/// A field of an attestation document, shown under its name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    ModuleId,
    Digest,
    Timestamp,
    Pcrs,
    /// In the documents of NitroTPM, in the place of [`Pcrs`](Self::Pcrs).
    NitroTpmPcrs,
    Certificate,
    CaBundle,
    PublicKey,
    UserData,
    Nonce,
}

/// A payload of the right form; nobody has vouched for it yet.
#[derive(Debug)]
pub(crate) struct Payload<'a> {
    pub(crate) module_id: &'a str,
    pub(crate) timestamp: Timestamp,
    pub(crate) platform: Platform,
    pub(crate) pcrs: BTreeMap<u8, &'a [u8]>,
    /// X.509, DER.
    pub(crate) certificate: &'a [u8],
    /// X.509, DER; the root comes first, the issuer of `certificate` last.
    pub(crate) ca_bundle: Vec<&'a [u8]>,
    pub(crate) public_key: Option<&'a [u8]>,
    pub(crate) user_data: Option<&'a [u8]>,
    pub(crate) nonce: Option<&'a [u8]>,
}

impl Field {
    pub(crate) const ALL: [Self; 10] = [
        Self::ModuleId,
        Self::Digest,
        Self::Timestamp,
        Self::Pcrs,
        Self::NitroTpmPcrs,
        Self::Certificate,
        Self::CaBundle,
        Self::PublicKey,
        Self::UserData,
        Self::Nonce,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ModuleId => "module_id",
            Self::Digest => "digest",
            Self::Timestamp => "timestamp",
            Self::Pcrs => "pcrs",
            Self::NitroTpmPcrs => "nitrotpm_pcrs",
            Self::Certificate => "certificate",
            Self::CaBundle => "cabundle",
            Self::PublicKey => "public_key",
            Self::UserData => "user_data",
            Self::Nonce => "nonce",
        }
    }
}

impl<'a> Payload<'a> {
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, AttestationError> {
        let mut cbor = Decoder::new(payload);
        let len = cbor.map().map_err(|error| ended_or(&error, AttestationError::NotAMap))?;
        let len = len.ok_or(AttestationError::NotAMap)?;

        let mut seen = Vec::with_capacity(Field::ALL.len());
        let (mut module_id, mut digest, mut timestamp, mut registers) = (None, None, None, None);
        let (mut certificate, mut ca_bundle) = (None, None);
        let (mut public_key, mut user_data, mut nonce) = (None, None, None);
        for _ in 0..len {
            let name = cbor.str().map_err(|error| ended_or(&error, AttestationError::NotAMap))?;
            let field =
                Field::ALL.into_iter().find(|field| field.name() == name).ok_or(AttestationError::UnknownField)?;
            if seen.contains(&field) {
                return Err(AttestationError::DuplicateField(field));
            }
            seen.push(field);
            let mut value = Value { field, cbor: &mut cbor };
            match field {
                Field::ModuleId => module_id = Some(value.text(|text| !text.is_empty())?),
                Field::Digest => digest = Some(value.text(|text| text == Attestation::DIGEST)?),
                Field::Timestamp => timestamp = Some(value.timestamp()?),
                Field::Pcrs | Field::NitroTpmPcrs if registers.is_some() => {
                    return Err(AttestationError::DuplicateField(field));
                }
                Field::Pcrs => registers = Some((Platform::Enclave, value.registers()?)),
                Field::NitroTpmPcrs => registers = Some((Platform::NitroTpm, value.registers()?)),
                Field::Certificate => certificate = Some(value.certificate()?),
                Field::CaBundle => ca_bundle = Some(value.certificates()?),
                Field::PublicKey => public_key = value.optional_bytes(1..=1024)?,
                Field::UserData => user_data = value.optional_bytes(0..=512)?,
                Field::Nonce => nonce = value.optional_bytes(0..=512)?,
            }
        }
        if cbor.position() != payload.len() {
            return Err(AttestationError::TrailingBytes);
        }

        let missing = AttestationError::MissingField;
        digest.ok_or(missing(Field::Digest))?;
        let (platform, pcrs) = registers.ok_or(missing(Field::Pcrs))?;
        Ok(Self {
            module_id: module_id.ok_or(missing(Field::ModuleId))?,
            timestamp: timestamp.ok_or(missing(Field::Timestamp))?,
            platform,
            pcrs,
            certificate: certificate.ok_or(missing(Field::Certificate))?,
            ca_bundle: ca_bundle.ok_or(missing(Field::CaBundle))?,
            public_key,
            user_data,
            nonce,
        })
    }
}

/// The value of `field`, which is what `cbor` has next.
struct Value<'c, 'a> {
    field: Field,
    cbor: &'c mut Decoder<'a>,
}

impl<'a> Value<'_, 'a> {
    fn text(&mut self, is_valid: impl FnOnce(&str) -> bool) -> Result<&'a str, AttestationError> {
        let text = self.cbor.str().map_err(|error| self.wrong_type(&error))?;
        if is_valid(text) { Ok(text) } else { Err(self.invalid()) }
    }

    fn bytes(&mut self, is_valid: impl FnOnce(usize) -> bool) -> Result<&'a [u8], AttestationError> {
        let bytes = self.cbor.bytes().map_err(|error| self.wrong_type(&error))?;
        if is_valid(bytes.len()) { Ok(bytes) } else { Err(self.invalid()) }
    }

    fn number(&mut self) -> Result<u64, AttestationError> {
        self.cbor.u64().map_err(|error| self.wrong_type(&error))
    }

    fn timestamp(&mut self) -> Result<Timestamp, AttestationError> {
        let millis = self.number()?;
        let millis = i64::try_from(millis).ok().filter(|millis| *millis > 0).ok_or(self.invalid())?;
        Ok(Timestamp::from_millis(millis))
    }

    fn registers(&mut self) -> Result<BTreeMap<u8, &'a [u8]>, AttestationError> {
        let len = self.cbor.map().map_err(|error| self.wrong_type(&error))?;
        let len = len.ok_or(AttestationError::WrongType(self.field))?;
        let mut registers = BTreeMap::new();
        for _ in 0..len {
            let index = self.number()?;
            let index = u8::try_from(index).ok().filter(|index| *index < 32).ok_or(self.invalid())?;
            let content = self.bytes(|len| [32, 48, 64].contains(&len))?;
            if registers.insert(index, content).is_some() {
                return Err(self.invalid());
            }
        }
        if registers.is_empty() { Err(self.invalid()) } else { Ok(registers) }
    }

    fn certificate(&mut self) -> Result<&'a [u8], AttestationError> {
        self.bytes(|len| (1..=1024).contains(&len))
    }

    fn certificates(&mut self) -> Result<Vec<&'a [u8]>, AttestationError> {
        let len = self.cbor.array().map_err(|error| self.wrong_type(&error))?;
        match len {
            None => Err(AttestationError::WrongType(self.field)),
            Some(0) => Err(self.invalid()),
            // What is collected is read first, whatever the length claims.
            Some(len) => (0..len).map(|_| self.certificate()).collect(),
        }
    }

    fn optional_bytes(&mut self, len: RangeInclusive<usize>) -> Result<Option<&'a [u8]>, AttestationError> {
        if self.cbor.datatype().map_err(|error| self.wrong_type(&error))? == Type::Null {
            self.cbor.null().map_err(|error| self.wrong_type(&error))?;
            return Ok(None);
        }
        self.bytes(|actual| len.contains(&actual)).map(Some)
    }

    fn wrong_type(&self, error: &decode::Error) -> AttestationError {
        ended_or(error, AttestationError::WrongType(self.field))
    }

    fn invalid(&self) -> AttestationError {
        AttestationError::InvalidValue(self.field)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn ended_or(error: &decode::Error, other: AttestationError) -> AttestationError {
    if error.is_end_of_input() { AttestationError::Truncated } else { other }
}
