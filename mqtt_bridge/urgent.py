"""When to say an urgent request, and when again: without any IO. A shopper waits for the answer.

Rules
-----
1.  A request is said at once, ahead of any batch, under its own id; the hub decides each id once.
2.  It is said again, after a delay that doubles up to a bound, with jitter, while it is pending. It no longer is when
    the lane's acknowledgement covers its fact, or the answer came; that is the outbox's to know.
3.  A new connection says every pending one at once, oldest first: what was on its way on the old one proves nothing.
4.  A refusal (no hub is listening) puts all of them off, as one; a new one does not wait for it.

Only the pump that owns it calls it, from one thread. Time comes in as monotonic seconds.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from mqtt_bridge.session import FOREVER_S, Session

MAX_PENDING: Final = 64  # shoppers who wait at one till; the hub takes as many in half a second, the rest follow


class Urgent(NamedTuple):
    """A request that waits for its answer: its own id, and the message that says it."""

    id: str
    payload: bytes


class _Said(NamedTuple):
    tries: int
    due_s: float


class Urgency:
    """What is said on ``up/requests`` of one kiosk."""

    def __init__(self, session: Session) -> None:
        """Begin with nothing pending; ``session`` says how long to wait before saying it again."""
        self._session = session
        self._pending: Sequence[Urgent] = ()
        self._said: dict[str, _Said] = {}
        self._online = False

    def pending(self, requests: Sequence[Urgent]) -> None:
        """Learn which requests wait for an answer, oldest first; one that is not named any more has it."""
        if requests is self._pending:
            return
        self._pending = requests[:MAX_PENDING]
        ids = {one.id for one in self._pending}
        self._said = {name: said for name, said in self._said.items() if name in ids}

    def connected(self) -> None:
        """Say all again: rule 3."""
        self._online = True
        self._said.clear()

    def disconnected(self) -> None:
        """Say nothing, and be due for nothing, until :meth:`connected`."""
        self._online = False

    def refused(self, now_s: float) -> None:
        """Put off what was said: rule 4."""
        for name, (tries, due_s) in self._said.items():
            self._said[name] = _Said(tries, max(due_s, now_s + self._session.retry_delay_s(tries)))

    def due(self, now_s: float) -> Urgent | None:
        """Return what to say now, if anything."""
        return next((one for one in self._pending if self._due_s(one) <= now_s), None) if self._online else None

    def said(self, request: Urgent, now_s: float) -> None:
        """Learn that a request is on its way."""
        before = self._said.get(request.id)
        tries = before.tries + 1 if before else 1
        self._said[request.id] = _Said(tries, now_s + self._session.retry_delay_s(tries))

    def wake_in(self, now_s: float) -> float:
        """Return the seconds until :meth:`due` may answer otherwise without any event."""
        if not self._online:
            return FOREVER_S
        return max(0.0, min(map(self._due_s, self._pending), default=now_s + FOREVER_S) - now_s)

    def _due_s(self, request: Urgent) -> float:
        said = self._said.get(request.id)
        return said.due_s if said else float("-inf")
