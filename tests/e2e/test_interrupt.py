"""Ctrl-C at any stage: exit code 130, and the same command goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import Cli

from sociogram.config import Home


def started(arguments: list[str], home: Home) -> "subprocess.Popen[str]":
    """A command that Ctrl-C reaches, even where the tests run in the background, whose processes ignore it."""
    return subprocess.Popen(
        [sys.executable, "-m", "sociogram", *arguments],
        env=os.environ | {"SOCIOGRAM_HOME": str(home.root), "PYTHONWARNINGS": "ignore"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )


def test_interrupted_fit_goes_on(published: Cli, home: Home) -> None:
    command = ["fit", "--encoder", "light", "--seed", "5"]
    before = set(home.runs.glob("r*"))
    with started(command, home) as process:
        deadline = time.monotonic() + 200
        while set(home.runs.glob("r*")) == before and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 130, errors
    done = published(*command)
    assert "was interrupted: going on" in done.stderr
    assert len(set(home.runs.glob("r*")) - before) == 1


@pytest.mark.parametrize("command", ["load demo --users 450", "snapshot {}/s", "publish", "profile u0412", "db start"])
def test_interrupted_early_then_again(published: Cli, home: Home, tmp_path: Path, command: str) -> None:
    arguments = command.format(tmp_path).split()
    with started(arguments, home) as process:
        time.sleep(0.9)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=100)
    assert process.returncode in (0, 130), errors  # 0: quicker than the signal
    assert "Traceback" not in errors
    if process.returncode == 130:
        assert "the same command goes on" in errors
    published(*arguments)
