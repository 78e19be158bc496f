"""The till on a real terminal: how soon it is ready, how soon a scan shows, and what it weighs."""

import random
import statistics
import sys
import time
from pathlib import Path
from typing import Final

import psutil
from msgspec.structs import replace

from bench.catalogue import make_items
from bench.figure import Figure, percentile
from bench.road import record_backlog
from bench.terminal import EMPTY_APP, Terminal
from contract.gtin import check_digit
from contract.values import Gtin
from kiosk.bootstrap import open_desk

STORED_SALES: Final = 100_000  # two to three years of a small shop on one card
_SOLD_ITEMS: Final = 500  # that the stored sales are of
_STARTS: Final = 7
_SCANS: Final = 300
_BURST: Final = 60
_BASKET: Final = 30  # lines, then exact cash: a large basket of a small shop
_EXACT_CASH: Final = b"\x1b[24~"  # F12
_READY: Final = b"TOTAL"


def till(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure with 50,000 items and 100,000 stored sales; the empty Textual app is started in turn with the till."""
    data = folder / "till"
    codes = _stock(data, rng)
    command = [str(Path(sys.executable).parent / "kiosk"), "--data", str(data), "till"]
    empty_s, ready_s = [], []
    for _ in range(_STARTS):
        empty_s.append(_start(EMPTY_APP))
        ready_s.append(_start(command))
    shown_ms, resident_mb = _scan(command, codes)
    wrong = _burst(data, command, codes)
    ratio = statistics.median(ready_s) / statistics.median(empty_s)
    return [
        Figure("till_ready_ms", round(statistics.median(ready_s) * 1000), "ms"),
        Figure("till_ready_vs_empty_app", round(ratio, 2), "x", 3.0),
        Figure("scan_shown_p99_ms", round(percentile(shown_ms, 0.99), 1), "ms", 50.0),
        Figure("burst_scans_wrong", wrong, f"of {_BURST}", 0.0),
        Figure("till_rss_mb", round(resident_mb, 1), "MB", 120.0),
    ]


def _stock(data: Path, rng: random.Random) -> list[str]:
    """Fill the catalogue and the journal; return the barcodes of items named by their number."""
    codes, items = [], []
    for number, item in enumerate(make_items(rng)):
        payload = f"40{number:010d}"
        codes.append(payload + str(check_digit(payload)))
        items.append(replace(item, name=f"N{number:05d} {item.name}"[:60], gtins=[Gtin("0" + codes[-1])]))
    desk = open_desk(data)
    desk.catalogue.put(items)
    record_backlog(desk, items[:_SOLD_ITEMS], rng, STORED_SALES)
    desk.idle()
    desk.close()
    return codes


def _start(command: list[str]) -> float:
    terminal = Terminal(command)
    ready = terminal.wait(_READY) - terminal.began_s
    terminal.end()
    return ready


def _scan(command: list[str], codes: list[str]) -> tuple[list[float], float]:
    """Scan items one after the other, each once the one before is on the screen."""
    terminal = Terminal(command)
    terminal.wait(_READY)
    shown_ms = []
    for number in range(_SCANS):
        terminal.clear()
        began = time.perf_counter()
        terminal.write(codes[number * 150].encode() + b"\r")
        shown_ms.append((terminal.wait(f"N{number * 150:05d}".encode()) - began) * 1000)
        if number % _BASKET == _BASKET - 1:
            terminal.clear()
            terminal.write(_EXACT_CASH)
            terminal.wait(b"SOLD")
    resident = psutil.Process(terminal.child.pid).memory_info().rss / 2**20
    terminal.end()
    return shown_ms, resident


def _burst(data: Path, command: list[str], codes: list[str]) -> int:
    """Return how many of sixty scans without any gap between them did not become the right line."""
    desk = open_desk(data)
    before = len(desk.open_basket().lines)
    desk.close()
    terminal = Terminal(command)
    terminal.wait(_READY)
    chosen = [number * 7 + 1 for number in range(_BURST)]
    terminal.write(b"".join(codes[number].encode() + b"\r" for number in chosen))
    terminal.wait(f"N{chosen[-1]:05d}".encode())
    terminal.end()
    desk = open_desk(data)
    lines = desk.open_basket().lines[before:]
    desk.close()
    right = [line for line, number in zip(lines, chosen, strict=False) if line.name.startswith(f"N{number:05d}")]
    return max(_BURST, len(lines)) - len(right)
