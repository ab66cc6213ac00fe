"""Signatures that count (`auth.signatures: verify`): the AWS CLI, boto3 and curl with credentials that Trent knows.

The AWS CLI and curl come by HTTPS.
"""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import botocore.auth
import botocore.compat
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from emulator import TRENT, Emulator, require_binary
from principals import Account, Principal, allow, deny, explicit_deny, no_allow, session
from sdk import refusal
from wire import Wire

pytestmark = pytest.mark.own

ACCOUNT = "111122223333"
ROOT = {"AccessKeyId": "AKIATRENTROOT", "SecretAccessKey": "secret of root"}
APP = {"AccessKeyId": "app", "SecretAccessKey": "secret/of+app="}
APP_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/App/s1"
CONFIGURATION = {
    "auth": {
        "signatures": "verify",
        "credentials": [
            {"access_key_id": who["AccessKeyId"], "secret_access_key": who["SecretAccessKey"], "principal": principal}
            for who, principal in ((ROOT, ACCOUNT), (APP, APP_ARN))
        ],
    }
}

# The retry setting makes some versions add the parenthesis.
REFUSAL = re.compile(
    r"(?:aws: \[ERROR\]: )?An error occurred \((\w+)\) when calling the \w+ operation"
    r"(?: \(reached max retries: 0\))?: (.*)"
)
UNKNOWN = ("UnrecognizedClientException", "The security token included in the request is invalid.")
MISMATCH = (
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.",
)
OVER = ("ExpiredTokenException", "The security token included in the request is expired")


class Strict(Emulator):
    """Believes signatures only, and is believed by its CA."""

    def __init__(self, directory):
        (directory / "trent.json").write_text(json.dumps(CONFIGURATION))
        super().__init__(directory / "state", "--config", directory / "trent.json")
        self.https = self.url.replace("http://127.0.0.1", "https://localhost")
        self.ca = directory / "ca.pem"

    def trust(self):
        """Writes its CA where its clients look."""
        done = subprocess.run([TRENT, "ca", "--url", self.url], capture_output=True, text=True, timeout=30, env={})
        assert (done.returncode, done.stderr) == (0, "")
        self.ca.write_text(done.stdout)

    def advance(self, by):
        turn = urllib.request.Request(f"{self.url}/_trent/clock/advance", json.dumps({"by": by}).encode())
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(turn, timeout=30).close()

    def cli(self, credentials, *words, service="kms"):
        """The JSON that the AWS CLI prints, or (code, message) of its refusal."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = clean | {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": self.https,
            "AWS_CA_BUNDLE": str(self.ca),
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
        }
        if "SessionToken" in credentials:
            environment["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
        command = [Path(sys.executable).parent / "aws", service, *words, "--output", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return json.loads(done.stdout)
        told = REFUSAL.fullmatch(done.stderr.strip())
        assert told, done.stderr
        return told.groups()

    def curl(self, *words):
        """Status and JSON of `ListKeys` as curl sends it."""
        headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
        flags = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        flags += ["--cacert", self.ca, "--noproxy", "*", "--data", "{}", "--write-out", "\n%{http_code}"]
        done = subprocess.run(["curl", "-sS", *flags, *words, self.https], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        body, status = done.stdout.rsplit("\n", 1)
        return int(status), json.loads(body)


def start(directory):
    require_binary()
    emulator = Strict(directory)
    try:
        emulator.trust()
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    yield from start(tmp_path_factory.mktemp("signatures"))


@pytest.fixture
def turned(tmp_path):
    """An emulator whose clock may be turned."""
    yield from start(tmp_path)


@pytest.fixture
def plaintext(tmp_path):
    (tmp_path / "plaintext").write_bytes(b"\x00 signed \xff")
    return f"fileb://{tmp_path / 'plaintext'}"


@pytest.fixture
def root(emulator):
    return Account(emulator.url, ACCOUNT, ROOT)


@pytest.fixture
def sign_at(monkeypatch):
    """Makes boto3 sign as if its clock went ahead of the real one."""

    def sign_at(ahead):
        real = botocore.compat.get_current_datetime
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: real() + ahead)

    return sign_at


def of_query_services(refusal, code):
    """The same words, by the code that STS has for them."""
    return code, refusal[1]


def moments(words, form):
    """The moments that the words name, in the places of this form."""
    told = re.fullmatch(form.replace("AT", r"(\d{8}T\d{6}Z)"), words)
    assert told, words
    return [datetime.strptime(moment, "%Y%m%dT%H%M%SZ") for moment in told.groups()]


def test_configured_credentials_are_who_they_are_said_to_be(emulator, plaintext, tmp_path):
    identity = emulator.cli(ROOT, "get-caller-identity", service="sts")
    assert identity == {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}
    key = emulator.cli(ROOT, "create-key")["KeyMetadata"]["Arn"]
    sealed = emulator.cli(ROOT, "encrypt", "--key-id", key, "--plaintext", plaintext)["CiphertextBlob"]
    (tmp_path / "sealed").write_bytes(base64.b64decode(sealed))
    opened = emulator.cli(ROOT, "decrypt", "--ciphertext-blob", f"fileb://{tmp_path / 'sealed'}")
    assert base64.b64decode(opened["Plaintext"]) == (tmp_path / "plaintext").read_bytes()

    assert emulator.cli(APP, "get-caller-identity", service="sts")["Arn"] == APP_ARN
    app = Principal(emulator.url, APP_ARN, APP)
    assert emulator.cli(APP, "describe-key", "--key-id", key) == no_allow(app, "DescribeKey", key)


def test_what_was_signed_with_another_secret_counts_for_nothing(emulator, root):
    wrong = ROOT | {"SecretAccessKey": "another secret"}
    assert emulator.cli(wrong, "list-keys") == MISMATCH
    denied = of_query_services(MISMATCH, "SignatureDoesNotMatch")
    assert emulator.cli(wrong, "get-caller-identity", service="sts") == denied
    before = len(root.kms.list_keys()["Keys"])
    assert refusal(Principal(emulator.url, root.arn, wrong).kms.create_key) == MISMATCH
    assert len(root.kms.list_keys()["Keys"]) == before


@pytest.mark.parametrize("access_key_id", [ACCOUNT, "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_credentials_that_nobody_made_are_unknown(emulator, access_key_id):
    nobody = {"AccessKeyId": access_key_id, "SecretAccessKey": "secret"}
    assert emulator.cli(nobody, "list-keys") == UNKNOWN
    denied = of_query_services(UNKNOWN, "InvalidClientTokenId")
    assert refusal(Principal(emulator.url, "", nobody).client("sts").get_caller_identity) == denied


def test_curl_signs_as_well_and_must(emulator):
    missing = {"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"}
    assert emulator.curl() == (400, missing)

    def signing(secret, service="kms"):
        user = f"{ROOT['AccessKeyId']}:{secret}"
        status, answer = emulator.curl("--aws-sigv4", f"aws:amz:us-east-1:{service}", "--user", user)
        return status, answer.get("__type"), answer.get("message")

    secret = ROOT["SecretAccessKey"]
    assert signing(secret) == (200, None, None)
    assert signing("x") == (400, *MISMATCH)
    told = "Credential should be scoped to correct service: 'kms'."
    assert signing(secret, service="sts") == (400, "InvalidSignatureException", told)


def test_a_signature_is_for_one_request(emulator):
    """Sent again it counts again, sent altered it does not."""
    url, body = f"{emulator.url}/", b"{}"
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", url, headers=headers, data=body)
    credentials = Credentials(ROOT["AccessKeyId"], ROOT["SecretAccessKey"])
    botocore.auth.SigV4Auth(credentials, "kms", "us-east-1").add_auth(request)
    signed = dict(request.headers)
    wire = Wire(emulator.url, ACCOUNT)
    for _ in range(2):
        assert wire.send("POST", "/", body, signed).status == 200
    listing = {"X-Amz-Target": "TrentService.ListAliases"}
    for path, sent, other in (("/", b'{"Limit": 1}', {}), ("/", body, listing), ("/?a=b", body, {})):
        answer = wire.send("POST", path, sent, signed | other)
        assert (answer.status, *answer.error) == (400, *MISMATCH)


def test_a_key_can_ask_for_https(emulator, root):
    everybody = {"Principal": {"AWS": "*"}, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    key = root.key(allow("kms:*", Principal={"AWS": root.arn}), deny("kms:*", **everybody))
    denied = explicit_deny(root, "DescribeKey", key, "resource-based policy")
    assert refusal(root.kms.describe_key, KeyId=key) == denied
    assert emulator.cli(ROOT, "describe-key", "--key-id", key)["KeyMetadata"]["Arn"] == key


def test_an_access_key_counts_while_it_is_active(emulator, root):
    key = root.key()
    emulator.cli(ROOT, "create-user", "--user-name", "carol", service="iam")
    made = emulator.cli(ROOT, "create-access-key", "--user-name", "carol", service="iam")["AccessKey"]
    carol = Principal(emulator.url, f"arn:aws:iam::{ACCOUNT}:user/carol", made)
    assert emulator.cli(made, "get-caller-identity", service="sts")["Arn"] == carol.arn
    assert emulator.cli(made, "describe-key", "--key-id", key) == no_allow(carol, "DescribeKey", key)
    root.may("user/carol", allow("kms:DescribeKey", key))
    assert emulator.cli(made, "describe-key", "--key-id", key)["KeyMetadata"]["Arn"] == key
    wrong = made | {"SecretAccessKey": made["SecretAccessKey"].swapcase()}
    assert emulator.cli(wrong, "describe-key", "--key-id", key) == MISMATCH

    access_key = {"UserName": "carol", "AccessKeyId": made["AccessKeyId"]}
    root.iam.update_access_key(**access_key, Status="Inactive")
    assert refusal(carol.kms.describe_key, KeyId=key) == UNKNOWN
    root.iam.update_access_key(**access_key, Status="Active")
    carol.kms.describe_key(KeyId=key)
    root.iam.delete_access_key(**access_key)
    assert refusal(carol.kms.describe_key, KeyId=key) == UNKNOWN


def test_a_session_counts_with_its_token_until_it_is_over(turned, sign_at):
    root = Account(turned.url, ACCOUNT, ROOT)
    key = root.key()
    dora = root.user("dora", allow("sts:AssumeRole"))
    role = root.role("Reader", allow("kms:DescribeKey"))
    words = ["--role-arn", role, "--role-session-name", "s1", "--duration-seconds", "900"]
    assumed = turned.cli(dora.credentials, "assume-role", *words, service="sts")
    arn, credentials = assumed["AssumedRoleUser"]["Arn"], assumed["Credentials"]
    assert turned.cli(credentials, "get-caller-identity", service="sts")["Arn"] == arn
    assert turned.cli(credentials, "describe-key", "--key-id", key)["KeyMetadata"]["Arn"] == key
    reader = Principal(turned.url, arn, credentials)
    assert refusal(reader.kms.disable_key, KeyId=key) == no_allow(reader, "DisableKey", key)

    token = credentials["SessionToken"]
    other = session(dora, role, name="s2").credentials["SessionToken"]
    without = {name: value for name, value in credentials.items() if name != "SessionToken"}
    for wrong in (without, credentials | {"SessionToken": token[::-1]}, credentials | {"SessionToken": other}):
        assert refusal(Principal(turned.url, arn, wrong).kms.describe_key, KeyId=key) == UNKNOWN
    wrong = credentials | {"SecretAccessKey": "another secret"}
    assert refusal(Principal(turned.url, arn, wrong).kms.describe_key, KeyId=key) == MISMATCH

    turned.advance("16m")
    sign_at(timedelta(minutes=16))
    assert refusal(reader.kms.describe_key, KeyId=key) == OVER
    denied = of_query_services(OVER, "ExpiredToken")
    assert refusal(reader.client("sts").get_caller_identity) == denied
    dora.client("sts").assume_role(RoleArn=role, RoleSessionName="s1")


def test_clocks_may_differ_by_minutes_only(turned, sign_at):
    root = Account(turned.url, ACCOUNT, ROOT)
    turned.advance("1h")
    for service, call, code, minutes in (
        ("kms", "list-keys", "InvalidSignatureException", 5),
        ("sts", "get-caller-identity", "SignatureDoesNotMatch", 15),
    ):
        refused, words = turned.cli(ROOT, call, service=service)
        assert refused == code
        form = rf"Signature expired: AT is now earlier than AT \(AT - {minutes} min\.\)"
        signed, earliest, now = moments(words, form)
        assert now - earliest == timedelta(minutes=minutes)
        assert timedelta(minutes=59) < now - signed < timedelta(minutes=62)

    sign_at(timedelta(hours=1))
    assert root.kms.list_keys()["Keys"] == []
    sign_at(timedelta(hours=1, minutes=-4))
    root.kms.list_keys()
    sign_at(timedelta(hours=2))
    code, words = refusal(root.kms.list_keys)
    assert code == "InvalidSignatureException"
    signed, latest, now = moments(words, r"Signature not yet current: AT is still later than AT \(AT \+ 5 min\.\)")
    assert latest - now == timedelta(minutes=5) and signed > latest


def test_a_signed_address_counts_for_a_quarter_of_an_hour(turned):
    root = Account(turned.url, ACCOUNT, ROOT)
    address = root.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")

    def fetch(address):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", address], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert f"<Arn>{root.arn}</Arn>" in fetch(address)
    assert "<Code>SignatureDoesNotMatch</Code>" in fetch(address + "0")
    assert "<Code>SignatureDoesNotMatch</Code>" in fetch(address.replace("Expires=60", "Expires=61"))
    # STS takes it for a quarter of an hour, whatever it says itself.
    turned.advance("14m")
    assert f"<Arn>{root.arn}</Arn>" in fetch(address)
    turned.advance("2m")
    told = fetch(address)
    assert "<Code>SignatureDoesNotMatch</Code>" in told and "<Message>Signature expired: " in told
