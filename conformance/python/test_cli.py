"""The same story through the unmodified AWS CLI, and through awslocal."""

import base64
import json

import pytest


@pytest.fixture(params=["aws", "awslocal"])
def cli(request, command_line):
    """Runs `aws kms …`."""
    return command_line(request.param)


def test_the_life_of_a_key(cli, account, tmp_path):
    assert cli("get-caller-identity", service="sts")["Account"] == account

    key = cli("create-key", "--description", "made by the CLI")["KeyMetadata"]
    key_id, arn = key["KeyId"], key["Arn"]
    assert arn == f"arn:aws:kms:us-east-1:{account}:key/{key_id}"
    assert {"KeyId": key_id, "KeyArn": arn} in cli("list-keys")["Keys"]
    assert cli("describe-key", "--key-id", key_id)["KeyMetadata"] == key

    def decrypt(blob):
        path = tmp_path / "blob"
        path.write_bytes(base64.b64decode(blob))
        answer = cli("decrypt", "--ciphertext-blob", f"fileb://{path}")
        assert answer["KeyId"] == arn
        return base64.b64decode(answer["Plaintext"])

    secret = tmp_path / "secret"
    secret.write_bytes(b"\x00\xff a file \r\n")
    blob = cli("encrypt", "--key-id", key_id, "--plaintext", f"fileb://{secret}")["CiphertextBlob"]
    assert decrypt(blob) == secret.read_bytes()

    data_key = cli("generate-data-key", "--key-id", arn, "--key-spec", "AES_256")
    assert decrypt(data_key["CiphertextBlob"]) == base64.b64decode(data_key["Plaintext"])

    cli("create-alias", "--alias-name", "alias/cli", "--target-key-id", key_id)
    blob = cli("encrypt", "--key-id", "alias/cli", "--plaintext", f"fileb://{secret}")["CiphertextBlob"]
    assert decrypt(blob) == secret.read_bytes()
    assert [a["AliasName"] for a in cli("list-aliases", "--key-id", key_id)["Aliases"]] == ["alias/cli"]

    cli("disable-key", "--key-id", key_id)
    refused = cli("encrypt", "--key-id", key_id, "--plaintext", f"fileb://{secret}", fails=True)
    # The retry setting makes some versions add "(reached max retries: 0)" between the two.
    assert "An error occurred (DisabledException) when calling the Encrypt operation" in refused
    assert refused.endswith(f": {arn} is disabled.")
    cli("enable-key", "--key-id", key_id)
    assert decrypt(blob) == secret.read_bytes()

    scheduled = cli("schedule-key-deletion", "--key-id", key_id, "--pending-window-in-days", "7")
    assert (scheduled["KeyId"], scheduled["KeyState"]) == (arn, "PendingDeletion")
    assert cli("cancel-key-deletion", "--key-id", key_id) == {"KeyId": arn}

    cli("tag-resource", "--key-id", key_id, "--tags", "TagKey=team,TagValue=blue")
    assert cli("list-resource-tags", "--key-id", key_id)["Tags"] == [{"TagKey": "team", "TagValue": "blue"}]

    policy = cli("get-key-policy", "--key-id", key_id, "--policy-name", "default")["Policy"]
    (tmp_path / "policy").write_text(policy)
    cli("put-key-policy", "--key-id", key_id, "--policy-name", "default", "--policy", f"file://{tmp_path / 'policy'}")
    again = cli("get-key-policy", "--key-id", key_id, "--policy-name", "default")["Policy"]
    assert json.loads(again) == json.loads(policy)
