"""What is printed for a shopper who waits for goods: one of few words, in their language where we have it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from contract.down import Item
from contract.facts import StockLine
from contract.money import format_minor
from contract.values import Currency, Money, Sku, Unit
from kiosk.core.promises import Promise, headline, remedy_text
from kiosk.core.reservations import Reservation, State

_FALLBACK: Final = "en"
SHORT_ID: Final = 8  # characters of a promise's id that name it at one till
_TIME: Final = "%Y-%m-%d %H:%M %Z"
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "reserved": "RESERVED for you",
        "until": "Please collect by {until} with the code {code}.",
        "ended": "This reservation was {state}: nothing is set aside any more.",
        "pending": "NOT PROMISED YET - PENDING",
        "wait": "We have asked for these goods. Please wait for our answer before you count on them.",
        "paid": "You have paid {paid}; you get it back if we cannot get them.",
    },
    "de": {
        "reserved": "FÜR SIE ZURÜCKGELEGT",
        "until": "Bitte bis {until} mit dem Code {code} abholen.",
        "ended": "Diese Reservierung ist beendet ({state}): Es ist nichts mehr zurückgelegt.",
        "pending": "NOCH NICHT ZUGESAGT - IN KLÄRUNG",
        "wait": "Wir haben nach der Ware gefragt. Bitte warten Sie unsere Antwort ab, bevor Sie damit rechnen.",
        "paid": "Sie haben {paid} bezahlt; Sie bekommen es zurück, wenn wir die Ware nicht beschaffen können.",
    },
    "fr": {
        "reserved": "RÉSERVÉ POUR VOUS",
        "until": "À retirer avant le {until} avec le code {code}.",
        "ended": "Cette réservation est terminée ({state}) : rien n'est plus mis de côté.",
        "pending": "PAS ENCORE PROMIS - EN ATTENTE",
        "wait": "Nous avons demandé ces articles. Attendez notre réponse avant d'y compter.",
        "paid": "Vous avez payé {paid} ; nous vous le rendons si nous ne pouvons pas les obtenir.",
    },
}
LANGUAGES: Final = tuple(_WORDS)  # of slips; the first is for who names none


class Slip(Struct, frozen=True):
    """A slip: its lines, and what its QR code says (empty: it has none)."""

    lines: tuple[str, ...]
    qr: str = ""


def reservation_slip(found: Reservation, items: Mapping[Sku, Item], *, language: str = _FALLBACK) -> Slip:
    """Return the slip of goods set aside; one that has ended says so, and has no code to scan."""
    words = _of(language)
    goods = _goods(found.lines, items)
    if found.state is not State.HELD:
        return Slip((words["ended"].format(state=found.state), *goods))
    until = words["until"].format(until=_moment(found.until), code=found.code)
    return Slip((words["reserved"], *goods, until), found.code)


def promise_slip(promise: Promise, items: Mapping[Sku, Item]) -> Slip:
    """Return the slip of a promise: pending says so in its first line, an answer is in the hub's own words."""
    asked, answer = promise.request, promise.answer
    if answer is not None:
        what = (headline(promise).upper(), answer.message, *_goods(answer.lines, items))
        return Slip((*what, *filter(None, [remedy_text(promise)])), answer.code)
    words = _of(asked.language if asked is not None else _FALLBACK)
    goods = _goods(asked.lines, items) if asked is not None else ()
    lines = [words["pending"], *goods, words["wait"], f"№ {promise.id[:SHORT_ID]}"]
    if asked is not None and asked.paid_minor:
        lines.append(words["paid"].format(paid=_money(asked.paid_minor, asked.currency)))
    return Slip(tuple(lines))


def _of(language: str) -> Mapping[str, str]:
    return _WORDS.get(language, _WORDS[_FALLBACK])


def _goods(lines: Sequence[StockLine], items: Mapping[Sku, Item]) -> tuple[str, ...]:
    return tuple(f"{_amount(line)} {_name(line.sku, items)}" for line in lines)


def _amount(line: StockLine) -> str:
    amount, unit = line.quantity.amount, line.quantity.unit
    return f"{amount} x" if unit is Unit.PIECE else f"{amount} {unit}"


def _name(sku: Sku, items: Mapping[Sku, Item]) -> str:
    return items[sku].name if sku in items else str(sku)


def _moment(at: datetime) -> str:
    return at.strftime(_TIME).strip()


def _money(minor: Money, currency: Currency) -> str:
    return f"{format_minor(minor, currency)} {currency}"
