"""What the site proves that this till's journal lost: it was put back to before what it said itself (I6).

Rules
-----
1.  The broker keeps how far the till was, under the till's own name. A place beyond the journal, or another fact in it,
    is proof that the journal lost its tail; a place that the journal holds, or one of an older life, is none.
2.  A neighbour that accepted a move of the present life, or a later one, which the journal never made, is proof too.
3.  Proof ends the life, as word of the hub does (``strayed``): its till begins the next one before its next fact.
4.  A new place is said to the broker only when the one that it kept was heard, or :data:`LISTEN_S` after the connection
    began: it would take the proof away. So does a life that is proven lost: it says no place at all.

Before the broker was heard nobody can know: a till that sells at once after it was put back may promise twice.
"""

from typing import Final

from contract.lan import Acceptance, Mark, Presence
from contract.values import MAX_EPOCH_LEAP
from mqtt_bridge.lan_ports import Standing, TillView

LISTEN_S: Final = 2.0  # a broker sends what it kept as soon as we listen; this is many times a site's round trip
Lost = tuple[int, int]  # the life, and how far it was by the proof; 0: not said
_NOTHING: Final[Lost] = (0, 0)


class Marks:
    """Compares what is heard of this till with its journal. The link owns it, and calls it from one thread."""

    def __init__(self, till: TillView) -> None:
        """Begin without proof."""
        self._till = till
        self._lost = _NOTHING
        self._told = _NOTHING
        self._waiting: list[Mark | Presence] = []  # heard before there was a journal to compare it with
        self._may_say_at_s = float("inf")

    def connected(self, now_s: float) -> None:
        """Learn that the broker says what it kept from now on."""
        self._may_say_at_s = now_s + LISTEN_S

    def may_say(self, standing: Standing | None, now_s: float) -> bool:
        """Return whether the till's mark may take the place of the one that the broker keeps: rule 4."""
        return standing is not None and now_s >= self._may_say_at_s and self._lost[0] < standing.presence.epoch

    def is_listening(self, now_s: float) -> bool:
        """Return whether the broker may still say what it kept."""
        return now_s < self._may_say_at_s

    def heard(self, told: Mark | Presence, standing: Standing | None) -> None:
        """Learn how far the till said to be: rule 1."""
        if isinstance(told, Mark):
            self._may_say_at_s = float("-inf")
        if standing is None:
            self._waiting = [told, *self._waiting][:2]  # one of each is kept by the broker
        elif told.position and self._is_beyond(told, standing.presence):
            self._note(told.epoch, told.position, standing)

    def accepted(self, told: Acceptance, standing: Standing | None) -> None:
        """Learn that a neighbour took what the till, by its journal, gives to nobody now: rule 2."""
        if standing and told.data.giver_epoch >= standing.presence.epoch and not self._till.gave(told.data.move):
            self._note(told.data.giver_epoch, 0, standing)

    def look(self, standing: Standing | None) -> Lost | None:
        """Return what is proven lost and was not stored yet."""
        if standing and self._waiting:
            waiting, self._waiting = self._waiting, []
            for told in waiting:
                self.heard(told, standing)
        return self._lost if self._lost > self._told else None

    def stored(self, lost: Lost) -> None:
        """Learn that it was stored."""
        self._told = lost

    def _is_beyond(self, told: Mark | Presence, own: Presence) -> bool:
        if told.epoch != own.epoch:
            return told.epoch > own.epoch
        if told.position > own.position:
            return True
        ours = self._till.digest(told.epoch, told.position) if isinstance(told, Mark) else None
        return ours is not None and isinstance(told, Mark) and ours != told.digest

    def _note(self, epoch: int, position: int, standing: Standing) -> None:
        if epoch <= standing.presence.epoch + MAX_EPOCH_LEAP:  # a lie must not stand where the truth would
            self._lost = max(self._lost, (epoch, position))
