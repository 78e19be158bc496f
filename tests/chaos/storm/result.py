"""What a storm came to, and what is wrong with it. Pure."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from size import DEFAULT

DEFAULT_FACTS: Final = DEFAULT.facts
DEFAULT_KILLS: Final = DEFAULT.kills
NOTE: Final = "note: "  # how the judge's sentences begin that are no fault


class Result(Struct, frozen=True):
    """What ``RESULT`` says. ``unsent`` facts never reached the hub; ``findings`` are the checker's sentences.

    ``overdrafts`` are goods in hand that tills booked beyond their rights; ``overdrafts_beyond`` those among them that
    the storm did not put there.
    """

    facts: int
    kills: int
    lost: int
    doubled: int
    redelivered: int
    chain_ok: bool
    bites: Mapping[str, int]
    seed: int
    seconds: float
    sales: int
    refunds: int
    refused: int
    unsent: int
    oversold: int = 0
    i2_violations: int = 0
    overdrafts: int = 0
    overdrafts_beyond: int = 0
    promises_broken: int = 0
    i2_checkpoints: int = 0
    findings: list[str] = []


def faults(result: Result, *, facts: int, kills: int, absent: Mapping[str, str]) -> list[str]:
    """Return a sentence for each broken promise; empty when all was kept.

    ``facts`` and ``kills`` are what was asked for: from the default size on, every nemesis must have bitten, and those
    that are ``absent``, with their reason, are faults as well.
    """
    counted = {
        f"{result.lost} lost": result.lost,
        f"{result.doubled} doubled": result.doubled,
        "a chain is broken": not result.chain_ok,
        f"{result.unsent} facts never reached the hub": result.unsent,
        f"{result.oversold} oversold": result.oversold,
        f"rights are off by {result.i2_violations}": result.i2_violations,
        f"{result.overdrafts_beyond} overdrafts of goods that nobody had in hand without rights": (
            result.overdrafts_beyond
        ),
        f"{result.promises_broken} promises broken": result.promises_broken,
    }
    found = [sentence for sentence, wrong in counted.items() if wrong]
    found += [sentence for sentence in result.findings if not sentence.startswith(NOTE)]
    if facts >= DEFAULT_FACTS and kills >= DEFAULT_KILLS:
        found += [f"{name} never bit" for name, bites in result.bites.items() if not bites]
        found += [f"{name} could not strike: {why}" for name, why in absent.items()]
    if result.kills < kills:
        found.append(f"{result.kills} of {kills} kills")
    return found
