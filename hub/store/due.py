"""When what was put off is due: at its time, or at once where that is so far off that the hub's clock was put back.

Nothing is put off for longer than :data:`LONGEST`.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, or_

from contract.values import instant_text

LONGEST: Final = timedelta(hours=1)  # six times the longest that anything is put off


def is_due(at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that what was put off until ``at`` is due; it asks for the values of :func:`moment`."""
    return or_(at <= bindparam("now"), at > bindparam("beyond"))


def moment(now: str) -> dict[str, Any]:
    """Return the values that :func:`is_due` asks for."""
    return {"now": now, "beyond": instant_text(datetime.fromisoformat(now) + LONGEST)}


def has_come(at: str, now: str) -> bool:
    """Return whether what was put off until ``at`` is due."""
    return not now < at <= moment(now)["beyond"]
