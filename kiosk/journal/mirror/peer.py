"""A mirror on a peer till of the site: the till's side of :mod:`kiosk.journal.mirror.wire`."""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NoReturn

from contract.batch import decode_batch, encode_batch
from contract.errors import Malformed
from contract.streams import lane_stream, parse_lane_stream
from contract.values import Address, Epoch, Lane, Seq
from kiosk.core.endpoint import Endpoint
from kiosk.core.ports import Held, MirrorFailed, MirrorStrayed
from kiosk.journal.mirror import tls as mirror_tls
from kiosk.journal.mirror.wire import Channel, Closed, Fetch, Hello, Kind, read_held, read_refusal, words
from mqtt_bridge.link import TlsFiles
from mqtt_bridge.tls import UnusableFile

CONNECT_S: Final = 2.0  # a till on the same network answers within milliseconds, or is not there
ANSWER_S: Final = 5.0  # a card that syncs 128 KiB more slowly is dying
FIRST_S: Final = 60.0  # before its first answer a keeper reads all it has of us: 512 MiB, from a card at 10 MB/s
SCHEME: Final = "peer://"


class PeerMirror:
    """One lane's copy on a peer till (see :class:`kiosk.core.ports.Mirror`). It connects when it is asked."""

    def __init__(self, peer: Endpoint, address: Address, lane: Lane, tls: TlsFiles | None) -> None:
        """Remember where it is; without ``tls`` it is spoken to in the clear, for this very machine only."""
        self._line = Line(peer, address, tls)
        self._lane = lane

    @property
    def name(self) -> str:
        """Return what a person calls it."""
        return self._line.name

    @property
    def source(self) -> str:
        """Return its address for a salvage."""
        return f"{SCHEME}{self._line.peer}"

    def newest(self) -> Mapping[Epoch, Held]:
        """Return how far it is in each epoch.

        Raises: MirrorFailed.
        """
        ends = self._line.newest()
        return {epoch: held for (epoch, lane), held in ends.items() if lane is self._lane}

    def keep(self, epoch: Epoch, first: Seq, facts: Sequence[bytes]) -> None:
        """Hold ``facts``, synced there.

        Raises: MirrorFailed; MirrorStrayed.
        """
        self._line.keep(lane_stream(epoch, self._lane), first, facts)

    def close(self) -> None:
        """Hang up."""
        self._line.close()


class Line:
    """A conversation with one keeper; after an error it is begun anew by the next question."""

    def __init__(self, peer: Endpoint, address: Address, tls: TlsFiles | None) -> None:
        """Remember whom to call, and who we are."""
        self.peer = peer
        self.name = f"the peer till {peer}"
        self._address = address
        self._tls = tls
        self._channel: Channel | None = None

    def newest(self) -> dict[tuple[Epoch, Lane], Held]:
        """Return how far the keeper is in each life of each lane.

        Raises: MirrorFailed.
        """
        return self._ask(Kind.NEWEST, b"")

    def keep(self, stream: str, first: Seq, facts: Sequence[bytes]) -> None:
        """Have the keeper hold ``facts``, synced.

        Raises: MirrorFailed; MirrorStrayed.
        """
        last = Seq(first + len(facts) - 1)
        ends = self._ask(Kind.BATCH, encode_batch(stream, first, facts, last))
        held = ends.get(parse_lane_stream(stream, "stream"))
        if held is None or held.position < last:
            raise MirrorFailed(f"{self.name} did not take what it was given: start its keeper again")

    def fetch(self, stream: str, first: Seq) -> Iterator[tuple[Seq, bytes]]:
        """Yield number and bytes of all that the keeper holds of a stream from ``first`` on.

        Raises: MirrorFailed.
        """
        seq = first
        self._send(Kind.FETCH, words(Fetch(stream, first)))
        while facts := self._fetched(stream, seq):
            for fact in facts:
                yield seq, fact
                seq = Seq(seq + 1)

    def close(self) -> None:
        """Hang up."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _fetched(self, stream: str, first: Seq) -> tuple[bytes, ...]:
        kind, body = self._receive()
        if kind is Kind.HELD:
            return ()
        try:
            batch = decode_batch(body)
        except Malformed as error:
            self._broken(error)
        if kind is not Kind.BATCH or (batch.head.stream, batch.head.first) != (stream, first):
            self._broken(Malformed(f"an answer to {stream} from {first} that is none", "frame"))
        return batch.facts

    def _ask(self, kind: Kind, body: bytes) -> dict[tuple[Epoch, Lane], Held]:
        self._send(kind, body)
        return self._held()

    def _held(self, within_s: float = ANSWER_S) -> dict[tuple[Epoch, Lane], Held]:
        kind, body = self._receive(within_s)
        if kind is not Kind.HELD:
            self._broken(Malformed(f"{kind.name} where HELD was due", "frame"))
        try:
            found = [(parse_lane_stream(end.stream, "stream"), end) for end in read_held(body)]
        except Malformed as error:
            self._broken(error)
        return {key: Held(end.position, end.digest or "") for key, end in found}

    def _send(self, kind: Kind, body: bytes) -> None:
        channel = self._channel or self._connect()
        try:
            channel.send(kind, body, ANSWER_S)
        except (OSError, Closed, Malformed) as error:
            self._broken(error)

    def _receive(self, within_s: float = ANSWER_S) -> tuple[Kind, bytes]:
        if self._channel is None:
            raise MirrorFailed(f"{self.name} hung up")
        try:
            kind, body = self._channel.receive(within_s)
            refusal = read_refusal(body) if kind is Kind.REFUSED else None
        except (OSError, Closed, Malformed) as error:
            self._broken(error)
        if refusal is not None:
            kind_of_error = MirrorStrayed if refusal.strayed else MirrorFailed
            raise kind_of_error(f"{self.name} refuses: {refusal.why}")
        return kind, body

    def _connect(self) -> Channel:
        sock = None
        try:
            sock = socket.create_connection((self.peer.host, self.peer.port), timeout=CONNECT_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._channel = Channel(self._secured(sock))
            self._channel.send(Kind.HELLO, words(Hello(str(self._address))), ANSWER_S)
        except UnusableFile as error:
            if sock is not None:
                sock.close()
            raise MirrorFailed(f"{error} cannot be used for {self.name}: correct [link] in kiosk.toml") from error
        except (OSError, Malformed) as error:
            if sock is not None:
                sock.close()
            self._broken(error)
        try:
            self._held(FIRST_S)
        except MirrorFailed:
            self.close()
            raise
        return self._channel

    def _secured(self, sock: socket.socket) -> socket.socket:
        if self._tls is None:
            return sock
        context = mirror_tls.client(self._tls)
        sock.settimeout(ANSWER_S)
        secured = context.wrap_socket(sock)
        at, own = mirror_tls.address_of(secured), self._address
        if (at.region, at.site) != (own.region, own.site) or at == own:
            secured.close()
            raise Malformed(f"it is {at}, no other till of {own.region}/{own.site},", "certificate")
        return secured

    def _broken(self, error: Exception) -> NoReturn:
        self.close()
        if isinstance(error, ssl.SSLError):
            why = f"{error.reason or 'no TLS'}".replace("_", " ").lower()
            say = f"{self.name} and this till do not accept each other ({why}): ask the hub's operator for certificates"
        elif isinstance(error, Malformed):
            say = f"{self.name} is no keeper of ours ({error}): correct peer in kiosk.toml"
        else:
            why = "it hung up" if isinstance(error, Closed) else (getattr(error, "strerror", None) or str(error))
            say = f"{self.name} does not answer ({why}): see that it is on and runs `kiosk keeper`"
        raise MirrorFailed(say) from error


def fetch(peer: Endpoint, address: Address, tls: TlsFiles | None) -> Iterator[tuple[Lane, Epoch, Seq, bytes]]:
    """Yield all that a peer till holds of this kiosk, stream by stream, in order.

    Raises: MirrorFailed.
    """
    line = Line(peer, address, tls)
    try:
        for epoch, lane in sorted(line.newest()):
            for seq, raw in line.fetch(lane_stream(epoch, lane), Seq(1)):
                yield lane, epoch, seq, raw
    finally:
        line.close()
