//! The strict reading of a signature, in AWS's order of complaints.
//!
//! The order and some sentences are those of `scratchstack-aws-signature`, whose author wrote down how AWS behaves; what
//! public issues quote of AWS itself goes before it.

use std::collections::HashSet;
use std::fmt;

use http::header::{AUTHORIZATION, DATE, HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use openssl::memcmp;
use openssl::sha::sha256;
use trent_shared::{Region, SecretString, Timestamp};

use crate::canonical::{Parameters, Signable};
use crate::date::{basic, parse_basic, parse_http};
use crate::refusal::INVALID_REGION;
use crate::{Refusal, SigningKey, SigningRules, Style};

pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
pub(crate) const TERMINATOR: &str = "aws4_request";

/// A request whose signature is whole, made for this service and not out of date. Whether it is the signature of whom it
/// claims is not known before [`verify`](Self::verify).
pub struct SignedRequest<'r> {
    request: Signable<'r>,
    service: &'static str,
    style: Style,
    is_presigned: bool,
    access_key_id: String,
    region: Region,
    /// `20150830T123600Z`; the scope's date is the same day.
    date: String,
    /// In lower case.
    signed_headers: String,
    signature: String,
    session_token: Option<String>,
}

/// Leaves out what may be secret: the session token, headers, the body.
impl fmt::Debug for SignedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SignedRequest");
        shown.field("access_key_id", &self.access_key_id).field("region", &self.region);
        shown.field("service", &self.service).field("date", &self.date).finish_non_exhaustive()
    }
}

/// The parameters of a signature, all there, none looked at.
struct Parts {
    is_presigned: bool,
    credential: String,
    signed_headers: String,
    signature: String,
    date: String,
    session_token: Option<String>,
}

impl<'r> SignedRequest<'r> {
    /// Reads the signature in the `Authorization` header, or else in the query.
    pub fn parse<B: AsRef<[u8]>>(
        request: &'r Request<B>,
        rules: &SigningRules,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let request = Signable::of(request);
        let parts = match request.headers.get(AUTHORIZATION) {
            Some(authorization) => Parts::in_header(&lossy(authorization), request.headers)?,
            None => Parts::in_query(request.uri.query().unwrap_or_default())?,
        };
        // AWS does not mind their case here.
        let signed_headers = parts.signed_headers.to_ascii_lowercase();
        check_signed_headers(&signed_headers, request.headers, parts.is_presigned)?;
        let at = parse_basic(&parts.date).or_else(|| parse_http(&parts.date)).ok_or_else(|| {
            let date = &parts.date;
            let see = "See http://en.wikipedia.org/wiki/ISO_8601";
            Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date}'. {see}"))
        })?;
        check_current(at, now, rules)?;
        let date = basic(at);
        let (access_key_id, region) = in_scope(&parts.credential, &date, rules)?;
        Ok(Self {
            request,
            service: rules.service,
            style: rules.style,
            is_presigned: parts.is_presigned,
            access_key_id: access_key_id.to_owned(),
            region,
            date,
            signed_headers,
            signature: parts.signature,
            session_token: parts.session_token,
        })
    }

    /// Whose signature it claims to be.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Checks that the session token is the one that belongs to the access key id, or that there is none on either side.
    pub fn check_session_token(&self, expected: Option<&SecretString>) -> Result<(), Refusal> {
        match (expected, &self.session_token) {
            (None, None) => Ok(()),
            (Some(expected), Some(sent)) if is_same(expected.expose(), sent) => Ok(()),
            _ => Err(Refusal::UnknownCredentials),
        }
    }

    /// Checks that the signature was made with this secret.
    pub fn verify(&self, secret_access_key: &SecretString) -> Result<(), Refusal> {
        let key = SigningKey::derive(secret_access_key, self.day(), self.region.as_str(), self.service);
        if self.is_signed_by(&key) { Ok(()) } else { Err(Refusal::mismatch()) }
    }

    /// Whether the signature was made with this key.
    pub fn is_signed_by(&self, key: &SigningKey) -> bool {
        let mut signed_headers: Vec<&str> = self.signed_headers.split(';').collect();
        signed_headers.sort_unstable();
        // Also bounds the canonical request by the length of this one: no name is there twice, all being in lower case.
        signed_headers.dedup();
        let forms: &[Parameters] = match (self.is_presigned, &self.session_token) {
            (false, _) => &[Parameters::All],
            (true, None) => &[Parameters::Presigned],
            (true, Some(_)) => &[Parameters::Presigned, Parameters::PresignedBeforeToken],
        };
        forms.iter().any(|parameters| {
            let canonical = self.request.canonical(&signed_headers, *parameters, self.style);
            is_same(&key.sign(&self.string_to_sign(&canonical)), &self.signature)
        })
    }

    fn string_to_sign(&self, canonical: &str) -> String {
        let Self { date, region, service, .. } = self;
        let hash = hex::encode(sha256(canonical.as_bytes()));
        format!("{ALGORITHM}\n{date}\n{}/{region}/{service}/{TERMINATOR}\n{hash}", self.day())
    }

    /// The scope's date, `20150830`.
    fn day(&self) -> &str {
        day(&self.date)
    }
}

impl Parts {
    /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. Of a parameter that is there twice, the last counts.
    fn in_header(authorization: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        let authorization = authorization.trim();
        let (algorithm, parameters) = authorization.split_once(' ').unwrap_or((authorization, ""));
        let (mut credential, mut signature, mut signed_headers) = (None, None, None);
        for parameter in parameters.split([',', ' ']).filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("Credential", value)) => credential = Some(value.to_owned()),
                Some(("Signature", value)) => signature = Some(value.to_owned()),
                Some(("SignedHeaders", value)) => signed_headers = Some(value.to_owned()),
                Some(_) => {}
                None => {
                    return Err(Refusal::Incomplete(format!(
                        "'{parameter}' not a valid key=value pair (missing equal-sign) in Authorization header: \
                         '{authorization}'."
                    )));
                }
            }
        }
        let mut missing = Vec::new();
        let mut require = |part: Option<String>, sentence| {
            part.unwrap_or_else(|| {
                missing.push(sentence);
                String::new()
            })
        };
        let date = headers.get("x-amz-date").or_else(|| headers.get(DATE)).map(lossy);
        let parts = Self {
            is_presigned: false,
            credential: require(credential, "Authorization header requires 'Credential' parameter."),
            signature: require(signature, "Authorization header requires 'Signature' parameter."),
            signed_headers: require(signed_headers, "Authorization header requires 'SignedHeaders' parameter."),
            date: require(date, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."),
            session_token: headers.get("x-amz-security-token").map(lossy),
        };
        if !missing.is_empty() {
            let missing = missing.join(" ");
            return Err(Refusal::Incomplete(format!("{missing} Authorization={authorization}")));
        }
        if algorithm != ALGORITHM {
            return Err(Refusal::Incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        }
        Ok(parts)
    }

    /// `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=…`. Of a parameter that is there twice, the first counts.
    fn in_query(query: &str) -> Result<Self, Refusal> {
        let find = |wanted: &str| {
            let mut parameters = form_urlencoded::parse(query.as_bytes());
            parameters.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        if find("X-Amz-Algorithm").is_none_or(|algorithm| algorithm != ALGORITHM) {
            return Err(Refusal::Unsigned);
        }
        let mut missing = Vec::new();
        let mut require = |name: &str| {
            find(name).unwrap_or_else(|| {
                missing.push(format!("AWS query-string parameters must include '{name}'."));
                String::new()
            })
        };
        let parts = Self {
            is_presigned: true,
            credential: require("X-Amz-Credential"),
            signature: require("X-Amz-Signature"),
            signed_headers: require("X-Amz-SignedHeaders"),
            date: require("X-Amz-Date"),
            session_token: find("X-Amz-Security-Token"),
        };
        if missing.is_empty() {
            Ok(parts)
        } else {
            let missing = missing.join(" ");
            Err(Refusal::Incomplete(format!("{missing} Re-examine the query-string parameters.")))
        }
    }
}

/// Checks that the names of signed headers, in lower case, are those that must be among them: the host and, where the
/// signature is in a header, everything of AWS's own, which can change what is asked for ([D] "Create a signed AWS API
/// request": the host, the content type, "any `x-amz-*` headers present in the request"). The content type is not asked
/// for: the AWS SDK for PHP leaves it out.
fn check_signed_headers(signed: &str, headers: &HeaderMap, is_presigned: bool) -> Result<(), Refusal> {
    // The token is compared with the right one, the other says what the client is written in.
    const MAY_BE_UNSIGNED: [&str; 2] = ["x-amz-security-token", "x-amz-user-agent"];
    let signed: HashSet<&str> = signed.split(';').collect();
    let must_be_signed =
        |name: &&str| name.starts_with("x-amz-") && !MAY_BE_UNSIGNED.contains(name) && !signed.contains(name);
    let lacking = if !signed.contains("host") {
        "'Host' or ':authority'".to_owned()
    } else if let Some(name) = headers.keys().map(HeaderName::as_str).find(must_be_signed).filter(|_| !is_presigned) {
        // Inferred from the sentence about the host.
        format!("'{name}'")
    } else {
        return Ok(());
    };
    Err(Refusal::Invalid(format!("{lacking} must be a 'SignedHeader' in the AWS Authorization.")))
}

/// Checks that a signature's date is near enough to the present, to the second.
fn check_current(at: Timestamp, now: Timestamp, rules: &SigningRules) -> Result<(), Refusal> {
    let minutes = rules.window_minutes;
    let now = now.as_millis() - now.as_millis().rem_euclid(1000);
    let window = i64::from(minutes) * 60_000;
    let [earliest, now, latest] =
        [now.saturating_sub(window), now, now.saturating_add(window)].map(Timestamp::from_millis);
    if at < earliest {
        let [at, now, earliest] = [at, now, earliest].map(basic);
        let message = format!("Signature expired: {at} is now earlier than {earliest} ({now} - {minutes} min.)");
        return Err(Refusal::Invalid(message));
    }
    if at > latest {
        let [at, now, latest] = [at, now, latest].map(basic);
        let message = format!("Signature not yet current: {at} is still later than {latest} ({now} + {minutes} min.)");
        return Err(Refusal::Invalid(message));
    }
    Ok(())
}

/// Takes `<access key id>/20150830/us-east-1/kms/aws4_request` apart; everything that is wrong is said at once.
fn in_scope<'c>(credential: &'c str, date: &str, rules: &SigningRules) -> Result<(&'c str, Region), Refusal> {
    let parts: Vec<&str> = credential.splitn(6, '/').collect();
    let [access_key_id, scope_date, region, service, terminator] = *parts else {
        return Err(Refusal::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             '{credential}'"
        )));
    };
    let mut complaints = Vec::new();
    let region = region.parse();
    if region.is_err() {
        complaints.push(INVALID_REGION.to_owned());
    }
    if service != rules.service {
        complaints.push(format!("Credential should be scoped to correct service: '{}'.", rules.service));
    }
    if terminator != TERMINATOR {
        complaints
            .push(format!("Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."));
    }
    let day = day(date);
    if scope_date != day {
        complaints.push(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope_date}' != \
             '{day}', from '{date}'."
        ));
    }
    match region {
        Ok(region) if complaints.is_empty() => Ok((access_key_id, region)),
        _ => Err(Refusal::Invalid(complaints.join(" "))),
    }
}

fn day(date: &str) -> &str {
    date.get(..8).unwrap_or_default()
}

fn lossy(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// In time that does not depend on where the two differ.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && memcmp::eq(one.as_bytes(), other.as_bytes())
}
