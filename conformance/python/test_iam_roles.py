"""Roles, services' roles, instance profiles and OpenID Connect providers, as boto3 sees them."""

import json

import pytest
from sdk import refusal

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
THUMBPRINTS = ["6938fd4d98bab03faadb97b34396831e3780aea1", "b" * 40]


@pytest.fixture
def iam(connect):
    return connect("iam")


@pytest.fixture
def make_role(iam):
    """Makes a role that trusts EC2: make_role("name", Path="/team/")."""

    def make_role(name, **request):
        return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **request)["Role"]

    return make_role


def trusting(**principal):
    return json.dumps({**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": principal}]})


def test_a_roles_life(iam, account, make_role):
    role = make_role("Admin", Path="/team/", Description="old", Tags=[{"Key": "Stage", "Value": "test"}])
    assert role["Arn"] == f"arn:aws:iam::{account}:role/team/Admin"
    assert role["RoleId"].startswith("AROA")
    # boto3 decodes documents; CreateRole leaves out what AWS leaves out.
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert "Description" not in role and "MaxSessionDuration" not in role

    read = iam.get_role(RoleName="ADMIN")["Role"]
    assert read == {**role, "Description": "old", "MaxSessionDuration": 3600, "RoleLastUsed": {}}
    listed = iam.list_roles()["Roles"]
    assert listed == [{key: read[key] for key in read if key not in ("RoleLastUsed", "Tags")}]

    iam.update_role(RoleName="Admin", MaxSessionDuration=43200)
    iam.update_role_description(RoleName="Admin", Description="new")
    changed = iam.get_role(RoleName="Admin")["Role"]
    assert (changed["Description"], changed["MaxSessionDuration"]) == ("new", 43200)

    iam.tag_role(RoleName="Admin", Tags=[{"Key": "STAGE", "Value": "live"}, {"Key": "Team", "Value": ""}])
    iam.untag_role(RoleName="Admin", TagKeys=["team"])
    assert iam.list_role_tags(RoleName="Admin")["Tags"] == [{"Key": "STAGE", "Value": "live"}]

    iam.delete_role(RoleName="Admin")
    assert refusal(iam.get_role, RoleName="Admin") == ("NoSuchEntity", "The role with name Admin cannot be found.")
    assert make_role("Admin")["RoleId"] != role["RoleId"]


def test_whom_a_trust_policy_names_must_exist(iam, account, make_role):
    make_role("r")
    nobody = f"arn:aws:iam::{account}:user/nobody"
    for document, message in [
        (trusting(AWS=nobody), f'Invalid principal in policy: "AWS":"{nobody}"'),
        (trusting(Service="nope"), 'Invalid principal in policy: "SERVICE":"nope"'),
        ("not json", "This policy contains invalid Json"),
        (trusting(AWS="*").replace("AssumeRole", "GetCallerIdentity"),
         "AssumeRole policy may only specify STS AssumeRole actions."),
    ]:
        expected = ("MalformedPolicyDocument", message)
        assert refusal(iam.update_assume_role_policy, RoleName="r", PolicyDocument=document) == expected
        assert refusal(iam.create_role, RoleName="new", AssumeRolePolicyDocument=document) == expected
    iam.create_user(UserName="nobody")
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trusting(AWS=nobody))
    document = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert document["Statement"][0]["Principal"] == {"AWS": nobody}


def test_pages_hold_each_role_once(iam, make_role):
    names = [f"role-{n}" for n in range(7)]
    for name in reversed(names):
        make_role(name, Path="/odd/" if int(name[-1]) % 2 else "/even/")
    for size in (1, 3, 7, 1000):
        pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": size}))
        assert [role["RoleName"] for page in pages for role in page["Roles"]] == names
        assert all(("Marker" in page) == page["IsTruncated"] for page in pages)
    odd = iam.get_paginator("list_roles").paginate(PathPrefix="/odd", PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in odd for role in page["Roles"]] == names[1::2]
    assert refusal(iam.list_roles, Marker="nonsense") == ("ValidationError", "Invalid Marker.")


def test_an_instance_profile_holds_one_role(iam, account, make_role):
    role, _ = make_role("one"), make_role("two")
    profile = iam.create_instance_profile(InstanceProfileName="web", Path="/team/")["InstanceProfile"]
    assert profile["Arn"] == f"arn:aws:iam::{account}:instance-profile/team/web"
    assert profile["InstanceProfileId"].startswith("AIPA")
    assert profile["Roles"] == [] and "Tags" not in profile
    exists = ("EntityAlreadyExists", "Instance Profile web already exists.")
    assert refusal(iam.create_instance_profile, InstanceProfileName="web") == exists

    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="one")
    full = ("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="web", RoleName="two") == full
    assert iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"] == {
        **profile, "Roles": [role], "Tags": []
    }
    assert iam.list_instance_profiles()["InstanceProfiles"] == [{**profile, "Roles": [role]}]
    assert iam.list_instance_profiles_for_role(RoleName="one")["InstanceProfiles"] == [{**profile, "Roles": [role]}]
    assert iam.list_instance_profiles_for_role(RoleName="two")["InstanceProfiles"] == []

    held = ("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    assert refusal(iam.delete_role, RoleName="one") == held
    assert refusal(iam.delete_instance_profile, InstanceProfileName="web") == held
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="one")
    missing = ("NoSuchEntity", "Role one in Instance Profile web cannot be found.")
    assert refusal(iam.remove_role_from_instance_profile, InstanceProfileName="web", RoleName="one") == missing

    iam.tag_instance_profile(InstanceProfileName="web", Tags=[{"Key": "k", "Value": "v"}, {"Key": "K", "Value": "w"}])
    iam.untag_instance_profile(InstanceProfileName="web", TagKeys=["K"])
    assert iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"] == [{"Key": "k", "Value": "v"}]
    iam.delete_instance_profile(InstanceProfileName="web")
    missing = ("NoSuchEntity", "Instance Profile web cannot be found.")
    assert refusal(iam.get_instance_profile, InstanceProfileName="web") == missing


def test_services_have_roles_of_their_own(iam, account):
    role = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com", Description="d")["Role"]
    name = "AWSServiceRoleForECS"
    assert role["Arn"] == f"arn:aws:iam::{account}:role/aws-service-role/ecs.amazonaws.com/{name}"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ecs.amazonaws.com"}
    taken = f"Service role name {name} has been taken in this account, please try a different suffix."
    assert refusal(iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com") == ("InvalidInput", taken)
    suffix = ("InvalidInput", "Custom suffix is not allowed for ecs.amazonaws.com")
    request = {"AWSServiceName": "ecs.amazonaws.com", "CustomSuffix": "two"}
    assert refusal(iam.create_service_linked_role, **request) == suffix

    protected = f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
    for call, request in [
        (iam.delete_role, {}),
        (iam.update_assume_role_policy, {"PolicyDocument": json.dumps(TRUST)}),
        (iam.update_role, {"MaxSessionDuration": 7200}),
    ]:
        assert refusal(call, RoleName=name, **request) == ("UnmodifiableEntity", protected)

    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/ecs.amazonaws.com/{name}/")
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refusal(iam.get_role, RoleName=name)[0] == "NoSuchEntity"


def test_a_providers_life(iam, account):
    url = "https://token.example.com/ci"
    made = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["sts.amazonaws.com"], ThumbprintList=[THUMBPRINTS[0].upper()]
    )
    arn = made["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{account}:oidc-provider/token.example.com/ci"
    exists = ("EntityAlreadyExists", f"Provider with url {url} already exists.")
    assert refusal(iam.create_open_id_connect_provider, Url=url) == exists
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": arn}]

    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="app")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="sts.amazonaws.com")
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (read["Url"], read["ClientIDList"]) == ("token.example.com/ci", ["app"])
    assert (read["ThumbprintList"], read["Tags"]) == (THUMBPRINTS[:1], [])
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=THUMBPRINTS)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ThumbprintList"] == THUMBPRINTS

    tags = [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": "w"}]
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=tags)
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["k"])
    assert iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"] == tags[1:]

    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    missing = ("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    assert refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn) == missing
    missing = ("NoSuchEntity", f"OpenId connect Provider {arn} cannot be found.")
    assert refusal(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn) == missing


def test_what_is_no_provider_is_refused(iam):
    for request, expected in [
        ({"Url": "example.org"}, ("ValidationError", "Invalid Open ID Connect Provider URL")),
        (
            {"Url": "http://example.org"},
            ("InvalidInput", "Invalid Open ID Connect Provider URL. The URL must begin with https://."),
        ),
        (
            {"Url": "https://example.org", "ThumbprintList": ["a" * 40] * 6},
            ("InvalidInput", "Thumbprint list must contain fewer than 5 entries."),
        ),
        (
            {"Url": "https://example.org", "ClientIDList": [str(n) for n in range(101)]},
            ("LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"),
        ),
    ]:
        assert refusal(iam.create_open_id_connect_provider, **request) == expected
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
