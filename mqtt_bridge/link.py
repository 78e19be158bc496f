"""The link to a broker as the pump sees it: events in, messages out. Nothing here knows how it is done.

Rules
-----
1.  Nothing is kept for later: what is published while no broker is connected is refused with LinkDown, and what was not
    acknowledged when a connection ended is forgotten. Whoever publishes sends again after the next Connected.
2.  Delivered says that the broker took a message, never that anybody else did: brokers lose what they acknowledged.
3.  After Connected the subscriptions are on their way: what is published then is handled by the broker after them.
4.  Between one Connected and the next lies at least one Disconnected. Every failed attempt is one more Disconnected;
    whoever writes them down folds equal ones.
5.  Events come one at a time, from the link's own thread, which carries the connection: ``on_event`` must be quick. It
    may call ``publish``. If it raises, the link ends without a goodbye (so the will is sent), the error reaches
    ``threading.excepthook``, and ``publish`` and ``stop`` raise LinkBroken.
"""

import ipaddress
import re
from pathlib import Path
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from contract.errors import Malformed

DEFAULT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}  # as registered with IANA
MAX_PORT: Final = 65535
MAX_HOST_LENGTH: Final = 253  # of a name in DNS
_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?")

Trouble = Literal["refused", "unreachable", "lost", "certificate", "clock", "moved", "taken"]


class Connected(Struct, frozen=True):
    """A broker let us in; ``session_present`` says that it kept our subscriptions and what came for us meanwhile."""

    broker: str
    session_present: bool


class Disconnected(Struct, frozen=True):
    """No broker is connected, with a sentence that says what happened and what to do.

    ``refused``: it answered and said no. ``unreachable``: no answer. ``lost``: the connection ended. ``certificate``:
    one side does not accept the other's. ``clock``: a certificate's dates do not fit this machine's clock. ``moved``:
    we left for a preferred broker that is back; Connected follows at once. ``taken``: another client came in our name.
    ``unexplained``: the broker had let us in, and closed the connection without a word or an error.
    """

    reason: str
    kind: Trouble
    unexplained: bool = False


class Received(Struct, frozen=True):
    """A message came; ``retained`` says that the broker had kept it from before we subscribed."""

    topic: str
    payload: bytes
    retained: bool


class Refused(Struct, frozen=True):
    """The broker did not take a message or a subscription, or had nobody to give the message to."""

    topic: str
    reason: str


class Delivered(Struct, frozen=True):
    """The broker took the message; no more than that."""

    topic: str


LinkEvent = Connected | Disconnected | Received | Refused | Delivered


class Link(Protocol):
    """A connection to the first broker of a list that can be had."""

    def start(self) -> None:
        """Begin to connect, and keep connected until stopped; returns at once. A link is started once."""

    def stop(self) -> None:
        """Say goodbye and end, within 2 s. No event comes after it returns; the will is not sent.

        Raises: LinkBroken if the link had ended because ``on_event`` failed.
        """

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to the broker; Delivered or Refused follows unless the connection ends first.

        Raises: LinkDown, LinkBusy, LinkTooLarge, LinkBroken; nothing was sent then.
        """


class TlsFiles(Struct, frozen=True):
    """Where the certificate authority's certificate and our own certificate and key lie, as PEM.

    They are read anew for every connection: a renewed certificate needs no restart.
    """

    ca: Path
    cert: Path
    key: Path


class Will(Struct, frozen=True):
    """What the broker publishes, retained, in our name when the connection ends without a goodbye."""

    topic: str
    payload: bytes


class BrokerUrl(Struct, frozen=True):
    """Where a broker listens, and whether it speaks TLS there."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        """Return the address as :meth:`parse` reads it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "BrokerUrl":
        """Return the broker at ``mqtt://host[:port]`` or, with TLS, ``mqtts://host[:port]``; IPv6 in brackets.

        Raises: Malformed, naming the part that is wrong.
        """
        if "@" in text:  # not quoted: it may hold a password
            raise Malformed("a user name or password; certificates say who we are", "broker user")
        if not text.isascii() or not text.isprintable():  # urlsplit would quietly drop line breaks
            raise Malformed(f"{text[:200]!r} is not printable ASCII", "broker")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise Malformed(f"{text[:200]!r}: {error}", "broker") from error
        if parts.scheme not in DEFAULT_PORTS:
            raise Malformed(f"{text[:200]!r} begins with neither mqtt:// nor mqtts://", "broker scheme")
        if parts.path not in {"", "/"} or "?" in text or "#" in text:
            raise Malformed(f"{text[:200]!r} goes on after host and port", "broker path")
        if port is not None and not 1 <= port <= MAX_PORT:
            raise Malformed(f"{port} is not a port from 1 to {MAX_PORT}", "broker port")
        return cls(_parse_host(parts.hostname or ""), port or DEFAULT_PORTS[parts.scheme], parts.scheme == "mqtts")


def _parse_host(host: str) -> str:
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise Malformed(f"{host[:80]!r} is not an IPv6 address", "broker host") from error
    if len(host) > MAX_HOST_LENGTH or not _HOST.fullmatch(host):
        raise Malformed(f"{host[:80]!r} is not a host name or address", "broker host")
    return host
