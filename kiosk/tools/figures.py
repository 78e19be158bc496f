"""How a slip writes money and moments: as the hub's messages do, in the shopper's language.

Both take the rules from ``contract.messages`` and the figures from CLDR, so that a strip of paper has one voice. This
module loads Babel, which takes a while: import it where a slip is printed.
"""

from datetime import datetime
from decimal import Decimal

from babel.dates import LOCALTZ, format_datetime, format_skeleton
from babel.numbers import format_currency

from contract.messages import DAY, ENGLISH_DAY, FALLBACK, HOUR
from contract.money import exponent
from contract.values import Currency, Money
from kiosk.core.slips import Figures


def money(amount: Money, currency: Currency, language: str) -> str:
    """Return an amount with its currency: ``13,50 €``."""
    return format_currency(Decimal(amount).scaleb(-exponent(currency)), currency, locale=language)


def moment(at: datetime, language: str) -> str:
    """Return a moment by this machine's clock, with its weekday: ``Sa., 14. März 2026, 17:40``."""
    if language == FALLBACK:
        return format_datetime(at, f"{ENGLISH_DAY}, {HOUR}", tzinfo=LOCALTZ, locale=language)
    day = format_skeleton(DAY, at, tzinfo=LOCALTZ, locale=language)
    return f"{day}, {format_datetime(at, HOUR, tzinfo=LOCALTZ, locale=language)}"


FIGURES = Figures(money, moment)
