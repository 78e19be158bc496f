"""Card payments on a terminal of its own: how one ended, and the list of those that nobody has settled."""

from typing import Final

from contract.payments import Outcome
from kiosk.core.attempts import Attempt
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.errors import Refused
from kiosk.core.notices import AskCard, Mood, Notice
from kiosk.core.station import Station
from kiosk.core.words import Amount, Text, say

MAX_REFERENCE: Final = 32  # as the fact holds it
_OPTIONS: Final = (
    Option(Outcome.APPROVED, say("Approved"), say("the terminal says so"), "pay"),
    Option(Outcome.DECLINED, say("Declined"), say("or cancelled: not paid")),
    Option(Outcome.UNKNOWN, say("Unknown"), say("pays; look it up later")),
)
_CHARGED: Final = say("approved, and pays this basket, unless it was given back")
_UNUSED: Final = (Option(Outcome.DECLINED, say("Given back"), say("on the terminal")),)


def how_it_ended(station: Station, card: AskCard, said: Notice | None = None) -> Asking[Notice]:
    """Ask how a card payment ended; what was approved pays. Left without an answer, the next payment asks again."""
    amount = Amount(card.amount_minor, card.currency, named=True)
    wrong = said is not None and said.mood is Mood.ERROR
    prompt = Prompt(
        say("How did it end"),
        Takes.CHOICE,
        _OPTIONS,
        title=say("CARD {amount}", amount=amount),
        told=(say("Use the terminal, then choose what it says."),),
        refused=said.text if said and wrong else "",
        said=said.text if said and not wrong else "",
        figure=amount,
        left=say("not settled: the next payment asks how the card ended"),
    )
    outcome, reference = yield from _outcome(prompt)
    return station.counter.paying.end_card(card, outcome, reference=reference)


def cards(station: Station) -> Dialogue:
    """Go through the card payments of this till that nobody has settled, and those that the open basket is paid by."""
    paying = station.counter.paying
    charged = paying.charged()
    found = [*paying.open_attempts(), *charged]
    if not found:
        return Notice(Mood.INFO, say("every card payment is settled"))
    states = {one.id: _CHARGED if one in charged else _state(one) for one in found}
    options = tuple(Option(one.id, _named(one), _in_short(one, charged=one in charged)) for one in found)
    chosen = yield Prompt(say("Which one"), Takes.CHOICE, options, title=say("CARD PAYMENTS TO SETTLE"))
    attempt = next(one for one in found if one.id == chosen)
    amount = Amount(attempt.amount_minor, attempt.currency, named=True)
    prompt = Prompt(
        say("How did it end"),
        Takes.CHOICE,
        _UNUSED if attempt.is_unused else _OPTIONS,
        title=say("CARD {amount}", amount=amount),
        told=(states[attempt.id], say("Look it up in the terminal's own list.")),
        figure=amount,
    )
    outcome, reference = yield from _outcome(prompt)
    return station.counter.paying.resolve(attempt, outcome, reference=reference)


def _outcome(prompt: Prompt) -> Asking[tuple[Outcome, str]]:
    """Ask how it ended, and what the terminal's slip calls it if it was approved."""
    outcome = Outcome((yield prompt))
    if outcome is not Outcome.APPROVED:
        return outcome, ""
    slip = Prompt(
        say("Number on the terminal's slip"),
        Takes.CODE,
        title=prompt.title,
        empty=say("without a number"),
        figure=prompt.figure,
        left=prompt.left,
    )
    return outcome, (yield from ask(slip, _parse_reference))


def _parse_reference(text: str) -> str:
    if len(text) > MAX_REFERENCE or not text.isprintable():
        raise Refused(say("at most {most} characters: type less of it", most=MAX_REFERENCE))
    return text


def _named(attempt: Attempt) -> Text:
    amount = Amount(attempt.amount_minor, attempt.currency, named=True)
    return say("{amount}, {at}", amount=amount, at=attempt.at)


def _in_short(attempt: Attempt, *, charged: bool) -> Text:
    """Return its state for a row of a list, beside amount and moment: 28 cells on the smallest screen."""
    if charged:
        return say("pays the open basket")
    if attempt.is_unused:
        return say("to be given back")
    return say("not known, and sold") if attempt.sold else say("not known")


def _state(attempt: Attempt) -> Text:
    if attempt.is_unused:
        return say("approved, and no sale was paid by it: give it back on the terminal")
    if attempt.sold:
        return say("not known how it ended, and a sale was paid by it")
    return say("not known how it ended")
