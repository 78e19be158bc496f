"""A network of two lists: it loses, repeats and reorders. Everybody in the machine shares its clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hub_books import HandClock

from contract.codec import Stamp
from hub.intake.arrivals import Message
from mqtt_bridge.errors import LinkDown

MAX_IN_FLIGHT: Final = 60  # a network that holds more drops the oldest


class MachineClock(HandClock):
    """One clock for everybody; it moves when told to, but for an instant between two facts."""

    stamps = 0

    def stamp(self) -> Stamp:
        self.stamps += 1  # no two facts are the same bytes: that would be no fork
        return Stamp(at=self.at, clock="trusted", boot="", mono_ns=int(self.elapsed_s * 1e9) + self.stamps)


@dataclass
class Network:
    """Messages under way in both directions, and what the broker keeps. It may lose, repeat and reorder all of them."""

    up: list[Message] = field(default_factory=list)
    down: list[Message] = field(default_factory=list)
    kept: dict[str, Message] = field(default_factory=dict)
    past_acks: list[Message] = field(default_factory=list)
    batches: Counter[str] = field(default_factory=Counter)  # that each kiosk ever sent

    def send_up(self, message: Message) -> None:
        who, found, _ = message.topic.partition("/up/facts/")
        self.batches[who] += bool(found)
        self.up = [*self.up, message][-MAX_IN_FLIGHT:]

    def send_down(self, messages: Sequence[Message]) -> None:
        self.down = [*self.down, *messages][-MAX_IN_FLIGHT:]
        self.past_acks = [*self.past_acks, *messages][-MAX_IN_FLIGHT:]
        self.kept |= {message.topic: message for message in messages}

    def take(self, bag: list[Message], index: int, *, keep: bool) -> Message | None:
        """Return a message in flight, any of them; it stays in flight if it is to come once more."""
        if not bag:
            return None
        index %= len(bag)
        return bag[index] if keep else bag.pop(index)


class TwinLink:
    """A kiosk's link into the network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.online = False

    def start(self) -> None:
        """Nothing to start: the machine connects."""

    def stop(self) -> None:
        self.online = False

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if not self.online:
            raise LinkDown
        self.network.send_up(Message(topic, payload, retain))
