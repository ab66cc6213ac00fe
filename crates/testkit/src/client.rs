use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use trent_gateway::Gateway;

use crate::Xml;

/// Calls services as an SDK does, through the gateway and without a socket.
#[derive(Clone)]
pub struct Client {
    gateway: Gateway,
    access_key_id: Option<String>,
    session_token: Option<String>,
    region: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An error as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    /// `None` where AWS sends none.
    pub message: Option<String>,
}

/// A key that a test made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeKey {
    pub id: String,
    pub arn: String,
}

impl Client {
    pub(crate) fn new(gateway: Gateway) -> Self {
        Self { gateway, access_key_id: None, session_token: None, region: "us-east-1".to_owned() }
    }

    /// The same client with a key of this account: its access key id is the account id.
    #[must_use]
    pub fn in_account(&self, account: &str) -> Self {
        self.with_access_key(account, None)
    }

    /// The same client with an access key that IAM or STS made, the latter's with its session token.
    #[must_use]
    pub fn with_access_key(&self, id: &str, session_token: Option<&str>) -> Self {
        let session_token = session_token.map(str::to_owned);
        Self { access_key_id: Some(id.to_owned()), session_token, ..self.clone() }
    }

    /// The same client in another Region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let access_key_id = self.access_key_id.clone().or(Some("000000000000".to_owned()));
        Self { access_key_id, region: region.to_owned(), ..self.clone() }
    }

    /// Calls KMS in awsJson.
    pub async fn kms(&self, operation: &str, input: Value) -> Answer {
        let request = self
            .request("kms")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("TrentService.{operation}"));
        self.send(request, input.to_string()).await
    }

    /// Makes a key as CreateKey does when it is told nothing.
    ///
    /// # Panics
    /// Panics if that fails.
    pub async fn make_key(&self) -> MadeKey {
        self.make_key_from(json!({})).await
    }

    /// Makes a key of a spec for one of its usages.
    ///
    /// # Panics
    /// Panics if that fails.
    pub async fn make_key_of(&self, spec: &str, usage: &str) -> MadeKey {
        self.make_key_from(json!({ "KeySpec": spec, "KeyUsage": usage })).await
    }

    async fn make_key_from(&self, input: Value) -> MadeKey {
        let made = self.kms("CreateKey", input).await.succeeds();
        let text = |member: &str| made["KeyMetadata"][member].as_str().expect("CreateKey tells it").to_owned();
        MadeKey { id: text("KeyId"), arn: text("Arn") }
    }

    /// All that this client can read of keys and aliases, as one value: two equal ones show that nothing has changed
    /// in between. Reads first pages only.
    pub async fn everything(&self) -> Value {
        let mut keys = Vec::new();
        let listed = self.kms("ListKeys", json!({})).await.succeeds();
        for key in listed["Keys"].as_array().into_iter().flatten() {
            for operation in ["DescribeKey", "GetKeyPolicy", "ListResourceTags"] {
                keys.push(json!(self.kms(operation, json!({ "KeyId": key["KeyId"] })).await.text()));
            }
        }
        json!({ "keys": keys, "aliases": self.kms("ListAliases", json!({ "Limit": 100 })).await.succeeds() })
    }

    /// Calls STS in awsQuery; `parameters` follow `Action` and `Version` in the form.
    pub async fn sts(&self, action: &str, parameters: &str) -> Answer {
        let request = self.request("sts").header("content-type", "application/x-www-form-urlencoded");
        self.send(request, format!("Action={action}&Version=2011-06-15&{parameters}")).await
    }

    /// Calls IAM in awsQuery; `parameters` follow `Action` and `Version` in the form.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let request = self.request("iam").header("content-type", "application/x-www-form-urlencoded");
        self.send(request, iam_form(action, parameters)).await
    }

    /// Sends any request to the gateway.
    ///
    /// # Panics
    /// Panics if the request is not one that HTTP allows.
    pub async fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> Answer {
        let request = request.body(Full::new(body.into())).expect("a valid request");
        let Ok(response) = self.gateway.stack().oneshot(request).await;
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() }
    }

    /// A request with credentials, if the client has any. Signatures are not looked at yet, so it carries none.
    pub fn request(&self, service: &str) -> http::request::Builder {
        let mut request = Request::post("/");
        if let Some(id) = &self.access_key_id {
            let scope = format!("{id}/20260928/{}/{service}/aws4_request", self.region);
            let credential = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
            request = request.header("authorization", credential);
        }
        if let Some(token) = &self.session_token {
            request = request.header("x-amz-security-token", token);
        }
        request
    }
}

impl Answer {
    /// The body, of a call that succeeded.
    ///
    /// # Panics
    /// Panics if it did not.
    #[track_caller]
    pub fn succeeds(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The error, of a call that did not succeed.
    ///
    /// # Panics
    /// Panics if it did.
    #[track_caller]
    pub fn fails(&self) -> Refusal {
        assert_ne!(self.status, 200, "{}", self.text());
        if self.body.starts_with(b"<") {
            let xml = Xml::parse(&self.text());
            let code = xml.find("Code").unwrap_or_default().to_owned();
            return Refusal { status: self.status, code, message: xml.find("Message").map(str::to_owned) };
        }
        let body = self.json();
        let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
        Refusal {
            status: self.status,
            code: text("__type").unwrap_or_default(),
            message: text("message").or_else(|| text("Message")),
        }
    }

    /// The result in an XML body, of a call that succeeded.
    ///
    /// # Panics
    /// Panics if it did not.
    #[track_caller]
    pub fn succeeds_in_xml(&self) -> Xml {
        assert_eq!(self.status, 200, "{}", self.text());
        Xml::parse(&self.text())
    }

    /// Checks that the call failed with this status, this code and exactly this message.
    ///
    /// # Panics
    /// Panics if it did not.
    #[track_caller]
    pub fn is_refused(&self, status: u16, code: &str, message: &str) {
        let expected = Refusal { status, code: code.to_owned(), message: Some(message.to_owned()) };
        assert_eq!(self.fails(), expected);
    }

    /// Checks that the call failed with HTTP 400, this code and exactly this message; `None` where AWS sends none.
    ///
    /// # Panics
    /// Panics if it did not.
    #[track_caller]
    pub fn fails_with(&self, code: &str, message: Option<&str>) {
        let expected = Refusal { status: 400, code: code.to_owned(), message: message.map(str::to_owned) };
        assert_eq!(self.fails(), expected);
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

pub(crate) fn iam_form(action: &str, parameters: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", "2010-05-08").extend_pairs(parameters);
    form.finish()
}
