"""Keys, aliases and ciphertexts between two accounts."""

import pytest
from principals import CLOSED_CIPHERTEXT, SECRET, USE, allow, closed_to, document, failed_condition, no_allow, statement
from sdk import refusal

pytestmark = pytest.mark.own


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
