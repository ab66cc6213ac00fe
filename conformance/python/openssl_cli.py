"""The `openssl` command."""

import shutil
import subprocess

import pytest


def openssl(*words):
    """What it prints; it must succeed."""
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def openssl_refuses(*words):
    done = run(*words)
    assert done.returncode == 1, done.stdout
    assert "Verif" in done.stdout + done.stderr, done.stderr


def run(*words):
    if not shutil.which("openssl"):
        pytest.skip("no openssl on the path")
    return subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=30)
