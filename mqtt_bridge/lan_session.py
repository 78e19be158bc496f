"""What a till says to its neighbours, and when again: without any IO.

Rules
-----
1.  Where it is: when that changed, but not more often than every :data:`PRESENCE_MIN_S`, and every :data:`PRESENCE_S`.
2.  What it holds: when that changed, more often while the hub is away, for then others ask by it.
3.  A question: at once, and again every :data:`ASK_S` as long as it stands.
4.  A move: at once, then again after a delay that doubles up to a bound, until its acceptance is heard. Only to a
    receiver that is there, in the life that the rights were given to: no other may take them.
5.  An acceptance: once for every time the move is heard. Who gave, asks by repeating.
6.  Its mark, for itself: as often as where it is, but before any move that was not said yet, so that a card put back to
    before the move finds it. Only while it may: what the broker kept was heard, and the journal lost nothing. While
    it is still listening for that, moves wait as well.
7.  A new connection says all of it anew; so does a receiver that is back. A refusal (nobody listens) is a lost message.

Time comes in as monotonic seconds. Only the link that owns it calls it, from one thread.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from contract.lan import Presence, encode_lan
from mqtt_bridge.lan_ports import Standing
from mqtt_bridge.topics import LAN_ACCEPTED, LAN_ASK, LAN_HOLDS, LAN_MARK, LAN_MOVE, LAN_PRESENCE

PRESENCE_MIN_S: Final = 0.5  # a till that sells without a pause is told of twice a second
PRESENCE_S: Final = 10.0  # two of them fit into what neighbours call present
HOLDS_S: Final = 30.0  # while the hub answers, nobody asks neighbours
HOLDS_AWAY_S: Final = 2.0  # 50 KiB at most; as often as a backroom asks
ASK_S: Final = 3.0
MOVE_MIN_S: Final = 1.0
MOVE_MAX_S: Final = 30.0  # 256 moves to a till that is there and does not accept are nine messages a second
_DOUBLINGS: Final = 10  # which is beyond the longest delay already
MAX_ANSWERS: Final = 256  # acceptances that wait for the broker; the giver repeats what is dropped

Key = tuple[str, str]  # the kind of what is said, and of which neighbour, question or move
_PRESENCE: Final[Key] = ("presence", "")
_MARK: Final[Key] = ("mark", "")
_HOLDS: Final[Key] = ("holds", "")


class Say(NamedTuple):
    """A message; ``key`` and ``what`` (to be compared with what there is to say later) are the session's own."""

    key: Key
    leaf: str
    payload: bytes
    retain: bool = False
    what: object = None


class _Said(NamedTuple):
    at_s: float
    what: object
    tries: int = 1


class LanSession:
    """What is said at the site's broker by one till."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._standing: Standing | None = None
        self._hub = False
        self._marks = self._listening = False
        self._online = False
        self._there: dict[str, int] = {}  # neighbour -> its epoch
        self._said: dict[Key, _Said] = {}
        self._answers: dict[str, tuple[str, bytes]] = {}  # move -> giver, fact

    def connected(self) -> None:
        """Say all anew: rule 7."""
        self._online = True
        self._said.clear()

    def disconnected(self) -> None:
        """Say nothing; what neighbours are there will be told again."""
        self._online = False
        self._there.clear()
        self._answers.clear()

    def stands(self, standing: Standing | None, *, hub: bool, marks: bool = True, listening: bool = False) -> None:
        """Learn what there is to say, whether the hub is heard, and whether the mark may be said, now or soon."""
        if standing is not self._standing:
            self._standing = standing
            self._forget_past()
        self._hub, self._marks, self._listening = hub, marks, listening

    def heard(self, kiosk: str, told: Presence) -> None:
        """Learn where a neighbour is; one that is back, or of another life, is told of its moves at once."""
        before = self._there.get(kiosk)
        if not told.online:
            self._there.pop(kiosk, None)
            return
        self._there[kiosk] = told.epoch
        if before != told.epoch and self._standing:
            for name, move in self._standing.moves.items():
                if move.receiver == kiosk:
                    self._said.pop(("move", name), None)

    def answer(self, move: str, giver: str, raw: bytes) -> None:
        """Say that a move was accepted: rule 5."""
        if len(self._answers) < MAX_ANSWERS:
            self._answers[move] = (giver, raw)

    def due(self, now_s: float) -> Say | None:
        """Return what to say now, if anything: answers and moves first."""
        if not self._online:
            return None
        say = next((say for say, due_s in self._all() if due_s <= now_s), None)
        if say and self._standing and say.key == _HOLDS:
            return say._replace(payload=encode_lan(self._standing.holds))  # large: made only when it is due
        return say

    def said(self, say: Say, now_s: float) -> None:
        """Learn that a message is on its way."""
        kind, name = say.key
        if kind == "accepted":
            self._answers.pop(name, None)
            return
        before = self._said.get(say.key)
        self._said[say.key] = _Said(now_s, say.what, before.tries + 1 if before else 1)

    def _all(self) -> Iterator[tuple[Say, float]]:
        for move, (giver, raw) in self._answers.items():
            yield Say(("accepted", move), f"{LAN_ACCEPTED}/{giver}", raw), float("-inf")
        if self._standing is None:
            return
        moves = [] if self._listening else list(self._moves(self._standing))
        if self._standing.mark and self._marks:
            say = Say(_MARK, LAN_MARK, encode_lan(self._standing.mark), retain=True, what=self._standing.mark)
            new = any(move.key not in self._said for move, _ in moves)
            yield say, self._due_s(say, changed_s=0.0 if new else PRESENCE_MIN_S, again_s=float("inf"))
        yield from moves
        for receiver, (ask, body) in self._standing.asks.items():
            say = Say(("ask", receiver), f"{LAN_ASK}/{receiver}", body, what=ask)
            yield say, self._due_s(say, changed_s=0.0, again_s=ASK_S)
        yield from self._of_itself(self._standing)

    def _moves(self, standing: Standing) -> Iterator[tuple[Say, float]]:
        for name, move in standing.moves.items():
            if self._there.get(move.receiver) == move.epoch:
                say = Say(("move", name), f"{LAN_MOVE}/{move.receiver}", move.raw)
                said = self._said.get(say.key)
                wait_s = min(MOVE_MAX_S, MOVE_MIN_S * 2.0 ** min(said.tries - 1, _DOUBLINGS)) if said else 0.0
                yield say, self._due_s(say, changed_s=wait_s, again_s=wait_s)

    def _of_itself(self, standing: Standing) -> Iterator[tuple[Say, float]]:
        told, holds = standing.presence, standing.holds
        present = Presence(online=True, epoch=told.epoch, position=told.position, hub=self._hub)
        present = replace(present, selling=told.selling, sold_at=told.sold_at)
        say = Say(_PRESENCE, LAN_PRESENCE, encode_lan(present), retain=True, what=present)
        yield say, self._due_s(say, changed_s=PRESENCE_MIN_S, again_s=PRESENCE_S)
        say = Say(_HOLDS, LAN_HOLDS, b"", retain=True, what=holds)
        due_s = self._due_s(say, changed_s=HOLDS_S if self._hub else HOLDS_AWAY_S, again_s=float("inf"))
        yield say, due_s

    def _due_s(self, say: Say, *, changed_s: float, again_s: float) -> float:
        said = self._said.get(say.key)
        if said is None:
            return float("-inf")
        return said.at_s + (again_s if said.what == say.what else changed_s)

    def _forget_past(self) -> None:
        """Forget when moves and questions were said that are no more."""
        moves, asks = (self._standing.moves, self._standing.asks) if self._standing else ({}, {})
        kept = {"move": moves, "ask": asks}
        self._said = {key: said for key, said in self._said.items() if key[0] not in kept or key[1] in kept[key[0]]}
