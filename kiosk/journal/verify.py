"""Walks a journal's hash chain, reading only, so that it serves for a card from another machine too."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from contract.codec import digest, verify_chain
from contract.errors import BrokenChain
from contract.values import Epoch, Lane, Seq
from kiosk.journal.database import open_reader, translated
from kiosk.journal.schema import OF_LANE


class Break(Struct, frozen=True):
    """The first position at which a journal does not hold."""

    epoch: Epoch
    seq: Seq
    why: str


class Verdict(Struct, frozen=True):
    """How many facts hold, and where the first one does not."""

    facts: int
    broken: Break | None = None


def verify_journal(path: Path, lane: Lane = Lane.TILL) -> Verdict:
    """Return the verdict on every epoch of a lane's file, up to the first break.

    Raises: NewerDatabase, StorageFailed, NotADatabase.
    """
    held = 0
    with closing(open_reader(path, len(OF_LANE[lane]))) as journal, translated(path):
        for (epoch,) in journal.execute("SELECT DISTINCT epoch FROM facts ORDER BY epoch").fetchall():
            try:
                for _ in verify_chain(_stored(journal, epoch)):
                    held += 1
            except BrokenChain as error:
                return Verdict(held, Break(Epoch(epoch), Seq(error.seq), error.why))
    return Verdict(held)


def _stored(journal: sqlite3.Connection, epoch: int) -> Iterator[tuple[Seq, bytes]]:
    rows = journal.execute("SELECT seq, bytes, digest FROM facts WHERE epoch = ? ORDER BY seq", (epoch,))
    for seq, raw, kept in rows:
        if digest(raw) != kept:  # the last fact has no successor to vouch for it
            raise BrokenChain(seq, "its bytes are not those that were recorded")
        yield Seq(seq), raw
