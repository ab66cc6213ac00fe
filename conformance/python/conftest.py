"""Every test talks to the endpoint in TRENT_ENDPOINT, in an account of its own."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from wire import Wire


@pytest.fixture(scope="session")
def endpoint():
    url = os.environ.get("TRENT_ENDPOINT")
    if not url:
        pytest.exit("set TRENT_ENDPOINT, or run scripts/conformance", returncode=2)
    return url.rstrip("/")


@pytest.fixture(scope="session", autouse=True)
def server_survives(endpoint):
    """After all that the tests threw at it, the server still answers."""
    yield
    assert Wire(endpoint, random_account()).call("ListKeys").status == 200


def random_account():
    return f"{random.randrange(10**11, 10**12)}"


@pytest.fixture
def account():
    """A 12-digit access key id is the account, so a random one is empty and nobody else's."""
    return random_account()


@pytest.fixture
def other_account(account):
    return f"{(int(account) + 1) % 10**12:012}"


@pytest.fixture
def connect(endpoint, account):
    """Makes boto3 clients: connect("kms", region="eu-west-1", account="…")."""

    def connect(service, *, account=account, region="us-east-1"):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        )

    return connect


@pytest.fixture
def kms(connect):
    return connect("kms")


@pytest.fixture
def make_key(kms):
    """Makes a key and gives its id: make_key("RSA_2048", "SIGN_VERIFY")."""

    def make_key(spec, usage):
        return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]

    return make_key


@pytest.fixture
def command_line(endpoint, account):
    """Makes runners of `aws` or `awslocal`.

    A runner gives the JSON that the command prints, or its words on standard error where it must fail.
    """
    bin = Path(sys.executable).parent
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
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
    }

    def command_line(program):
        flags = ["--endpoint-url", endpoint] if program == "aws" else []

        def run(*words, service="kms", fails=False):
            command = [bin / program, *flags, service, *words, "--output", "json"]
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
            if fails:
                assert done.returncode != 0, done.stdout
                return done.stderr.strip()
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout) if done.stdout.strip() else None

        return run

    return command_line


@pytest.fixture
def wire(endpoint, account):
    return Wire(endpoint, account)


@pytest.fixture
def other_wire(endpoint, other_account):
    return Wire(endpoint, other_account)


@pytest.fixture
def key(wire):
    """The metadata of a fresh key."""
    return wire.ok("CreateKey")["KeyMetadata"]
