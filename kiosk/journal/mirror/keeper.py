"""The keeper: holds the facts of other tills of the site on this till's card (:mod:`kiosk.journal.mirror.wire`).

Rules
-----
1.  Only kiosks of this site are heard, by their certificates; each writes and reads its own folder, and no other's.
    Without certificates the keeper listens on this machine only.
2.  What it answers HELD to is synced.
3.  What it cannot read it refuses, and hangs up; whatever comes, it goes on for the others.
4.  Everything has a bound: connections, frames, the time they may take, what one kiosk may store, and what is left free
    on the card, which belongs to the till that sells here. At a bound it says so, to the peer and in the log.
"""

import logging
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import disk_usage
from typing import Final

from msgspec import Struct

from contract.batch import MAX_BATCH_BYTES, MAX_BATCH_FACTS, decode_batch, encode_batch
from contract.errors import Malformed
from contract.streams import parse_lane_stream
from contract.values import Address, Epoch, Lane, Seq, parse_address
from kiosk.core.endpoint import Endpoint
from kiosk.core.ports import Held, MirrorFailed, MirrorStrayed
from kiosk.journal.database import translated
from kiosk.journal.mirror import tls as mirror_tls
from kiosk.journal.mirror.files import LaneFiles
from kiosk.journal.mirror.paths import kept_size, opened_root
from kiosk.journal.mirror.wire import Channel, Closed, Kind, Refusal, held_bytes, read_fetch, read_hello, words
from mqtt_bridge.link import TlsFiles

MAX_CONNECTIONS: Final = 32  # of all tills of a site
MAX_OF_ONE: Final = 4  # of one till: its oldest connection, which may be dead without our knowing, gives way
HELLO_S: Final = 5.0  # a stranger who says nothing holds a connection no longer
IDLE_S: Final = 60.0  # a till asks every 5 s; one that was switched off is forgotten
SEND_S: Final = 10.0  # half a MiB at 1 Mbit/s, twice
FREE_BYTES: Final = 256 * 1024 * 1024  # left for the till that sells on this card: eight times where it warns
_POLL_S: Final = 0.2  # an end that was asked for begins as soon
_MAX_WHY: Final = 300

log = logging.getLogger(__name__)


class Bounds(Struct, frozen=True):
    """What one kiosk may store, and what stays free on the card."""

    quota_bytes: int
    free_bytes: int = FREE_BYTES


class Keeper:
    """Listens and keeps, until stopped."""

    def __init__(self, kept: Path, address: Address, listen: Endpoint, *, tls: TlsFiles | None, bounds: Bounds) -> None:
        """Listen; ``kept`` is made if it is not there, and ``address`` is this till's own.

        Raises: StorageFailed; OSError, if it cannot listen; mqtt_bridge.tls.UnusableFile.
        """
        with translated(kept):
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._kept = kept
        self._address = address
        self._bounds = bounds
        self._context = mirror_tls.server(tls) if tls else None
        family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        self._listener = socket.create_server((listen.host, listen.port), family=family, backlog=MAX_CONNECTIONS)
        self._listener.settimeout(_POLL_S)
        self._rooms = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._lock = threading.Lock()
        self._guests: dict[Address, list[socket.socket]] = {}
        self._told = ""

    def run(self, stopped: threading.Event) -> None:
        """Serve until ``stopped``; connections end with the process."""
        with self._listener:
            while not stopped.is_set():
                try:
                    sock, (host, *_) = self._listener.accept()
                except TimeoutError:
                    continue
                except OSError as error:  # out of descriptors, or a peer that was gone at once
                    self._tell(f"cannot take a connection: {error.strerror}")
                    stopped.wait(_POLL_S)
                    continue
                self._begin(sock, host)

    def _begin(self, sock: socket.socket, host: str) -> None:
        if not self._rooms.acquire(blocking=False):
            self._tell(f"{host} is turned away: {MAX_CONNECTIONS} connections are open, which is all there may be")
            sock.close()
            return
        threading.Thread(target=self._serve, args=(sock, host), name=f"keeps for {host}", daemon=True).start()

    def _serve(self, sock: socket.socket, host: str) -> None:
        try:
            with ExitStack() as stack:
                stack.callback(self._rooms.release)
                stack.callback(sock.close)
                sock.settimeout(HELLO_S)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                secured = mirror_tls.greet(sock, self._context, HELLO_S) if self._context else sock
                stack.callback(secured.close)
                with _answered(channel := Channel(secured)):
                    address = self._met(channel, secured)
                    stack.enter_context(self._seated(address, secured))
                    Guest(channel, self._kept, address, self._bounds).serve()
        except Closed:
            return  # as conversations end
        except (OSError, Malformed, MirrorFailed) as error:
            self._tell(f"{host}: {error}")

    def _met(self, channel: Channel, sock: socket.socket) -> Address:
        kind, body = channel.receive(HELLO_S)
        if kind is not Kind.HELLO:
            raise Malformed(f"{kind.name} before HELLO", "frame")
        said = parse_address(read_hello(body).address)
        sure = mirror_tls.address_of(sock) if isinstance(sock, ssl.SSLSocket) else said
        own = self._address
        if said != sure:
            raise Malformed(f"{said}, whose certificate says {sure},", "hello")
        if (sure.region, sure.site) != (own.region, own.site) or sure == own:
            raise Malformed(f"{sure}, which is no other till of {own.region}/{own.site},", "hello")
        return sure

    @contextmanager
    def _seated(self, address: Address, sock: socket.socket) -> Iterator[None]:
        with self._lock:
            guests = self._guests.setdefault(address, [])
            guests.append(sock)
            if len(guests) > MAX_OF_ONE:
                with suppress(OSError):
                    socket.socket.shutdown(guests.pop(0), socket.SHUT_RDWR)  # its thread sees the end, and closes
        try:
            yield
        finally:
            with self._lock, suppress(ValueError):
                guests.remove(sock)

    def _tell(self, what: str) -> None:
        if what != self._told:  # a peer that repeats itself does not fill the log
            self._told = what
            log.warning("%s", what)


class Guest:
    """One conversation with one kiosk that is known."""

    def __init__(self, channel: Channel, kept: Path, address: Address, bounds: Bounds) -> None:
        """Begin with nothing open."""
        self._channel = channel
        self._kept = kept
        self._address = address
        self._bounds = bounds
        self._files = {lane: LaneFiles(address, lane) for lane in Lane}
        self._full = ""

    def serve(self) -> None:
        """Answer until the other side hangs up.

        Raises: Closed, OSError, Malformed, MirrorFailed.
        """
        self._answer_newest()
        while True:
            kind, body = self._channel.receive(IDLE_S)
            match kind:
                case Kind.NEWEST:
                    self._answer_newest()
                case Kind.BATCH:
                    self._answer_batch(body)
                case Kind.FETCH:
                    self._answer_fetch(body)
                case _:
                    raise Malformed(f"{kind.name} from a till", "frame")

    def _answer_newest(self) -> None:
        with opened_root(self._kept) as root:
            ends = {
                (epoch, lane): held for lane, files in self._files.items() for epoch, held in files.newest(root).items()
            }
        self._held(ends)

    def _answer_batch(self, body: bytes) -> None:
        batch = decode_batch(body)
        epoch, lane = parse_lane_stream(batch.head.stream, "stream")
        if full := self._no_room(len(body)):
            self._refuse(full)
            return
        try:
            with opened_root(self._kept) as root:
                held = self._files[lane].keep(root, epoch, batch.head.first, batch.facts)
        except MirrorStrayed as error:
            self._refuse(str(error), strayed=True)
        except MirrorFailed as error:
            self._refuse(str(error))
        except OSError as error:
            self._refuse(f"its card fails ({error.strerror}): look at {self._kept} there")
        else:
            self._held({(epoch, lane): held})

    def _answer_fetch(self, body: bytes) -> None:
        wanted = read_fetch(body)
        epoch, lane = parse_lane_stream(wanted.stream, "stream")
        facts: list[bytes] = []
        with suppress(FileNotFoundError), opened_root(self._kept) as root:  # a life that nobody knows holds nothing
            seq, size = int(wanted.first), 0
            for _, raw in self._files[lane].read(root, epoch, Seq(wanted.first - 1)):
                if facts and (size + len(raw) > MAX_BATCH_BYTES or len(facts) == MAX_BATCH_FACTS):
                    self._batch(wanted.stream, seq, facts)
                    seq, size, facts = seq + len(facts), 0, []
                facts.append(raw)
                size += len(raw) + 1
        if facts:
            self._batch(wanted.stream, seq, facts)
        self._held({})

    def _batch(self, stream: str, first: int, facts: list[bytes]) -> None:
        last = Seq(first + len(facts) - 1)
        self._channel.send(Kind.BATCH, encode_batch(stream, Seq(first), facts, last), SEND_S)

    def _held(self, ends: Mapping[tuple[Epoch, Lane], Held]) -> None:
        self._channel.send(Kind.HELD, held_bytes(ends), SEND_S)

    def _refuse(self, why: str, *, strayed: bool = False) -> None:
        if why != self._full:
            self._full = why
            log.error("%s: %s", self._address, why)
        self._channel.send(Kind.REFUSED, words(Refusal(why[:_MAX_WHY], strayed)), SEND_S)

    def _no_room(self, size: int) -> str:
        with opened_root(self._kept) as root:
            kept = kept_size(root, self._address)
        if kept + size > self._bounds.quota_bytes:
            return f"it keeps {kept // 2**20} MiB for {self._address}, which is all: raise quota_mib there, or free it"
        if disk_usage(self._kept).free < self._bounds.free_bytes:
            return "its card is nearly full: free space there"
        return ""


@contextmanager
def _answered(channel: Channel) -> Iterator[None]:
    """Tell the other side why, where it may be one of us that was misled."""
    try:
        yield
    except (Malformed, MirrorFailed) as error:
        channel.send(Kind.REFUSED, words(Refusal(str(error)[:_MAX_WHY])), HELLO_S)
        raise
