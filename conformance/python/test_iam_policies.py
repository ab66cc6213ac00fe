"""Managed and inline policies, attachments, boundaries and the policy simulator, as boto3 sees them."""

import json

import pytest
from sdk import refusal

TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


ALL = document(allow("*"))


@pytest.fixture
def iam(connect):
    return connect("iam")


@pytest.fixture
def policy(iam):
    """Makes a managed policy and gives its ARN."""

    def make(name, body=ALL, **more):
        return iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(body), **more)["Policy"]["Arn"]

    return make


@pytest.fixture
def holders(iam):
    """A user, a group and a role: kind → the parameter that names it."""
    iam.create_user(UserName="alice")
    iam.create_group(GroupName="team")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(document(TRUST)))
    return {"user": {"UserName": "alice"}, "group": {"GroupName": "team"}, "role": {"RoleName": "app"}}


def call(iam, pattern, kind, **request):
    return getattr(iam, pattern.format(kind))(**request)


def test_a_managed_policys_life(iam, account, policy):
    arn = policy("p", Path="/team/", Description="all", Tags=[{"Key": "a", "Value": "1"}])
    assert arn == f"arn:aws:iam::{account}:policy/team/p"
    shown = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (shown["DefaultVersionId"], shown["Description"], shown["AttachmentCount"]) == ("v1", "all", 0)
    assert shown["PolicyId"].startswith("ANPA") and shown["IsAttachable"]

    reading = document(allow("s3:GetObject", "arn:aws:s3:::bücher/*"))
    new = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(reading), SetAsDefault=True)
    assert (new["PolicyVersion"]["VersionId"], new["PolicyVersion"]["IsDefaultVersion"]) == ("v2", True)
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == reading
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == ALL
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]

    more = "This policy has more than one version."
    assert refusal(iam.delete_policy, PolicyArn=arn)[1].startswith(more)
    default = ("DeleteConflict", "Cannot delete the default version of a policy.")
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == default
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", f"Policy {arn} was not found.")


def test_version_ids_are_never_used_again(iam, policy):
    arn = policy("p")
    for number in range(2, 6):
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALL))["PolicyVersion"]
        assert made["VersionId"] == f"v{number}"
    full = refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=json.dumps(ALL))
    assert full[0] == "LimitExceeded" and full[1].startswith("A managed policy can have up to 5 versions.")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALL))["PolicyVersion"]
    assert made["VersionId"] == "v6"


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_inline_policies(iam, holders, kind):
    holder = holders[kind]
    body = document(allow("s3:*", Condition={"StringLike": {"aws:PrincipalTag/Team": "a b/c+d%"}}))
    call(iam, "put_{}_policy", kind, **holder, PolicyName="Mixed", PolicyDocument=json.dumps(body))
    shown = call(iam, "get_{}_policy", kind, **holder, PolicyName="MIXED")
    assert (shown["PolicyName"], shown["PolicyDocument"]) == ("MIXED", body)
    assert call(iam, "list_{}_policies", kind, **holder)["PolicyNames"] == ["Mixed"]
    call(iam, "delete_{}_policy", kind, **holder, PolicyName="mixed")
    gone = ("NoSuchEntity", f"The {kind} policy with name Mixed cannot be found.")
    assert refusal(getattr(iam, f"get_{kind}_policy"), **holder, PolicyName="Mixed") == gone


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_attachments(iam, holders, policy, kind):
    holder, arn = holders[kind], policy("own")
    for attached in (arn, ADMINISTRATOR, arn):
        call(iam, "attach_{}_policy", kind, **holder, PolicyArn=attached)
    listed = call(iam, "list_attached_{}_policies", kind, **holder)["AttachedPolicies"]
    assert [p["PolicyArn"] for p in listed] == [ADMINISTRATOR, arn]
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    names = {"user": "PolicyUsers", "group": "PolicyGroups", "role": "PolicyRoles"}
    assert {k: len(entities[name]) for k, name in names.items()} == {k: int(k == kind) for k in names}
    in_use = ("DeleteConflict", "Cannot delete a policy attached to entities.")
    assert refusal(iam.delete_policy, PolicyArn=arn) == in_use
    call(iam, "detach_{}_policy", kind, **holder, PolicyArn=arn)
    not_found = ("NoSuchEntity", f"Policy {arn} was not found.")
    assert refusal(getattr(iam, f"detach_{kind}_policy"), **holder, PolicyArn=arn) == not_found
    iam.delete_policy(PolicyArn=arn)
    absent = ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    assert refusal(getattr(iam, f"attach_{kind}_policy"), **holder, PolicyArn=arn) == absent


@pytest.mark.parametrize("kind", ["user", "role"])
def test_boundaries(iam, holders, policy, kind):
    holder, arn = holders[kind], policy("limit")
    call(iam, "put_{}_permissions_boundary", kind, **holder, PermissionsBoundary=arn)
    shown = call(iam, "get_{}", kind, **holder)[kind.title()]
    assert shown["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    call(iam, "delete_{}_permissions_boundary", kind, **holder)
    assert refusal(getattr(iam, f"delete_{kind}_permissions_boundary"), **holder)[0] == "NoSuchEntity"


def test_lists_hold_each_policy_once(iam, policy):
    names = [f"policy-{n}" for n in range(5)]
    for name in names:
        policy(name)
    for size in (1, 2, 1000):
        pages = iam.get_paginator("list_policies").paginate(Scope="Local", PaginationConfig={"PageSize": size})
        assert [p["PolicyName"] for page in pages for p in page["Policies"]] == names
    of_aws = [p["PolicyName"] for p in iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]]
    assert "AdministratorAccess" in of_aws and not set(of_aws) & set(names)
    assert iam.list_policies(OnlyAttached=True)["Policies"] == []


def test_tags(iam, policy):
    arn = policy("p", Tags=[{"Key": "a", "Value": "lower"}, {"Key": "A", "Value": "upper"}])
    assert [tag["Key"] for tag in iam.list_policy_tags(PolicyArn=arn)["Tags"]] == ["A", "a"]
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "A", "Value": ""}])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "A", "Value": ""}]


def test_what_is_no_policy(iam):
    for body, message in [
        ("{", "Syntax errors in policy."),
        (document({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
        ({"Statement": [allow("*")]}, "Policy document must be version 2012-10-17 or greater."),
    ]:
        text = body if isinstance(body, str) else json.dumps(body)
        refused = refusal(iam.create_policy, PolicyName="p", PolicyDocument=text)
        assert refused == ("MalformedPolicyDocument", message)


def test_accounts_do_not_see_each_others_policies(connect, other_account, policy):
    arn = policy("p")
    elsewhere = connect("iam", account=other_account)
    outside = ("AccessDenied", "Policy is outside your own account.")
    assert refusal(elsewhere.get_policy, PolicyArn=arn) == outside
    elsewhere.create_user(UserName="alice")
    absent = ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    assert refusal(elsewhere.attach_user_policy, UserName="alice", PolicyArn=arn) == absent


def test_the_account_in_one_answer(iam, holders, policy):
    arn = policy("p")
    for kind, holder in holders.items():
        call(iam, "attach_{}_policy", kind, **holder, PolicyArn=arn)
        call(iam, "put_{}_policy", kind, **holder, PolicyName="inline", PolicyDocument=json.dumps(ALL))
    details = iam.get_account_authorization_details()
    for kind in holders:
        (detail,) = details[f"{kind.title()}DetailList"]
        assert detail["AttachedManagedPolicies"] == [{"PolicyName": "p", "PolicyArn": arn}]
        inline = {"PolicyName": "inline", "PolicyDocument": ALL}
        assert detail[f"{kind.title()}PolicyList"] == [inline]
    (managed,) = details["Policies"]
    assert managed["PolicyVersionList"][0]["Document"] == ALL


def test_simulating_a_principal(iam, account, holders):
    reading = json.dumps(document(allow("kms:Decrypt", f"arn:aws:kms:us-east-1:{account}:key/*")), indent=2)
    iam.put_role_policy(**holders["role"], PolicyName="read", PolicyDocument=reading)
    key = f"arn:aws:kms:us-east-1:{account}:key/12345678-1234-1234-1234-123456789012"
    answer = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{account}:role/app",
        ActionNames=["kms:Decrypt", "kms:Encrypt"],
        ResourceArns=[key],
    )
    assert [r["EvalDecision"] for r in answer["EvaluationResults"]] == ["allowed", "implicitDeny"]
    (matched,) = answer["EvaluationResults"][0]["MatchedStatements"]
    assert matched == {
        "SourcePolicyId": "role_app_read",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 3, "Column": 17},
        "EndPosition": {"Line": 8, "Column": 6},
    }


def test_simulating_given_policies(iam):
    asking = document(allow("kms:Decrypt", Condition={"StringEquals": {"kms:EncryptionContext:app": "${aws:username}"}}))
    policies = [json.dumps(asking)]
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=policies)["ContextKeyNames"]
    assert keys == ["kms:EncryptionContext:app", "aws:username"]
    (result,) = iam.simulate_custom_policy(PolicyInputList=policies, ActionNames=["kms:Decrypt"])["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", keys)
    entries = [{"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": ["alice"]} for key in keys]
    (result,) = iam.simulate_custom_policy(
        PolicyInputList=policies, ActionNames=["kms:Decrypt"], ContextEntries=entries
    )["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])
