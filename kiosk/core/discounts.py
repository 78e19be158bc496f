"""Discounts, and how one of a whole basket is shared among its lines. Pure; integers only.

Rules
-----
1.  A percentage is of the price before it, rounded half up to a minor unit; an amount is at most the price.
2.  A basket's discount is shared by what the lines cost, so that each tax rate bears its part: first among the tax
    codes, then among the lines of each. Shares are whole minor units and add up; what rounding leaves goes to the
    largest remainders, between equal ones to the first code.
3.  So whatever the order of the lines, totals and taxes are the same.
4.  What is not discountable (deposits, vouchers) has no share.
5.  A number alone is no discount: nobody can tell whether it is per cent or money.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from contract.money import round_half_up
from contract.sales import ALL_PPM
from contract.values import Currency, Money
from kiosk.core.entry import EntryError, parse_price
from kiosk.core.words import say

_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,4})?) *%")


class Discount(Struct, frozen=True):
    """A part of the price, or an amount, at most ``most_minor``. ``by`` allowed it, ``reason`` says why."""

    ppm: int = 0
    amount_minor: Money = Money(0)
    reason: str = ""
    by: str = ""
    most_minor: Money | None = None

    def off(self, price: Money) -> Money:
        """Return what is taken off ``price``: from 0 to all of it."""
        part = round_half_up(price * self.ppm, ALL_PPM) if self.ppm else self.amount_minor
        part = part if self.most_minor is None else min(part, self.most_minor)
        return Money(max(0, min(price, part)))

    def is_within(self, limit_ppm: int, price: Money) -> bool:
        """Return whether staff may give it unasked: it is at most that part of the price, rounded as a discount is."""
        return self.off(price) <= round_half_up(price * limit_ppm, ALL_PPM)


def parse_discount(text: str, currency: Currency) -> Discount:
    """Return a discount as it is typed: ``10%``, ``2.5 %``, ``2.00`` (rule 5).

    Raises: EntryError, saying what to type.
    """
    cleaned = text.strip()
    if match := _PERCENT.fullmatch(cleaned):
        found = Discount(ppm=int(Decimal(match[1].replace(",", ".")) * ALL_PPM / 100))
    elif cleaned.isdigit():
        raise EntryError(say("{text}: type {text}% or an amount such as 2.00", text=cleaned[:8]))
    else:
        found = Discount(amount_minor=parse_price(cleaned, currency))
    if not (found.ppm or found.amount_minor) > 0 or found.ppm > ALL_PPM:
        raise EntryError(say("a discount takes something off, and no more than all: type one such as 10% or 2.00"))
    return found


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Return ``total`` in whole parts by ``weights``, which are not negative and not all 0 unless ``total`` is.

    They add up to ``total``; what rounding leaves goes to the largest remainders, between equal ones to the first.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in by_remainder[:left]:
        parts[at] += 1
    return parts


def share_by_code(total: int, lines: Sequence[tuple[str, int]]) -> list[int]:
    """Return ``total`` shared among lines of (tax code, what it costs): rule 2."""
    codes = sorted({code for code, _ in lines})
    of_code = {code: [at for at, (one, _) in enumerate(lines) if one == code] for code in codes}
    sums = [sum(lines[at][1] for at in of_code[code]) for code in codes]
    parts = [0] * len(lines)
    for code, amount in zip(codes, share(total, sums), strict=True):
        mine = of_code[code]
        for at, part in zip(mine, share(amount, [lines[at][1] for at in mine]), strict=True):
            parts[at] = part
    return parts
