"""What structs of the wire refuse beyond what their types say; each raises ValueError, which msgspec passes on."""

from collections.abc import Hashable, Iterable
from datetime import datetime

from contract.values import NO_INSTANT, Quantity, is_instant


def check_amount(quantity: Quantity) -> None:
    """Refuse an empty line; raises ValueError."""
    if quantity.amount < 1:
        raise ValueError("quantity is not positive")


def check_instant(at: datetime) -> None:
    """Refuse a moment that is not the same for every reader; raises ValueError."""
    if not is_instant(at):
        raise ValueError(NO_INSTANT)


def check_once(what: str, keys: Iterable[Hashable]) -> None:
    """Refuse a list that names one thing twice: readers would differ on which counts. Raises ValueError."""
    named = list(keys)
    if len(set(named)) < len(named):
        raise ValueError(f"{what} is named twice")
