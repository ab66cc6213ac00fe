"""Grants, as an account lives with them: made, listed, handed to others, retired and revoked."""

import pytest
from sdk import refusal

NOT_FOUND = "NotFoundException"
INVALID_TOKEN = ("InvalidGrantTokenException", "")


@pytest.fixture
def key_arn(kms):
    return kms.create_key()["KeyMetadata"]["Arn"]


def root(account):
    return f"arn:aws:iam::{account}:root"


def walk(operation, **request):
    """The grants of all pages."""
    grants = []
    while True:
        page = operation(**request)
        grants += page["Grants"]
        assert page["Truncated"] == ("NextMarker" in page)
        if not page["Truncated"]:
            return grants
        request["Marker"] = page["NextMarker"]


def test_a_grant_is_listed_as_it_was_made(kms, key_arn, account, other_account):
    constraints = {"EncryptionContextSubset": {"tenant": "a"}}
    made = kms.create_grant(
        KeyId=key_arn,
        GranteePrincipal=root(other_account),
        RetiringPrincipal=root(account),
        Operations=["GenerateDataKey", "Decrypt", "DescribeKey"],
        Constraints=constraints,
        Name="app",
    )
    [grant] = kms.list_grants(KeyId=key_arn)["Grants"]
    assert grant.pop("CreationDate").microsecond == 0
    assert grant == {
        "KeyId": key_arn,
        "GrantId": made["GrantId"],
        "Name": "app",
        "GranteePrincipal": root(other_account),
        "RetiringPrincipal": root(account),
        "IssuingAccount": root(account),
        "Operations": ["GenerateDataKey", "Decrypt", "DescribeKey"],
        "Constraints": constraints,
    }
    assert kms.list_retirable_grants(RetiringPrincipal=root(account))["Grants"][0]["GrantId"] == made["GrantId"]


def test_a_name_makes_a_retry_harmless(kms, key_arn, other_account):
    request = {"KeyId": key_arn, "GranteePrincipal": root(other_account), "Operations": ["Decrypt"]}
    first, again = (kms.create_grant(**request, Name="once") for _ in range(2))
    assert first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"]
    assert len({kms.create_grant(**request)["GrantId"] for _ in range(3)}) == 3
    assert len(kms.list_grants(KeyId=key_arn)["Grants"]) == 4


def test_pages_and_filters(kms, key_arn, account, other_account):
    made = {"own": set(), "other": set()}
    for n in range(30):
        side, grantee = ("own", account) if n % 3 else ("other", other_account)
        grant = kms.create_grant(
            KeyId=key_arn,
            GranteePrincipal=root(grantee),
            RetiringPrincipal=root(account),
            Operations=["DescribeKey"],
        )
        made[side].add(grant["GrantId"])
    everything = made["own"] | made["other"]
    for limit in (1, 7, 100):
        for filters, wanted in (
            ({}, everything),
            ({"GranteePrincipal": root(account)}, made["own"]),
            ({"GranteePrincipal": root(other_account)}, made["other"]),
        ):
            grants = walk(kms.list_grants, KeyId=key_arn, Limit=limit, **filters)
            assert sorted(grant["GrantId"] for grant in grants) == sorted(wanted)
        retirable = walk(kms.list_retirable_grants, RetiringPrincipal=root(account), Limit=limit)
        assert sorted(grant["GrantId"] for grant in retirable) == sorted(everything)


def test_the_grantee_of_another_account_uses_the_key_and_retires_the_grant(kms, connect, key_arn, other_account):
    theirs = connect("kms", account=other_account)
    request = {"KeyId": key_arn, "Plaintext": b"secret"}
    code, _ = refusal(theirs.encrypt, **request)
    assert code == "AccessDeniedException"
    grant = kms.create_grant(
        KeyId=key_arn,
        GranteePrincipal=root(other_account),
        Operations=["Encrypt", "RetireGrant"],
        Constraints={"EncryptionContextEquals": {"tenant": "a"}},
    )
    token, context = grant["GrantToken"], {"tenant": "a"}
    theirs.encrypt(**request, EncryptionContext=context, GrantTokens=[token])
    for other in ({}, {"tenant": "b"}, {"tenant": "a", "more": "b"}):
        code, _ = refusal(theirs.encrypt, **request, EncryptionContext=other, GrantTokens=[token])
        assert code == "AccessDeniedException"
    assert refusal(theirs.encrypt, **request, EncryptionContext=context, GrantTokens=["x"]) == INVALID_TOKEN

    theirs.retire_grant(GrantToken=token)
    code, _ = refusal(theirs.encrypt, **request, EncryptionContext=context, GrantTokens=[token])
    assert code == "AccessDeniedException"
    assert kms.list_grants(KeyId=key_arn)["Grants"] == []


def test_revoking_ends_a_grant_at_once(kms, key_arn, other_account):
    grant = kms.create_grant(KeyId=key_arn, GranteePrincipal=root(other_account), Operations=["Decrypt"])
    code, _ = refusal(kms.revoke_grant, KeyId=key_arn, GrantId=grant["GrantId"], DryRun=True)
    assert code == "DryRunOperationException"
    kms.revoke_grant(KeyId=key_arn, GrantId=grant["GrantId"])
    for gone in (
        lambda: refusal(kms.revoke_grant, KeyId=key_arn, GrantId=grant["GrantId"]),
        lambda: refusal(kms.retire_grant, KeyId=key_arn, GrantId=grant["GrantId"]),
        lambda: refusal(kms.retire_grant, GrantToken=grant["GrantToken"]),
    ):
        assert gone()[0] == NOT_FOUND


def test_operations_must_fit_the_key(kms, make_key, other_account):
    hmac = make_key("HMAC_256", "GENERATE_VERIFY_MAC")
    request = {"KeyId": hmac, "GranteePrincipal": root(other_account)}
    message = (
        "Operations [Encrypt] are not supported when creating a grant for a symmetric KMS key with key usage "
        "GENERATE_VERIFY_MAC. Valid operations are [CreateGrant, RetireGrant, DescribeKey, GenerateMac, VerifyMac]"
    )
    assert refusal(kms.create_grant, **request, Operations=["Encrypt"]) == ("ValidationException", message)
    constraints = {"EncryptionContextEquals": {"a": "b"}}
    message = "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key."
    refused = refusal(kms.create_grant, **request, Operations=["GenerateMac"], Constraints=constraints)
    assert refused == ("ValidationException", message)


def test_grants_of_a_multi_region_key_are_each_regions_own(kms, connect, other_account):
    primary = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.create_grant(KeyId=primary, GranteePrincipal=root(other_account), Operations=["Decrypt"])
    kms.replicate_key(KeyId=primary, ReplicaRegion="eu-west-1")
    assert connect("kms", region="eu-west-1").list_grants(KeyId=primary)["Grants"] == []
    assert len(kms.list_grants(KeyId=primary)["Grants"]) == 1


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        ("arn:aws:sts::{}:assumed-role/path/role/session", "ARN is not valid: {}"),
        ("arn:aws:iam::{}:group/admins", "ARN does not refer to a valid principal: {}"),
        ("Alice", "GranteePrincipal does not refer to a valid principal."),
    ],
)
def test_who_is_no_principal_is_refused(kms, key_arn, account, principal, message):
    principal = principal.format(account)
    refused = refusal(kms.create_grant, KeyId=key_arn, GranteePrincipal=principal, Operations=["Decrypt"])
    assert refused == ("InvalidArnException", message.format(principal))
