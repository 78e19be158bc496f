"""Topic names: the one place that spells them.

``popup/v1/{region}/{site}/{kiosk}/`` and below it: ``up/facts/{lane}``, ``up/requests``, ``up/telemetry``,
``down/facts``, ``ack/up``, ``ack/down``, ``status``. A kiosk writes and reads below its own prefix only; the broker's
access list says so. The one exception: on the broker of a site its tills read what the others say below ``lan/``.
"""

from typing import Final

from contract.errors import Malformed
from contract.values import Address, Lane, parse_address

ROOT: Final = "popup/v1"
UP_FACTS: Final = "up/facts"
UP_REQUESTS: Final = "up/requests"
UP_TELEMETRY: Final = "up/telemetry"
DOWN_FACTS: Final = "down/facts"
ACK_UP: Final = "ack/up"
ACK_DOWN: Final = "ack/down"
STATUS: Final = "status"
LAN: Final = "lan"  # at the site's own broker: what its tills tell each other
LAN_PRESENCE: Final = f"{LAN}/presence"
LAN_HOLDS: Final = f"{LAN}/holds"
LAN_MARK: Final = f"{LAN}/mark"  # what a till says to itself
LAN_ASK: Final = f"{LAN}/ask"  # these three: and below it the till that it is said to
LAN_MOVE: Final = f"{LAN}/move"
LAN_ACCEPTED: Final = f"{LAN}/accepted"

_PREFIX_PARTS: Final = 5  # popup, v1, region, site, kiosk


def topic(address: Address, leaf: str) -> str:
    """Return the full topic of a kiosk's ``leaf``."""
    return f"{ROOT}/{address}/{leaf}"


def up_facts(address: Address, lane: Lane) -> str:
    """Return where a kiosk publishes one lane's batches."""
    return topic(address, f"{UP_FACTS}/{lane}")


def hub_subscriptions(region: str = "+") -> tuple[str, ...]:
    """Return the filters under which a hub hears its kiosks: everything they write, nothing that it writes itself."""
    return tuple(f"{ROOT}/{region}/+/+/{leaf}" for leaf in ("up/#", ACK_DOWN, STATUS))


def kiosk_subscriptions(address: Address) -> tuple[str, ...]:
    """Return what a kiosk listens to."""
    return topic(address, DOWN_FACTS), topic(address, ACK_UP)


def lan_subscriptions(address: Address) -> tuple[str, ...]:
    """Return what a till listens to at its site's broker: where the others are, what they say to it, and its mark."""
    site = f"{ROOT}/{address.region}/{address.site}/+"
    to_all = (f"{site}/{leaf}" for leaf in (LAN_PRESENCE, LAN_HOLDS))
    to_it = (f"{site}/{leaf}/{address.kiosk}" for leaf in (LAN_ASK, LAN_MOVE, LAN_ACCEPTED))
    return (*to_all, *to_it, topic(address, LAN_MARK))


def parse_topic(text: str) -> tuple[Address, str]:
    """Return whose topic it is, and its leaf.

    Raises: Malformed for a topic that is not of this contract.
    """
    parts = text.split("/", _PREFIX_PARTS)
    if len(parts) != _PREFIX_PARTS + 1 or f"{parts[0]}/{parts[1]}" != ROOT:
        raise Malformed(f"{text[:200]!r} is no topic of ours", "topic")
    return parse_address("/".join(parts[2:_PREFIX_PARTS])), parts[_PREFIX_PARTS]
