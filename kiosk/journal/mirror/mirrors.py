"""All mirrors of a till's lane together: what a sale waits for, and what somebody must know."""

import time
from collections.abc import Mapping, Sequence

from contract.values import Epoch, Seq
from kiosk.core.epochs import Heard
from kiosk.core.words import joined, say
from kiosk.journal.mirror.copier import Copier


class Mirrors:
    """None, one or several mirrors of one lane; a call costs no more than ``wait_s``, whatever hangs."""

    def __init__(self, copiers: Sequence[Copier], wait_s: float) -> None:
        """Start every copier; wait shortly for what the mirrors hold, so that no number is given twice."""
        self._copiers = copiers
        self._wait_s = wait_s
        for copier in copiers:
            copier.start()
        until_s = time.monotonic() + wait_s
        for copier in copiers:
            copier.wait_met(max(0.0, until_s - time.monotonic()))

    def after_commit(self) -> None:
        """Return once every mirror has what was committed; at a time-out, or where one fails, without it."""
        tickets = [copier.wake() for copier in self._copiers]
        until_s = time.monotonic() + self._wait_s
        for copier, ticket in zip(self._copiers, tickets, strict=True):
            copier.wait(ticket, max(0.0, until_s - time.monotonic()))

    def heard(self) -> list[Heard]:
        """Return what each mirror holds of the lane."""
        return [copier.heard() for copier in self._copiers]

    def warning(self, acked: Mapping[Epoch, Seq]) -> str:
        """Return what is wrong with the mirrors and what to do; ``acked`` is what the hub has of each epoch."""
        lost = [
            say(
                "this card lost sales that {mirror} has: run `kiosk journal salvage {source}`",
                mirror=copier.mirror.name,
                source=copier.mirror.source,
            )
            for copier in self._copiers
            if any(
                seq > acked.get(epoch, 0) or epoch <= copier.heard().strayed for epoch, seq in copier.apart().items()
            )
        ]
        problems = [problem for copier in self._copiers if (problem := copier.problem())]
        if problems:
            if len(problems) == len(self._copiers):
                problems[0] = say("SALES ARE ON THIS CARD ONLY: {why}", why=problems[0])
            else:
                problems[0] = say("ONE COPY LESS: {why}", why=problems[0])
        return joined([*lost, *problems])

    def close(self) -> None:
        """End every copier, with a last chance to catch up."""
        self.after_commit()
        for copier in self._copiers:
            copier.stop(self._wait_s)
