"""What conditions ask: the request, its encryption context, the key's aliases and tags, the caller."""

import pytest
from principals import (
    CLOSED_CIPHERTEXT,
    KEY_POLICY,
    SECRET,
    USE,
    allow,
    deny,
    explicit_deny,
    failed_condition,
    no_allow,
    statement,
)
from sdk import refusal

pytestmark = pytest.mark.own

APP = {"AppName": "ExampleApp"}


@pytest.mark.parametrize(
    ("condition", "allowed", "refused"),
    [
        (
            {"StringEquals": {"kms:EncryptionContext:AppName": "ExampleApp"}},
            [APP, APP | {"FilePath": "/var"}, {"appname": "ExampleApp"}],
            [{}, {"AppName": "exampleapp"}, {"FilePath": "ExampleApp"}],
        ),
        (
            {"StringEqualsIgnoreCase": {"kms:EncryptionContext:AppName": "exampleapp"}},
            [APP],
            [{"AppName": "ExampleApp2"}],
        ),
        (
            {"StringLike": {"kms:EncryptionContext:AppName": "Example*", "kms:EncryptionContext:Stage": ["a?", "b"]}},
            [APP | {"Stage": "b"}, APP | {"Stage": "ab"}],
            [APP, APP | {"Stage": "a"}],
        ),
        (
            {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": ["AppName", "FilePath"]}},
            [APP, {"FilePath": "", "More": ""}],
            [{}, {"More": ""}, {"appname": ""}],
        ),
        (
            {
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["AppName", "FilePath"]},
                "Null": {"kms:EncryptionContextKeys": "false"},
            },
            [APP, APP | {"FilePath": "/var"}],
            [{}, APP | {"More": ""}],
        ),
        ({"Null": {"kms:EncryptionContext:AppName": "true"}}, [{}, {"More": ""}], [APP]),
        ({"StringEqualsIfExists": {"kms:EncryptionContext:AppName": "ExampleApp"}}, [{}, APP], [{"AppName": "b"}]),
        ({"StringEquals": {"kms:EncryptionContext:Owner": "${aws:username}"}}, [{"Owner": "alice"}], [APP]),
    ],
)
def test_the_encryption_context_decides(home, alice, condition, allowed, refused):
    key = home.key(allow(["kms:Encrypt", "kms:Decrypt"], Principal={"AWS": alice.arn}, Condition=condition))
    for context in allowed:
        blob = alice.kms.encrypt(KeyId=key, Plaintext=SECRET, EncryptionContext=context)["CiphertextBlob"]
        assert alice.kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == SECRET
    for context in refused:
        request = {"KeyId": key, "EncryptionContext": context}
        for call, action, sent in (
            (alice.kms.encrypt, "Encrypt", {"Plaintext": SECRET}),
            (alice.kms.decrypt, "Decrypt", {"CiphertextBlob": blob}),
        ):
            assert refusal(call, **request, **sent) == no_allow(alice, action, key, KEY_POLICY)


@pytest.mark.parametrize(
    ("condition", "action", "allowed", "refused"),
    [
        (
            {"StringEquals": {"kms:EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}},
            "Encrypt",
            {"Plaintext": SECRET, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
            {"Plaintext": SECRET, "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"},
        ),
        (
            {"NumericLessThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "29"}},
            "ScheduleKeyDeletion",
            {"PendingWindowInDays": 29},
            {},
        ),
        ({"StringEquals": {"kms:PolicyName": "default"}}, "GetKeyPolicy", {}, {"PolicyName": "other"}),
        (
            {
                "StringEquals": {"aws:RequestTag/Stage": ["test", "live"]},
                "ForAllValues:StringEquals": {"aws:TagKeys": "Stage"},
            },
            "TagResource",
            {"Tags": [{"TagKey": "Stage", "TagValue": "live"}]},
            {"Tags": [{"TagKey": "Stage", "TagValue": "live"}, {"TagKey": "Owner", "TagValue": "me"}]},
        ),
    ],
)
def test_what_a_request_asks_for_decides(home, alice, condition, action, allowed, refused):
    asking = allow(f"kms:{action}", Principal={"AWS": alice.arn}, Condition=condition)
    key = home.key(asking, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in action)[1:]
    call = getattr(alice.kms, snake)
    assert refusal(call, KeyId=key, **refused) == no_allow(alice, action, key, KEY_POLICY)
    call(KeyId=key, **allowed)


@pytest.mark.parametrize(
    ("comparison", "name", "holds", "fails"),
    [
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/A*", "arn:aws:sts::*:assumed-role/App/s1"),
        ("StringEquals", "aws:PrincipalType", "AssumedRole", "User"),
        ("StringLike", "aws:userid", "AROA*:s1", "AROA*:s2"),
        ("StringNotEquals", "aws:PrincipalAccount", "000000000000", "${aws:ResourceAccount}"),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", "eu-west-1"),
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "127.0.0.0/8"], "10.0.0.0/8"),
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
        ("Bool", "aws:SecureTransport", "false", "true"),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "false", "true"),
        ("Null", "aws:SourceVpce", "true", "false"),
    ],
)
def test_who_calls_and_from_where_decides(home, app, app_role, comparison, name, holds, fails):
    def asking(value):
        return home.key(allow("kms:Encrypt", Principal={"AWS": app_role}, Condition={comparison: {name: value}}))

    app.kms.encrypt(KeyId=asking(holds), Plaintext=SECRET)
    closed = asking(fails)
    assert refusal(app.kms.encrypt, KeyId=closed, Plaintext=SECRET) == no_allow(app, "Encrypt", closed, KEY_POLICY)


def test_a_key_for_a_service_only_is_closed_to_direct_calls(home, alice, app, delegation):
    services = ["ec2.us-east-1.amazonaws.com", "rds.us-east-1.amazonaws.com"]
    key = home.key(
        delegation,
        deny(USE[:2], Principal="*", Condition={"StringNotEquals": {"kms:ViaService": services}}),
    )
    home.may("user/alice", allow("kms:*"))
    alice.kms.describe_key(KeyId=key)
    for who in (alice, app, home):
        refused = refusal(who.kms.encrypt, KeyId=key, Plaintext=SECRET)
        assert refused == explicit_deny(who, "Encrypt", key, KEY_POLICY)


def test_an_aws_managed_key_is_its_services(home, alice):
    home.may("user/alice", allow("kms:*"))
    key = alice.kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]["Arn"]
    for who in (alice, home):
        refused = refusal(who.kms.encrypt, KeyId="alias/aws/sqs", Plaintext=SECRET)
        assert refused == no_allow(who, "Encrypt", key, KEY_POLICY)


def test_what_a_new_key_is_like_decides(home, alice):
    home.may(
        "user/alice",
        allow(
            "kms:CreateKey",
            Condition={"StringEquals": {"kms:KeyUsage": "SIGN_VERIFY", "kms:KeySpec": ["ECC_NIST_P256", "RSA_2048"]}},
        ),
        allow("kms:TagResource", Condition={"StringLike": {"aws:RequestTag/Owner": "*"}}),
    )
    sign = {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"}
    alice.kms.create_key(**sign)
    alice.kms.create_key(**sign, Tags=[{"TagKey": "Owner", "TagValue": "alice"}])
    for request in ({}, sign | {"KeySpec": "ECC_NIST_P384"}, {"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "RSA_2048"}):
        assert refusal(alice.kms.create_key, **request) == no_allow(alice, "CreateKey", "*")
    code, message = refusal(alice.kms.create_key, **sign, Tags=[{"TagKey": "Stage", "TagValue": "x"}])
    assert code == "AccessDeniedException"
    assert message.startswith(f"User: {alice.arn} is not authorized to perform: kms:TagResource ")
    assert message.endswith(" because no identity-based policy allows the kms:TagResource action")


def test_the_alias_by_which_a_key_is_called_decides(home, alice, delegation, told):
    alias = {"StringEquals": {"kms:RequestAlias": "alias/ExampleAlias"}}
    by_alias = allow(USE, Sid="ByAlias", Principal={"AWS": alice.arn}, Condition=alias)
    key = home.key(delegation, by_alias)
    for name in ("alias/ExampleAlias", "alias/other"):
        home.kms.create_alias(AliasName=name, TargetKeyId=key)
    alice.kms.describe_key(KeyId="alias/ExampleAlias")
    arn = f"{key.split(':key/')[0]}:alias/ExampleAlias"
    blob = alice.kms.encrypt(KeyId=arn, Plaintext=SECRET)["CiphertextBlob"]
    assert alice.kms.decrypt(CiphertextBlob=blob, KeyId="alias/ExampleAlias")["Plaintext"] == SECRET
    for other, actual in ((key, []), ("alias/other", ["alias/other"])):
        refused, decision = told(alice.kms.encrypt, KeyId=other, Plaintext=SECRET)
        assert refused == no_allow(alice, "Encrypt", key)
        missed = failed_condition("StringEquals", "kms:RequestAlias", ["alias/ExampleAlias"], actual)
        assert statement(decision, "ByAlias")["mismatches"] == [missed]
    # A ciphertext alone says nothing of an alias.
    assert refusal(alice.kms.decrypt, CiphertextBlob=blob) == CLOSED_CIPHERTEXT


def test_the_aliases_that_a_key_has_decide(home, alice):
    home.may(
        "user/alice",
        allow(USE, Condition={"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/project-alpha*"}}),
    )
    key = home.key()
    request = {"KeyId": key, "Plaintext": SECRET}
    assert refusal(alice.kms.encrypt, **request) == no_allow(alice, "Encrypt", key)
    for name in ("alias/beta", "alias/project-alpha-1"):
        home.kms.create_alias(AliasName=name, TargetKeyId=key)
    for named in (key, "alias/beta"):
        alice.kms.encrypt(KeyId=named, Plaintext=SECRET)
    home.kms.update_alias(AliasName="alias/project-alpha-1", TargetKeyId=home.key())
    assert refusal(alice.kms.encrypt, **request) == no_allow(alice, "Encrypt", key)


def test_the_tags_of_key_and_caller_decide(home, alice, told):
    same = {"StringEquals": {"aws:ResourceTag/Project": "${aws:PrincipalTag/Project}"}}
    home.may("user/alice", allow(USE, Sid="Project", Condition=same))
    key = home.key(Tags=[{"TagKey": "Project", "TagValue": "Alpha"}])
    request = {"KeyId": key, "Plaintext": SECRET}
    refused, decision = told(alice.kms.encrypt, **request)
    assert refused == no_allow(alice, "Encrypt", key)
    missed = failed_condition("StringEquals", "aws:ResourceTag/Project", ["${aws:PrincipalTag/Project}"], ["Alpha"])
    assert statement(decision, "Project")["mismatches"] == [missed]
    home.iam.tag_user(UserName="alice", Tags=[{"Key": "Project", "Value": "Alpha"}])
    alice.kms.encrypt(**request)
    home.kms.tag_resource(KeyId=key, Tags=[{"TagKey": "Project", "TagValue": "Beta"}])
    assert refusal(alice.kms.encrypt, **request) == no_allow(alice, "Encrypt", key)
    home.kms.untag_resource(KeyId=key, TagKeys=["Project"])
    assert refusal(alice.kms.encrypt, **request) == no_allow(alice, "Encrypt", key)
