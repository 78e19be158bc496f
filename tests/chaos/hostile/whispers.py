"""What a kiosk hears on its own topics from somebody who means harm: pure, seeded, and well versed in the protocol.

Believable lies are not among them. Who may write a believable acknowledgement (the hub's incarnation or a higher one,
the kiosk's own lanes, a position that was sent) is that kiosk's hub: the broker's access list says who that is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from contract.batch import Ack, Status, StreamPosition, encode_batch, encode_message
from contract.values import MAX_POSITION, Incarnation, Seq
from hostile.damage import NASTY, damaged, noise, twisted
from hostile.kiosk_twin import K1
from hub.intake.arrivals import Message

LEAVES: Final = ("ack/up", "down/facts")
PAST: Final = 200  # acknowledgements remembered for repeating
LARGE: Final = 1024 * 1024


@dataclass
class Whispers:
    """Every way that we thought of."""

    rng: Random
    incarnation: int = 1  # the hub's
    past: list[Message] = field(default_factory=list)  # what the hub said
    end: int = 0  # of the fleet's log, as far as we told it
    invented: int = 0

    def __post_init__(self) -> None:
        rare, some, often = 1, 8, 20
        self._ways: list[tuple[Callable[[], Message], int]] = [
            (self.noise, often),
            (self.empty, some),
            (self.old_ack, 2 * often),
            (self.outdated_ack, often),
            (self.unknown_streams, often),
            (self.damaged_ack, 2 * often),
            (self.twisted_ack, 2 * often),
            (self.junk_facts, some),
            (self.repeated_facts, often),
            (self.far_facts, often),
            (self.older_generation, some),
            (self.invented_log, some),
            (self.damaged_batch, often),
            (self.wrong_topic, often),
            (self.large, rare),
        ]
        self._weights = [weight for _, weight in self._ways]

    def say(self) -> Message:
        """Return the next message."""
        (way,) = self.rng.choices(self._ways, self._weights)
        return way[0]()

    def heard(self, answers: list[Message]) -> None:
        """Remember what the hub says, to say it again."""
        self.past = [*self.past, *answers][-PAST:]

    def old_ack(self) -> Message:
        return self.rng.choice(self.past) if self.past else self.empty()

    def outdated_ack(self) -> Message:
        """An enormous position, from a life of the hub that is over."""
        return self._ack([StreamPosition("till@1", Seq(MAX_POSITION))], incarnation=self.incarnation - 1)

    def unknown_streams(self) -> Message:
        names = [f"{self.rng.choice(['attic', 'fleet', 'x-y'])}@{self.rng.randint(0, 10**9)}" for _ in range(64)]
        positions = [StreamPosition(name, Seq(self.rng.choice([0, 1, MAX_POSITION]))) for name in names]
        return self._ack(positions, resume=self.rng.random() < 0.5)

    def damaged_ack(self) -> Message:
        """Broken JSON: what is still whole could be believed, and is no noise any more."""
        old = self.old_ack()
        return Message(old.topic, damaged(self.rng, old.payload)[:-1].rstrip(b"}") + b"\xff", old.retain)

    def twisted_ack(self) -> Message:
        said = encode_message(Ack(Incarnation(self.incarnation), [StreamPosition("attic@1", Seq(7))]))
        return Message(f"popup/v1/{K1}/ack/up", twisted(self.rng, said.replace(b'"incarnation":', b'"incarnation":-')))

    def junk_facts(self) -> Message:
        """What stands next in the log, and is no fact: stored, and set aside by whoever applies it."""
        facts = [noise(self.rng, 60).replace(b"\n", b" ") or b"x" for _ in range(self.rng.randint(1, 3))]
        facts.append(self.rng.choice(NASTY)[:2000])
        batch = self._batch("fleet@1000", self.end + 1, facts)
        self.end += len(facts)
        return batch

    def repeated_facts(self) -> Message:
        """A log's past, as it was or otherwise."""
        return self._batch("fleet@1000", self.rng.randint(1, max(1, self.end)), [b"?"])

    def far_facts(self) -> Message:
        first = self.end + self.rng.choice([500, 10**6, 2**50])
        return self._batch(self.rng.choice(["fleet@1000", "other@3"]), first, [b"?"] * self.rng.randint(1, 512))

    def older_generation(self) -> Message:
        return self._batch(f"fleet@{self.rng.randint(1, 999)}", 1, [b"old"])

    def invented_log(self) -> Message:
        self.invented += 1
        return self._batch(f"log{self.invented}@{self.rng.randint(1, 10**15 - 1)}", 1, [b"x"])

    def damaged_batch(self) -> Message:
        good = self.repeated_facts()
        return Message(good.topic, self.rng.choice([damaged, twisted])(self.rng, good.payload))

    def wrong_topic(self) -> Message:
        names = (
            f"popup/v1/{K1}/status",
            "popup/v1/demo/market/k2/ack/up",
            "",
            "a/b",
            f"popup/v1/{K1}/ack/up/x",
            "é" * 99,
        )
        status = encode_message(Status(online=False))
        return Message(self.rng.choice(names), self.rng.choice([status, noise(self.rng), b""]), retain=True)

    def large(self) -> Message:
        unit = self.rng.choice([b"\x00", b"[", b"\n", b'{"a":'])
        return Message(f"popup/v1/{K1}/{self.rng.choice(LEAVES)}", unit * (LARGE // len(unit)))

    def noise(self) -> Message:
        return Message(f"popup/v1/{K1}/{self.rng.choice(LEAVES)}", noise(self.rng))

    def empty(self) -> Message:
        return Message(f"popup/v1/{K1}/{self.rng.choice(LEAVES)}", b"", retain=True)

    def _ack(self, positions: list[StreamPosition], *, incarnation: int = 0, resume: bool = False) -> Message:
        said = Ack(Incarnation(max(1, incarnation or self.incarnation)), positions, resume)
        return Message(f"popup/v1/{K1}/ack/up", encode_message(said), retain=True)

    def _batch(self, stream: str, first: int, facts: list[bytes]) -> Message:
        payload = encode_batch(stream, Seq(first), facts, Seq(max(first, self.end)))
        return Message(f"popup/v1/{K1}/down/facts", payload)
