"""Reads a trace of system calls line by line; what cannot be read is an error, never passed over.

The trace is strace's with ``-f -y -xx``: one process, descriptors with their paths, every text in hexadecimal.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

_LINE: Final = re.compile(
    r"(?P<pid>\d+)\s+(?P<name>\w+)\((?P<args>.*)\)\s+= (?P<result>-?\d+|0x[0-9a-f]+|\?)(?P<rest>.*)"
)
_OTHER: Final = re.compile(r"\d+\s+(\+\+\+ exited with 0 \+\+\+|--- SIG\w+ .*)$")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR: Final = re.compile(r"(\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>.*")
# A second thread or process could write out of our sight or order.
_NOT_ALONE: Final = frozenset({"clone", "clone3", "fork", "vfork", "io_uring_setup", "process_vm_writev"})


class UnknownCall(Exception):
    """The trace has a call whose effect on the disk is not known."""


class Call(Struct, frozen=True):
    """One system call that succeeded and names a path that is watched."""

    name: str
    args: list[str]
    result: int
    line: str

    def descriptor(self, index: int = 0) -> int:
        """Return the descriptor that an argument is.

        Raises: UnknownCall if it is none.
        """
        return int(self._matched(_DESCRIPTOR, index)[1])

    def text(self, index: int) -> bytes:
        """Return the bytes that an argument is.

        Raises: UnknownCall if it is none, or was cut short.
        """
        return _from_hex(self._matched(_TEXT, index)[1])

    def written(self) -> bytes:
        """Return what a write wrote, joined where it gave several pieces: as many bytes as the call took.

        Raises: UnknownCall if the trace does not show all of them.
        """
        data = b"".join(_from_hex(text) for text in _TEXT.findall(self.line))
        if len(data) < self.result:
            raise UnknownCall(f"cut short: {self.line[:300]}")
        return data[: self.result]

    def path(self, index: int) -> Path:
        """Return the path that an argument is, made whole with the folder descriptor before it, if any."""
        name = self.text(index).decode()
        if name.startswith("/"):
            return Path(name)
        return self.behind(index - 1) / name

    def behind(self, index: int) -> Path:
        """Return the path of what a descriptor argument has open."""
        return Path(_from_hex(self._matched(_DESCRIPTOR, index)[2]).decode())

    def _matched(self, pattern: re.Pattern[str], index: int) -> re.Match[str]:
        match = pattern.fullmatch(self.args[index])
        if match is None:
            raise UnknownCall(f"argument {index} of {self.line[:300]}")
        return match


def read_calls(trace: Path, watched: list[Path]) -> Iterator[Call]:
    """Yield the calls that succeeded and name a watched path or what lies under it, in order.

    Raises: UnknownCall for a line that cannot be read, and for anything that may work beside the traced process.
    """
    marks = [to_hex(str(path)) for path in watched]
    pids = set[str]()
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            match = _LINE.fullmatch(line.rstrip("\n"))
            if match is None:
                if _OTHER.match(line):
                    continue
                raise UnknownCall(line[:300])
            pids.add(match["pid"])
            if len(pids) > 1 or match["name"] in _NOT_ALONE:
                raise UnknownCall(f"not alone: {line[:300]}")
            if _succeeded(match["result"]) and any(mark in line for mark in marks):
                yield Call(match["name"], match["args"].split(", "), int(match["result"], 0), line)


def to_hex(text: str) -> str:
    """Return a text as the trace shows it."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _succeeded(result: str) -> bool:
    return result != "?" and not result.startswith("-")


def _from_hex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
