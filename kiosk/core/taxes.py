"""Tax per rate over a whole sale, rounded once for each. Pure.

Source: how VAT is rounded is left to the countries (CJEU C-484/06). Once for each rate, over the whole receipt, is what
makes the sum independent of how goods are spread over lines.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from contract.money import round_half_up
from contract.sales import ALL_PPM, SaleLine, TaxSum
from contract.shop import TaxRate
from contract.values import Money


def decide_taxes(lines: Iterable[SaleLine], rates: Mapping[str, TaxRate], *, included: bool) -> list[TaxSum]:
    """Return net and tax of each tax code, by code; nothing where the shop named no rates.

    A code without a rate is taxed at 0; whoever takes payment is told of it.
    """
    if not rates:
        return []
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.tax] += line.counted_minor
    return [_sum(code, Money(sums[code]), rates, included=included) for code in sorted(sums)]


def _sum(code: str, amount: Money, rates: Mapping[str, TaxRate], *, included: bool) -> TaxSum:
    rate = rates[code].rate_ppm if code in rates else 0
    tax = round_half_up(amount * rate, ALL_PPM + rate if included else ALL_PPM)
    return TaxSum(code, rate, Money(amount - tax if included else amount), Money(tax))
