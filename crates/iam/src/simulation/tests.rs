//! What AWS was recorded to answer (2026-09), but where a test says that it is inferred.

use trent_testkit::{Answer, Cloud, Xml};

use crate::policy_testing::{HOLDERS, attach, bound, cloud, make_policy, make_version};
use crate::testing::denies;

const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}]}"#;
const PUT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}"#;
const ALL: &str = crate::policy_testing::ALL;
const A: &str = "arn:aws:s3:::stackd-simulation/a";
const B: &str = "arn:aws:s3:::stackd-simulation/b";
const USER: &str = "arn:aws:iam::000000000000:user/alice";
const RESULT: &str = "EvaluationResults/member";

type Input<'a> = Vec<(&'a str, &'a str)>;

fn get<'a>(policies: &[&'a str], more: &[(&'a str, &'a str)]) -> Input<'a> {
    const NAMES: [&str; 2] = ["PolicyInputList.member.1", "PolicyInputList.member.2"];
    let mut input: Input<'a> = NAMES.into_iter().zip(policies.iter().copied()).collect();
    if policies.is_empty() {
        input.push(("PolicyInputList", ""));
    }
    input.push(("ActionNames.member.1", "s3:GetObject"));
    input.extend(more);
    input
}

async fn custom(input: &[(&str, &str)]) -> Xml {
    Cloud::new().iam("SimulateCustomPolicy", input).await.succeeds_in_xml()
}

async fn refused(input: &[(&str, &str)]) -> Answer {
    Cloud::new().iam("SimulateCustomPolicy", input).await
}

fn decision(answer: &Xml) -> &str {
    answer.text(&format!("{RESULT}/EvalDecision"))
}

fn matched(answer: &Xml) -> Vec<&str> {
    answer.texts(&format!("{RESULT}/MatchedStatements/member/SourcePolicyId"))
}

fn missing(answer: &Xml) -> Vec<&str> {
    answer.texts(&format!("{RESULT}/MissingContextValues/member"))
}

fn condition(action: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*","Condition":{condition}}}]}}"#
    )
}

#[tokio::test]
async fn the_statement_that_allows_is_told_with_its_place() {
    let answer = Cloud::new().iam("SimulateCustomPolicy", &get(&[ALLOW], &[])).await;
    assert!(!answer.text().contains("ResourceSpecificResults") && !answer.text().contains("EvalDecisionDetails"));
    let answer = answer.succeeds_in_xml();
    assert_eq!(answer.text(&format!("{RESULT}/EvalActionName")), "s3:GetObject");
    assert_eq!((answer.text(&format!("{RESULT}/EvalResourceName")), decision(&answer)), ("*", "allowed"));
    let statement = |member: &str| answer.text(&format!("{RESULT}/MatchedStatements/member/{member}"));
    assert_eq!((statement("SourcePolicyId"), statement("SourcePolicyType")), ("PolicyInputList.1", "IAM Policy"));
    assert_eq!((statement("StartPosition/Line"), statement("StartPosition/Column")), ("1", "38"));
    assert_eq!((statement("EndPosition/Line"), statement("EndPosition/Column")), ("1", "95"));
    assert_eq!(answer.text("IsTruncated"), "false");
}

#[tokio::test]
async fn several_resources_are_told_one_by_one_and_together() {
    let only_a = ALLOW.replace(r#""Resource":"*""#, &format!(r#""Resource":"{A}""#));
    let resources = [("ResourceArns.member.1", A), ("ResourceArns.member.2", B)];
    let answer = Cloud::new().iam("SimulateCustomPolicy", &get(&[&only_a], &resources)).await;
    assert!(answer.text().contains("<EvalDecisionDetails"), "there, and empty");
    let answer = answer.succeeds_in_xml();
    assert_eq!(answer.text(&format!("{RESULT}/EvalResourceName")), "arn:aws:s3:::${BucketName}/${KeyName}");
    assert_eq!((decision(&answer), matched(&answer)), ("implicitDeny", vec!["PolicyInputList.1"]));
    let specific = |member: &str| answer.texts(&format!("{RESULT}/ResourceSpecificResults/member/{member}"));
    assert_eq!(specific("EvalResourceName"), [A, B]);
    assert_eq!(specific("EvalResourceDecision"), ["allowed", "implicitDeny"]);
    assert_eq!(specific("MatchedStatements/member/EndPosition/Column"), ["126"]);
    let one = custom(&get(&[ALLOW], &resources[..1])).await;
    assert_eq!(one.text(&format!("{RESULT}/EvalResourceName")), A);
}

#[tokio::test]
async fn a_deny_decides_and_is_told_alone() {
    for (policies, matches) in [([ALLOW, DENY], "PolicyInputList.2"), ([DENY, ALLOW], "PolicyInputList.1")] {
        let answer = custom(&get(&policies, &[])).await;
        assert_eq!((decision(&answer), matched(&answer)), ("explicitDeny", vec![matches]));
    }
    let both = custom(&get(&[ALLOW, ALL], &[])).await;
    assert_eq!(matched(&both), ["PolicyInputList.1", "PolicyInputList.2"]);
}

#[tokio::test]
async fn actions_are_whatever_has_a_colon() {
    for (policy, action, decided) in [
        (ALLOW, "S3:gEtObJeCt", "allowed"),
        (ALLOW, "s3:*", "implicitDeny"),
        (ALLOW, "madeup:Action", "implicitDeny"),
        (ALL, "s3:", "allowed"),
        (ALL, "s3:Get Object", "allowed"),
    ] {
        let input = [("PolicyInputList.member.1", policy), ("ActionNames.member.1", action)];
        assert_eq!(decision(&custom(&input).await), decided, "{action}");
    }
    let input = [("PolicyInputList.member.1", ALL), ("ActionNames.member.1", "GetObject")];
    refused(&input).await.is_refused(400, "InvalidInput", "The action is invalid since it is missing names");
}

#[tokio::test]
async fn resources_are_arns_of_the_service() {
    for resource in ["not-an-arn", "arn:aws:s3"] {
        let message = format!("ResourceNames are not in a valid ARN format: {resource}.");
        let input = get(&[ALLOW], &[("ResourceArns.member.1", resource)]);
        refused(&input).await.is_refused(400, "InvalidInput", &message);
    }
    let input = get(&[ALLOW], &[("ResourceArns.member.1", "arn:aws:iam::123456789012:user/fictional")]);
    assert_eq!(decision(&custom(&input).await), "implicitDeny");
}

#[tokio::test]
async fn keys_that_nobody_supposed_are_missing_only_where_nothing_decided() {
    let wanted = r#"{"StringEquals":{"stack:missing":"yes"}}"#;
    let (relevant, irrelevant) = (condition("s3:GetObject", wanted), condition("s3:PutObject", wanted));
    for policy in [&relevant, &irrelevant] {
        assert_eq!(missing(&custom(&get(&[policy], &[])).await), ["stack:missing"]);
        assert!(missing(&custom(&get(&[ALLOW, policy], &[])).await).is_empty());
        assert!(missing(&custom(&get(&[DENY, policy], &[])).await).is_empty());
    }
    for (operator, value, decided) in [
        ("StringEqualsIfExists", "yes", "allowed"),
        ("StringNotEqualsIfExists", "yes", "allowed"),
        ("StringNotEquals", "yes", "allowed"),
        ("Null", "true", "allowed"),
        ("Null", "false", "implicitDeny"),
        ("ForAllValues:StringEquals", "yes", "allowed"),
        ("ForAnyValue:StringEquals", "yes", "implicitDeny"),
    ] {
        let policy = condition("s3:GetObject", &format!(r#"{{"{operator}":{{"stack:missing":"{value}"}}}}"#));
        let answer = custom(&get(&[&policy], &[])).await;
        let keys = if decided == "allowed" { vec![] } else { vec!["stack:missing"] };
        assert_eq!((decision(&answer), missing(&answer)), (decided, keys), "{operator} {value}");
    }
    let spellings = [condition("s3:GetObject", wanted), condition("s3:GetObject", &wanted.replace("stack", "STACK"))];
    let answer = custom(&get(&[&spellings[0], &spellings[1]], &[])).await;
    assert_eq!(missing(&answer), ["stack:missing", "STACK:missing"]);
    let variable = ALLOW.replace(r#""Resource":"*""#, r#""Resource":"arn:aws:s3:::stackd-simulation/${aws:username}""#);
    let answer = custom(&get(&[&variable], &[("ResourceArns.member.1", A)])).await;
    assert_eq!(missing(&answer), ["aws:username"]);
    assert_eq!(
        answer.texts(&format!("{RESULT}/ResourceSpecificResults/member/MissingContextValues/member")),
        ["aws:username"]
    );
}

/// The first version of the language, which IAM keeps no more: there, variables are text.
#[tokio::test]
async fn old_documents_are_simulated() {
    let old = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
    let answer = custom(&get(&[old], &[])).await;
    assert_eq!((decision(&answer), matched(&answer)), ("allowed", vec!["PolicyInputList.1"]));
    assert_eq!(answer.text(&format!("{RESULT}/MatchedStatements/member/StartPosition/Column")), "16");
    let text = old.replace('*', "arn:aws:s3:::${aws:username}");
    let answer = custom(&get(&[&text], &[("ResourceArns.member.1", "arn:aws:s3:::${aws:username}")])).await;
    assert_eq!(decision(&answer), "allowed");
}

fn supposing<'a>(key: &'a str, kind: &'a str, values: &[&'a str]) -> Input<'a> {
    const VALUES: [&str; 2] =
        ["ContextEntries.member.1.ContextKeyValues.member.1", "ContextEntries.member.1.ContextKeyValues.member.2"];
    let mut input =
        vec![("ContextEntries.member.1.ContextKeyName", key), ("ContextEntries.member.1.ContextKeyType", kind)];
    input.extend(VALUES.into_iter().zip(values.iter().copied()));
    input
}

#[tokio::test]
async fn what_is_supposed_is_what_conditions_see() {
    for (test, kind, values, decided) in [
        (r#"{"Bool":{"stack:key":"true"}}"#, "boolean", vec!["TRUE"], "allowed"),
        (r#"{"Bool":{"stack:key":"true"}}"#, "boolean", vec!["yes"], "implicitDeny"),
        (r#"{"NumericLessThan":{"stack:key":"10"}}"#, "numeric", vec!["9"], "allowed"),
        (
            r#"{"DateGreaterThan":{"STACK:Key":"2026-01-01T00:00:00Z"}}"#,
            "date",
            vec!["2026-09-28T00:00:00Z"],
            "allowed",
        ),
        (r#"{"IpAddress":{"stack:key":"203.0.113.0/24"}}"#, "ip", vec!["203.0.113.9"], "allowed"),
        (r#"{"BinaryEquals":{"stack:key":"aGk="}}"#, "binary", vec!["aGk="], "allowed"),
        (r#"{"ForAllValues:StringEquals":{"stack:key":["a","b"]}}"#, "stringList", vec!["a", "b"], "allowed"),
        (r#"{"ForAllValues:StringEquals":{"stack:key":["a"]}}"#, "stringList", vec!["a", "b"], "implicitDeny"),
    ] {
        let policy = condition("s3:GetObject", test);
        let answer = custom(&get(&[&policy], &supposing("stack:key", kind, &values))).await;
        assert_eq!((decision(&answer), missing(&answer).len()), (decided, 0), "{test}");
    }
}

#[tokio::test]
async fn what_cannot_be_supposed_is_refused() {
    for (kind, value, format) in [
        ("numeric", "abc", "numeric format"),
        ("date", "tomorrow", "DateTime format"),
        ("ip", "999.0.0.1", "IP address"),
        ("binary", "!base64", "base-64 encoded binary format"),
    ] {
        let input = get(&[ALLOW], &supposing("stack:test", kind, &[value]));
        let message = format!("Invalid context value for key stack:test: expected {format}.");
        refused(&input).await.is_refused(400, "InvalidInput", &message);
    }
    let input = get(&[ALLOW], &supposing("stack:test", "string", &["a", "b"]));
    let message = "Context key string expected a single value, but received 2.";
    refused(&input).await.is_refused(400, "InvalidInput", message);
    let mut input = get(&[ALLOW], &supposing("stack:test", "string", &["a"]));
    input.extend([
        ("ContextEntries.member.2.ContextKeyName", "STACK:TEST"),
        ("ContextEntries.member.2.ContextKeyType", "string"),
        ("ContextEntries.member.2.ContextKeyValues.member.1", "b"),
    ]);
    refused(&input).await.is_refused(400, "InvalidInput", "Duplicate context key: STACK:TEST.");
}

#[tokio::test]
async fn the_caller_is_known_by_its_arn() {
    for (key, value, decided) in [
        ("aws:PrincipalArn", USER, "allowed"),
        ("aws:username", "alice", "allowed"),
        ("aws:PrincipalAccount", "000000000000", "allowed"),
        ("aws:userid", "AIDA", "implicitDeny"),
    ] {
        let policy = condition("s3:GetObject", &format!(r#"{{"StringEquals":{{"{key}":"{value}"}}}}"#));
        let answer = custom(&get(&[&policy], &[("CallerArn", USER)])).await;
        assert_eq!(decision(&answer), decided, "{key}");
    }
    let policy = condition("s3:GetObject", r#"{"StringEquals":{"aws:username":"app"}}"#);
    let answer = custom(&get(&[&policy], &[("CallerArn", "arn:aws:iam::000000000000:role/app")])).await;
    assert_eq!(missing(&answer), ["aws:username"], "roles are no users");
    let policy = condition("s3:GetObject", r#"{"StringEquals":{"aws:username":"override"}}"#);
    let mut input = get(&[&policy], &supposing("aws:username", "string", &["override"]));
    input.push(("CallerArn", USER));
    assert_eq!(decision(&custom(&input).await), "allowed");
    let input = get(&[ALLOW], &[("CallerArn", "arn:aws:iam::000000000000:root")]);
    let message = "Invalid ARN provided in the request: arn:aws:iam::000000000000:root";
    refused(&input).await.is_refused(400, "InvalidInput", message);
}

fn by_boundary(answer: &Xml) -> &str {
    answer.text(&format!("{RESULT}/PermissionsBoundaryDecisionDetail/AllowedByPermissionsBoundary"))
}

#[tokio::test]
async fn a_boundary_limits_and_its_denies_are_told() {
    for (boundary, decided, matches, by) in [
        (ALLOW, "allowed", vec!["PolicyInputList.1"], "true"),
        (PUT, "implicitDeny", vec![], "false"),
        (DENY, "explicitDeny", vec!["PermissionsBoundaryPolicyInputList.1"], "false"),
    ] {
        let answer = custom(&get(&[ALLOW], &[("PermissionsBoundaryPolicyInputList.member.1", boundary)])).await;
        assert_eq!((decision(&answer), matched(&answer), by_boundary(&answer)), (decided, matches, by));
    }
    let answer = custom(&get(&[DENY], &[("PermissionsBoundaryPolicyInputList.member.1", DENY)])).await;
    assert_eq!(matched(&answer), ["PermissionsBoundaryPolicyInputList.1", "PolicyInputList.1"]);
    assert_eq!(
        answer.texts(&format!("{RESULT}/MatchedStatements/member/SourcePolicyType")),
        ["Permissions Boundary Policy", "IAM Policy"]
    );
    let asking = condition("s3:GetObject", r#"{"StringEquals":{"stack:boundary":"yes"}}"#);
    let answer = custom(&get(&[ALLOW], &[("PermissionsBoundaryPolicyInputList.member.1", &asking)])).await;
    assert_eq!(missing(&answer), ["stack:boundary"]);
    let two = [
        ("PermissionsBoundaryPolicyInputList.member.1", ALLOW),
        ("PermissionsBoundaryPolicyInputList.member.2", ALLOW),
    ];
    let message = "The list of Permissions Boundary policies cannot exceed 1 items.";
    refused(&get(&[ALLOW], &two)).await.is_refused(400, "InvalidInput", message);
}

#[tokio::test]
async fn each_level_of_the_organization_must_allow() {
    let level = |number: usize, place: usize| {
        format!("OrderedOrganizationPolicyInputList.member.{number}.ServiceControlPolicyInputList.member.{place}")
    };
    for (levels, decided, by) in [
        (vec![vec![ALL], vec![ALL]], "allowed", "true"),
        (vec![vec![ALL], vec![DENY]], "explicitDeny", "false"),
        (vec![vec![ALL], vec![PUT]], "implicitDeny", "false"),
        (vec![vec![PUT, ALL]], "allowed", "true"),
        (vec![vec![DENY, ALL], vec![ALL]], "explicitDeny", "false"),
    ] {
        let mut names = Vec::new();
        for (number, documents) in levels.iter().enumerate() {
            for (place, document) in documents.iter().enumerate() {
                names.push((level(number + 1, place + 1), *document));
            }
        }
        let more: Input<'_> = names.iter().map(|(name, document)| (name.as_str(), *document)).collect();
        let answer = custom(&get(&[ALLOW], &more)).await;
        let allowed = answer.text(&format!("{RESULT}/OrganizationsDecisionDetail/AllowedByOrganizations"));
        let matches = usize::from(decided == "allowed");
        assert_eq!((decision(&answer), allowed, matched(&answer).len()), (decided, by, matches));
    }
    let empty = ("OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList", "");
    let message = "Organization policy at index 1 must contain at least one service control policy";
    refused(&get(&[ALLOW], &[empty])).await.is_refused(400, "InvalidInput", message);
}

fn resource_policy(effect: &str, principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"s3:GetObject","Resource":"arn:aws:s3:::stackd-simulation/*","Principal":{{"AWS":"{principal}"}}}}]}}"#
    )
}

#[tokio::test]
async fn within_the_account_the_resource_or_the_user_may_allow() {
    let (direct, delegated) =
        (resource_policy("Allow", USER), resource_policy("Allow", "arn:aws:iam::000000000000:root"));
    for policy in [&*direct, &delegated] {
        for (identity, boundary, decided, matches) in [
            (None, None, "allowed", vec!["ResourcePolicy"]),
            (Some(ALLOW), None, "allowed", vec!["PolicyInputList.1", "ResourcePolicy"]),
            (None, Some(PUT), "allowed", vec!["ResourcePolicy"]),
            (None, Some(DENY), "explicitDeny", vec!["PermissionsBoundaryPolicyInputList.1"]),
            (Some(ALLOW), Some(PUT), "allowed", vec!["PolicyInputList.1", "ResourcePolicy"]),
        ] {
            let mut more = vec![("CallerArn", USER), ("ResourceArns.member.1", A), ("ResourcePolicy", policy)];
            more.extend(boundary.map(|boundary| ("PermissionsBoundaryPolicyInputList.member.1", boundary)));
            let identity: Vec<_> = identity.into_iter().collect();
            let answer = custom(&get(&identity, &more)).await;
            assert_eq!((decision(&answer), matched(&answer)), (decided, matches));
        }
    }
    let denied = resource_policy("Deny", USER);
    let more = [("CallerArn", USER), ("ResourceArns.member.1", A), ("ResourcePolicy", &*denied)];
    let answer = custom(&get(&[ALLOW], &more)).await;
    assert_eq!((decision(&answer), matched(&answer)), ("explicitDeny", vec!["ResourcePolicy"]));
}

#[tokio::test]
async fn across_accounts_both_must_allow_and_each_is_told() {
    let policy = resource_policy("Allow", USER);
    for (identity, boundary, decided, details) in [
        (None, None, "implicitDeny", vec![("IAM Policy", "implicitDeny"), ("Resource Policy", "allowed")]),
        (Some(ALLOW), None, "allowed", vec![("IAM Policy", "allowed"), ("Resource Policy", "allowed")]),
        (
            Some(ALLOW),
            Some(PUT),
            "implicitDeny",
            vec![
                ("IAM Policy", "allowed"),
                ("Permissions Boundary Policy", "implicitDeny"),
                ("Resource Policy", "allowed"),
            ],
        ),
    ] {
        let mut more = vec![("CallerArn", USER), ("ResourceArns.member.1", A), ("ResourcePolicy", &*policy)];
        more.push(("ResourceOwner", "arn:aws:iam::999999999999:root"));
        more.extend(boundary.map(|boundary| ("PermissionsBoundaryPolicyInputList.member.1", boundary)));
        let identity: Vec<_> = identity.into_iter().collect();
        let answer = custom(&get(&identity, &more)).await;
        assert_eq!(decision(&answer), decided);
        for place in ["EvalDecisionDetails", "ResourceSpecificResults/member/EvalDecisionDetails"] {
            let texts = |part: &str| answer.texts(&format!("{RESULT}/{place}/entry/{part}"));
            let told: Vec<_> = texts("key").into_iter().zip(texts("value")).collect();
            assert_eq!(told, details);
        }
    }
}

#[tokio::test]
async fn a_resource_policy_needs_a_user_and_a_resource() {
    let policy = resource_policy("Allow", USER);
    let (resource, policy) = (("ResourceArns.member.1", A), ("ResourcePolicy", &*policy));
    let message = "Invalid caller - Caller must be an IAM user in this context.";
    for more in [vec![resource, policy], vec![resource, policy, ("CallerArn", "arn:aws:iam::000000000000:role/app")]] {
        refused(&get(&[ALLOW], &more)).await.is_refused(400, "InvalidInput", message);
    }
    let message = "Invalid Entity Arn: * does not clearly define entity type and name.";
    for more in [vec![policy, ("CallerArn", USER)], vec![policy, ("CallerArn", USER), ("ResourceArns.member.1", "*")]] {
        refused(&get(&[ALLOW], &more)).await.is_refused(400, "InvalidInput", message);
    }
    let more = [resource, policy, ("CallerArn", USER), ("ResourceOwner", "123456789012")];
    let message = "'123456789012' is not a valid as a Resource Owner.";
    refused(&get(&[ALLOW], &more)).await.is_refused(400, "InvalidInput", message);
    // Inferred.
    let more = [resource, ("ResourcePolicy", ALLOW), ("CallerArn", USER)];
    refused(&get(&[ALLOW], &more)).await.is_refused(400, "InvalidInput", "Resource policy has invalid content");
    let everything = resource_policy("Allow", USER).replace("arn:aws:s3:::stackd-simulation/*", "*");
    let more = [resource, ("ResourcePolicy", &*everything), ("CallerArn", USER)];
    let message = "ResourceNames are not in a valid ARN format: *.";
    refused(&get(&[ALLOW], &more)).await.is_refused(400, "InvalidInput", message);
}

#[tokio::test]
async fn policies_that_are_none_are_told_by_their_number() {
    for policy in ["{", r#"{"Version":"2099-01-01","Statement":[]}"#] {
        let message = "Policy input list item 2 has invalid content";
        for operation in ["SimulateCustomPolicy", "GetContextKeysForCustomPolicy"] {
            let refused = Cloud::new().iam(operation, &get(&[ALLOW, policy], &[])).await;
            refused.is_refused(400, "InvalidInput", message);
        }
    }
    assert_eq!(decision(&custom(&get(&[], &[])).await), "implicitDeny");
}

#[tokio::test]
async fn ways_to_run_instances_are_for_no_other_action() {
    let more = [("ResourceArns.member.1", A), ("ResourceHandlingOption", "EC2-VPC-EBS")];
    let message = "Invalid input resource handling options. Action does not support resource handling options: \
                   s3:GetObject. Please refer to the documentation for more details: \
                   https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html";
    refused(&get(&[ALLOW], &more)).await.is_refused(400, "InvalidInput", message);
    let more = [("ResourceHandlingOption", "fictional")];
    assert_eq!(decision(&custom(&get(&[ALLOW], &more)).await), "allowed");
}

#[tokio::test]
async fn a_marker_counts_actions() {
    let actions = |more: &[(&'static str, &'static str)]| {
        let mut input = get(&[ALL], &[]);
        input.extend([("ActionNames.member.2", "iam:GetUser"), ("ActionNames.member.3", "s3:PutObject")]);
        input.extend(more);
        input
    };
    let first = custom(&actions(&[("MaxItems", "1")])).await;
    assert_eq!(first.texts(&format!("{RESULT}/EvalActionName")), ["s3:GetObject"]);
    let marker = first.text("Marker");
    let mut input: Vec<(&str, &str)> = actions(&[]).into_iter().collect();
    input.push(("Marker", marker));
    let rest = custom(&input).await;
    assert_eq!(rest.texts(&format!("{RESULT}/EvalActionName")), ["iam:GetUser", "s3:PutObject"]);
    assert_eq!((rest.text("IsTruncated"), rest.find("Marker")), ("false", None));
    let other = custom(&get(&[ALL], &[("Marker", marker)])).await;
    assert!(other.texts(&format!("{RESULT}/EvalActionName")).is_empty());
    let wrong = refused(&get(&[ALL], &[("Marker", "not-a-simulation-marker")])).await;
    wrong.is_refused(400, "InvalidInput", "Invalid marker for pagination.");
}

/// A user in a group and a role, each with an inline policy, and all with a managed one.
async fn principals() -> (Cloud, String) {
    let cloud = cloud().await;
    let arn = make_policy(&cloud, "managed", &ALLOW.replace("GetObject", "DeleteObject")).await;
    for (holder @ (noun, member, name), document) in HOLDERS.into_iter().zip([ALLOW, PUT, ALLOW]) {
        attach(&cloud, holder, &arn).await;
        let input = [(member, name), ("PolicyName", "Inline"), ("PolicyDocument", document)];
        cloud.iam(&format!("Put{noun}Policy"), &input).await.succeeds_in_xml();
    }
    cloud.iam("AddUserToGroup", &[("UserName", "alice"), ("GroupName", "team")]).await.succeeds_in_xml();
    (cloud, arn)
}

async fn of_principal(cloud: &Cloud, source: &str, more: &[(&str, &str)]) -> Answer {
    let mut input = vec![("PolicySourceArn", source)];
    input.extend([("ActionNames.member.1", "s3:GetObject"), ("ActionNames.member.2", "s3:PutObject")]);
    input.push(("ActionNames.member.3", "s3:DeleteObject"));
    input.extend(more);
    cloud.iam("SimulatePrincipalPolicy", &input).await
}

fn decisions(answer: &Answer) -> Vec<String> {
    let answer = answer.succeeds_in_xml();
    answer.texts(&format!("{RESULT}/EvalDecision")).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_policies_of_a_principal_are_told_by_whose_they_are() {
    let (cloud, _) = principals().await;
    let user = of_principal(&cloud, USER, &[]).await;
    assert_eq!(decisions(&user), ["allowed", "allowed", "allowed"]);
    assert_eq!(matched(&user.succeeds_in_xml()), ["user_alice_Inline", "group_team_Inline", "managed"]);
    let group = of_principal(&cloud, "arn:aws:iam::000000000000:group/team", &[]).await;
    assert_eq!(decisions(&group), ["implicitDeny", "allowed", "allowed"]);
    let role = of_principal(&cloud, "arn:aws:iam::000000000000:role/wrong-path/app", &[]).await;
    assert_eq!(decisions(&role), ["allowed", "implicitDeny", "allowed"]);
    assert_eq!(matched(&role.succeeds_in_xml()), ["role_app_Inline", "managed"]);
    let more = [("PolicyInputList.member.1", DENY)];
    assert_eq!(decisions(&of_principal(&cloud, USER, &more).await), ["explicitDeny", "allowed", "allowed"]);
}

#[tokio::test]
async fn a_principal_is_simulated_as_it_is_now() {
    let (cloud, arn) = principals().await;
    make_version(&cloud, &arn, &DENY.replace("GetObject", "DeleteObject"), true).await;
    assert_eq!(decisions(&of_principal(&cloud, USER, &[]).await)[2], "explicitDeny");
    let limit = make_policy(&cloud, "limit", PUT).await;
    bound(&cloud, HOLDERS[0], &limit).await;
    let bounded = of_principal(&cloud, USER, &[]).await;
    assert_eq!(decisions(&bounded), ["implicitDeny", "allowed", "explicitDeny"]);
    let given = [("PermissionsBoundaryPolicyInputList.member.1", ALLOW)];
    assert_eq!(decisions(&of_principal(&cloud, USER, &given).await)[..2], ["allowed", "implicitDeny"]);
    // A user is supposed to call for itself.
    let policy = condition("s3:ListBucket", r#"{"StringEquals":{"aws:username":"alice"}}"#);
    let input = [("PolicySourceArn", "arn:aws:iam::000000000000:user/alice"), ("PolicyInputList.member.1", &*policy)];
    cloud.iam("DeleteUserPermissionsBoundary", &[("UserName", "alice")]).await.succeeds_in_xml();
    let input = [&input[..], &[("ActionNames.member.1", "s3:ListBucket")]].concat();
    let answer = cloud.iam("SimulatePrincipalPolicy", &input).await.succeeds_in_xml();
    assert_eq!(decision(&answer), "allowed");
}

#[tokio::test]
async fn policies_can_be_left_out() {
    let (cloud, arn) = principals().await;
    let limit = make_policy(&cloud, "limit", PUT).await;
    bound(&cloud, HOLDERS[0], &limit).await;
    let (kind, excluded) = ("PolicyExclusionList.member.1.PolicyType", "PolicyExclusionList.member.1.PolicyArn");
    let everything = vec!["implicitDeny", "allowed", "implicitDeny"];
    for (more, decided) in [
        (vec![], everything.clone()),
        (vec![(kind, "permission-boundary")], vec!["allowed", "allowed", "allowed"]),
        (vec![(kind, "inline")], vec!["implicitDeny", "implicitDeny", "implicitDeny"]),
        (vec![(kind, "aws-managed")], everything.clone()),
        // A boundary is left out by its type alone.
        (vec![(excluded, &*limit)], everything),
    ] {
        assert_eq!(decisions(&of_principal(&cloud, USER, &more).await), decided, "{more:?}");
    }
    cloud.iam("DeleteUserPermissionsBoundary", &[("UserName", "alice")]).await.succeeds_in_xml();
    for more in [vec![(kind, "user-managed")], vec![(excluded, &*arn)]] {
        assert_eq!(decisions(&of_principal(&cloud, USER, &more).await)[2], "implicitDeny", "{more:?}");
    }
    let inline = [
        ("PolicyExclusionList.member.1.InlinePolicyIdentifier.PolicyName", "Inline"),
        ("PolicyExclusionList.member.1.InlinePolicyIdentifier.AttachmentType", "user"),
        ("PolicyExclusionList.member.1.InlinePolicyIdentifier.AttachmentName", "alice"),
    ];
    assert_eq!(decisions(&of_principal(&cloud, USER, &inline).await), ["implicitDeny", "allowed", "allowed"]);
}

#[tokio::test]
async fn only_ones_own_users_groups_and_roles_are_principals() {
    let cloud = Cloud::new();
    for operation in ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"] {
        let ask = async |source: &str| {
            cloud.iam(operation, &[("PolicySourceArn", source), ("ActionNames.member.1", "s3:GetObject")]).await
        };
        for source in [
            "arn:aws:iam::000000000000:root",
            "arn:aws:sts::000000000000:assumed-role/fictional/session",
            "not-an-arn-but-long-enough",
        ] {
            let message = format!("Invalid ARN provided in the request: {source}");
            ask(source).await.is_refused(400, "InvalidInput", &message);
        }
        let message = "Invalid Policy Source Arn: caller's account 000000000000 does not have access to policies in \
                       account 999999999999.";
        ask("arn:aws:iam::999999999999:user/alice").await.is_refused(400, "InvalidInput", message);
        for kind in ["user", "group", "role"] {
            let source = format!("arn:aws:iam::000000000000:{kind}/nobody");
            let message = "Unable to retrieve specified IAM entity.";
            ask(&source).await.is_refused(404, "NoSuchEntity", message);
        }
    }
}

#[tokio::test]
async fn the_keys_that_policies_ask_for_are_named_once() {
    let asking = condition("s3:GetObject", r#"{"StringLike":{"aws:PrincipalTag/Team":"${aws:username}-*"}}"#);
    let input = [("PolicyInputList.member.1", &*asking), ("PolicyInputList.member.2", &asking)];
    let cloud = cloud().await;
    let named = cloud.iam("GetContextKeysForCustomPolicy", &input).await.succeeds_in_xml();
    assert_eq!(named.texts("ContextKeyNames/member"), ["aws:PrincipalTag/Team", "aws:username"]);
    let put = [("UserName", "alice"), ("PolicyName", "p"), ("PolicyDocument", &*asking)];
    cloud.iam("PutUserPolicy", &put).await.succeeds_in_xml();
    let other = condition("s3:GetObject", r#"{"Bool":{"aws:SecureTransport":"true"}}"#);
    let input = [("PolicySourceArn", USER), ("PolicyInputList.member.1", &*other)];
    let named = cloud.iam("GetContextKeysForPrincipalPolicy", &input).await.succeeds_in_xml();
    assert_eq!(named.texts("ContextKeyNames/member"), ["aws:PrincipalTag/Team", "aws:username", "aws:SecureTransport"]);
}

#[tokio::test]
async fn permission_is_asked() {
    let cloud = cloud().await;
    let action = ("ActionNames.member.1", "s3:GetObject");
    denies(&cloud, "SimulateCustomPolicy", &get(&[ALLOW], &[]), "*").await;
    denies(&cloud, "GetContextKeysForCustomPolicy", &get(&[ALLOW], &[]), "*").await;
    denies(&cloud, "SimulatePrincipalPolicy", &[("PolicySourceArn", USER), action], "user alice").await;
    denies(&cloud, "GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", USER)], "user alice").await;
}
