"""Whatever is wrong with a request, AWS's own code and words come back and nothing changes.

Where AWS's sentence is not known for certain (the facts call it inferred), only the code is compared.
"""

import base64
import json

import pytest

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def nothing_changes(wire, key):
    """The account looks the same before and after; tests that must change something do so in another account."""

    def state():
        name = {"KeyId": key["KeyId"]}
        return [
            wire.ok("ListKeys"),
            wire.ok("ListAliases"),
            wire.ok("DescribeKey", name),
            wire.ok("ListResourceTags", name),
            wire.ok("GetKeyPolicy", name),
        ]

    before = state()
    yield
    assert state() == before


def violations(answer):
    """The sentences of a constraint error as a set, after a look at their count."""
    code, message = answer.error
    assert (answer.status, code) == (400, "ValidationException"), answer
    head, _, rest = message.partition(" detected: ")
    found = rest.split("; ")
    assert head == ("1 validation error" if len(found) == 1 else f"{len(found)} validation errors")
    return set(found)


def b64(data):
    return base64.b64encode(data).decode()


# --- the protocol ---


@pytest.mark.parametrize(
    "target", ["TrentService.NoSuchOperation", "NoSuchService.Encrypt", "TrentService.", "Encrypt", None]
)
def test_unknown_target(wire, target):
    answer = wire.call("", headers={"X-Amz-Target": target})
    assert answer.status in (400, 404)
    assert answer.error[0] == "UnknownOperationException"


def test_unknown_action_of_a_query_service(wire):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = wire.post(b"Action=NoSuchAction&Version=2011-06-15", form, "sts")
    assert answer.status in (400, 404)
    assert b"<Code>InvalidAction</Code>" in answer.body


@pytest.mark.parametrize("content_type", ["application/xml", "application/octet-stream"])
def test_wrong_content_type(wire, content_type):
    answer = wire.call("ListKeys", headers={"Content-Type": content_type})
    assert answer.status in (400, 404, 415)
    assert answer.error[0] in ("UnknownOperationException", "SerializationException")


@pytest.mark.parametrize("content_type", ["application/x-amz-json-1.0", "text/json"])
def test_content_types_that_clients_send_too(wire, content_type):
    assert wire.call("ListKeys", headers={"Content-Type": content_type}).status == 200


def test_an_empty_body_is_an_empty_object(wire):
    assert wire.call("ListKeys", body=b"").json == wire.ok("ListKeys")


@pytest.mark.parametrize(
    "body", [b"{", b"not json", b"[]", b'"x"', b"7", b'{"KeyId":}', b'{"KeyId":"a"} x', b'{"KeyId":"\xff"}']
)
def test_broken_json(wire, body):
    answer = wire.call("DescribeKey", body=body)
    assert (answer.status, answer.error[0]) == (400, "SerializationException")


def test_deeply_nested_json(wire):
    answer = wire.call("DescribeKey", body=b'{"KeyId":' + b"[" * 100_000)
    assert (answer.status, answer.error[0]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("operation", "payload"),
    [
        ("DescribeKey", {"KeyId": {"a": 1}}),
        ("DescribeKey", {"KeyId": ["a"]}),
        ("ListKeys", {"Limit": "ten"}),
        ("ListKeys", {"Limit": {}}),
        ("CreateKey", {"Tags": {}}),
        ("CreateKey", {"Tags": ["a"]}),
        ("CreateKey", {"MultiRegion": "perhaps"}),
        ("Encrypt", {"KeyId": ABSENT, "Plaintext": "eA==", "EncryptionContext": []}),
        ("Encrypt", {"KeyId": ABSENT, "Plaintext": "not base64!"}),
        ("Encrypt", {"KeyId": ABSENT, "Plaintext": "eA="}),
        ("Decrypt", {"CiphertextBlob": "eA==eA=="}),
        ("Decrypt", {"CiphertextBlob": 7}),
    ],
)
def test_ill_typed_members(wire, operation, payload):
    answer = wire.call(operation, payload)
    assert (answer.status, answer.error[0]) == (400, "SerializationException")


def test_over_long_body(wire):
    answer = wire.call("CreateKey", {"Description": "x" * 16_000_000})
    assert answer.status in (400, 413)
    assert answer.error[0] in ("RequestEntityTooLargeException", "SerializationException", "ValidationException")
    wire.connection.close()  # the server may have hung up rather than read all of it


def test_unknown_members_and_nulls_are_ignored(wire, key):
    answer = wire.ok("DescribeKey", {"KeyId": key["KeyId"], "GrantTokens": None, "Unheard": {"of": [1, None]}})
    assert answer["KeyMetadata"] == key


# --- constraints ---

LONG = "k" * 129

CONSTRAINTS = {
    "missing": ("DescribeKey", {}, "Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
    "null": (
        "DescribeKey",
        {"KeyId": None},
        "Value null at 'keyId' failed to satisfy constraint: Member must not be null",
    ),
    "too short": (
        "DescribeKey",
        {"KeyId": ""},
        "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
    "too long": (
        "DescribeKey",
        {"KeyId": "k" * 2049},
        f"Value '{'k' * 2049}' at 'keyId' failed to satisfy constraint: "
        "Member must have length less than or equal to 2048",
    ),
    "too small": (
        "ListKeys",
        {"Limit": 0},
        "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    "too large": (
        "ListKeys",
        {"Limit": 1001},
        "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
    ),
    "no random bytes": (
        "GenerateRandom",
        {"NumberOfBytes": 0},
        "Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ),
    "too many random bytes": (
        "GenerateRandom",
        {"NumberOfBytes": 1025},
        "Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
        "Member must have value less than or equal to 1024",
    ),
    "pattern": (
        "CreateAlias",
        {"AliasName": "alias/a b", "TargetKeyId": ABSENT},
        "Value 'alias/a b' at 'aliasName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
    ),
    "a sensitive value is left out": (
        "Encrypt",
        {"KeyId": ABSENT, "Plaintext": ""},
        "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
    "a long sensitive value too": (
        "Encrypt",
        {"KeyId": ABSENT, "Plaintext": b64(bytes(4097))},
        "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
    ),
    "a blob prints as Java does": (
        "Decrypt",
        {"CiphertextBlob": ""},
        "Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'ciphertextBlob' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ),
    "inside a list": (
        "CreateKey",
        {"Tags": [{"TagKey": LONG, "TagValue": ""}]},
        f"Value '{LONG}' at 'tags.1.member.tagKey' failed to satisfy constraint: "
        "Member must have length less than or equal to 128",
    ),
    "window of the model": (
        "ScheduleKeyDeletion",
        {"KeyId": ABSENT, "PendingWindowInDays": 366},
        "Value '366' at 'pendingWindowInDays' failed to satisfy constraint: "
        "Member must have value less than or equal to 365",
    ),
}


@pytest.mark.parametrize(("operation", "payload", "sentence"), CONSTRAINTS.values(), ids=CONSTRAINTS.keys())
def test_one_violation(wire, operation, payload, sentence):
    assert violations(wire.call(operation, payload)) == {sentence}


@pytest.mark.parametrize(
    ("operation", "payload", "sentences"),
    [
        (
            "CreateAlias",
            {},
            {
                "Value null at 'aliasName' failed to satisfy constraint: Member must not be null",
                "Value null at 'targetKeyId' failed to satisfy constraint: Member must not be null",
            },
        ),
        (
            "ListAliases",
            {"KeyId": "", "Limit": 0, "Marker": ""},
            {
                "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
                "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
                "Value '' at 'marker' failed to satisfy constraint: Member must have length greater than or equal to 1",
            },
        ),
        (
            "TagResource",
            {"KeyId": ABSENT, "Tags": [{"TagKey": "ok", "TagValue": "v" * 257}, {"TagKey": LONG, "TagValue": ""}]},
            {
                f"Value '{'v' * 257}' at 'tags.1.member.tagValue' failed to satisfy constraint: "
                "Member must have length less than or equal to 256",
                f"Value '{LONG}' at 'tags.2.member.tagKey' failed to satisfy constraint: "
                "Member must have length less than or equal to 128",
            },
        ),
    ],
    ids=["two missing", "three members", "two tags"],
)
def test_several_violations_at_once(wire, operation, payload, sentences):
    assert violations(wire.call(operation, payload)) == sentences


def test_a_value_outside_its_enum(wire):
    [sentence] = violations(wire.call("CreateKey", {"KeySpec": "AES_256"}))
    head, _, values = sentence.partition("enum value set: [")
    assert head == "Value 'AES_256' at 'keySpec' failed to satisfy constraint: Member must satisfy "
    assert {"SYMMETRIC_DEFAULT", "RSA_2048", "HMAC_512", "ML_DSA_44"} <= set(values.rstrip("]").split(", "))


def test_sizes_that_only_the_service_knows(wire, key):
    wire.refuses("GenerateRandom", {}, "ValidationException", "NumberOfBytes is required.")
    either = "Please specify either number of bytes or key spec."
    name = {"KeyId": key["KeyId"]}
    for operation in "GenerateDataKey", "GenerateDataKeyWithoutPlaintext":
        wire.refuses(operation, name, "ValidationException", either)
        wire.refuses(operation, name | {"KeySpec": "AES_256", "NumberOfBytes": 32}, "ValidationException", either)
    for days in 1, 6, 31, 365:
        answer = wire.call("ScheduleKeyDeletion", name | {"PendingWindowInDays": days})
        assert (answer.status, answer.error[0]) == (400, "ValidationException")


# --- naming keys ---


def test_names_of_no_key(wire, account):
    def refused(key_id, message):
        wire.refuses("DescribeKey", {"KeyId": key_id}, "NotFoundException", message)

    here, gone = f"arn:aws:kms:us-east-1:{account}", f"arn:aws:kms:us-east-1:{account}:key/{ABSENT}"
    refused("not-a-key", "Invalid keyId 'not-a-key'")
    refused(ABSENT.replace("-", ""), f"Invalid keyId '{ABSENT.replace('-', '')}'")
    refused("mrk-fake", "Invalid keyId 'mrk-fake'")
    refused(ABSENT, f"Key '{gone}' does not exist")
    refused(gone, f"Key '{gone}' does not exist")
    refused(f"arn:aws:kms:eu-west-1:{account}:key/{ABSENT}", "Invalid arn eu-west-1")
    refused("alias/absent", f"Alias {here}:alias/absent is not found.")
    refused(f"{here}:alias/absent", f"Alias {here}:alias/absent is not found.")


def test_operations_that_take_no_alias(wire):
    for operation in (
        "DisableKey",
        "EnableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
        "GetKeyPolicy",
        "ListResourceTags",
    ):
        wire.refuses(
            operation,
            {"KeyId": "alias/any"},
            "InvalidArnException",
            "Key Aliases are not supported for this operation.",
        )


@pytest.mark.parametrize(
    ("operation", "rest"),
    [
        ("DescribeKey", {}),
        ("Encrypt", {"Plaintext": "eA=="}),
        ("GenerateDataKey", {"KeySpec": "AES_256"}),
        ("GenerateDataKeyWithoutPlaintext", {"KeySpec": "AES_256"}),
        ("DisableKey", {}),
        ("GetKeyPolicy", {}),
        ("ScheduleKeyDeletion", {}),
        ("TagResource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ],
)
@pytest.mark.parametrize("exists", [True, False])
def test_another_accounts_key(key, account, other_wire, other_account, operation, rest, exists):
    """Refused in the same words whether or not the key is there."""
    arn = key["Arn"] if exists else f"arn:aws:kms:us-east-1:{account}:key/{ABSENT}"
    answer = other_wire.refuses(
        operation,
        {"KeyId": arn} | rest,
        "AccessDeniedException",
        f"User: arn:aws:iam::{other_account}:root is not authorized to perform: kms:{operation} on this resource "
        "because the resource does not exist in this Region, no resource-based policies allow access, "
        "or a resource-based policy explicitly denies access",
    )
    assert "Message" in answer.json, "policy evaluation spells it with a capital"


def test_a_bare_id_means_the_callers_own_account(key, other_wire, other_account):
    name = key["KeyId"]
    gone = f"Key 'arn:aws:kms:us-east-1:{other_account}:key/{name}' does not exist"
    other_wire.refuses("DescribeKey", {"KeyId": name}, "NotFoundException", gone)


# --- aliases ---


def test_alias_names(wire, key):
    def refused(name, *error):
        wire.refuses("CreateAlias", {"AliasName": name, "TargetKeyId": key["KeyId"]}, *error)

    prefix = (
        'Alias must start with the prefix "alias/". Please see '
        "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
    )
    for name in "mine", "Alias/mine", "alias:mine":
        refused(name, "ValidationException", prefix)
    refused("alias/aws/mine", "NotAuthorizedException")
    wire.refuses("DeleteAlias", {"AliasName": "alias/aws/mine"}, "NotAuthorizedException")

    answer = wire.call("CreateAlias", {"AliasName": "alias/my:alias", "TargetKeyId": key["KeyId"]})
    assert answer.error[0] in ("InvalidAliasNameException", "ValidationException")
    assert answer.error[1] == "alias/my:alias contains invalid characters for an alias"


def test_alias_targets(wire, account):
    here = f"arn:aws:kms:us-east-1:{account}"
    missing = f"Alias {here}:alias/absent is not found."
    create = {"AliasName": "alias/new", "TargetKeyId": ABSENT}
    wire.refuses("CreateAlias", create, "NotFoundException", f"Key '{here}:key/{ABSENT}' does not exist")
    wire.refuses(
        "CreateAlias",
        create | {"TargetKeyId": "alias/other"},
        "ValidationException",
        "Aliases must refer to keys. Not aliases",
    )
    wire.refuses("DeleteAlias", {"AliasName": "alias/absent"}, "NotFoundException", missing)


def test_update_of_an_absent_alias(wire, key, account):
    wire.refuses(
        "UpdateAlias",
        {"AliasName": "alias/absent", "TargetKeyId": key["KeyId"]},
        "NotFoundException",
        f"Alias arn:aws:kms:us-east-1:{account}:alias/absent is not found.",
    )


def test_an_alias_that_exists(other_wire, other_account):
    target = other_wire.ok("CreateKey")["KeyMetadata"]["KeyId"]
    alias = {"AliasName": "alias/taken", "TargetKeyId": target}
    other_wire.ok("CreateAlias", alias)
    arn = f"arn:aws:kms:us-east-1:{other_account}:alias/taken"
    other_wire.refuses("CreateAlias", alias, "AlreadyExistsException", f"An alias with the name {arn} already exists")


# --- states ---

CRYPTO = [
    ("Encrypt", {"Plaintext": "eA=="}),
    ("GenerateDataKey", {"KeySpec": "AES_256"}),
    ("GenerateDataKeyWithoutPlaintext", {"NumberOfBytes": 1}),
]


def test_a_disabled_key(other_wire):
    key = other_wire.ok("CreateKey")["KeyMetadata"]
    name, words = {"KeyId": key["KeyId"]}, f"{key['Arn']} is disabled."
    blob = other_wire.ok("Encrypt", name | {"Plaintext": "eA=="})["CiphertextBlob"]
    other_wire.ok("DisableKey", name)
    for operation, rest in CRYPTO:
        other_wire.refuses(operation, name | rest, "DisabledException", words)
    other_wire.refuses("Decrypt", {"CiphertextBlob": blob}, "DisabledException", words)
    other_wire.refuses(
        "ReEncrypt", {"CiphertextBlob": blob, "DestinationKeyId": key["Arn"]}, "DisabledException", words
    )
    other_wire.ok("DisableKey", name)  # disabling twice is no error
    other_wire.refuses("CancelKeyDeletion", name, "KMSInvalidStateException", f"{key['Arn']} is not pending deletion.")


def test_a_key_pending_deletion(other_wire):
    key = other_wire.ok("CreateKey")["KeyMetadata"]
    name, words = {"KeyId": key["KeyId"]}, f"{key['Arn']} is pending deletion."
    blob = other_wire.ok("Encrypt", name | {"Plaintext": "eA=="})["CiphertextBlob"]
    other_wire.ok("ScheduleKeyDeletion", name)
    refused = [
        *CRYPTO,
        ("EnableKey", {}),
        ("DisableKey", {}),
        ("ScheduleKeyDeletion", {}),
        ("UpdateKeyDescription", {"Description": "x"}),
        ("TagResource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        ("UntagResource", {"TagKeys": ["a"]}),
    ]
    for operation, rest in refused:
        other_wire.refuses(operation, name | rest, "KMSInvalidStateException", words)
    other_wire.refuses("Decrypt", {"CiphertextBlob": blob}, "KMSInvalidStateException", words)
    alias = {"AliasName": "alias/late", "TargetKeyId": key["KeyId"]}
    other_wire.refuses("CreateAlias", alias, "KMSInvalidStateException", words)
    for operation in "DescribeKey", "GetKeyPolicy", "ListKeyPolicies", "ListResourceTags":
        other_wire.ok(operation, name)


# --- markers, tags, policies ---


@pytest.mark.parametrize("marker", ["garbage", "!", "AAAA", "x" * 1024, b64(b'{"b":"x","a":"x"}'), "\u00ff"])
def test_bad_markers(wire, key, marker):
    for operation in "ListKeys", "ListAliases":
        wire.refuses(operation, {"Marker": marker}, "InvalidMarkerException")
    wire.refuses("ListResourceTags", {"KeyId": key["KeyId"], "Marker": marker}, "InvalidMarkerException")


def test_bad_tags(wire, key):
    def tag(name):
        return {"TagKey": name, "TagValue": "v"}

    wrong = {
        "Tags beginning with aws: are reserved": [tag("aws:mine")],
        "Duplicate tag keys": [tag("a"), tag("b"), tag("a")],
        "Too many tags": [tag(f"t{n}") for n in range(51)],
    }
    for message, tags in wrong.items():
        wire.refuses("CreateKey", {"Tags": tags}, "TagException", message)
        wire.refuses("TagResource", {"KeyId": key["KeyId"], "Tags": tags}, "TagException", message)
    reserved = "Tags beginning with aws: are reserved"
    wire.refuses("TagResource", {"KeyId": key["KeyId"], "Tags": [tag("AwS:mine")]}, "TagException", reserved)


def test_bad_policies(wire, key):
    name = {"KeyId": key["KeyId"]}
    for broken in "not json", "[]", "{", json.dumps({"Version": "2012-10-17"}):
        answer = wire.call("PutKeyPolicy", name | {"Policy": broken})
        assert (answer.status, answer.error[0]) == (400, "MalformedPolicyDocumentException")
        answer = wire.call("CreateKey", {"Policy": broken})
        assert (answer.status, answer.error[0]) == (400, "MalformedPolicyDocumentException")
    answer = wire.call("PutKeyPolicy", name | {"Policy": "{" + " " * 32_768 + "}"})
    assert (answer.status, answer.error[0]) == (400, "LimitExceededException")
    wire.refuses("GetKeyPolicy", name | {"PolicyName": "other"}, "NotFoundException", "No such policy exists")
    policy = wire.ok("GetKeyPolicy", name)["Policy"]
    wire.refuses(
        "PutKeyPolicy",
        name | {"PolicyName": "AWS_RAM", "Policy": policy},
        "ValidationException",
        "The AWS_RAM policy can only be managed by the RAM service",
    )
