"""HTTPS on the port of plain HTTP: with the AWS SDK and the AWS CLI, which are told of Trent's CA as users tell them."""

import json
import os
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError
from emulator import TRENT, Emulator, require_binary

pytestmark = pytest.mark.own


class Secured(Emulator):
    @property
    def https(self):
        return self.url.replace("http://127.0.0.1", "https://localhost")

    @property
    def address(self):
        return "127.0.0.1", int(self.url.rsplit(":", 1)[1])

    def ca(self):
        done = subprocess.run([TRENT, "ca", "--url", self.url], capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def secure_client(self, bundle):
        return boto3.client(
            "kms",
            endpoint_url=self.https,
            region_name="us-east-1",
            aws_access_key_id="111122223333",
            aws_secret_access_key="secret",
            verify=bundle,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        )

    def shake(self, context, name="localhost"):
        with socket.create_connection(self.address, timeout=10) as connection:
            with context.wrap_socket(connection, server_hostname=name) as secured:
                return secured.version(), secured.cipher()[0], secured.selected_alpn_protocol()


@pytest.fixture
def start(tmp_path):
    require_binary()
    emulators = []

    def start(**environment):
        for emulator in emulators:
            emulator.stop()
        emulators.append(Secured(tmp_path / "state", **environment))
        return emulators[-1]

    yield start
    for emulator in emulators:
        emulator.stop()


@pytest.fixture
def bundle(tmp_path):
    """Writes the CA of an emulator where clients are told to look."""

    def bundle(emulator):
        path = tmp_path / "ca.pem"
        path.write_text(emulator.ca())
        return str(path)

    return bundle


def strict(bundle):
    context = ssl.create_default_context(cafile=bundle)
    # What Python does by itself from 3.13 on.
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def test_boto3_talks_https_and_http_to_the_same_keys(start, bundle):
    emulator = start()
    trusted = bundle(emulator)
    secure, plain = emulator.secure_client(trusted), emulator.client()
    key = secure.create_key()["KeyMetadata"]["KeyId"]
    blob = secure.encrypt(KeyId=key, Plaintext=b"over TLS")["CiphertextBlob"]
    assert plain.decrypt(CiphertextBlob=blob)["Plaintext"] == b"over TLS"

    # The CA survives what the server does not.
    emulator = start()
    assert emulator.secure_client(trusted).decrypt(CiphertextBlob=blob)["Plaintext"] == b"over TLS"
    assert emulator.ca() == Path(trusted).read_text()


def test_who_is_not_told_of_the_ca_does_not_trust_it(start):
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        start().secure_client(None).list_keys()


def test_the_aws_cli_is_told_by_its_environment(start, bundle):
    emulator = start()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = clean | {
        "AWS_ACCESS_KEY_ID": "111122223333",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": emulator.https,
        "AWS_CA_BUNDLE": bundle(emulator),
        "AWS_PAGER": "",
    }
    command = [Path(sys.executable).parent / "aws", "sts", "get-caller-identity", "--output", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == "111122223333"


def test_strict_clients_accept_the_certificate_and_choose_the_protocol(start, bundle):
    emulator = start(TRENT_TLS__NAMES="kms.internal")
    context = strict(bundle(emulator))
    for name in ("localhost", "trent", "kms.internal", "127.0.0.1", "::1", socket.gethostname()):
        assert emulator.shake(context, name)[0] == "TLSv1.3", name
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        emulator.shake(context, "kms.us-east-1.amazonaws.com")

    context.set_alpn_protocols(["http/1.1"])
    assert emulator.shake(context)[2] == "http/1.1"
    context.set_alpn_protocols(["http/1.1", "h2"])
    assert emulator.shake(context)[2] == "h2"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    version, cipher, _ = emulator.shake(context)
    assert (version, cipher.split("-")[:2]) == ("TLSv1.2", ["ECDHE", "ECDSA"])
    context.set_ciphers("AES128-GCM-SHA256:AES256-GCM-SHA384:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        emulator.shake(context)


def test_the_ca_can_be_fetched_without_trent(start, bundle):
    emulator = start()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{emulator.url}/_trent/ca", timeout=30) as answer:
        assert answer.headers["Content-Type"] == "application/pem-certificate-chain"
        assert answer.read().decode() == emulator.ca()
