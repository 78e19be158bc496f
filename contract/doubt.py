"""Whether a counted amount is more likely a slip of the hand than what lies there. Pure; kiosk and hub ask the same.

The kiosk asks again before it records such a count, without saying what is expected; the hub lets it count, and has a
person look at what it found over: an amount that is typed wrong is promised to shoppers within a second.
"""

from typing import Final

from contract.values import Unit

MOST_OFF: Final = 100  # pieces, kg, l or m: fewer are within what theft, breakage and a forgotten delivery come to
MOST_TIMES: Final = 10  # a zero too many or too few; a barcode in the quantity's place is far beyond
_SMALL: Final = 1000  # of the units that goods by weight, volume and length are kept in


def is_doubtful(counted: int, expected: int, unit: Unit) -> bool:
    """Return whether ``counted`` is off by more than :data:`MOST_OFF`, and by more than :data:`MOST_TIMES` as well."""
    most = MOST_OFF if unit is Unit.PIECE else MOST_OFF * _SMALL
    low, high = sorted((counted, max(0, expected)))
    return high - low > most and high > MOST_TIMES * low
