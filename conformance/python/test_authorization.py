"""Who may use a key: the examples of AWS's developer guide, acted out by a user, a role's session and a stranger.

alice (a user) and app (a session of the role App) are of the account home, bob (a user) is of the account away. They
start without any policy of their own.
"""

import json
import subprocess
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from emulator import TRENT, Emulator, require_binary
from principals import (
    CLOSED_CIPHERTEXT,
    Account,
    allow,
    closed_to,
    deny,
    document,
    explicit_deny,
    no_allow,
    session,
)
from sdk import code_and_message, refusal

pytestmark = pytest.mark.own

SECRET = b"secret"
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
KEY_POLICY = "resource-based policy"
LOCKED_OUT = (
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
)
NO_SUCH_PRINCIPAL = (
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)


class Explaining(Emulator):
    def decisions(self, request_id):
        """Status and JSON of what was decided on a request."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/_trent/decisions/{request_id}", timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def why(self, request_id, *flags):
        """What `trent why` prints."""
        command = [TRENT, "why", request_id, *flags, "--url", self.url]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, env={})


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    require_binary()
    emulator = Explaining(tmp_path_factory.mktemp("authorization") / "state")
    yield emulator
    emulator.stop()


@pytest.fixture
def home(emulator, account):
    return Account(emulator.url, account)


@pytest.fixture
def away(emulator, other_account):
    return Account(emulator.url, other_account)


@pytest.fixture
def alice(home):
    return home.user("alice")


@pytest.fixture
def operator(home):
    """Who assumes roles."""
    return home.user("operator", allow("sts:AssumeRole"))


@pytest.fixture
def app_role(home):
    return home.role("App")


@pytest.fixture
def app(operator, app_role):
    return session(operator, app_role)


@pytest.fixture
def bob(away):
    return away.user("bob")


@pytest.fixture
def delegation(home):
    """The one statement of the default key policy."""
    return allow("kms:*", Sid="Enable IAM User Permissions", Principal={"AWS": home.arn})


@pytest.fixture
def told(emulator):
    """Calls, and gives the refusal, if any, with the one decision on the request."""

    def told(call, **request):
        try:
            answer, refused = call(**request), None
        except ClientError as error:
            answer, refused = error.response, code_and_message(error)
        status, found = emulator.decisions(answer["ResponseMetadata"]["RequestId"])
        assert status == 200, found
        [decision] = found["decisions"]
        return refused, decision

    return told


def statement(decision, sid):
    """What the denial's explanation tells of the statement."""
    policies = decision["explanation"]["policies"]
    [found] = [one for policy in policies for one in policy["statements"] if one.get("sid") == sid]
    return found


def failed_condition(operator, key, expected, actual):
    return {"condition": {"operator": operator, "key": key, "expected": expected, "actual": actual}}


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


# Another account


def test_both_accounts_have_to_allow(home, away, bob, delegation, told):
    key = home.key()
    home.kms.create_alias(AliasName="alias/shared", TargetKeyId=key)
    alias = f"{key.split(':key/')[0]}:alias/shared"
    away.may("user/bob", allow(USE, key))
    request = {"KeyId": key, "Plaintext": SECRET}
    absent = key.split(":key/")[0] + ":key/00000000-0000-0000-0000-000000000000"
    for named in (key, alias, absent, alias + "-not"):
        assert refusal(bob.kms.encrypt, KeyId=named, Plaintext=SECRET) == closed_to(bob, "Encrypt")

    home.set_policy(key, delegation, allow(USE, Sid="Away", Principal={"AWS": away.arn}))
    for named in (key, alias):
        blob = bob.kms.encrypt(KeyId=named, Plaintext=SECRET)["CiphertextBlob"]
        assert bob.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == SECRET
    # Without an ARN, it is his own account's key that is meant.
    bare = key.split("/")[1]
    assert refusal(bob.kms.encrypt, KeyId=bare, Plaintext=SECRET)[0] == "NotFoundException"
    grant = {"GranteePrincipal": bob.arn, "Operations": ["Encrypt"]}
    assert refusal(bob.kms.create_grant, KeyId=key, **grant) == closed_to(bob, "CreateGrant")

    away.may("user/bob", allow("kms:DescribeKey", key, Sid="Look"))
    refused, decision = told(bob.kms.encrypt, **request)
    assert refused == no_allow(bob, "Encrypt", key)
    assert decision["explanation"]["layer"] == "IdentityPolicy"
    assert statement(decision, "Away")["matches"]
    expected = {"action": {"element": "Action", "expected": ["kms:DescribeKey"]}}
    assert statement(decision, "Look")["mismatches"] == [expected]
    # To name him does not spare his account the decision.
    home.set_policy(key, delegation, allow(USE, Principal={"AWS": bob.arn}))
    assert refusal(bob.kms.encrypt, **request) == no_allow(bob, "Encrypt", key)
    # Nor is his account's root user meant with him.
    assert refusal(away.kms.encrypt, **request) == closed_to(away, "Encrypt")


def test_what_no_policy_can_give_to_another_account(home, away, bob, delegation):
    key = home.key(delegation, allow("kms:*", Principal={"AWS": away.arn}))
    away.may("user/bob", allow("kms:*"))
    bob.kms.describe_key(KeyId=key)
    tags = [{"TagKey": "a", "TagValue": "b"}]
    for call, action, request in (
        (bob.kms.disable_key, "DisableKey", {}),
        (bob.kms.schedule_key_deletion, "ScheduleKeyDeletion", {}),
        (bob.kms.get_key_policy, "GetKeyPolicy", {}),
        (bob.kms.put_key_policy, "PutKeyPolicy", {"Policy": document(delegation)}),
        (bob.kms.tag_resource, "TagResource", {"Tags": tags}),
        (bob.kms.enable_key_rotation, "EnableKeyRotation", {}),
    ):
        assert refusal(call, KeyId=key, **request) == closed_to(bob, action)


def test_everybody_is_everybody_of_the_named_account(home, alice, bob, away, delegation, told):
    via = {"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": home.id}
    own = {"StringEquals": {"kms:CallerAccount": home.id}}
    key = home.key(
        delegation,
        allow("kms:Encrypt", Sid="Own", Principal={"AWS": "*"}, Condition=own),
        allow("kms:Decrypt", Sid="Via S3", Principal={"AWS": "*"}, Condition={"StringEquals": via}),
    )
    away.may("user/bob", allow("kms:*"))
    blob = alice.kms.encrypt(KeyId=key, Plaintext=SECRET)["CiphertextBlob"]
    refused, decision = told(bob.kms.encrypt, KeyId=key, Plaintext=SECRET)
    assert refused == closed_to(bob, "Encrypt")
    missed = failed_condition("StringEquals", "kms:CallerAccount", [home.id], [away.id])
    assert statement(decision, "Own")["mismatches"] == [missed]
    assert decision["resource"] == key, "what the client is not told is told here"

    refused, decision = told(alice.kms.decrypt, KeyId=key, CiphertextBlob=blob)
    assert refused == no_allow(alice, "Decrypt", key)
    missed = failed_condition("StringEquals", "kms:ViaService", [via["kms:ViaService"]], [])
    assert statement(decision, "Via S3")["mismatches"] == [missed]


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


# Conditions

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
    statement = allow(f"kms:{action}", Principal={"AWS": alice.arn}, Condition=condition)
    key = home.key(statement, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in action)[1:]
    call = getattr(alice.kms, snake)
    assert refusal(call, KeyId=key, **refused) == no_allow(alice, action, key, KEY_POLICY)
    call(KeyId=key, **allowed)


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
    statement_ = allow(USE, Sid="ByAlias", Principal={"AWS": alice.arn}, Condition=alias)
    key = home.key(delegation, statement_)
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


# Grants


def test_a_key_user_gives_what_it_may_give(home, away, alice, app, bob, delegation, told):
    conditions = {
        "ForAllValues:StringEquals": {"kms:GrantOperations": ["Encrypt", "Decrypt"]},
        "StringEquals": {"kms:GranteePrincipal": [bob.arn, app.arn]},
    }
    giving = allow("kms:CreateGrant", Sid="Give", Principal={"AWS": alice.arn}, Condition=conditions)
    key = home.key(delegation, giving)
    grant = {"KeyId": key, "GranteePrincipal": bob.arn, "Operations": ["Encrypt", "Decrypt"]}
    denied = no_allow(alice, "CreateGrant", key)
    refused, decision = told(alice.kms.create_grant, **grant | {"Operations": ["Encrypt", "GenerateDataKey"]})
    assert refused == denied
    [missed] = statement(decision, "Give")["mismatches"]
    assert missed["condition"]["operator"] == "ForAllValues:StringEquals"
    assert missed["condition"]["key"] == "kms:GrantOperations"
    assert missed["condition"]["actual"] == ["Encrypt", "GenerateDataKey"]
    assert refusal(alice.kms.create_grant, **grant | {"GranteePrincipal": alice.arn}) == denied

    given = alice.kms.create_grant(**grant, RetiringPrincipal=alice.arn)
    request = {"KeyId": key, "Plaintext": SECRET}
    assert refusal(bob.kms.encrypt, **request) == no_allow(bob, "Encrypt", key)
    away.may("user/bob", allow("kms:*", key))
    refused, decision = told(bob.kms.encrypt, **request)
    assert (refused, decision["by"], decision["grant_id"]) == (None, "a grant", given["GrantId"])
    assert refusal(bob.kms.generate_data_key, KeyId=key, KeySpec="AES_256") == closed_to(bob, "GenerateDataKey")
    assert refusal(bob.kms.list_grants, KeyId=key) == closed_to(bob, "ListGrants")
    assert refusal(alice.kms.revoke_grant, KeyId=key, GrantId=given["GrantId"]) == no_allow(alice, "RevokeGrant", key)
    alice.kms.retire_grant(GrantToken=given["GrantToken"])
    assert refusal(bob.kms.encrypt, **request) == closed_to(bob, "Encrypt")

    alice.kms.create_grant(**grant | {"GranteePrincipal": app.arn})
    app.kms.encrypt(**request)


def test_a_grantee_passes_on_no_more_than_it_has(home, alice, app, told):
    key = home.key()
    context = {"EncryptionContextSubset": {"tenant": "a"}}
    given = home.kms.create_grant(
        KeyId=key,
        GranteePrincipal=app.arn,
        Operations=["CreateGrant", "Encrypt", "Decrypt"],
        Constraints=context,
    )
    grant = {"KeyId": key, "GranteePrincipal": alice.arn, "Operations": ["Encrypt"], "Constraints": context}
    for wider in (
        grant | {"Operations": ["Encrypt", "GenerateDataKey"]},
        grant | {"Constraints": {"EncryptionContextSubset": {"tenant": "b"}}},
        {name: value for name, value in grant.items() if name != "Constraints"},
    ):
        refused, decision = told(app.kms.create_grant, **wider)
        assert refused == no_allow(app, "CreateGrant", key)
        [considered] = decision["explanation"]["grants"]
        assert (considered["grant_id"], considered["allows"]) == (given["GrantId"], False)
    child = app.kms.create_grant(**grant)
    request = {"KeyId": key, "Plaintext": SECRET}
    alice.kms.encrypt(**request, EncryptionContext={"tenant": "a", "more": ""})
    refused, decision = told(alice.kms.encrypt, **request, EncryptionContext={"tenant": "b"})
    assert refused == no_allow(alice, "Encrypt", key)
    reason = "the grant's constraints do not hold for the request"
    assert decision["explanation"]["grants"] == [{"grant_id": child["GrantId"], "allows": False, "reason": reason}]


def test_a_grant_must_be_constrained_where_the_policy_says_so(home, alice, app):
    constrained = {"StringEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}}
    key = home.key(allow("kms:CreateGrant", Principal={"AWS": alice.arn}, Condition=constrained))
    grant = {"KeyId": key, "GranteePrincipal": app.arn, "Operations": ["Encrypt"]}
    for constraints in ({}, {"Constraints": {"EncryptionContextSubset": {"a": "b"}}}):
        refused = refusal(alice.kms.create_grant, **grant, **constraints)
        assert refused == no_allow(alice, "CreateGrant", key, KEY_POLICY)
    alice.kms.create_grant(**grant, Constraints={"EncryptionContextEquals": {"a": "b"}})
    app.kms.encrypt(KeyId=key, Plaintext=SECRET, EncryptionContext={"a": "b"})


def test_whether_the_grantees_account_is_asked_depends_on_who_gave_the_grant(home, away, bob, delegation):
    """The key's account cannot decide for another one; a principal of the grantee's own account has decided."""
    given_by_home = home.key()
    given_by_away = home.key(delegation, allow("kms:CreateGrant", Principal={"AWS": away.arn}))
    grant = {"GranteePrincipal": bob.arn, "Operations": ["Encrypt"]}
    home.kms.create_grant(KeyId=given_by_home, **grant)
    away.kms.create_grant(KeyId=given_by_away, **grant)
    bob.kms.encrypt(KeyId=given_by_away, Plaintext=SECRET)
    refused = refusal(bob.kms.encrypt, KeyId=given_by_home, Plaintext=SECRET)
    assert refused == no_allow(bob, "Encrypt", given_by_home)
    away.may("user/bob", deny("kms:Encrypt"))
    for key in (given_by_home, given_by_away):
        refused = refusal(bob.kms.encrypt, KeyId=key, Plaintext=SECRET)
        assert refused == explicit_deny(bob, "Encrypt", key, "identity-based policy")


def test_a_roles_grant_is_limited_as_the_role_is_and_a_sessions_is_not(home, operator, app_role):
    key = home.key()
    limited = session(operator, app_role, Policy=document(allow("kms:DescribeKey")))
    request = {"KeyId": key, "Plaintext": SECRET}
    home.kms.create_grant(KeyId=key, GranteePrincipal=app_role, Operations=["Encrypt"])
    assert refusal(limited.kms.encrypt, **request) == no_allow(limited, "Encrypt", key, "session policy")
    home.kms.create_grant(KeyId=key, GranteePrincipal=limited.arn, Operations=["Encrypt"])
    limited.kms.encrypt(**request)


def test_who_ends_a_grant(home, away, alice, bob):
    key = home.key()
    grant = {"KeyId": key, "GranteePrincipal": bob.arn, "Operations": ["Encrypt"]}
    plain = home.kms.create_grant(**grant, Name="plain")
    leaving = home.kms.create_grant(**grant | {"Operations": ["Encrypt", "RetireGrant"]}, Name="leaving")
    for given in (plain, leaving):
        refused = refusal(alice.kms.retire_grant, KeyId=key, GrantId=given["GrantId"])
        assert refused == no_allow(alice, "RetireGrant", key)
    # Of the grantees, those to whom it was given; and in another account, only with a policy of their own.
    assert refusal(bob.kms.retire_grant, GrantToken=leaving["GrantToken"])[0] == "AccessDeniedException"
    away.may("user/bob", allow("kms:RetireGrant"))
    assert refusal(bob.kms.retire_grant, GrantToken=plain["GrantToken"])[0] == "AccessDeniedException"
    bob.kms.retire_grant(GrantToken=leaving["GrantToken"])
    home.may("user/alice", allow("kms:RetireGrant", key))
    alice.kms.retire_grant(KeyId=key, GrantId=plain["GrantId"])
    assert home.kms.list_grants(KeyId=key)["Grants"] == []


def test_a_role_made_anew_does_not_inherit_grants(home, operator, app, app_role):
    key = home.key()
    home.kms.create_grant(KeyId=key, GranteePrincipal=app_role, Operations=["Encrypt"])
    app.kms.encrypt(KeyId=key, Plaintext=SECRET)
    role_id = home.iam.get_role(RoleName="App")["Role"]["RoleId"]
    home.iam.delete_role(RoleName="App")
    again = session(operator, home.role("App"))
    assert again.arn == app.arn
    assert refusal(again.kms.encrypt, KeyId=key, Plaintext=SECRET) == no_allow(again, "Encrypt", key)
    [grant] = home.kms.list_grants(KeyId=key)["Grants"]
    assert grant["GranteePrincipal"] == role_id


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
    alice.kms.put_key_policy(KeyId=key, Policy=without_her, BypassPolicyLockoutSafetyCheck=True)
    refused = refusal(alice.kms.put_key_policy, KeyId=key, Policy=without_her)
    assert refused == no_allow(alice, "PutKeyPolicy", key)

    bypassing = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
    home.may("user/alice", allow("kms:*"), deny("kms:*", Condition=bypassing))
    bypass = {"KeyId": key, "Policy": without_her, "BypassPolicyLockoutSafetyCheck": True}
    refused = refusal(alice.kms.put_key_policy, **bypass)
    assert refused == explicit_deny(alice, "PutKeyPolicy", key, "identity-based policy")
    alice.kms.put_key_policy(KeyId=key, Policy=without_her)


# Aliases


def test_an_alias_needs_permission_on_both_ends(home, alice):
    key, other = home.key(), home.key()
    alias = f"{key.split(':key/')[0]}:alias/finance"
    create = {"AliasName": "alias/finance", "TargetKeyId": key}
    update = {"AliasName": "alias/finance", "TargetKeyId": other}
    home.may("user/alice", allow("kms:CreateAlias", key))
    assert refusal(alice.kms.create_alias, **create) == no_allow(alice, "CreateAlias", alias)
    home.may("user/alice", allow("kms:CreateAlias", alias))
    assert refusal(alice.kms.create_alias, **create) == no_allow(alice, "CreateAlias", key)
    home.may("user/alice", allow("kms:CreateAlias", [alias, key]))
    alice.kms.create_alias(**create)

    for resources, missing in (([alias, key], other), ([alias, other], key), ([key, other], alias)):
        home.may("user/alice", allow("kms:UpdateAlias", resources))
        assert refusal(alice.kms.update_alias, **update) == no_allow(alice, "UpdateAlias", missing)
    home.may("user/alice", allow("kms:UpdateAlias", [alias, key, other]))
    alice.kms.update_alias(**update)

    delete = {"AliasName": "alias/finance"}
    for resources, missing in (([alias, key], other), ([other], alias)):
        home.may("user/alice", allow("kms:DeleteAlias", resources))
        assert refusal(alice.kms.delete_alias, **delete) == no_allow(alice, "DeleteAlias", missing)
    home.may("user/alice", allow("kms:DeleteAlias", [alias, other]))
    alice.kms.delete_alias(**delete)
    # To be allowed something with an alias is not to be allowed anything with its key.
    home.kms.create_alias(**create)
    home.may("user/alice", allow("kms:*", alias))
    refused = refusal(alice.kms.encrypt, KeyId="alias/finance", Plaintext=SECRET)
    assert refused == no_allow(alice, "Encrypt", key)


# Ciphertexts


def test_a_ciphertext_is_re_encrypted_from_one_account_to_another(home, away, bob, delegation):
    key, own = home.key(), away.key()
    blob = home.kms.encrypt(KeyId=key, Plaintext=SECRET)["CiphertextBlob"]
    request = {"CiphertextBlob": blob, "DestinationKeyId": own}
    named = request | {"SourceKeyId": key}
    away.may("user/bob", allow("kms:ReEncryptFrom", key), allow("kms:Decrypt"))
    assert refusal(bob.kms.re_encrypt, **named) == no_allow(bob, "ReEncryptTo", own)
    away.may("user/bob", allow("kms:ReEncryptTo", own), allow("kms:Decrypt"))
    assert refusal(bob.kms.re_encrypt, **named) == closed_to(bob, "ReEncryptFrom")
    assert refusal(bob.kms.re_encrypt, **request) == CLOSED_CIPHERTEXT
    home.set_policy(key, delegation, allow("kms:ReEncryptFrom", Principal={"AWS": away.arn}))
    assert refusal(bob.kms.re_encrypt, **named) == no_allow(bob, "ReEncryptFrom", key)
    away.may("user/bob", allow("kms:ReEncrypt*"), allow("kms:Decrypt"))
    moved = bob.kms.re_encrypt(**request)
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key, own)
    assert bob.kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == SECRET
    # He saw nothing of what the other key protects, and may not.
    assert refusal(bob.kms.decrypt, CiphertextBlob=blob, KeyId=key) == closed_to(bob, "Decrypt")
    # Back is another direction.
    back = {"CiphertextBlob": moved["CiphertextBlob"], "DestinationKeyId": key}
    assert refusal(bob.kms.re_encrypt, **back) == closed_to(bob, "ReEncryptTo")


def test_whether_both_keys_are_the_same_decides(home, alice):
    same = {"Bool": {"kms:ReEncryptOnSameKey": "true"}}
    home.may("user/alice", allow("kms:ReEncrypt*", Condition=same))
    key, other = home.key(), home.key()
    blob = home.kms.encrypt(KeyId=key, Plaintext=SECRET)["CiphertextBlob"]
    alice.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key, DestinationEncryptionContext={"new": "context"})
    refused = refusal(alice.kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=other)
    assert refused == no_allow(alice, "ReEncryptTo", other)


def test_a_strangers_ciphertext_tells_nothing(home, away, alice, bob, delegation):
    key = home.key()
    blob = home.kms.encrypt(KeyId=key, Plaintext=SECRET)["CiphertextBlob"]
    away.may("user/bob", allow("kms:*"))
    assert refusal(bob.kms.decrypt, CiphertextBlob=blob) == CLOSED_CIPHERTEXT
    assert refusal(bob.kms.decrypt, CiphertextBlob=blob, KeyId=key) == closed_to(bob, "Decrypt")
    assert refusal(alice.kms.decrypt, CiphertextBlob=blob, KeyId=key) == no_allow(alice, "Decrypt", key)
    home.set_policy(key, delegation, allow("kms:Decrypt", Principal={"AWS": away.id}))
    assert bob.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == SECRET


# Modes, and what is told of decisions


def test_trent_why_prints_the_statement_and_the_condition(emulator, home, alice, delegation):
    condition = {"StringEquals": {"kms:EncryptionContext:Department": "finance"}}
    key = home.key(delegation, allow("kms:Encrypt", Sid="Finance", Principal={"AWS": alice.arn}, Condition=condition))
    with pytest.raises(ClientError) as caught:
        alice.kms.encrypt(KeyId=key, Plaintext=SECRET, EncryptionContext={"Department": "sales"})
    request_id = caught.value.response["ResponseMetadata"]["RequestId"]
    done = emulator.why(request_id)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    at = lines.pop(3)
    assert at.startswith("  at ") and at.endswith("Z")
    assert lines == [
        "DENIED: kms:Encrypt",
        f"  on {key}",
        f"  by {alice.arn}",
        "  Denied: no identity-based policy allows it.",
        f"  the client is told: {no_allow(alice, 'Encrypt', key)[1]}",
        "",
        "  key policy (resource-based policy):",
        '    statement 1 ("Enable IAM User Permissions"), Allow: matches',
        '    statement 2 ("Finance"), Allow: does not match',
        "      StringEquals of kms:EncryptionContext:Department with finance: "
        "kms:EncryptionContext:Department is sales",
    ]
    told = json.loads(emulator.why(request_id, "--json").stdout)
    assert told == emulator.decisions(request_id)[1]

    answer = alice.kms.encrypt(KeyId=key, Plaintext=SECRET, EncryptionContext={"Department": "finance"})
    lines = emulator.why(answer["ResponseMetadata"]["RequestId"]).stdout.splitlines()
    assert lines[0] == "ALLOWED: kms:Encrypt"
    assert lines[-2:] == ["  Allowed by the resource's policy.", '    statement 2 ("Finance") of key policy']


def test_of_what_was_not_decided_nothing_is_told(emulator):
    unknown = "00000000-0000-4000-8000-000000000000"
    done = emulator.why(unknown)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"nothing is known of request {unknown}" in done.stderr
    assert emulator.decisions(unknown)[0] == 404
    status, told = emulator.decisions("x")
    assert (status, told["message"]) == (400, '"x" is not a request id')


@pytest.fixture
def starting(tmp_path):
    """Starts an emulator with this configuration, and gives an account's root user and a user with no permissions."""
    require_binary()
    emulators = []

    def starting(*arguments, **environment):
        emulators.append(Explaining(tmp_path / "state", *arguments, **environment))
        home = Account(emulators[-1].url, "111122223333")
        return emulators[-1], home, home.user("alice")

    yield starting
    for emulator in emulators:
        emulator.stop()


def test_observed_denials_are_told_and_nothing_is_denied(starting):
    emulator, home, alice = starting(TRENT_AUTHORIZATION__MODE="observe")
    key = home.key()
    answer = alice.kms.encrypt(KeyId=key, Plaintext=SECRET)
    assert alice.kms.decrypt(CiphertextBlob=answer["CiphertextBlob"])["Plaintext"] == SECRET
    request_id = answer["ResponseMetadata"]["RequestId"]
    [decision] = emulator.decisions(request_id)[1]["decisions"]
    assert (decision["decision"], decision["only_observed"]) == ("denied", True)
    assert decision["message"] == no_allow(alice, "Encrypt", key)[1]
    why = emulator.why(request_id).stdout
    assert why.startswith("ALLOWED, since denials are only observed: kms:Encrypt\n")


def test_switched_off_nobody_is_asked(starting):
    emulator, home, alice = starting(TRENT_AUTHORIZATION__MODE="off")
    key = home.key(deny("kms:*", Principal={"AWS": "*"}))
    answer = alice.kms.encrypt(KeyId=key, Plaintext=SECRET)
    status, told = emulator.decisions(answer["ResponseMetadata"]["RequestId"])
    assert status == 404 and "authorization.mode is off" in told["message"]


def test_an_organizations_policies_bind_root_users_too(starting, tmp_path):
    member = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    guardrail = document(allow("*"), deny("kms:ScheduleKeyDeletion", Condition=member))
    (tmp_path / "guardrail.json").write_text(guardrail)
    (tmp_path / "trent.yaml").write_text(
        "organization: { id: o-a1b2c3d4e5, guardrails: "
        f"[{{ name: KeepKeys, policy: {tmp_path / 'guardrail.json'} }}] }}"
    )
    _, home, alice = starting("--config", tmp_path / "trent.yaml")
    home.may("user/alice", allow("*"))
    key = home.key()
    for who in (home, alice):
        who.kms.disable_key(KeyId=key)
        refused = refusal(who.kms.schedule_key_deletion, KeyId=key)
        assert refused == explicit_deny(who, "ScheduleKeyDeletion", key, "service control policy")
