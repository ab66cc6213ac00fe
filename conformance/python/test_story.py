"""The whole life of a key through boto3."""

import datetime
import json

import pytest
from botocore.exceptions import ClientError


def refusal(call, **request):
    """(code, message) of the refused call."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_the_life_of_a_key(kms, account, tmp_path):
    key = kms.create_key(Description="the story's key", Tags=[{"TagKey": "made", "TagValue": "by create"}])[
        "KeyMetadata"
    ]
    key_id, arn = key["KeyId"], key["Arn"]
    assert arn == f"arn:aws:kms:us-east-1:{account}:key/{key_id}"

    assert {"KeyId": key_id, "KeyArn": arn} in kms.list_keys()["Keys"]
    for name in key_id, arn:
        described = kms.describe_key(KeyId=name)["KeyMetadata"]
        assert described == key
    assert (key["KeyState"], key["Enabled"], key["KeySpec"]) == ("Enabled", True, "SYMMETRIC_DEFAULT")
    assert abs(key["CreationDate"] - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=5)

    # A file goes in, its ciphertext comes back, and nobody has to name the key again.
    secret, context = bytes(range(256)) * 16, {"purpose": "story", "größe": "4 KiB"}
    (tmp_path / "secret").write_bytes(secret)
    encrypted = kms.encrypt(KeyId=key_id, Plaintext=(tmp_path / "secret").read_bytes(), EncryptionContext=context)
    (tmp_path / "secret.enc").write_bytes(encrypted["CiphertextBlob"])
    assert (encrypted["KeyId"], encrypted["EncryptionAlgorithm"]) == (arn, "SYMMETRIC_DEFAULT")
    blob = (tmp_path / "secret.enc").read_bytes()
    assert secret[:32] not in blob
    decrypted = kms.decrypt(CiphertextBlob=blob, EncryptionContext=dict(reversed(context.items())))
    assert (decrypted["Plaintext"], decrypted["KeyId"]) == (secret, arn)
    assert decrypted["KeyMaterialId"] == key["CurrentKeyMaterialId"]

    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    assert len(data_key["Plaintext"]) == 32
    opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == data_key["Plaintext"]
    without = kms.generate_data_key_without_plaintext(KeyId=key_id, NumberOfBytes=7)
    assert "Plaintext" not in without
    assert len(kms.decrypt(CiphertextBlob=without["CiphertextBlob"])["Plaintext"]) == 7

    alias = "alias/story"
    kms.create_alias(AliasName=alias, TargetKeyId=key_id)
    alias_arn = f"arn:aws:kms:us-east-1:{account}:{alias}"
    listed = kms.list_aliases(KeyId=key_id)["Aliases"]
    assert [(a["AliasName"], a["AliasArn"], a["TargetKeyId"]) for a in listed] == [(alias, alias_arn, key_id)]
    for name in alias, alias_arn:
        blob = kms.encrypt(KeyId=name, Plaintext=b"by alias")["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob, KeyId=name)["Plaintext"] == b"by alias"

    second = kms.create_key()["KeyMetadata"]["Arn"]
    kms.update_alias(AliasName=alias, TargetKeyId=second)
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == second
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=alias, DestinationEncryptionContext=context)
    assert (moved["SourceKeyId"], moved["KeyId"]) == (arn, second)
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext=context)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"by alias", second)
    kms.delete_alias(AliasName=alias)
    assert refusal(kms.describe_key, KeyId=alias) == ("NotFoundException", f"Alias {alias_arn} is not found.")

    kms.disable_key(KeyId=key_id)
    described = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (described["KeyState"], described["Enabled"]) == ("Disabled", False)
    assert refusal(kms.encrypt, KeyId=key_id, Plaintext=b"x") == ("DisabledException", f"{arn} is disabled.")
    assert refusal(kms.decrypt, CiphertextBlob=blob) == ("DisabledException", f"{arn} is disabled.")
    kms.enable_key(KeyId=key_id)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"by alias"

    scheduled = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert (scheduled["KeyId"], scheduled["KeyState"], scheduled["PendingWindowInDays"]) == (arn, "PendingDeletion", 7)
    week = scheduled["DeletionDate"] - datetime.datetime.now(datetime.UTC)
    assert abs(week - datetime.timedelta(days=7)) < datetime.timedelta(minutes=5)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["DeletionDate"] == scheduled["DeletionDate"]
    assert refusal(kms.encrypt, KeyId=arn, Plaintext=b"x") == (
        "KMSInvalidStateException",
        f"{arn} is pending deletion.",
    )
    assert kms.cancel_key_deletion(KeyId=key_id)["KeyId"] == arn
    described = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert described["KeyState"] == "Disabled" and "DeletionDate" not in described
    kms.enable_key(KeyId=key_id)

    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "made", "TagValue": "anew"}, {"TagKey": "empty", "TagValue": ""}])
    tags = kms.list_resource_tags(KeyId=key_id)["Tags"]
    assert tags == [{"TagKey": "empty", "TagValue": ""}, {"TagKey": "made", "TagValue": "anew"}]
    kms.untag_resource(KeyId=key_id, TagKeys=["made", "never there"])
    assert kms.list_resource_tags(KeyId=key_id)["Tags"] == [{"TagKey": "empty", "TagValue": ""}]

    assert kms.list_key_policies(KeyId=key_id)["PolicyNames"] == ["default"]
    policy = json.loads(kms.get_key_policy(KeyId=key_id)["Policy"])
    policy["Statement"].append(
        {
            "Sid": "More",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": ["kms:Encrypt", "kms:Decrypt"],
            "Resource": "*",
        }
    )
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]) == policy

    kms.update_key_description(KeyId=key_id, Description="")
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"] == ""


def test_random_bytes_are_random(kms):
    lengths = [1, 32, 1024]
    assert [len(kms.generate_random(NumberOfBytes=n)["Plaintext"]) for n in lengths] == lengths
    assert kms.generate_random(NumberOfBytes=32)["Plaintext"] != kms.generate_random(NumberOfBytes=32)["Plaintext"]


def test_who_am_i(connect, account):
    identity = connect("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (account, f"arn:aws:iam::{account}:root")
