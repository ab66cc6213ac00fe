"""Who acts in these tests, on an emulator of each module's own.

alice (a user) and app (a session of the role App) are of the account home, bob (a user) is of the account away. They
start without any policy of their own.
"""

import json
import subprocess
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from emulator import TRENT, Emulator, require_binary
from principals import Account, allow, session
from sdk import code_and_message


class Explaining(Emulator):
    def decisions(self, request_id):
        """Status and JSON of what was decided on a request."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/_trent/decisions/{request_id}", timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def why(self, request_id, *flags):
        """What `trent why` prints."""
        command = [TRENT, "why", request_id, *flags, "--url", self.url]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, env={})


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    require_binary()
    emulator = Explaining(tmp_path_factory.mktemp("authorization") / "state")
    yield emulator
    emulator.stop()


@pytest.fixture
def home(emulator, account):
    return Account(emulator.url, account)


@pytest.fixture
def away(emulator, other_account):
    return Account(emulator.url, other_account)


@pytest.fixture
def alice(home):
    return home.user("alice")


@pytest.fixture
def operator(home):
    """Who assumes roles."""
    return home.user("operator", allow("sts:AssumeRole"))


@pytest.fixture
def app_role(home):
    return home.role("App")


@pytest.fixture
def app(operator, app_role):
    return session(operator, app_role)


@pytest.fixture
def bob(away):
    return away.user("bob")


@pytest.fixture
def delegation(home):
    """The one statement of the default key policy."""
    return allow("kms:*", Sid="Enable IAM User Permissions", Principal={"AWS": home.arn})


@pytest.fixture
def told(emulator):
    """Calls, and gives the refusal, if any, with the one decision on the request."""

    def told(call, **request):
        try:
            answer, refused = call(**request), None
        except ClientError as error:
            answer, refused = error.response, code_and_message(error)
        status, found = emulator.decisions(answer["ResponseMetadata"]["RequestId"])
        assert status == 200, found
        [decision] = found["decisions"]
        return refused, decision

    return told


@pytest.fixture
def starting(tmp_path):
    """Starts an emulator with this configuration, and gives an account's root user and a user with no permissions."""
    require_binary()
    emulators = []

    def starting(*arguments, **environment):
        emulators.append(Explaining(tmp_path / "state", *arguments, **environment))
        home = Account(emulators[-1].url, "111122223333")
        return emulators[-1], home, home.user("alice")

    yield starting
    for emulator in emulators:
        emulator.stop()
