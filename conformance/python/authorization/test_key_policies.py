"""Whom a key policy lets in: the examples of AWS's developer guide."""

import json

import pytest
from principals import (
    KEY_POLICY,
    SECRET,
    USE,
    allow,
    closed_to,
    deny,
    document,
    explicit_deny,
    failed_condition,
    no_allow,
    session,
    statement,
)
from sdk import refusal

pytestmark = pytest.mark.own

LOCKED_OUT = (
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
)
NO_SUCH_PRINCIPAL = (
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)


# The default policy, and what it takes


def test_the_default_key_policy_leaves_it_to_identity_policies(home, alice, app, told):
    key = home.key()
    encrypt = {"KeyId": key, "Plaintext": SECRET}
    home.kms.encrypt(**encrypt)
    for who in (alice, app):
        assert refusal(who.kms.encrypt, **encrypt) == no_allow(who, "Encrypt", key)
        assert refusal(who.kms.encrypt, **encrypt, DryRun=True) == no_allow(who, "Encrypt", key)
        assert refusal(who.kms.create_key) == no_allow(who, "CreateKey", "*")

    home.may("user/alice", allow("kms:Encrypt", key, Sid="Mine"))
    refused, decision = told(alice.kms.encrypt, **encrypt)
    assert (refused, decision["decision"], decision["principal"]) == (None, "allowed", alice.arn)
    assert decision["by"] == "an identity policy, which the resource's policy leaves it to"
    assert decision["statements"] == [
        {"policy": "key policy", "index": 0, "sid": "Enable IAM User Permissions"},
        {"policy": "own", "index": 0, "sid": "Mine"},
    ]
    assert refusal(alice.kms.describe_key, KeyId=key) == no_allow(alice, "DescribeKey", key)
    other = home.key()
    assert refusal(alice.kms.encrypt, KeyId=other, Plaintext=SECRET) == no_allow(alice, "Encrypt", other)


def test_without_its_accounts_principal_a_key_knows_no_identity_policies(home, alice, app):
    key = home.key(allow("kms:*", Principal={"AWS": alice.arn}))
    home.may("role/App", allow("kms:*"))
    home.may("user/alice", allow("sts:GetCallerIdentity"))
    alice.kms.describe_key(KeyId=key)
    for who in (app, home):
        assert refusal(who.kms.describe_key, KeyId=key) == no_allow(who, "DescribeKey", key, KEY_POLICY)
    # What such a key is like is no secret within the account: a key that is not there is told as such.
    absent = key[:-4] + ("0000" if key[-4:] != "0000" else "1111")
    assert refusal(app.kms.describe_key, KeyId=absent) == ("NotFoundException", f"Key '{absent}' does not exist")


def test_administrators_and_users_of_the_console_policy(home, alice, app, app_role, delegation, told):
    acts = "Create Describe Enable List Put Update Revoke Disable Get Delete".split()
    administer = [f"kms:{act}*" for act in acts] + ["kms:TagResource", "kms:UntagResource"]
    administer += ["kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"]
    attachments = "Allow attachment of persistent resources"
    persist = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    user = {"AWS": app_role}
    key = home.key(
        delegation,
        allow(administer, Sid="Allow access for Key Administrators", Principal={"AWS": alice.arn}),
        allow(USE, Sid="Allow use of the key", Principal=user),
        allow(persist, Sid=attachments, Principal=user, Condition=for_aws),
    )
    alice.kms.enable_key_rotation(KeyId=key)
    alice.kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    alice.kms.put_key_policy(KeyId=key, Policy=alice.kms.get_key_policy(KeyId=key)["Policy"])
    alice.kms.schedule_key_deletion(KeyId=key)
    alice.kms.cancel_key_deletion(KeyId=key)
    alice.kms.enable_key(KeyId=key)
    for call, action in ((alice.kms.generate_data_key, "GenerateDataKey"), (alice.kms.encrypt, "Encrypt")):
        request = {"NumberOfBytes": 32} if action == "GenerateDataKey" else {"Plaintext": SECRET}
        assert refusal(call, KeyId=key, **request) == no_allow(alice, action, key)
    # An administrator is not an administrator of other keys.
    other = home.key()
    assert refusal(alice.kms.disable_key, KeyId=other) == no_allow(alice, "DisableKey", other)

    blob = app.kms.encrypt(KeyId=key, Plaintext=SECRET)["CiphertextBlob"]
    blob = app.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)["CiphertextBlob"]
    assert app.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == SECRET
    app.kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")
    assert refusal(app.kms.disable_key, KeyId=key) == no_allow(app, "DisableKey", key)
    grant = {"KeyId": key, "GranteePrincipal": alice.arn, "Operations": ["Decrypt"]}
    refused, decision = told(app.kms.create_grant, **grant)
    assert refused == no_allow(app, "CreateGrant", key)
    assert decision["message"] == refused[1]
    missed = failed_condition("Bool", "kms:GrantIsForAWSResource", ["true"], ["false"])
    assert statement(decision, attachments)["mismatches"] == [missed]
    alice.kms.create_grant(**grant)


# Whom a statement names


def test_a_role_that_is_named_needs_no_policy_of_its_own(home, operator, app, app_role, told):
    key = home.key(allow("kms:Encrypt", Sid="App", Principal={"AWS": app_role}))
    request = {"KeyId": key, "Plaintext": SECRET}
    refused, decision = told(app.kms.encrypt, **request)
    assert (refused, decision["by"]) == (None, "the resource's policy")
    assert decision["statements"] == [{"policy": "key policy", "index": 0, "sid": "App"}]
    other = session(operator, home.role("Other"))
    refused, decision = told(other.kms.encrypt, **request)
    assert refused == no_allow(other, "Encrypt", key, KEY_POLICY)
    expected = {"principal": {"element": "Principal", "expected": [app_role]}}
    assert statement(decision, "App")["mismatches"] == [expected]
    # Its session policies limit it, since it is the role that is named.
    limited = session(operator, app_role, Policy=document(allow("kms:Decrypt")))
    assert refusal(limited.kms.encrypt, **request) == no_allow(limited, "Encrypt", key, "session policy")


def test_a_session_that_is_named_is_meant_alone(home, operator, app, app_role):
    key = home.key(allow("kms:Encrypt", Principal={"AWS": app.arn}))
    request = {"KeyId": key, "Plaintext": SECRET}
    app.kms.encrypt(**request)
    other = session(operator, app_role, name="s2")
    assert refusal(other.kms.encrypt, **request) == no_allow(other, "Encrypt", key, KEY_POLICY)


def test_principals_are_those_that_existed_when_the_policy_was_written(home, alice, delegation):
    direct = allow("kms:Encrypt", Principal={"AWS": alice.arn})
    key = home.key(delegation, direct)
    missing = allow("kms:Encrypt", Principal={"AWS": alice.arn.replace("alice", "nobody")})
    group = allow("kms:Encrypt", Principal={"AWS": f"arn:aws:iam::{home.id}:group/admins"})
    for wrong in (missing, group):
        policy = document(delegation, wrong)
        assert refusal(home.kms.put_key_policy, KeyId=key, Policy=policy) == NO_SUCH_PRINCIPAL
        assert refusal(home.kms.create_key, Policy=policy) == NO_SUCH_PRINCIPAL
    alice.kms.encrypt(KeyId=key, Plaintext=SECRET)

    user_id = home.iam.get_user(UserName="alice")["User"]["UserId"]
    home.iam.delete_access_key(UserName="alice", AccessKeyId=alice.credentials["AccessKeyId"])
    home.iam.delete_user(UserName="alice")
    again = home.user("alice")
    assert again.arn == alice.arn
    assert refusal(again.kms.encrypt, KeyId=key, Plaintext=SECRET) == no_allow(again, "Encrypt", key)
    shown = json.loads(home.kms.get_key_policy(KeyId=key)["Policy"])
    assert shown["Statement"][1]["Principal"] == {"AWS": user_id}


# Denies and limits


def test_a_deny_anywhere_is_final(home, operator, alice, app, app_role, told):
    key = home.key(
        allow("kms:*", Principal={"AWS": "*"}, Condition={"StringEquals": {"kms:CallerAccount": home.id}}),
        deny("kms:Encrypt", Sid="Never", Principal={"AWS": alice.arn}),
    )
    request = {"KeyId": key, "Plaintext": SECRET}
    refused, decision = told(alice.kms.encrypt, **request)
    assert refused == explicit_deny(alice, "Encrypt", key, KEY_POLICY)
    assert statement(decision, "Never") == {"index": 1, "sid": "Never", "effect": "Deny", "matches": True}
    summary = 'Denied by statement 2 ("Never") of key policy, a resource-based policy.'
    assert decision["explanation"]["summary"] == summary
    # No grant helps.
    home.kms.create_grant(KeyId=key, GranteePrincipal=alice.arn, Operations=["Encrypt"])
    assert refusal(alice.kms.encrypt, **request) == explicit_deny(alice, "Encrypt", key, KEY_POLICY)

    app.kms.encrypt(**request)
    home.may("role/App", deny("kms:Encrypt"))
    assert refusal(app.kms.encrypt, **request) == explicit_deny(app, "Encrypt", key, "identity-based policy")
    home.may("role/App")
    policy = document(allow("*"), deny("kms:Encrypt", key))
    limited = session(operator, app_role, Policy=policy)
    limited.kms.describe_key(KeyId=key)
    assert refusal(limited.kms.encrypt, **request) == explicit_deny(limited, "Encrypt", key, "session policy")

    def boundary(name, *statements):
        arn = home.iam.create_policy(PolicyName=name, PolicyDocument=document(*statements))["Policy"]["Arn"]
        home.iam.put_role_permissions_boundary(RoleName="App", PermissionsBoundary=arn)

    boundary("Denying", allow("*"), deny("kms:Encrypt"))
    assert refusal(app.kms.encrypt, **request) == explicit_deny(app, "Encrypt", key, "permissions boundary")
    boundary("Narrow", allow("kms:DescribeKey"))
    assert refusal(app.kms.encrypt, **request) == no_allow(app, "Encrypt", key, "permissions boundary")
    app.kms.describe_key(KeyId=key)


def test_a_deny_to_a_stranger_tells_no_more_than_silence(home, away, bob, delegation, told):
    key = home.key(
        delegation,
        allow("kms:*", Principal={"AWS": away.arn}),
        deny("kms:Encrypt", Sid="NotBob", Principal={"AWS": bob.arn}),
    )
    away.may("user/bob", allow("kms:*"))
    bob.kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    refused, decision = told(bob.kms.encrypt, KeyId=key, Plaintext=SECRET)
    assert refused == closed_to(bob, "Encrypt")
    assert statement(decision, "NotBob")["matches"]


def test_nobody_locks_himself_out_unawares(home, alice, delegation):
    administer = allow("kms:*", Principal={"AWS": alice.arn})
    key = home.key(administer)
    # That others still could is not enough.
    without_her = document(delegation)
    for policy in (without_her, document(allow("kms:Encrypt", Principal={"AWS": alice.arn}))):
        assert refusal(alice.kms.put_key_policy, KeyId=key, Policy=policy) == LOCKED_OUT
    over_tls = {"Bool": {"aws:SecureTransport": "true"}}
    policy = document(allow("kms:*", Principal={"AWS": alice.arn}, Condition=over_tls))
    assert refusal(alice.kms.put_key_policy, KeyId=key, Policy=policy) == LOCKED_OUT
    assert json.loads(alice.kms.get_key_policy(KeyId=key)["Policy"])["Statement"][0]["Principal"] == {"AWS": alice.arn}
    alice.kms.put_key_policy(KeyId=key, Policy=document(delegation, administer))
    assert refusal(home.kms.create_key, Policy=document(administer)) == LOCKED_OUT
    home.kms.create_key(Policy=document(administer), BypassPolicyLockoutSafetyCheck=True)
    alice.kms.put_key_policy(KeyId=key, Policy=without_her, BypassPolicyLockoutSafetyCheck=True)
    refused = refusal(alice.kms.put_key_policy, KeyId=key, Policy=without_her)
    assert refused == no_allow(alice, "PutKeyPolicy", key)

    bypassing = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
    home.may("user/alice", allow("kms:*"), deny("kms:*", Condition=bypassing))
    bypass = {"KeyId": key, "Policy": without_her, "BypassPolicyLockoutSafetyCheck": True}
    refused = refusal(alice.kms.put_key_policy, **bypass)
    assert refused == explicit_deny(alice, "PutKeyPolicy", key, "identity-based policy")
    alice.kms.put_key_policy(KeyId=key, Policy=without_her)
