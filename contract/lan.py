"""What the tills of one site tell each other over the site's own broker while the hub is away (I10).

Presence and holdings are said again and again, and mean nothing for the books. A right moves by two facts alone: the
giver's stored ``rights.moved`` travels as it is, and the receiver's stored ``rights.accepted`` is the answer to it.
"""

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from contract.checks import check_instant, check_once
from contract.codec import decode
from contract.envelope import DigestField, LaneSource
from contract.errors import Malformed
from contract.facts import StockLine
from contract.goods import check_lines
from contract.registry import read
from contract.rights import RightsAccepted, RightsMoved
from contract.stock import StockKey
from contract.values import (
    Address,
    AmountField,
    Condition,
    Epoch,
    EpochField,
    InstantField,
    KioskId,
    Lane,
    PositionField,
    Seq,
    SkuField,
    TokenField,
    Unit,
)

MAX_PRESENCE_BYTES: Final = 1024  # six fields; a mark has three
MAX_HOLDS: Final = 500  # accounts that a till tells of: 50 KiB; what lies deepest is told first
MAX_HOLDS_BYTES: Final = 128 * 1024
MAX_ASKED: Final = 100  # accounts in one question: a move that answers it stays below MAX_FACT_BYTES
MAX_ASK_BYTES: Final = 32 * 1024
MAX_FACT_BYTES: Final = 64 * 1024  # of a fact that travels the LAN: two hundred lines
MAX_PER_H: Final = 1e6  # nobody sells more than 278 a second


class Presence(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a till's lane is. Retained; the will says ``online: false``, with what was true when it connected.

    ``hub`` says whether its link to the hub is up, ``selling`` whether its till runs, ``sold_at`` when it sold last.
    """

    online: bool
    epoch: EpochField
    position: PositionField
    hub: bool = False
    selling: bool = False
    sold_at: InstantField | None = None

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        if self.sold_at is not None:
            check_instant(self.sold_at)


class Mark(Struct, frozen=True, forbid_unknown_fields=True):
    """How far a till's lane is, with the digest of that fact, kept by the broker for the till itself.

    A card that was put back finds there what it lost. No will takes it away, as it takes the place in a presence.
    """

    epoch: EpochField
    position: PositionField
    digest: DigestField


class Holds(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a till has the right to promise, in that life of it; ``more``: it holds other goods that are not named."""

    epoch: EpochField
    lines: Annotated[list[StockLine], Meta(max_length=MAX_HOLDS)] = []
    more: bool = False

    def __post_init__(self) -> None:
        """Refuse an account that is named twice."""
        check_lines(self.lines)


class AskLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a till wants of one account: ``waiting`` for shoppers at the counter, ``ahead`` before it runs dry.

    ``there`` is what it holds and ``per_h`` what it sells in an hour, so that the giver can share fairly.
    """

    sku: SkuField
    condition: Condition = Condition.SELLABLE
    unit: Unit = Unit.PIECE
    there: AmountField = 0
    waiting: AmountField = 0
    ahead: AmountField = 0
    per_h: Annotated[float, Meta(ge=0, le=MAX_PER_H)] = 0.0

    @property
    def key(self) -> StockKey:
        """Return the account."""
        return StockKey(self.sku, self.condition, self.unit)


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """One till asks another for rights. ``position`` is how far its lane was: what it accepted beyond is not in it."""

    ask: TokenField
    epoch: EpochField
    position: PositionField
    lines: Annotated[list[AskLine], Meta(min_length=1, max_length=MAX_ASKED)]

    def __post_init__(self) -> None:
        """Refuse an account that is named twice."""
        check_once("an account", (line.key for line in self.lines))


class Move(Struct, frozen=True):
    """A giver's fact: which life of it said so."""

    giver: KioskId
    epoch: Epoch
    data: RightsMoved


class Acceptance(Struct, frozen=True):
    """A receiver's fact: which life of it said so, at which position of its lane."""

    receiver: KioskId
    epoch: Epoch
    seq: Seq
    data: RightsAccepted


LanMessage = Presence | Mark | Holds | Ask
M = TypeVar("M", Presence, Mark, Holds, Ask)
F = TypeVar("F", RightsMoved, RightsAccepted)
_PRESENCE: Final = msgspec.json.Decoder(Presence)
_MARK: Final = msgspec.json.Decoder(Mark)
_HOLDS: Final = msgspec.json.Decoder(Holds)
_ASK: Final = msgspec.json.Decoder(Ask)


def encode_lan(message: LanMessage) -> bytes:
    """Return a presence, a mark, holdings or a question as JSON."""
    return msgspec.json.encode(message)


def decode_presence(raw: bytes) -> Presence:
    """Return the presence that ``raw`` holds; raises Malformed."""
    return _decode(raw, _PRESENCE, MAX_PRESENCE_BYTES)


def decode_mark(raw: bytes) -> Mark:
    """Return the mark that ``raw`` holds; raises Malformed."""
    return _decode(raw, _MARK, MAX_PRESENCE_BYTES)


def decode_holds(raw: bytes) -> Holds:
    """Return the holdings that ``raw`` names; raises Malformed."""
    return _decode(raw, _HOLDS, MAX_HOLDS_BYTES)


def decode_ask(raw: bytes) -> Ask:
    """Return the question that ``raw`` holds; raises Malformed."""
    return _decode(raw, _ASK, MAX_ASK_BYTES)


def decode_move(raw: bytes, giver: Address, to: KioskId) -> Move:
    """Return the move of ``giver`` to ``to`` that ``raw`` is; raises Malformed for any other fact."""
    source, _, data = _decode_fact(raw, giver, RightsMoved)
    if data.to != to:
        raise Malformed(f"it moves rights to {data.to}, not to {to}", "$.data.to")
    return Move(giver.kiosk, source.epoch, data)


def decode_acceptance(raw: bytes, receiver: Address, giver: KioskId) -> Acceptance:
    """Return the acceptance by ``receiver`` of what ``giver`` gave; raises Malformed for any other fact."""
    source, seq, data = _decode_fact(raw, receiver, RightsAccepted)
    if data.giver != giver:
        raise Malformed(f"it accepts rights of {data.giver}, not of {giver}", "$.data.giver")
    return Acceptance(receiver.kiosk, source.epoch, seq, data)


def _decode_fact(raw: bytes, sender: Address, kind: type[F]) -> tuple[LaneSource, Seq, F]:
    if len(raw) > MAX_FACT_BYTES:
        raise Malformed(f"a fact of {len(raw)} bytes; at most {MAX_FACT_BYTES} on the LAN", "$")
    fact = decode(raw)
    source = fact.source
    if not isinstance(source, LaneSource) or source.address != sender or source.lane is not Lane.TILL:
        raise Malformed(f"it comes from {source}, not from the till of {sender}", "$.source")
    if not isinstance(fact.data, kind):
        raise Malformed(f"{fact.type} does not travel the LAN", "$.type")
    return source, fact.seq, fact.data


def _decode(raw: bytes, decoder: msgspec.json.Decoder[M], longest: int) -> M:
    if len(raw) > longest:
        raise Malformed(f"a message of {len(raw)} bytes; at most {longest}", "$")
    return read(decoder, raw, "$")
