"""Runs the real ``kiosk`` command over a data folder of the test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KIOSK = Path(sys.executable).with_name("kiosk")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The object of the RESULT line, which is the last and only line of standard output."""
        assert self.status == 0, self.err
        (line,) = self.out.splitlines()
        word, _, rest = line.partition(" ")
        assert word == "RESULT"
        return dict(json.loads(rest))

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        assert self.status == 0, self.err
        return dict(json.loads(self.out))

    @property
    def complaint(self) -> str:
        """The one line that says what, where and what to do; nothing is on standard output."""
        assert self.status in (1, 2)
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("kiosk: ")
        return line


@dataclass(frozen=True)
class Kiosk:
    """A kiosk's command line over one data folder."""

    data: Path

    def __call__(self, *args: str | Path) -> Done:
        return self.with_input("", *args)

    def with_input(self, text: str, *args: str | Path) -> Done:
        """Run a command that reads ``text`` from standard input."""
        argv = self.argv(*args)
        done = subprocess.run(
            argv, input=text, capture_output=True, text=True, check=False, timeout=120, env=environment()
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def argv(self, *args: str | Path) -> Sequence[str]:
        return [str(KIOSK), "--data", str(self.data), *map(str, args)]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "KIOSK_DATA"}
