"""``kiosk staff``: a PIN goes in unseen and comes out as a hash that the till takes."""

import os
import pty
import subprocess
from pathlib import Path

import msgspec
import pytest
from kiosk_command import KIOSK, Kiosk
from till_terminal import stock_desk
from waiting import wait_until

from contract.shop import Role
from kiosk.config import Config
from kiosk.people import verify


class Terminal:
    """A command at a terminal of its own: typed into, and everything it shows kept."""

    def __init__(self, *args: str) -> None:
        self._fd, terminal = pty.openpty()
        self.child = subprocess.Popen([KIOSK, *args], stdin=terminal, stdout=subprocess.PIPE, stderr=terminal)
        os.close(terminal)
        self.shown = ""

    def type(self, text: str, *, at: str) -> None:
        """Type a line once ``at`` is asked for."""
        wait_until(lambda: self._has(at), what=at)
        self.shown += "\n"
        os.write(self._fd, f"{text}\n".encode())

    def end(self) -> tuple[int, str]:
        out, _ = self.child.communicate(timeout=60)
        os.close(self._fd)
        return self.child.returncode, out.decode()

    def _has(self, at: str) -> bool:
        self.shown += os.read(self._fd, 4096).decode()
        return at in self.shown.rpartition("\n")[2]


def test_a_pin_is_typed_twice_unseen_and_its_hash_is_ready_to_paste(tmp_path: Path) -> None:
    args = ["staff", "hash", "--id", "anna", "--name", 'Anna "A" Ölz', "--role", "manager"]
    terminal = Terminal("--data", str(tmp_path), *args)
    terminal.type("471", at="PIN:")
    terminal.type("471100", at="PIN:")
    terminal.type("471101", at="again:")
    terminal.type("471100", at="PIN:")
    terminal.type("471100", at="again:")
    status, out = terminal.end()
    assert status == 0, terminal.shown
    assert "4 to 12 digits" in terminal.shown
    assert "4711" not in terminal.shown + out
    (anna,) = msgspec.toml.decode(out, type=Config).shop.staff
    assert (anna.id, anna.name, anna.role) == ("anna", 'Anna "A" Ölz', Role.MANAGER)
    assert verify(anna, "471100")
    assert not verify(anna, "471101")
    (tmp_path / "kiosk.toml").write_text(out)
    assert Kiosk(tmp_path)("staff", "list", "--json").json == {
        "staff": [{"id": "anna", "name": 'Anna "A" Ölz', "role": "manager"}],
        "told_by": "settings",
    }
    assert Kiosk(tmp_path)("staff", "list").out == 'anna\tAnna "A" Ölz\tmanager\n'


def test_a_pin_never_comes_from_a_pipe(tmp_path: Path) -> None:
    done = Kiosk(tmp_path).with_input("4711\n4711\n", "staff", "hash", "--id", "anna", "--name", "Anna")
    assert done.status == 2
    assert "never comes from a pipe" in done.complaint


@pytest.mark.parametrize(
    ("args", "why"),
    [(["--id", "Anna", "--name", "A"], "--id"), (["--id", "a", "--name", ""], "--name"), (["--id", "a"], "--name")],
)
def test_who_cannot_be_named_so_is_said_before_a_pin_is_typed(tmp_path: Path, args: list[str], why: str) -> None:
    refused = Kiosk(tmp_path)("staff", "hash", *args)
    assert refused.status == 2
    assert why in refused.err


def test_nobody_is_said_to_work_here(tmp_path: Path) -> None:
    stock_desk(tmp_path, []).close()
    done = Kiosk(tmp_path)("staff", "list")
    assert (done.status, done.out) == (0, "")
    assert "kiosk staff hash" in done.err
