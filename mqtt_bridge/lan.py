"""The link to the site's own broker: what this till has to say goes out, what its neighbours say is stored (I10).

Rules
-----
1.  Everything from the wire is parsed and bounded, or refused and counted. A till is believed in its own name only: the
    topic says whose message it is, the broker's access list that nobody else wrote there, and the fact inside the same.
2.  A move is stored for the backroom, which alone records. Once the journal says that it was accepted, it is forgotten
    here and answered; heard again, it is answered again. A move to another life of this till is refused.
3.  What proves that this till's journal lost what it said is stored like the hub's word: :mod:`mqtt_bridge.lan_marks`.
4.  Nothing here holds up the link to the hub: another thread, another connection, and no sync of the disk but for that
    proof.
"""

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from contract.codec import Stamp
from contract.errors import Malformed
from contract.lan import (
    Presence,
    decode_acceptance,
    decode_ask,
    decode_holds,
    decode_mark,
    decode_move,
    decode_presence,
    encode_lan,
)
from contract.values import Address, KioskId
from mqtt_bridge.errors import LinkBusy, LinkDown, LinkError, LinkTooLarge
from mqtt_bridge.lan_marks import Marks
from mqtt_bridge.lan_ports import LanStore, Standing, TillView
from mqtt_bridge.lan_session import LanSession
from mqtt_bridge.link import Connected, Delivered, Disconnected, Link, LinkEvent, Received, Refused
from mqtt_bridge.topics import LAN_ACCEPTED, LAN_ASK, LAN_HOLDS, LAN_MARK, LAN_MOVE, LAN_PRESENCE, parse_topic, topic

log = logging.getLogger(__name__)

ASK: Final = "ask"
MOVE: Final = "move"
ACCEPTED: Final = "accepted"
LAN_POLL_S: Final = 0.1  # how soon what the till recorded is said: a shopper waits at the counter
HUB_LOOK_S: Final = 1.0  # how old what we know of the link to the hub may be
DISK_RETRY_S: Final = 1.0
MAX_EVENTS: Final = 256  # not yet handled; beyond that the link waits, and with it the broker

LanFate = Literal["heard", "stored", "answered", "ended", "refused"]  # of a message


class Lan:
    """One till's part in the talk of its site, until told to stop."""

    def __init__(
        self,
        *,
        address: Address,
        till: TillView,
        store: LanStore,
        monotonic: Callable[[], float],
        stamp: Callable[[], Stamp],
        disk_failed: type[Exception],
    ) -> None:
        """Take the parts; :meth:`attach` gives the link, which needs :meth:`on_event` first."""
        self._address = address
        self._till = till
        self._store = store
        self._monotonic = monotonic
        self._stamp = stamp
        self._disk_failed = disk_failed
        self._session = LanSession()
        self._marks = Marks(till)
        self._events: queue.Queue[LinkEvent] = queue.Queue(MAX_EVENTS)
        self._link: Link | None = None
        self._clear_to_send = True
        self._hub_due_s = float("-inf")
        self._hub = False
        store.clear_heard()  # who said it says it again
        self._waiting: dict[tuple[str, str], str] = {}  # kind and move -> who said it
        self._epoch = 0
        self._state: tuple[bool, str] = (False, "")
        self._told: tuple[bool, str, int] | None = None
        self.fates: Counter[LanFate] = Counter()
        self._said: set[str] = set()

    def attach(self, link: Link) -> None:
        """Take the link whose events :meth:`on_event` gets."""
        self._link = link

    def on_event(self, event: LinkEvent) -> None:
        """Take an event from the link's thread."""
        self._events.put(event)

    def run(self, stopped: threading.Event) -> None:
        """Talk until ``stopped``; while the disk fails nothing is stored, and what was said then is said again."""
        trouble = ""
        while not stopped.is_set():
            try:
                self.turn(LAN_POLL_S)
                trouble = ""
            except self._disk_failed as error:
                if str(error) != trouble:
                    log.error("lan: %s", error)  # noqa: TRY400 - the sentence is all there is to know
                trouble = str(error)
                stopped.wait(DISK_RETRY_S)
        self._say_goodbye()

    def turn(self, wait_s: float) -> None:
        """Say what is due, then take what came, waiting up to ``wait_s`` for it."""
        standing = self._till.standing()
        self._epoch = self._follow(standing)
        self._look_at_hub()
        self._save_lost(standing)
        now_s = self._monotonic()
        marks, listening = self._marks.may_say(standing, now_s), self._marks.is_listening(now_s)
        self._session.stands(standing, hub=self._hub, marks=marks, listening=listening)
        self._settle(standing)
        self._say_due()
        self._save_state()
        try:
            self._handle(self._events.get(timeout=wait_s))
            for _ in range(MAX_EVENTS):
                self._handle(self._events.get_nowait())
        except queue.Empty:
            return

    def _say_goodbye(self) -> None:
        """Tell the neighbours that nobody hears them here; the will, which says so too, goes with a lost link only."""
        with suppress(LinkError, self._disk_failed):
            standing = self._till.standing()
            if self._link and standing:
                gone = Presence(online=False, epoch=standing.presence.epoch, position=standing.presence.position)
                self._link.publish(topic(self._address, LAN_PRESENCE), encode_lan(gone), retain=True)

    def _look_at_hub(self) -> None:
        now_s = self._monotonic()
        if now_s >= self._hub_due_s:
            self._hub, self._hub_due_s = self._store.hub_connected(), now_s + HUB_LOOK_S

    def _follow(self, standing: Standing | None) -> int:
        """Return the life that the till is in; one that just began takes nothing that was given to the one before."""
        epoch = standing.presence.epoch if standing else 0
        if epoch != self._epoch:
            self._store.clear_heard()
            self._waiting.clear()
        return epoch

    def _save_lost(self, standing: Standing | None) -> None:
        """Store what is proven lost; a disk that did not take it is asked again in the next turn."""
        lost = self._marks.look(standing)
        if lost:
            self._store.save_strayed(*lost)
            self._marks.stored(lost)
            log.error("the site holds facts of till@%s (%s) that are not in this journal", *lost)

    def _settle(self, standing: Standing | None) -> None:
        """Answer the moves that the backroom has accepted, and forget the acceptances that it has noted: rule 2."""
        for (kind, name), kiosk in list(self._waiting.items()):
            if kind == MOVE:
                if not self._answer(name, kiosk):
                    continue
            elif standing and name in standing.moves:
                continue
            self._store.drop(kind, kiosk, name)
            del self._waiting[kind, name]

    def _answer(self, move: str, giver: str) -> bool:
        """Answer a move that was accepted; return whether it was."""
        raw = self._till.acceptance(move)
        if raw:
            self._session.answer(move, giver, raw)
        return raw is not None

    def _say_due(self) -> None:
        while self._link and self._clear_to_send and (say := self._session.due(self._monotonic())):
            try:
                self._link.publish(topic(self._address, say.leaf), say.payload, retain=say.retain)
            except LinkBusy:
                self._clear_to_send = False  # Delivered or Refused clears it
                return
            except LinkDown:
                return  # Disconnected is on its way
            except LinkTooLarge as error:
                self._tell(str(error))
            self._session.said(say, self._monotonic())

    def _handle(self, event: LinkEvent) -> None:
        match event:
            case Connected(broker, _):
                log.info("lan: connected to %s", broker)
                self._clear_to_send = True
                self._said.clear()
                self._state = (True, "")
                self._session.connected()
                self._marks.connected(self._monotonic())
            case Disconnected(reason):
                self._state = (False, reason)
                self._tell(reason)
                self._session.disconnected()
            case Refused() | Delivered():
                self._clear_to_send = True
            case Received(at, payload, retained):
                self._receive(at, payload, live=not retained)

    def _receive(self, at: str, payload: bytes, *, live: bool) -> None:
        try:
            self.fates[self._take(at, payload, live=live)] += 1
        except Malformed as error:
            self.fates["refused"] += 1
            self._tell(f"refused a message on {at[:120]!r}: {str(error)[:200]!r}", of=f"refused {at[:120]}")

    def _take(self, at: str, payload: bytes, *, live: bool) -> LanFate:
        """Take a message, or raise Malformed; return what became of it."""
        sender, leaf = parse_topic(at)
        if (sender.region, sender.site) != (self._address.region, self._address.site):
            raise Malformed("it comes from another site", "topic")
        if sender.kiosk == self._address.kiosk:
            return self._take_own(leaf, payload)  # a broker gives us back what we say to all, and what it kept of it
        to_me = f"/{self._address.kiosk}"
        match leaf:
            case leaf if leaf == LAN_PRESENCE:
                return self._take_presence(sender, payload, live=live)
            case leaf if leaf == LAN_HOLDS:
                if payload:
                    self._store.put_holds(sender.kiosk, decode_holds(payload))
                return "heard"
            case leaf if leaf == LAN_ASK + to_me:
                decode_ask(payload)
                return self._keep(ASK, sender.kiosk, "", payload)
            case leaf if leaf == LAN_MOVE + to_me:
                return self._take_move(sender, payload)
            case leaf if leaf == LAN_ACCEPTED + to_me:
                return self._take_acceptance(sender, payload)
            case _:
                raise Malformed("it is not for this till", "topic")

    def _take_own(self, leaf: str, payload: bytes) -> LanFate:
        if payload and leaf in (LAN_MARK, LAN_PRESENCE):
            decode = decode_mark if leaf == LAN_MARK else decode_presence
            self._marks.heard(decode(payload), self._till.standing())
        return "heard"

    def _take_presence(self, sender: Address, payload: bytes, *, live: bool) -> LanFate:
        if not payload:  # somebody cleared what the broker had kept of a till that is gone for good
            self._store.forget(sender.kiosk)
            return "ended"
        told = decode_presence(payload)
        if not self._store.put_presence(sender.kiosk, told, self._stamp(), live=live):
            raise Malformed("there are more tills than a site has", "topic")
        self._session.heard(sender.kiosk, told)
        return "heard"

    def _take_move(self, sender: Address, payload: bytes) -> LanFate:
        move = decode_move(payload, sender, self._address.kiosk)
        name = move.data.move
        if self._answer(name, sender.kiosk):
            return "answered"
        if move.data.to_epoch != self._epoch:
            raise Malformed(f"it moves rights to epoch {move.data.to_epoch}; this is {self._epoch}", "$.data.to_epoch")
        fate = self._keep(MOVE, sender.kiosk, name, payload)
        self._waiting[MOVE, name] = sender.kiosk
        return fate

    def _take_acceptance(self, sender: Address, payload: bytes) -> LanFate:
        told = decode_acceptance(payload, sender, self._address.kiosk)
        name, standing = told.data.move, self._till.standing()
        move = standing.moves.get(name) if standing else None
        if move is None:
            self._marks.accepted(told, standing)
            return "ended"
        if (move.receiver, move.epoch) != (told.receiver, told.epoch):
            raise Malformed(f"the rights were moved to epoch {move.epoch} of {move.receiver}", "$.source")
        fate = self._keep(ACCEPTED, sender.kiosk, name, payload)
        self._waiting[ACCEPTED, name] = sender.kiosk
        return fate

    def _keep(self, kind: str, kiosk: KioskId, name: str, payload: bytes) -> LanFate:
        if not self._store.put_heard(kind, kiosk, name, payload, self._stamp()):
            raise Malformed(f"too many messages wait for the backroom: is it running ({kind})?", "topic")
        return "stored"

    def _tell(self, what: str, of: str = "") -> None:
        """Log the first of a kind on a connection."""
        kind = of or what
        if len(self._said) < MAX_EVENTS and kind not in self._said:
            self._said.add(kind)
            log.warning("lan: %s", what)

    def _save_state(self) -> None:
        told = (*self._state, self.fates["refused"])
        if told != self._told:
            connected, problem, refused = told
            self._store.save_state(connected=connected, problem=problem, refused=refused)
            self._told = told
