"""Accounts and Regions are separate spaces."""

import base64

import pytest
from wire import DEFAULT_ACCOUNT, Wire


@pytest.fixture
def elsewhere(endpoint, account):
    """The same account in another Region."""
    return Wire(endpoint, account, "eu-west-1")


def key_ids(wire):
    return {key["KeyId"] for key in wire.ok("ListKeys")["Keys"]}


def test_regions_share_nothing(wire, elsewhere, key, account):
    foreign = elsewhere.ok("CreateKey")["KeyMetadata"]
    assert foreign["Arn"] == f"arn:aws:kms:eu-west-1:{account}:key/{foreign['KeyId']}"
    assert (key_ids(wire), key_ids(elsewhere)) == ({key["KeyId"]}, {foreign["KeyId"]})
    gone = f"Key 'arn:aws:kms:eu-west-1:{account}:key/{key['KeyId']}' does not exist"
    elsewhere.refuses("DescribeKey", {"KeyId": key["KeyId"]}, "NotFoundException", gone)
    elsewhere.refuses("DescribeKey", {"KeyId": key["Arn"]}, "NotFoundException", "Invalid arn us-east-1")


def test_accounts_share_nothing(wire, other_wire, key):
    foreign = other_wire.ok("CreateKey")["KeyMetadata"]
    assert (key_ids(wire), key_ids(other_wire)) == ({key["KeyId"]}, {foreign["KeyId"]})


def test_the_same_alias_everywhere(wire, elsewhere, other_wire):
    targets = []
    for space in wire, elsewhere, other_wire:
        target = space.ok("CreateKey")["KeyMetadata"]["KeyId"]
        space.ok("CreateAlias", {"AliasName": "alias/same", "TargetKeyId": target})
        targets.append(target)
    for space, target in zip((wire, elsewhere, other_wire), targets, strict=True):
        assert space.ok("DescribeKey", {"KeyId": "alias/same"})["KeyMetadata"]["KeyId"] == target
    other_wire.ok("DeleteAlias", {"AliasName": "alias/same"})
    for space in wire, elsewhere:
        space.ok("DescribeKey", {"KeyId": "alias/same"})


def test_a_ciphertext_opens_only_in_its_region(wire, elsewhere, key):
    sealed = wire.ok("Encrypt", {"KeyId": key["KeyId"], "Plaintext": base64.b64encode(b"here").decode()})
    elsewhere.refuses(
        "Decrypt",
        {"CiphertextBlob": sealed["CiphertextBlob"]},
        "AccessDeniedException",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
        "or you are not allowed to access.",
    )


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_the_region_decides_the_partition(endpoint, account, region, partition):
    arn = Wire(endpoint, account, region).ok("CreateKey")["KeyMetadata"]["Arn"]
    assert arn.startswith(f"arn:{partition}:kms:{region}:{account}:key/")


@pytest.mark.parametrize("access_key", ["test", "AKIAIOSFODNN7EXAMPLE", "12345678901", "1234567890123"])
def test_other_access_keys_mean_the_default_account(endpoint, access_key):
    key = Wire(endpoint, access_key).ok("CreateKey")["KeyMetadata"]
    assert key["AWSAccountId"] == DEFAULT_ACCOUNT
