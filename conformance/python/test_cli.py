"""The same story through the unmodified AWS CLI, and through awslocal."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


@pytest.fixture(params=["aws", "awslocal"])
def cli(request, endpoint, account):
    """Runs `aws kms …` and returns its JSON, or its words on standard error where it must fail."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env = clean | {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    flags = ["--endpoint-url", endpoint] if request.param == "aws" else []

    def run(*words, service="kms", fails=False):
        command = [BIN / request.param, *flags, service, *words, "--output", "json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        if fails:
            assert done.returncode != 0, done.stdout
            return done.stderr.strip()
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


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
