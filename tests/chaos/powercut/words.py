"""The words of a seller's diary: one JSON object a line, one write a line, made when it was shown.

- ``stocked`` with ``items``, how many the catalogue holds; ``tidied`` when the till was idle and tidied its log,
- ``started``, ``stopping`` and ``delivery`` once recorded,
- ``kept`` with ``basket`` and ``lines`` (sku, amount) for the open basket,
- ``pay`` with ``basket`` and ``kind`` (sale or refund) before one is recorded,
- ``done`` with ``basket``, ``kind``, ``receipt`` and ``minor`` (the total) after it; a bug may say it too early.
"""

import json
from typing import Any, Final

from kiosk.core.basket import Basket

Entry = dict[str, Any]
FACTS: Final = frozenset({"done", "delivery", "started", "stopping"})  # each of these is a fact that was recorded


def write(word: str, **rest: Any) -> bytes:
    """Return a line of a diary."""
    return json.dumps({"say": word, **rest}).encode() + b"\n"


def kept(basket: Basket) -> bytes:
    """Return the line for an open basket."""
    return write("kept", basket=basket.id, lines=[[line.sku, line.quantity.amount] for line in basket.lines])


def done(kind: str, basket: Basket, receipt: str) -> bytes:
    """Return the line for a sale or a refund."""
    return write("done", kind=kind, basket=basket.id, receipt=receipt, minor=basket.total_minor)


def read(line: bytes) -> Entry:
    """Return what a line says."""
    entry: Entry = json.loads(line)
    return entry
