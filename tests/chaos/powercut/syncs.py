"""How many data syncs a sale costs, counted in the system calls of the real till."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from powercut import words
from powercut.calls import Said
from powercut.ops import Sync
from powercut.record import Start, Tape, record

SALES: Final = 120  # a few more than the hundred that are asked for


class Paid(Struct, frozen=True):
    """One sale or refund: its syncs from before it is paid until it is shown as done."""

    kind: str
    syncs: int
    after_tidying: bool  # the log was tidied just before: the next commit begins it anew


def syncs_per_sale(folder: Path, *, sales: int = SALES, seed: int = 1) -> list[int]:
    """Return the syncs of each of ``sales`` sales of a till that is traced while it sells; ``folder`` is made anew."""
    tape = record(folder, seed=seed, sales=sales, start=Start.STOCKED)
    return [paid.syncs for paid in payments(tape) if paid.kind == "sale"]


def payments(tape: Tape) -> list[Paid]:
    """Return every payment of a recording, in order."""
    found, syncs, last, after_tidying = list[Paid](), 0, "", False
    for event in tape.events:
        if isinstance(event, Sync):
            syncs += 1
        elif isinstance(event, Said):
            entry = words.read(event.line)
            if entry["say"] == "pay":
                syncs, after_tidying = 0, last == "tidied"
            elif entry["say"] == "done":
                found.append(Paid(entry["kind"], syncs, after_tidying))
            last = entry["say"]
    return found
