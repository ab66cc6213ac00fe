"""Every test talks to the endpoint in TRENT_ENDPOINT, in an account of its own."""

import os
import random

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
def wire(endpoint, account):
    return Wire(endpoint, account)


@pytest.fixture
def other_wire(endpoint, other_account):
    return Wire(endpoint, other_account)


@pytest.fixture
def key(wire):
    """The metadata of a fresh key."""
    return wire.ok("CreateKey")["KeyMetadata"]
