//! Makes somebody whom an identity provider vouches for a session of a role that trusts the provider. Needs no credentials.

use std::sync::Arc;

use trent_identity::OidcProviderRecord;
use trent_shared::{ApiError, Arn, Caller, Context, Principal, WebIdentity};

use crate::access::{Role, RoleArn};
use crate::api::{AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse};
use crate::facts::{Facts, key};
use crate::session::NewSession;
use crate::tags::SessionTags;
use crate::web_identity::{Claims, Token};
use crate::{Sts, messages};

pub(crate) async fn assume_role_with_web_identity(
    sts: &Sts,
    cx: &Context,
    input: AssumeRoleWithWebIdentityRequest,
) -> Result<AssumeRoleWithWebIdentityResponse, ApiError> {
    let arn = RoleArn::parse(&input.role_arn)?;
    if let Some(id) = &input.provider_id {
        return Err(messages::unknown_provider_id(id));
    }
    let claims = sts.verified(&arn, Token::parse(input.web_identity_token.expose())?).await?;
    let tags = claims.session_tags()?;
    let policies = sts.session_policies(input.policy, input.policy_arns).await?;
    let packed_policy_size = policies.packed_size(&tags)?;

    let provider = Arn { resource: format!("oidc-provider/{}", claims.url()), ..arn.arn().clone() }.to_string();
    let identity = WebIdentity { provider: provider.clone(), subject: claims.subject.clone() };
    let principal = Principal::WebIdentity(Arc::new(identity));
    let caller = Caller { principal, ..Caller::root(cx.partition(), arn.account()) };
    let cx = &Context { caller, ..cx.clone() };
    let role = sts.role(cx, &arn).await?;
    for (action, facts) in actions(role.as_ref(), &claims, &tags, &provider, &input.role_session_name) {
        let asked = sts.ask(cx, action, (&arn, role.as_ref()), &facts).await?;
        asked.map_err(|_| messages::not_authorized_with_web_identity())?;
    }
    let role = role.ok_or_else(messages::not_authorized_with_web_identity)?;
    let seconds = role.session_seconds(input.duration_seconds, false)?;
    let principal = role.session(&input.role_session_name);
    let source_identity = claims.source_identity().map(str::to_owned);
    let new = NewSession {
        policies,
        tags,
        source_identity: source_identity.clone(),
        federated_provider: Some(provider.clone()),
        ..NewSession::of(arn.account(), principal, seconds)
    };
    Ok(AssumeRoleWithWebIdentityResponse {
        credentials: Some(sts.begin(new).await?),
        assumed_role_user: Some(role.user(cx, &input.role_session_name)),
        packed_policy_size,
        provider: Some(provider),
        audience: claims.audiences().first().cloned(),
        source_identity,
        subject_from_web_identity_token: Some(claims.subject),
        session_token_utilization: None,
        session_token_size: None,
    })
}

impl Sts {
    /// What a token says, if the role's account knows its issuer, it is meant for that, and it is genuine.
    async fn verified(&self, role: &RoleArn, token: Token<'_>) -> Result<Claims, ApiError> {
        let claims = token.claims();
        let configured = self.options.oidc_providers.iter().find(|provider| provider.url() == claims.url());
        if self.has_iam() {
            let known = self.directory().find::<OidcProviderRecord>(role.account(), claims.url()).await?;
            let known = known.ok_or_else(|| messages::no_provider(&claims.issuer))?.record;
            if !claims.audiences().iter().any(|audience| known.client_ids.contains(audience)) {
                return Err(messages::incorrect_audience());
            }
        }
        token.verify(configured, self.directory().now())
    }
}

/// The actions that all have to be allowed, each with its condition keys.
fn actions(
    role: Option<&Role>,
    claims: &Claims,
    tags: &SessionTags,
    provider: &str,
    session_name: &str,
) -> Vec<(&'static str, Facts)> {
    let about = role.map_or_else(Facts::default, |role| Facts::about(&role.tags));
    let about = claims.facts(about).and(key::FEDERATED_PROVIDER, Some(provider));
    let identity = about.clone().and(key::SOURCE_IDENTITY, claims.source_identity());
    let assume = identity.clone().tagging(tags).and(key::ROLE_SESSION_NAME, Some(session_name));
    let mut actions = vec![("sts:AssumeRoleWithWebIdentity", assume)];
    if !tags.is_empty() {
        actions.push(("sts:TagSession", about.tagging(tags)));
    }
    if claims.source_identity().is_some() {
        actions.push(("sts:SetSourceIdentity", identity));
    }
    actions
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::{Value, json};
    use trent_identity::{DirectoryOptions, Guardrail, Mode, OidcProviderRecord, Organization};
    use trent_policy::{Policy, PolicyKind};
    use trent_testkit::Answer;

    use crate::testing::{ACCOUNT, Lab, id, nothing, root};
    use crate::web_identity::testing::{ISSUER, Issuer, URL};
    use crate::{OidcProvider, Options};

    const INVALID: &str = "InvalidIdentityToken";

    fn options(issuer: &Issuer) -> Options {
        Options { oidc_providers: vec![OidcProvider::new(ISSUER, &issuer.key_set()).expect("keys")] }
    }

    /// An account that has the provider, for tokens for `app`.
    async fn lab(issuer: &Issuer) -> Lab {
        lab_of(issuer, Organization::default()).await
    }

    async fn lab_of(issuer: &Issuer, organization: Organization) -> Lab {
        let directory = DirectoryOptions { organization, ..DirectoryOptions::default() };
        let lab = Lab::with(directory, Mode::Enforce, options(issuer));
        let provider = OidcProviderRecord {
            url: URL.to_owned(),
            client_ids: BTreeSet::from(["app".to_owned()]),
            thumbprints: Vec::new(),
            created: lab.directory.now(),
            tags: BTreeMap::new(),
        };
        lab.add(id(ACCOUNT), &provider).await;
        lab
    }

    fn trust(condition: &Value) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{URL}") },
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
            "Condition": condition,
        }]})
    }

    fn of_subject(subject: &str) -> Value {
        json!({ "StringEquals": { format!("{URL}:sub"): subject, format!("{URL}:aud"): "app", format!("{URL}:iss"): ISSUER } })
    }

    /// With the usual claims, these among or in place of them.
    fn claims(lab: &Lab, with: &Value) -> Value {
        let now = lab.directory.now().as_millis() / 1000;
        let mut claims = json!({ "iss": ISSUER, "sub": "carol", "aud": "app", "exp": now + 60, "nbf": now });
        for (name, value) in with.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        claims
    }

    async fn assume(lab: &Lab, role: &str, token: &str) -> Answer {
        let parameters = [("RoleArn", role), ("RoleSessionName", "session"), ("WebIdentityToken", token)];
        lab.call(&root(), "AssumeRoleWithWebIdentity", &parameters).await
    }

    #[tokio::test]
    async fn a_token_makes_its_subject_a_session() {
        for issuer in [Issuer::rsa(), Issuer::ec()] {
            let lab = lab(&issuer).await;
            let role = lab.role("Web", trust(&of_subject("carol"))).await;
            let token = issuer.token(&claims(&lab, &json!({ "aud": ["other", "app"] })));
            let refused = assume(&lab, &role, &issuer.token(&claims(&lab, &json!({ "sub": "mallory" })))).await;
            refused.is_refused(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
            let answer = assume(&lab, &role, &token).await.succeeds_in_xml();
            assert_eq!(answer.text("SubjectFromWebIdentityToken"), "carol");
            let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{URL}");
            assert_eq!(answer.text("Provider"), provider);
            let session = lab.caller(&answer).await;
            assert_eq!(session.arn().to_string(), "arn:aws:sts::111122223333:assumed-role/Web/session");
            let permissions = lab.directory.permissions(&session).await.expect("readable");
            let facts = permissions.session_facts.clone().expect("a session");
            assert_eq!(facts.federated_provider, Some(provider));
        }
    }

    #[tokio::test]
    async fn no_organization_limits_who_is_not_yet_anybody_in_it() {
        let issuer = Issuer::ec();
        let policy = Policy::parse(&nothing().to_string(), PolicyKind::Identity).expect("valid");
        let guardrail = Guardrail { name: "g".to_owned(), accounts: Vec::new(), policy: policy.into() };
        let lab = lab_of(&issuer, Organization { id: None, guardrails: vec![guardrail] }).await;
        let role = lab.role("Web", trust(&of_subject("carol"))).await;
        let token = issuer.token(&claims(&lab, &json!({})));
        let session = lab.caller(&assume(&lab, &role, &token).await.succeeds_in_xml()).await;
        assert_eq!(lab.directory.permissions(&session).await.expect("readable").guardrails.len(), 1);
    }

    #[tokio::test]
    async fn tokens_that_are_wrong_are_refused() {
        let issuer = Issuer::rsa();
        let lab = lab(&issuer).await;
        let role = lab.role("Web", trust(&of_subject("carol"))).await;
        let now = lab.directory.now().as_millis() / 1000;
        let with = |with: Value| issuer.token(&claims(&lab, &with));
        let expired = format!("Token expired: current date/time {now} must be before the expiration date/time {now}");
        let early =
            format!("Token not valid yet: current date/time {now} must not be before the date/time {}", now + 1);
        let no_key = "Couldn't retrieve verification key from your identity provider,  please reference \
                      AssumeRoleWithWebIdentity documentation for requirements";
        let no_jwt = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
        let genuine = with(json!({}));
        let (head, _) = genuine.rsplit_once('.').expect("three parts");
        for (token, status, code, words) in [
            ("not a token".to_owned(), 400, INVALID, no_jwt),
            (format!("{head}.####"), 400, INVALID, no_jwt),
            (issuer.token_by("none", &claims(&lab, &json!({}))), 400, INVALID, no_jwt),
            (with(json!({ "sub": null })), 400, INVALID, "Missing a required claim: sub"),
            (with(json!({ "aud": null })), 400, INVALID, "Missing a required claim: aud"),
            (with(json!({ "exp": "soon" })), 400, INVALID, "Missing a required claim: exp"),
            (with(json!({ "aud": "other" })), 400, INVALID, "Incorrect token audience"),
            (with(json!({ "azp": "other" })), 400, INVALID, "Incorrect token audience"),
            (
                with(json!({ "iss": "https://elsewhere.example" })),
                400,
                INVALID,
                "No OpenIDConnect provider found in your account for https://elsewhere.example",
            ),
            (with(json!({ "exp": now })), 400, "ExpiredTokenException", &expired),
            (with(json!({ "nbf": now + 1 })), 403, "IDPRejectedClaim", &early),
            (format!("{head}.AAAA"), 400, INVALID, "The signature of the ID Token is invalid."),
            (Issuer::ec().token(&claims(&lab, &json!({}))), 400, INVALID, no_key),
        ] {
            assume(&lab, &role, &token).await.is_refused(status, code, words);
        }
        assume(&lab, &role, &genuine).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn who_signs_with_another_key_is_found_out() {
        let issuer = Issuer::ec();
        let lab = lab(&issuer).await;
        let role = lab.role("Web", trust(&of_subject("carol"))).await;
        let forged = Issuer::ec().token(&claims(&lab, &json!({})));
        assume(&lab, &role, &forged).await.is_refused(400, INVALID, "The signature of the ID Token is invalid.");
    }

    #[tokio::test]
    async fn a_role_that_trusts_others_only_or_does_not_exist_is_not_assumed() {
        let issuer = Issuer::ec();
        let lab = lab(&issuer).await;
        let words = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        let token = issuer.token(&claims(&lab, &json!({})));
        let alice = lab.user("alice", nothing()).await.arn().to_string();
        let named = lab.role("Named", crate::testing::trusting(&alice, &["sts:*"], &Value::Null)).await;
        for role in [&*named, "arn:aws:iam::111122223333:role/Missing"] {
            assume(&lab, role, &token).await.is_refused(403, "AccessDenied", words);
        }
        let web = lab.role("Web", trust(&of_subject("carol"))).await;
        let parameters =
            [("RoleArn", &*web), ("RoleSessionName", "s1"), ("WebIdentityToken", &token), ("DurationSeconds", "3601")];
        let words = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        let answer = lab.call(&root(), "AssumeRoleWithWebIdentity", &parameters).await;
        answer.is_refused(400, "ValidationError", words);
    }

    #[tokio::test]
    async fn the_issuer_can_give_tags_and_a_source_identity() {
        let issuer = Issuer::rsa();
        let lab = lab(&issuer).await;
        let role = lab.role("Web", trust(&json!({ "StringEquals": { "aws:RequestTag/Team": "Red" } }))).await;
        let tags = json!({ "principal_tags": { "Team": ["Red"] }, "transitive_tag_keys": ["Team"] });
        let source = "https://aws.amazon.com/source_identity";
        let token = issuer.token(&claims(&lab, &json!({ "https://aws.amazon.com/tags": tags })));
        let answer = assume(&lab, &role, &token).await.succeeds_in_xml();
        let permissions = lab.directory.permissions(&lab.caller(&answer).await).await.expect("readable");
        assert_eq!(json!(permissions.session_facts.clone().expect("a session").transitive_tags), json!(["Team"]));
        let token = issuer.token(&claims(&lab, &json!({ "https://aws.amazon.com/tags": 1 })));
        let words = "The session tags in the ID Token are malformed.";
        assume(&lab, &role, &token).await.is_refused(400, INVALID, words);
        let role = lab.role("Source", trust(&json!({ "StringEquals": { "sts:SourceIdentity": "carol" } }))).await;
        let token = issuer.token(&claims(&lab, &json!({ source: "carol" })));
        assert_eq!(assume(&lab, &role, &token).await.succeeds_in_xml().text("SourceIdentity"), "carol");
    }

    #[tokio::test]
    async fn without_iam_the_configured_keys_are_all_that_is_asked_for() {
        let issuer = Issuer::ec();
        let lab = Lab::without_iam(options(&issuer));
        let role = "arn:aws:iam::111122223333:role/Any";
        let token = issuer.token(&claims(&lab, &json!({ "aud": "whatever" })));
        assume(&lab, role, &token).await.succeeds_in_xml();
        let forged = Issuer::ec().token(&claims(&lab, &json!({})));
        assume(&lab, role, &forged).await.is_refused(400, INVALID, "The signature of the ID Token is invalid.");
    }
}
