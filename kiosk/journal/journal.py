"""The journal of one lane: cause and consequence in one synced transaction.

Rules
-----
1.  ``record`` commits all of its facts and all that follows from them, or nothing. When it returns, a power cut can no
    longer take them away: one WAL commit with ``synchronous=FULL``, one data sync. By then ``after_commit`` has run as
    well: it takes the facts to a second medium, and never raises, for they are true already.
2.  Sequence numbers and receipt numbers are allocated inside that transaction, without gaps, and never used again.
3.  A fact's bytes are made once and never change; each carries the digest of the one before.
4.  A new life of the image (an epoch) begins its own sequence and its own receipt numbers. ``before_record`` begins one
    where others hold what this file lost (:mod:`kiosk.journal.lives`), so that no number is given twice.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.codec import Stamp, digest, encode
from contract.envelope import NO_DIGEST, LaneSource
from contract.every import UpFact
from contract.registry import UP
from contract.values import MAX_EPOCH, Address, Epoch, Lane, Seq
from kiosk.core.ports import Clock, Recorded
from kiosk.journal import accounts, asked, reservations
from kiosk.journal.database import Migration, checkpoint, immediate, open_database, translated
from kiosk.journal.errors import WrongKiosk
from kiosk.journal.positions import ends
from kiosk.journal.projections import complete, project

_NO_FACT: Final = (Seq(0), NO_DIGEST)
_OWNER: Final = "owner"
_EPOCH: Final = "epoch"
_WHY: Final = "why_epoch"
SEEN: Final = "seen"  # the last position of the kiosk's own down log that is applied


def _nothing_more() -> None:
    """Nobody else holds anything of this lane, and one medium is all there is."""


class Journal:
    """One lane of one kiosk. Not shared between threads; other processes open the same file for themselves."""

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        address: Address,
        lane: Lane,
        clock: Clock,
        first_epoch: Epoch = Epoch(1),
    ) -> None:
        """Open the lane's file, making it if it is not there; its epoch is ``first_epoch`` or a later one.

        Raises: StorageFailed, NotADatabase, NewerDatabase, WrongKiosk.
        """
        self.path = path
        self.address = address
        self.lane = lane
        self._clock = clock
        self.before_record: Callable[[], None] = _nothing_more
        self.after_commit: Callable[[], None] = _nothing_more
        self.connection = open_database(path, migrations)
        self._claim()
        if self.follow_epoch() < first_epoch:
            self.raise_epoch(Epoch(first_epoch - 1))

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        """Commit ``facts`` in order; each is completed with what only the transaction can know.

        Raises: StorageFailed, BasketClosed, RightsMissing, NotHeld, KnownAlready, BookedAlready,
        contract.errors.Malformed; nothing was written then.
        """
        with self.writing() as writing:
            return writing.add(facts)

    @contextmanager
    def writing(self) -> Iterator["Writing"]:
        """Give one transaction to record in, committed and synced at the end, or nothing of it; rules as for a fact.

        Raises: StorageFailed.
        """
        self.before_record()
        stamp = self._clock.stamp()
        with immediate(self.connection, self.path):
            self.follow_epoch()
            yield Writing(self, stamp)
        self.after_commit()

    def raise_epoch(self, above: Epoch, why: str = "") -> Epoch:
        """Begin a new epoch, unless the present one is higher than ``above`` already; return it.

        Its accounts are empty (I6). The last there can be is not left: a till that sells on in it is better than one
        that cannot name its sales. ``why`` is what somebody must know of it.
        """
        with immediate(self.connection, self.path):
            self.follow_epoch()
            begin_epoch(self, above, why)
        return self.epoch

    def follow_epoch(self) -> Epoch:
        """Return the present epoch, which another process may have begun."""
        self.epoch = self._stored_epoch()
        return self.epoch

    def why_epoch(self) -> str:
        """Return why the present epoch was begun, as somebody must know it; empty for the first, or one of order."""
        epoch, _, why = (self.meta(_WHY) or "").partition(":")
        return why if epoch == str(self.follow_epoch()) else ""

    def dismiss_why(self) -> str:
        """Forget why the present epoch was begun, for a person has read it; return what it was.

        Raises: StorageFailed.
        """
        with immediate(self.connection, self.path):
            why = self.why_epoch()
            if why:
                self.put_meta(_WHY, "")
        return why

    def newest(self) -> Seq:
        """Return the sequence number of the last fact of this epoch, 0 for none."""
        return self.last()[0]

    def stored(self, epoch: Epoch, after: Seq = Seq(0)) -> Iterator[tuple[Seq, bytes]]:
        """Yield the facts of an epoch in order, as stored."""
        with translated(self.path):
            yield from self.connection.execute(
                "SELECT seq, bytes FROM facts WHERE epoch = ? AND seq > ? ORDER BY seq", (epoch, after)
            )

    def epochs(self) -> list[Epoch]:
        """Return the epochs that this file has facts of, oldest first."""
        return list(self.ends())

    def ends(self) -> dict[Epoch, Seq]:
        """Return the last position of every epoch, oldest first."""
        with translated(self.path):
            return {Epoch(epoch): Seq(seq) for epoch, seq in ends(self.connection).items()}

    def checkpoint(self) -> int:
        """Tidy the write-ahead log outside of any sale; return how many frames are left in it."""
        return checkpoint(self.connection, self.path)

    def probe(self) -> None:
        """Write and sync a little, as a sale would.

        Raises: StorageFailed if the disk does not take it.
        """
        with immediate(self.connection, self.path):
            self.put_meta("probe", self._clock.stamp().at.isoformat())

    def close(self) -> None:
        """Close the file; what was recorded stays."""
        self.connection.close()

    def _claim(self) -> None:
        owner = f"{self.address}/{self.lane}"
        found = self.meta(_OWNER)
        if found is None:
            with immediate(self.connection, self.path):
                self.put_meta(_OWNER, owner)
        elif found != owner:
            self.connection.close()
            raise WrongKiosk(self.path, found, owner)

    def last(self) -> tuple[Seq, str]:
        """Return the last fact of this epoch: its sequence number and its digest."""
        row = self.connection.execute(
            "SELECT seq, digest FROM facts WHERE epoch = ? ORDER BY seq DESC LIMIT 1", (self.epoch,)
        ).fetchone()
        return (Seq(row[0]), row[1]) if row else _NO_FACT

    def _stored_epoch(self) -> Epoch:
        return Epoch(int(self.meta(_EPOCH) or "1"))

    def append(self, fact: UpFact, seq: Seq, prev: str, stamp: Stamp, seen: int) -> str:
        """Store a completed fact in the caller's transaction; return its digest."""
        source = LaneSource(self.address, self.epoch, self.lane)
        raw = encode(fact, source=source, seq=seq, prev=prev, stamp=stamp, seen=seen)
        mark = digest(raw)
        self.connection.execute(
            "INSERT INTO facts (epoch, seq, type, bytes, digest) VALUES (?, ?, ?, ?, ?)",
            (self.epoch, seq, UP.name_of(fact), raw, mark),
        )
        return mark

    def meta(self, key: str) -> str | None:
        """Return what the file says of itself under a name.

        Raises: StorageFailed.
        """
        with translated(self.path):
            row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put_meta(self, key: str, value: str) -> None:
        """Store what the file says of itself; in a transaction of the caller's."""
        self.connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


class Writing:
    """One transaction of a journal: what is added in it is true once it is committed."""

    def __init__(self, journal: Journal, stamp: Stamp) -> None:
        """Begin at the present end of the journal, at the present moment."""
        self.journal = journal
        self.stamp = stamp
        self.connection = journal.connection

    def add(self, facts: Sequence[UpFact]) -> list[Recorded]:
        """Add facts in order, with all that follows from them; raises as :meth:`Journal.record`."""
        journal = self.journal
        seq, prev = journal.last()
        seen = int(journal.meta(SEEN) or "0")
        recorded = []
        for data in facts:
            fact = complete(data, self.connection, kiosk=journal.address.kiosk, epoch=journal.epoch)
            seq = Seq(seq + 1)
            prev = journal.append(fact, seq, prev, self.stamp, seen)
            project(fact, seq, self.connection, epoch=journal.epoch, stamp=self.stamp)
            recorded.append(Recorded(seq, fact))
        return recorded


def begin_epoch(journal: Journal, above: Epoch, why: str = "") -> None:
    """Begin the epoch beyond ``above`` in the caller's transaction, unless the present one is higher already."""
    begun = Epoch(min(above + 1, MAX_EPOCH))
    if begun <= journal.epoch:
        return
    if journal.lane is Lane.TILL:
        accounts.retire(journal.connection, journal.epoch)
        reservations.retire(journal.connection)
        asked.retire(journal.connection)
    journal.put_meta(_EPOCH, str(begun))
    journal.put_meta(_WHY, f"{begun}:{why}")
    journal.epoch = begun
