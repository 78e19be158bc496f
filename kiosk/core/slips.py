"""What is printed for a shopper who waits for goods: one of few words, in their language where we have it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from contract.down import Item
from contract.facts import StockLine
from contract.values import Currency, Money, Sku, Unit
from kiosk.core.promises import Promise, headline, remedy_text
from kiosk.core.reservations import Reservation, State

_FALLBACK: Final = "en"
SHORT_ID: Final = 8  # characters of a promise's id that name it at one till
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
    "es": {
        "reserved": "RESERVADO para usted",
        "until": "Recójalo antes del {until} con el código {code}.",
        "ended": "Esta reserva ha terminado ({state}): ya no hay nada apartado.",
        "pending": "AÚN NO PROMETIDO - PENDIENTE",
        "wait": "Hemos pedido estos artículos. Espere nuestra respuesta antes de contar con ellos.",
        "paid": "Ha pagado {paid}; se lo devolvemos si no podemos conseguirlos.",
    },
}
LANGUAGES: Final = tuple(_WORDS)  # of slips; the first is for who names none


class Slip(Struct, frozen=True):
    """A slip: its lines, and what its QR code says (empty: it has none)."""

    lines: tuple[str, ...]
    qr: str = ""


class Figures(Struct, frozen=True):
    """How money and moments are written in one of :data:`LANGUAGES`: not the core's to know."""

    money: Callable[[Money, Currency, str], str]
    moment: Callable[[datetime, str], str]


def reservation_slip(
    found: Reservation, items: Mapping[Sku, Item], figures: Figures, *, language: str = _FALLBACK
) -> Slip:
    """Return the slip of goods set aside; one that has ended says so, and has no code to scan."""
    spoken = spoken_in(language)
    words, goods = _WORDS[spoken], _goods(found.lines, items)
    if found.state is not State.HELD:
        return Slip((words["ended"].format(state=found.state), *goods))
    until = words["until"].format(until=figures.moment(found.until, spoken), code=found.code)
    return Slip((words["reserved"], *goods, until), found.code)


def promise_slip(promise: Promise, items: Mapping[Sku, Item], figures: Figures) -> Slip:
    """Return the slip of a promise: pending says so in its first line, an answer is in the hub's own words.

    What is paid back stands in those words; an answer that an earlier hub gave has none, and says it in ours.
    """
    asked, answer = promise.request, promise.answer
    if answer is not None:
        said = answer.message or remedy_text(promise)
        return Slip((headline(promise).upper(), *filter(None, [said]), *_goods(answer.lines, items)), answer.code)
    spoken = spoken_in(asked.language if asked is not None else _FALLBACK)
    words = _WORDS[spoken]
    goods = _goods(asked.lines, items) if asked is not None else ()
    lines = [words["pending"], *goods, words["wait"], f"№ {promise.id[:SHORT_ID]}"]
    if asked is not None and asked.paid_minor:
        lines.append(words["paid"].format(paid=figures.money(asked.paid_minor, asked.currency, spoken)))
    return Slip(tuple(lines))


def spoken_in(language: str) -> str:
    """Return the language that a slip for who speaks ``language`` is in: English where it has no words of its own."""
    return language if language in _WORDS else _FALLBACK


def _goods(lines: Sequence[StockLine], items: Mapping[Sku, Item]) -> tuple[str, ...]:
    return tuple(f"{_amount(line)} {_name(line.sku, items)}" for line in lines)


def _amount(line: StockLine) -> str:
    amount, unit = line.quantity.amount, line.quantity.unit
    return f"{amount} x" if unit is Unit.PIECE else f"{amount} {unit}"


def _name(sku: Sku, items: Mapping[Sku, Item]) -> str:
    return items[sku].name if sku in items else str(sku)
