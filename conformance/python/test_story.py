"""The whole life of a key through boto3."""

import datetime
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sdk import INVALID_MAC, INVALID_SIGNATURE, refusal


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


def test_the_life_of_a_signing_key(kms, account):
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Description="signs")["KeyMetadata"]
    key_id, arn = key["KeyId"], key["Arn"]
    assert (key["KeySpec"], key["CustomerMasterKeySpec"]) == ("ECC_NIST_P256", "ECC_NIST_P256")
    assert (key["KeyUsage"], key["SigningAlgorithms"]) == ("SIGN_VERIFY", ["ECDSA_SHA_256"])
    assert "EncryptionAlgorithms" not in key and "CurrentKeyMaterialId" not in key
    assert kms.describe_key(KeyId=arn)["KeyMetadata"] == key

    public = kms.get_public_key(KeyId=key_id)
    assert public["KeyId"] == arn
    for member in "KeySpec", "CustomerMasterKeySpec", "KeyUsage", "SigningAlgorithms":
        assert public[member] == key[member]
    kms.create_alias(AliasName="alias/signer", TargetKeyId=key_id)
    alias_arn = f"arn:aws:kms:us-east-1:{account}:alias/signer"

    name = {"KeyId": "alias/signer", "SigningAlgorithm": "ECDSA_SHA_256", "Message": b"attack at dawn"}
    signed = kms.sign(**name)
    signature = signed["Signature"]
    assert (signed["KeyId"], signed["SigningAlgorithm"]) == (arn, "ECDSA_SHA_256")
    load_der_public_key(public["PublicKey"]).verify(signature, b"attack at dawn", ec.ECDSA(hashes.SHA256()))
    for known_as in key_id, arn, "alias/signer", alias_arn:
        verified = kms.verify(**name | {"KeyId": known_as}, Signature=signature)
        assert (verified["KeyId"], verified["SignatureValid"]) == (arn, True)
        assert kms.get_public_key(KeyId=known_as)["PublicKey"] == public["PublicKey"]
    assert refusal(kms.verify, **name | {"Message": b"attack at noon"}, Signature=signature) == INVALID_SIGNATURE

    unfit = f"{arn} key usage is SIGN_VERIFY which is not valid for "
    assert refusal(kms.encrypt, KeyId=key_id, Plaintext=b"x") == ("InvalidKeyUsageException", unfit + "Encrypt.")
    would = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    assert refusal(kms.sign, **name, DryRun=True) == would
    assert refusal(kms.verify, **name, Signature=signature, DryRun=True) == would

    kms.disable_key(KeyId=key_id)
    assert refusal(kms.sign, **name) == ("DisabledException", f"{arn} is disabled.")
    assert refusal(kms.verify, **name, Signature=signature) == ("DisabledException", f"{arn} is disabled.")
    assert kms.get_public_key(KeyId=key_id)["PublicKey"] == public["PublicKey"], "a disabled key shows its public half"
    kms.enable_key(KeyId=key_id)
    assert kms.verify(**name, Signature=signature)["SignatureValid"] is True

    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    pending = ("KMSInvalidStateException", f"{arn} is pending deletion.")
    assert refusal(kms.sign, **name) == pending
    assert refusal(kms.verify, **name, Signature=signature) == pending
    assert refusal(kms.get_public_key, KeyId=key_id) == pending


def test_the_life_of_an_hmac_key(kms):
    key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    key_id, arn = key["KeyId"], key["Arn"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    assert key["MacAlgorithms"] == ["HMAC_SHA_256"] and "CurrentKeyMaterialId" not in key
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"] == key
    assert refusal(kms.get_public_key, KeyId=key_id) == ("UnsupportedOperationException", "")

    kms.create_alias(AliasName="alias/mac", TargetKeyId=key_id)
    name = {"KeyId": "alias/mac", "MacAlgorithm": "HMAC_SHA_256", "Message": b"attack at dawn"}
    made = kms.generate_mac(**name)
    mac = made["Mac"]
    assert (made["KeyId"], made["MacAlgorithm"], len(mac)) == (arn, "HMAC_SHA_256", 32)
    verified = kms.verify_mac(**name | {"KeyId": arn}, Mac=mac)
    assert (verified["KeyId"], verified["MacValid"], verified["MacAlgorithm"]) == (arn, True, "HMAC_SHA_256")
    assert refusal(kms.verify_mac, **name | {"Message": b"attack at noon"}, Mac=mac) == INVALID_MAC
    assert refusal(kms.verify_mac, **name, Mac=mac[:16]) == INVALID_MAC

    unfit = f"{arn} key usage is GENERATE_VERIFY_MAC which is not valid for Sign."
    sign = {"KeyId": key_id, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert refusal(kms.sign, **sign) == ("InvalidKeyUsageException", unfit)
    would = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    assert refusal(kms.generate_mac, **name, DryRun=True) == would
    assert refusal(kms.verify_mac, **name, Mac=mac, DryRun=True) == would

    kms.disable_key(KeyId=key_id)
    assert refusal(kms.generate_mac, **name) == ("DisabledException", f"{arn} is disabled.")
    assert refusal(kms.verify_mac, **name, Mac=mac) == ("DisabledException", f"{arn} is disabled.")
    kms.enable_key(KeyId=key_id)
    assert kms.verify_mac(**name, Mac=mac)["MacValid"] is True
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert refusal(kms.generate_mac, **name) == ("KMSInvalidStateException", f"{arn} is pending deletion.")
    kms.cancel_key_deletion(KeyId=key_id)
    kms.enable_key(KeyId=key_id)
    assert kms.generate_mac(**name)["Mac"] == mac


def test_random_bytes_are_random(kms):
    lengths = [1, 32, 1024]
    assert [len(kms.generate_random(NumberOfBytes=n)["Plaintext"]) for n in lengths] == lengths
    assert kms.generate_random(NumberOfBytes=32)["Plaintext"] != kms.generate_random(NumberOfBytes=32)["Plaintext"]


def test_who_am_i(connect, account):
    identity = connect("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (account, f"arn:aws:iam::{account}:root")
