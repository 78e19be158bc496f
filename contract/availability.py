"""What a shopper is told of stock: exact where it is little, "5+" where there is plenty, "ask" where nobody knows.

Hub and kiosk use the same words. Amounts are whole units; of weighed and measured goods, thousandths of what is priced.
"""

from typing import Final

from contract.values import Unit

EXACT_BELOW: Final = 5  # pieces, kilograms, litres, metres: more than a shopper takes, fewer than a rival learns from
ASK_AFTER_S: Final = 900.0  # thirty times what a kiosk with a link is silent for; a counter sells a few dozen in it
ASK: Final = "ask"


def cap_of(unit: Unit, exact_below: int = EXACT_BELOW) -> int:
    """Return the amount from which on only "so many or more" is told."""
    return exact_below * unit.per


def shown(amount: int, unit: Unit, age_s: float | None, *, cap: int, ask_after_s: float = ASK_AFTER_S) -> str:
    """Return what is said of ``amount``, last told ``age_s`` ago; None for never."""
    if age_s is None or age_s > ask_after_s:
        return ASK
    number = f"{cap}+" if amount >= cap else str(amount)
    return number if unit is Unit.PIECE else f"{number} {unit}"
