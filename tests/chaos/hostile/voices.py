"""What hostile kiosks say to a hub: pure, seeded, and well versed in the protocol.

Whoever speaks knows the honest kiosk's facts, and may repeat, fork and outrun them under its name: a broker without
an access list lets them. It never takes the honest kiosk's *next* number: who can do that is that kiosk, for the hub.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from hub_books import LaneTwin, refund, sale

from contract.batch import Ack, Status, StreamPosition, decode_batch, encode_batch, encode_message
from contract.errors import Malformed
from contract.values import MAX_POSITION, Incarnation, Lane, Seq, parse_address
from hostile.damage import NASTY, damaged, noise, twisted
from hub.intake.arrivals import Message
from mqtt_bridge.topics import up_facts

HONEST: Final = parse_address("demo/market/k1")
LIAR: Final = parse_address("demo/bazaar/h1")  # of another site: what it sells is its own site's trouble
FACTS: Final = 512
NEAR: Final = 300  # more than the honest kiosk sells before the voices learn of it; `beyond` lies further off
LARGE: Final = 1024 * 1024
LEAVES: Final = (
    "up/facts/till",
    "up/facts/sense",
    "up/facts/attic",
    "status",
    "ack/down",
    "up/requests",
    "ack/up",
    "x",
)
NAMES: Final = ("", "+", "#", "a/b", "K1", "k" * 60, "../..", "k1\x00", "\u202ek", "é", "k1 ", "-k", "$SYS")
ODD: Final = (-1, 0, 1, 2, 511, 512, 513, 10**9, 2**31, 2**53 - 1, 2**53, 2**63, 2**64, 10**30)


@dataclass
class Voices:
    """Every way to speak that we thought of; ``honest`` grows while it is listened to."""

    rng: Random
    honest: LaneTwin
    own: LaneTwin = field(default_factory=lambda: LaneTwin(address=LIAR))
    known: int = 0  # how many of the honest kiosk's facts the hub has
    invented: int = 0

    def __post_init__(self) -> None:
        rare, some, often = 1, 8, 20
        self._ways: list[tuple[Callable[[], Message], int]] = [
            (self.noise, 2 * often),
            (self.damage, 2 * often),
            (self.lying_head, often),
            (self.twisted_message, often),
            (self.twisted_fact, often),
            (self.foreign_facts, some),
            (self.junk, some),
            (self.much_junk, rare),
            (self.replay, often),
            (self.fork, often),
            (self.beyond, some),
            (self.invented_epoch, some),
            (self.stranger, some),
            (self.odd_topic, often),
            (self.lying_status, often),
            (self.lying_cursor, some),
            (self.large, rare),
            (self.empty, some),
            (self.own_sale, some),
            (self.unheard, some),
        ]
        self._weights = [weight for _, weight in self._ways]

    def say(self) -> Message:
        """Return the next message."""
        (way,) = self.rng.choices(self._ways, self._weights)
        message = way[0]()
        return self.noise() if self._takes_next(message) else message

    def replay(self) -> Message:
        if not self.known:
            return self.noise()
        first = self.rng.randint(1, self.known)
        return self.honest.message(first, self.rng.randint(1, min(40, self.known - first + 1)))

    def fork(self) -> Message:
        """The honest kiosk's numbers, with other bytes."""
        if not self.known:
            return self.noise()
        seq = self.rng.randint(max(1, self.known - 50), self.known)
        other = sale(f"k1-1-{seq}", self.rng.choice(["tea", "gold"]), self.rng.randint(1, 9))
        return self.honest.raw_message(seq, [self.honest.encode(other, seq, noise(self.rng).hex().ljust(64, "0")[:64])])

    def beyond(self) -> Message:
        first = self.known + self.rng.choice([400, 10**6, 2**50])
        return self.honest.raw_message(first, [b"far away"] * self.rng.randint(1, 9), newest=MAX_POSITION)

    def own_sale(self) -> Message:
        """What fits and is taken; its receipt numbers come again and again."""
        numbers = [f"h1-1-{self.rng.randint(1, 3000)}" for _ in range(2)]
        self.own.record(sale(numbers[0], "glass"), refund(numbers[1]))
        return self.own.message(len(self.own.raws) - 1)

    def junk(self) -> Message:
        return self._next([self._bad_fact() for _ in range(self.rng.randint(1, 20))])

    def much_junk(self) -> Message:
        return self._next([noise(self.rng, 30) for _ in range(FACTS)])

    def foreign_facts(self) -> Message:
        return self._next(self.honest.raws[-self.rng.randint(1, 5) :] or [b"none"])

    def twisted_fact(self) -> Message:
        raw = self.own.encode(sale("h1-1-1", "glass"), self._end() + 1, "0" * 64)
        old = self.rng.choice([b"sale.recorded.v1", b"EUR", b'"1.0"', b"2026", b"h1", b"till", b'"glass"'])
        new = self.rng.choice([b"sale.recorded.v9", b"eur", b'"0.3"', b"0000", b"k1", b"attic", b'"\\u0007"'])
        return self._next([self.rng.choice([twisted(self.rng, raw), raw.replace(old, new)])])

    def invented_epoch(self) -> Message:
        epoch = self.rng.choice([self.rng.randint(1, 10**9), self.rng.randint(1, 3000), 999_999_999])
        twin = LaneTwin(address=LIAR, lane=self.rng.choice(list(Lane)), epoch=epoch)
        return twin.raw_message(1, [self._bad_fact()], newest=self.rng.choice([0, 1, MAX_POSITION]))

    def stranger(self) -> Message:
        self.invented += 1
        twin = LaneTwin(address=parse_address(f"demo/s{self.invented % 97}/x{self.invented}"), raws=[b"hello"])
        told = Status(online=bool(self.invented % 3), incarnation=Seq(1), version="\x00\u202e")
        says = Message(f"popup/v1/{twin.address}/status", encode_message(told), retain=True)
        return self.rng.choice([twin.message(), says])

    def lying_status(self) -> Message:
        streams = [f"{self.rng.choice(['till', 'attic', 'x'])}@{self.rng.choice(['1', '2', '999999999', '0'])}"]
        claimed = [StreamPosition(name, Seq(self._odd_position())) for name in streams * self.rng.randint(1, 60)]
        told = Status(
            online=self.rng.random() < 0.7,
            incarnation=Seq(self.rng.choice([0, 1, 2, 900, 10**6, MAX_POSITION])),
            newest=claimed,
            acked=claimed,
            version=self.rng.choice(["1.0", "", "\x00" * 32, "🍵" * 32]),
        )
        return Message(f"popup/v1/{LIAR}/status", encode_message(told), retain=True)

    def lying_cursor(self) -> Message:
        names = [f"{self.rng.choice(['fleet', 'x', noise(self.rng, 9).hex()])}@{self.rng.randint(0, 10**15)}"]
        positions = [StreamPosition(name, Seq(self._odd_position())) for name in names * self.rng.randint(1, 3)]
        ack = Ack(Incarnation(self.rng.choice([1, MAX_POSITION])), positions, resume=self.rng.random() < 0.5)
        return Message(f"popup/v1/{LIAR}/ack/down", encode_message(ack))

    def lying_head(self) -> Message:
        good = self.rng.choice([self.junk, self.replay, self.own_sale])()
        head, _, body = good.payload.partition(b"\n")
        if not head.startswith(b'{"stream"'):
            return good
        field_, value = self.rng.choice(["first", "count", "newest", "sizes", "stream", "digest"]), self.rng.choice(ODD)
        shown = {"sizes": f"[{value}]", "stream": f'"till@{value}"', "digest": f'"{value:064x}"'}.get(
            field_, str(value)
        )
        lie = head[:-1] + f',"{field_}":{shown}}}'.encode()  # named twice, or
        if self.rng.random() < 0.8:
            start = head.index(f'"{field_}":'.encode()) if field_ != "sizes" else len(head)
            end = min((at for at in (head.find(b",", start), len(head) - 1) if at > 0), default=len(head))
            lie = head[:start] + f'"{field_}":{shown}'.encode() + head[end:]
        return Message(good.topic, lie + b"\n" + body)

    def damage(self) -> Message:
        good = self.rng.choice([self.replay, self.own_sale, self.lying_status, self.lying_cursor])()
        return Message(good.topic, damaged(self.rng, good.payload), good.retain)

    def twisted_message(self) -> Message:
        good = self.rng.choice([self.lying_status, self.lying_cursor, self.replay])()
        return Message(good.topic, twisted(self.rng, good.payload), good.retain)

    def noise(self) -> Message:
        return Message(f"popup/v1/{self._anybody()}/{self.rng.choice(LEAVES)}", noise(self.rng))

    def empty(self) -> Message:
        return Message(f"popup/v1/{self._anybody()}/{self.rng.choice(LEAVES)}", b"", retain=True)

    def unheard(self) -> Message:
        return Message(f"popup/v1/{LIAR}/up/{self.rng.choice(['requests', 'telemetry'])}", noise(self.rng))

    def odd_topic(self) -> Message:
        name, leaf = self.rng.choice(NAMES), self.rng.choice(LEAVES)
        topics = (name, f"popup/v1/demo/{name}/k1/{leaf}", f"popup/v1/{HONEST}/{name}", f"popup/v9/{HONEST}/{leaf}")
        long = f"popup/v1/{HONEST}/" + "up/" * 20_000
        return Message(self.rng.choice([*topics, long]), self.replay().payload)

    def large(self) -> Message:
        payload = self.rng.choice([b"\x00", b"[", b"\n", b'{"a":'])
        whole = encode_batch("till@1", Seq(1), [b"x" * 500_000], Seq(1))
        return self.rng.choice(
            [
                Message(f"popup/v1/{LIAR}/{self.rng.choice(LEAVES)}", payload * (LARGE // len(payload))),
                Message(f"popup/v1/{LIAR}/up/facts/till", whole),
                self._next([b"x" * 500_000]),
            ]
        )

    def sync(self, known: int, own: int) -> None:
        """Learn how far the hub is with the honest kiosk and with the liar, so that lies stand where it counts.

        What was said before is let go, or the liar's memory would be taken for the hub's.
        """
        self.known = known
        self.own.raws = [b""] * own

    def _takes_next(self, message: Message) -> bool:
        """Return whether a lie happens to stand where the honest kiosk's next facts will."""
        if message.topic != up_facts(HONEST, Lane.TILL):
            return False
        try:
            head = decode_batch(message.payload).head
        except Malformed:
            return False
        return head.first <= self.known + NEAR and head.first + head.count - 1 > self.known

    def _next(self, raws: list[bytes]) -> Message:
        """Return a batch at the end of the liar's own lane."""
        end = self._end()
        self.own.raws += raws
        return self.own.message(end + 1)

    def _end(self) -> int:
        return len(self.own.raws)

    def _bad_fact(self) -> bytes:
        return self.rng.choice([noise(self.rng, 60).replace(b"\n", b" "), self.rng.choice(NASTY)[:2000]])

    def _odd_position(self) -> int:
        return self.rng.choice([one for one in ODD if 0 <= one <= MAX_POSITION])

    def _anybody(self) -> object:
        return self.rng.choice([HONEST, LIAR, LIAR, f"demo/{self.rng.choice(NAMES)}/k1"])
