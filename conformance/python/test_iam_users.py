"""Users, their access keys and groups, and the account's alias, as boto3 sees them."""

import pytest
from sdk import refusal


@pytest.fixture
def iam(connect):
    return connect("iam")


@pytest.fixture
def alice(iam):
    return iam.create_user(UserName="alice", Path="/team/")["User"]


def test_a_users_life(iam, account):
    tags = [{"Key": "Stage", "Value": "test"}, {"Key": "Team", "Value": "red"}]
    user = iam.create_user(UserName="alice", Path="/team/", Tags=tags)["User"]
    assert user["Arn"] == f"arn:aws:iam::{account}:user/team/alice"
    assert user["UserId"].startswith("AIDA")
    assert iam.get_user(UserName="ALICE")["User"] == user
    assert sorted(user["Tags"], key=lambda tag: tag["Key"]) == tags

    iam.update_user(UserName="alice", NewUserName="ann", NewPath="/")
    renamed = iam.get_user(UserName="ann")["User"]
    assert (renamed["UserId"], renamed["Arn"]) == (user["UserId"], f"arn:aws:iam::{account}:user/ann")
    assert refusal(iam.get_user, UserName="alice") == ("NoSuchEntity", "The user with name alice cannot be found.")

    iam.untag_user(UserName="ann", TagKeys=["team"])
    assert iam.list_user_tags(UserName="ann")["Tags"] == tags[:1]
    iam.tag_user(UserName="ann", Tags=[{"Key": "STAGE", "Value": "live"}])
    assert iam.list_user_tags(UserName="ann")["Tags"] == [{"Key": "STAGE", "Value": "live"}]

    iam.delete_user(UserName="ann")
    assert iam.list_users()["Users"] == []


def test_names_are_unique_whatever_their_case(iam, alice):
    exists = ("EntityAlreadyExists", "User with name Alice already exists.")
    assert refusal(iam.create_user, UserName="Alice") == exists


def test_accounts_know_nothing_of_each_other(connect, other_account, alice):
    elsewhere = connect("iam", account=other_account)
    assert elsewhere.list_users()["Users"] == []
    assert elsewhere.create_user(UserName="alice")["User"]["UserId"] != alice["UserId"]


def test_pages_hold_each_user_once(iam):
    names = [f"user-{n}" for n in range(7)]
    for name in reversed(names):
        iam.create_user(UserName=name, Path="/odd/" if int(name[-1]) % 2 else "/even/")
    for size in (1, 3, 7, 1000):
        pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": size}))
        assert [user["UserName"] for page in pages for user in page["Users"]] == names
        assert all(("Marker" in page) == page["IsTruncated"] for page in pages)
    odd = iam.get_paginator("list_users").paginate(PathPrefix="/odd", PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in odd for user in page["Users"]] == names[1::2]
    assert refusal(iam.list_users, Marker="nonsense") == ("ValidationError", "Invalid Marker.")


def test_an_access_keys_life(iam, alice):
    made = iam.create_access_key(UserName="alice")["AccessKey"]
    assert (made["UserName"], made["Status"], len(made["SecretAccessKey"])) == ("alice", "Active", 40)
    key = {"UserName": "alice", "AccessKeyId": made["AccessKeyId"]}
    last = iam.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])
    assert last["UserName"] == "alice"
    assert last["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    iam.update_access_key(**key, Status="Inactive")
    (listed,) = iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]
    assert listed == {**key, "Status": "Inactive", "CreateDate": made["CreateDate"]}

    iam.create_access_key(UserName="alice")
    quota = ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    assert refusal(iam.create_access_key, UserName="alice") == quota
    conflict = ("DeleteConflict", "Cannot delete entity, must delete access keys first.")
    assert refusal(iam.delete_user, UserName="alice") == conflict
    for listed in iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="alice", AccessKeyId=listed["AccessKeyId"])
    iam.delete_user(UserName="alice")


def test_a_user_calls_with_its_key(iam, connect, account, alice):
    key = iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    arn = f"arn:aws:iam::{account}:user/team/alice"
    assert connect("sts", account=key).get_caller_identity()["Arn"] == arn
    denied = (
        f"User: {arn} is not authorized to perform: iam:GetUser on resource: user alice "
        "because no identity-based policy allows the iam:GetUser action"
    )
    assert refusal(connect("iam", account=key).get_user) == ("AccessDenied", denied)


def test_names_and_paths_have_their_form(iam):
    name = (
        "The specified value for userName is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )
    path = (
        "The specified value for path is invalid. "
        "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    )
    long = (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )
    assert refusal(iam.create_user, UserName="a b") == ("ValidationError", name)
    assert refusal(iam.create_user, UserName="a", Path="/a") == ("ValidationError", path)
    assert refusal(iam.create_user, UserName="a" * 65) == ("ValidationError", long)


def test_a_groups_life(iam, account, alice):
    group = iam.create_group(GroupName="admins")["Group"]
    assert group["Arn"] == f"arn:aws:iam::{account}:group/admins"
    for _ in range(2):
        iam.add_user_to_group(GroupName="admins", UserName="alice")
    iam.update_group(GroupName="admins", NewGroupName="crew", NewPath="/x/")
    shown = iam.get_group(GroupName="crew")
    assert [user["UserName"] for user in shown["Users"]] == ["alice"]
    assert shown["Group"]["Arn"] == f"arn:aws:iam::{account}:group/x/crew"
    assert iam.list_groups()["Groups"] == iam.list_groups_for_user(UserName="alice")["Groups"] == [shown["Group"]]
    conflict = ("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    assert refusal(iam.delete_group, GroupName="crew") == conflict
    assert refusal(iam.delete_user, UserName="alice") == conflict
    for _ in range(2):
        iam.remove_user_from_group(GroupName="crew", UserName="alice")
    iam.delete_group(GroupName="crew")
    assert refusal(iam.get_group, GroupName="crew") == ("NoSuchEntity", "The group with name crew cannot be found.")


def test_an_alias_belongs_to_one_account(iam, connect, account, other_account):
    alias = f"alias-{account}"
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    elsewhere = connect("iam", account=other_account)
    exists = ("EntityAlreadyExists", f"The account alias {alias} already exists.")
    assert refusal(elsewhere.create_account_alias, AccountAlias=alias) == exists
    iam.delete_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_what_there_is_is_counted(iam, alice):
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["Groups"], summary["UsersQuota"]) == (1, 0, 5000)


def test_what_those_ask_for_who_delete_a_user(iam, alice):
    """Terraform with force_destroy, and every script that follows AWS's instructions."""
    assert iam.list_mfa_devices(UserName="alice")["MFADevices"] == []
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"] == []
    assert iam.list_ssh_public_keys(UserName="alice")["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName="alice")["Certificates"] == []
    assert iam.list_service_specific_credentials(UserName="alice")["ServiceSpecificCredentials"] == []
    no_profile = ("NoSuchEntity", "Login Profile for User alice cannot be found.")
    assert refusal(iam.get_login_profile, UserName="alice") == no_profile
    assert refusal(iam.delete_login_profile, UserName="alice") == no_profile


def test_the_root_user_is_shown_to_itself(iam, account):
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{account}:root"
