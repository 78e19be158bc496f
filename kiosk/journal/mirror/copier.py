"""Brings one lane to one mirror, in a thread of its own: a medium that hangs holds up nobody else.

Rules
-----
1.  The thread alone touches the mirror, and reads the lane's file with its own connection.
2.  It copies what the mirror lacks, from the journal, in order, one batch after the other. So a gap heals, an empty
    medium fills up behind the till's back, and what another process recorded comes along.
3.  Who recorded something waits until it is copied, but never twice for the same trouble: after one time-out, and while
    the mirror fails, there is no waiting until the thread has caught up.
4.  An epoch in which the mirror is ahead of the journal, or holds another fact, is left alone: there the card lost
    something. It is heard (see :mod:`kiosk.core.epochs`), and the journal goes on in a new epoch.
"""

import threading
import time
from collections.abc import Mapping
from typing import Final

from contract.codec import digest
from contract.streams import lane_stream, parse_lane_stream
from contract.values import Epoch, Lane, Seq
from kiosk.core.epochs import Heard
from kiosk.core.ports import Held, Mirror, MirrorFailed, MirrorStrayed
from kiosk.core.words import say
from kiosk.journal.errors import JournalError
from kiosk.journal.mirror.files import WINDOW, as_line
from kiosk.journal.outbox import Outbox
from mqtt_bridge.backoff import Backoff

CHECK_S: Final = 5.0  # a medium that was pulled out is said before the next shopper has paid
MAX_BACKOFF_S: Final = 5.0  # a medium put back is in use as soon
_BUSY_S: Final = 2.0  # who copied something as shortly before is filling up, and does not hang


class Copier:
    """One lane's way to one mirror."""

    def __init__(
        self, mirror: Mirror, outbox: Outbox, lane: Lane, *, backoff: Backoff, check_s: float = CHECK_S
    ) -> None:
        """Take the mirror and a reader of the lane; both belong to the thread from :meth:`start` on."""
        self.mirror = mirror
        self._outbox = outbox
        self._lane = lane
        self._backoff = backoff
        self._check_s = check_s
        self._next: dict[Epoch, int] | None = None  # the thread's: what to copy first of each epoch
        self._changed = threading.Condition()
        self._asked = 1
        self._done = 0
        self._met = self._late = self._stopped = False
        self._problem = ""
        self._heard = Heard()
        self._apart: dict[Epoch, Seq] = {}
        self._copied_at_s = self._late_at_s = float("-inf")
        self._thread = threading.Thread(target=self._run, name=f"to {mirror.name}", daemon=True)

    def start(self) -> None:
        """Begin to copy."""
        self._thread.start()

    def wake(self) -> int:
        """Say that something was committed; return the ticket to wait with."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
            return self._asked

    def wait(self, ticket: int, timeout_s: float) -> bool:
        """Return whether all of a ticket is on the mirror, waiting for it unless it is known to be late."""
        with self._changed:
            if not (self._late or self._problem):
                self._changed.wait_for(lambda: self._done >= ticket or bool(self._problem), timeout_s)
                self._set_late(late=self._done < ticket)
            return self._done >= ticket

    def wait_met(self, timeout_s: float) -> None:
        """Return once it is known what the mirror holds, or that it cannot be asked, or after ``timeout_s``."""
        with self._changed:
            self._set_late(late=not self._changed.wait_for(lambda: self._met or bool(self._problem), timeout_s))

    def heard(self) -> Heard:
        """Return what the mirror holds of the lane, as far as is known; never waits."""
        with self._changed:
            return self._heard

    def apart(self) -> Mapping[Epoch, Seq]:
        """Return how far the mirror is in each epoch in which it holds what the card lost."""
        with self._changed:
            return dict(self._apart)

    def problem(self) -> str:
        """Return why the newest sales are not on the mirror, with what to do; empty when they are."""
        with self._changed:
            if self._problem or not self._late:
                return self._problem
            if self._copied_at_s > max(self._late_at_s, time.monotonic() - _BUSY_S):
                return say("{mirror} is being filled: leave it as it is", mirror=self.mirror.name)
            return say("{mirror} does not answer: see that it is plugged in and runs", mirror=self.mirror.name)

    def stop(self, timeout_s: float) -> None:
        """End, after what is being copied just now; a thread that hangs is left behind after ``timeout_s``."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _set_late(self, *, late: bool) -> None:
        self._late, self._late_at_s = late, time.monotonic()

    def _run(self) -> None:
        failures = 0
        try:
            while not self._stopped:
                asked, pause_s = self._asked, self._check_s
                try:
                    self._copy(asked)
                    failures = 0
                except (MirrorFailed, JournalError) as error:
                    failures += 1
                    pause_s = self._backoff.delay_s(failures)
                    self._fail(str(error))
                self._rest(asked, pause_s, failed=failures > 0)
        finally:
            broke = say("copying to {mirror} broke: start the till again", mirror=self.mirror.name)
            self._fail("" if self._stopped else broke)
            self._outbox.close()

    def _copy(self, asked: int) -> None:
        if self._next is None or asked == self._done:  # nothing new: see whether the mirror is still there
            self._meet()
        for stream in self._outbox.newest():
            epoch, lane = parse_lane_stream(stream, "stream")
            if lane is self._lane and epoch not in self._apart:
                self._fill(epoch, stream)
        with self._changed:
            self._done, self._problem = asked, ""
            self._late = self._late and self._asked != asked
            self._changed.notify_all()

    def _meet(self) -> None:
        held = self.mirror.newest()
        apart, strayed = dict[Epoch, Seq](), Epoch(0)
        for epoch, end in held.items():
            stream = lane_stream(epoch, self._lane)
            newest = self._outbox.newest().get(stream, 0)
            differs = end.position <= newest and not self._agrees(stream, end)
            if end.position > newest or differs:
                apart[epoch] = end.position
            if differs:
                strayed = max(strayed, epoch)
        again = WINDOW if self._next is None else 0  # the first time its end is compared line by line, and mended
        self._next = {epoch: max(1, end.position + 1 - again) for epoch, end in held.items()}
        with self._changed:
            self._heard = Heard({epoch: end.position for epoch, end in held.items()}, strayed)
            self._apart = apart
            self._met = True
            self._changed.notify_all()

    def _agrees(self, stream: str, end: Held) -> bool:
        if self._outbox.digest(stream, end.position) == end.digest:
            return True
        stored = self._outbox.read(stream, end.position)[:1]  # damaged on the card before it was copied
        return [digest(as_line(raw)) for raw in stored] == [end.digest]

    def _fill(self, epoch: Epoch, stream: str) -> None:
        if self._next is None:
            return
        first = self._next.get(epoch, 1)
        while not self._stopped and (facts := self._outbox.read(stream, first)):
            try:
                self.mirror.keep(epoch, Seq(first), facts)
            except MirrorStrayed:
                self._set_apart(epoch, Seq(first))
                return
            first += len(facts)
            self._next[epoch] = first
            self._copied_at_s = time.monotonic()

    def _set_apart(self, epoch: Epoch, at: Seq) -> None:
        with self._changed:
            self._apart[epoch] = max(at, self._heard.positions.get(epoch, at))
            self._heard = Heard(self._heard.positions, max(epoch, self._heard.strayed))

    def _fail(self, problem: str) -> None:
        self._next = None
        self.mirror.close()
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def _rest(self, asked: int, pause_s: float, *, failed: bool) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or (not failed and self._asked != asked), pause_s)
