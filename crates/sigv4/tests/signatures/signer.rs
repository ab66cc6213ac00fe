//! AWS's own signer, and what the requests of these tests have in common.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use trent_shared::{AccountId, Caller, Partition, SecretString, Timestamp};
use trent_sigv4::{Dialect, Known, Refusal, SignedRequest, SigningRules, Style};

pub(crate) const ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_440_938_160_000);

/// Where and how a signature is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Header,
    Presigned,
    PresignedBeforeToken,
}

/// What a client signs with, and for what.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub(crate) form: Form,
    pub(crate) access_key_id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) token: Option<&'static str>,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) style: Style,
    pub(crate) at: Timestamp,
}

impl Default for Signer {
    fn default() -> Self {
        Self {
            form: Form::Header,
            access_key_id: ID,
            secret: SECRET,
            token: None,
            region: "us-east-1",
            service: "kms",
            style: Style::Standard,
            at: NOW,
        }
    }
}

impl Signer {
    pub(crate) fn sign(&self, mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
        let token = self.token.map(str::to_owned);
        let identity = Credentials::new(self.access_key_id, self.secret, token, None, "test").into();
        let mut settings = SigningSettings::default();
        if self.form != Form::Header {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_mins(15));
        }
        if self.form == Form::PresignedBeforeToken {
            settings.session_token_mode = SessionTokenMode::Exclude;
        }
        if self.style == Style::S3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let millis = u64::try_from(self.at.as_millis()).expect("after 1970");
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
            .settings(settings)
            .build()
            .expect("complete");
        let headers = request.headers().iter();
        let headers: Vec<_> =
            headers.map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").to_owned())).collect();
        let borrowed = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = match (self.style, self.form) {
            (Style::S3, Form::Presigned | Form::PresignedBeforeToken) => SignableBody::UnsignedPayload,
            _ => SignableBody::Bytes(request.body()),
        };
        let method = request.method().to_string();
        let signable = SignableRequest::new(&method, request.uri().to_string(), borrowed, body).expect("signable");
        let (instructions, _) = sign(signable, &params.into()).expect("signed").into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }

    pub(crate) fn rules(&self) -> SigningRules {
        SigningRules { style: self.style, ..SigningRules::of(self.service, Dialect::Json) }
    }

    /// What the other side makes of it at the same instant, knowing the right secret and token.
    pub(crate) fn verify(&self, request: &Request<Vec<u8>>) -> Result<(), Refusal> {
        let token = self.token.map(|token| SecretString::new(token.to_owned()));
        let signed = SignedRequest::parse(request, &self.rules(), self.at)?;
        signed.check_session_token(token.as_ref())?;
        signed.verify(&SecretString::new(self.secret.to_owned()))
    }
}

/// `KMS Encrypt` as SDKs send it, not signed yet.
pub(crate) fn encrypt() -> Request<Vec<u8>> {
    Request::post("https://kms.us-east-1.amazonaws.com/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "TrentService.Encrypt")
        .body(br#"{"KeyId":"alias/a","Plaintext":"cGxhaW50ZXh0"}"#.to_vec())
        .expect("valid")
}

/// A request as it arrives over HTTP/1.1: the host in a header, the target without it.
pub(crate) fn arrived(request: Request<Vec<u8>>) -> Request<Vec<u8>> {
    let (mut head, body) = request.into_parts();
    if let Some(authority) = head.uri.authority() {
        head.headers.insert("host", authority.as_str().parse().expect("valid"));
    }
    head.uri = head.uri.path_and_query().expect("a path").as_str().parse().expect("valid");
    Request::from_parts(head, body)
}

pub(crate) fn secret() -> SecretString {
    SecretString::new(SECRET.to_owned())
}

pub(crate) fn root() -> Caller {
    Caller::root(Partition::Aws, AccountId::DEFAULT)
}

pub(crate) fn known(caller: Caller, secret_access_key: &SecretString) -> Known<'_> {
    Known { caller, secret_access_key, session_token: None, expires_at: None, is_active: true }
}
