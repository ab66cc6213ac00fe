"""What a grant gives, who may give it, and who ends it."""

import pytest
from principals import KEY_POLICY, SECRET, allow, closed_to, deny, document, explicit_deny, no_allow, session, statement
from sdk import refusal

pytestmark = pytest.mark.own


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
