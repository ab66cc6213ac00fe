"""The modes of authorization, and what is told of decisions to whoever asks Trent."""

import json

import pytest
from botocore.exceptions import ClientError
from principals import SECRET, allow, deny, document, explicit_deny, no_allow
from sdk import refusal

pytestmark = pytest.mark.own


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
