"""Data syncs of a sale, counted by a trace of the system calls of a seller that is a process of its own.

The seller marks where a sale begins and ends by asking for a file that does not exist, which the trace shows in order.
Run as a program, this module is that seller.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.catalogue import make_items
from bench.figure import Figure
from bench.road import BenchError
from demo.seller import fill, pay
from kiosk.bootstrap import open_desk

_SALES: Final = 200
_ITEMS: Final = 500
_SYNCS: Final = ("fsync", "fdatasync", "msync", "sync", "syncfs", "sync_file_range")
_MARKS: Final = ("?access", "?faccessat", "?faccessat2")  # which of them Python's os.access is depends on the machine
_BEGIN: Final = "/bench/sale-begins"
_END: Final = "/bench/sale-ends"
_CALL: Final = re.compile(rf"\b({'|'.join(_SYNCS)})\(")


def syncs(folder: Path) -> list[Figure]:
    """Count syncs between a sale's decision and its being shown as done; what a line of the basket costs only informs.

    Raises: BenchError without strace, or where the trace does not hold every sale.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise BenchError("strace is not installed: apt-get install strace")
    folder.mkdir()
    trace = folder / "trace"
    seller = [sys.executable, "-m", "bench.syncs", str(folder / "data")]
    calls = f"trace={','.join([*_SYNCS, *_MARKS])}"
    subprocess.run([strace, "-f", "-qq", "-e", calls, "-o", str(trace), *seller], check=True)  # noqa: S603 - our own
    counts = count(trace.read_text())
    if len(counts) != _SALES:
        raise BenchError(f"the trace holds {len(counts)} sales of {_SALES}")
    return [
        Figure("syncs_per_sale_max", max(counts), "syncs", 1.0),
        Figure("syncs_per_sale_mean", round(sum(counts) / len(counts), 3), "syncs", 1.0, "at least"),
    ]


def count(trace: str) -> list[int]:
    """Return how many syncs lie between each pair of marks."""
    counts: list[int] = []
    inside = False
    for line in trace.splitlines():
        if _BEGIN in line:
            counts.append(0)
            inside = True
        elif _END in line:
            inside = False
        elif inside and _CALL.search(line):
            counts[-1] += 1
    return counts


def sell(data: Path) -> None:
    """Sell ``_SALES`` baskets through the real checkout, a mark before and after each payment."""
    rng = random.Random(1)  # noqa: S311 - which goods a shopper takes
    desk = open_desk(data)
    items = make_items(rng, _ITEMS)
    desk.catalogue.put(items)
    desk.idle()
    for _ in range(_SALES):
        basket = fill(desk, items, rng)
        os.access(_BEGIN, os.F_OK)
        pay(desk, basket)
        os.access(_END, os.F_OK)
    desk.close()


if __name__ == "__main__":
    sell(Path(sys.argv[1]))
