"""The clock that users turn: what takes AWS days is over at once.

A turned clock stays turned for everybody, so these tests have an emulator of their own.
"""

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from emulator import Emulator, require_binary
from sdk import refusal

pytestmark = pytest.mark.own


class Clockwork(Emulator):
    def ask(self, path="", body=None, method=None):
        """Status and JSON of one of the clock's paths; posts whatever has a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_trent/clock{path}", data, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def turn(self, path, **body):
        status, shown = self.ask(path, body)
        assert status == 200, shown
        return shown


@pytest.fixture
def start(tmp_path):
    require_binary()
    emulators = []

    def start():
        for emulator in emulators:
            emulator.stop()
        emulators.append(Clockwork(tmp_path / "state"))
        return emulators[-1]

    yield start
    for emulator in emulators:
        emulator.stop()


def test_a_key_is_gone_when_the_clock_says_so(start):
    emulator = start()
    kms = emulator.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"lost")["CiphertextBlob"]
    kms.create_alias(AliasName="alias/doomed", TargetKeyId=key)
    due = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["DeletionDate"]
    assert abs(due - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=5)

    emulator.turn("/advance", by="6d23h")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    shown = emulator.turn("/advance", by="1d1h")
    assert shown["offset_seconds"] == 8 * 24 * 60 * 60
    for call in (
        lambda: kms.describe_key(KeyId=key),
        lambda: kms.cancel_key_deletion(KeyId=key),
        lambda: kms.decrypt(CiphertextBlob=blob, KeyId=key),
        lambda: kms.describe_key(KeyId="alias/doomed"),
    ):
        assert refusal(call)[0] == "NotFoundException"
    assert key not in [listed["KeyId"] for listed in kms.list_keys()["Keys"]]
    assert "alias/doomed" not in [listed["AliasName"] for listed in kms.list_aliases()["Aliases"]]


def test_what_a_frozen_clock_dates_is_dated_alike(start):
    emulator = start()
    kms = emulator.client()
    frozen = emulator.turn("/freeze")
    assert frozen["frozen"]
    dates = []
    for _ in range(3):
        dates.append(kms.create_key()["KeyMetadata"]["CreationDate"])
        real = time.monotonic()
        while time.monotonic() < real + 0.002:
            kms.list_keys()
    [date] = set(dates)
    assert date == datetime.fromisoformat(frozen["now"])

    moment = "2099-01-01T00:00:00.000Z"
    assert emulator.turn("/set", to=moment) == {**emulator.ask()[1], "now": moment, "frozen": True}
    assert kms.create_key()["KeyMetadata"]["CreationDate"] == datetime(2099, 1, 1, tzinfo=UTC)
    assert not emulator.turn("/resume")["frozen"]
    assert kms.create_key()["KeyMetadata"]["CreationDate"] >= datetime(2099, 1, 1, tzinfo=UTC)


def test_a_data_directory_lives_on_in_its_own_time(start):
    emulator = start()
    emulator.turn("/advance", by="365d")
    before = emulator.client().create_key()["KeyMetadata"]["CreationDate"]
    after = start().client().create_key()["KeyMetadata"]["CreationDate"]
    assert before < after < before + timedelta(minutes=5)


def test_time_never_runs_backwards(start):
    emulator = start()
    status, told = emulator.ask("/set", {"to": "2020-01-01T00:00:00Z"})
    assert (status, list(told)) == (400, ["message"])
    assert "time does not run backwards" in told["message"]
    status, told = emulator.ask("/advance", {"by": "1 fortnight"})
    assert (status, list(told)) == (400, ["message"])
    assert '"1 fortnight" is not a length of time such as 31d' in told["message"]
    assert emulator.ask("/advance", method="GET")[0] == 405
    assert emulator.ask()[1]["offset_seconds"] == 0
