"""Servers of a test's own, for what would disturb others: turning the clock, restarting, seeding."""

import os
import subprocess
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

TRENT = Path(os.environ.get("CONFORMANCE_BINARY", Path(__file__).parents[2] / "target/debug/trent")).resolve()


def require_binary():
    if not os.access(TRENT, os.X_OK):
        pytest.skip(f"no program at {TRENT}; name one in CONFORMANCE_BINARY")


def refusal_to_start(state, *arguments):
    """The words of a start that must fail."""
    done = subprocess.run(command(state, *arguments), capture_output=True, text=True, timeout=30, env={})
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.strip()


def command(state, *arguments):
    return [TRENT, "start", "--listen", "127.0.0.1:0", "--data-dir", state, *arguments]


class Emulator:
    """Runs in an environment of its own, lest TRENT_* of the tests configure it."""

    def __init__(self, state, *arguments, **environment):
        environment = {"TRENT_LOG": "error"} | environment
        self.process = subprocess.Popen(
            command(state, *arguments), stdout=subprocess.PIPE, text=True, env=environment
        )
        self.url = self.process.stdout.readline().split()[-1]

    def client(self, service="kms", *, account="111122223333", region="us-east-1"):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        )

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
