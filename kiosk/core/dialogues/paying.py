"""Taking money: cash, a card, vouchers, foreign cash, or several of them until the bill is paid.

Rules
-----
1.  Whatever keeps the sale from being made is said or asked before anybody is given money: a disk that takes nothing,
    goods beyond the books, a card payment whose end nobody told.
2.  A number is cash. Anything else is one of the options; ``card 5`` is five by card, as is 5 and the card's key.
3.  What was taken stands above the question, with the taxes; it stays with the basket when the dialogue is left.
4.  What is typed and not entered may be goods: a price, a name, a number. Nothing is paid before that is settled, or
    the shopper leaves with goods that were never sold, or a price is taken for cash.
"""

from collections.abc import Iterator
from typing import Final

from contract.sales import Payment, PaymentKind, TaxSum
from contract.shop import ExchangeRate
from contract.values import Money
from kiosk.core.basket import collected
from kiosk.core.counter import Counter
from kiosk.core.dialogue import Asking, Dialogue, Option, Prompt, Takes, ask
from kiosk.core.dialogues.approving import approve
from kiosk.core.dialogues.cards import how_it_ended
from kiosk.core.entry import parse_price
from kiosk.core.errors import Refused
from kiosk.core.goods import ApprovalNeeded
from kiosk.core.notices import AskCard, Mood, Notice
from kiosk.core.station import Station
from kiosk.core.tender import TenderError
from kiosk.core.words import Amount, Text, say

EXACT, CARD, VOUCHER, FOREIGN, GIVE_BACK = "exact", "card", "voucher", "foreign", "give-back"
# Both together are asked about: nobody gives a note of more than ten times what is due and waits for 100.00 back. In a
# currency without small coins, or with very large notes, one of the two is still out of reach of honest money.
MUCH_CHANGE: Final = 10_000  # minor units
MANY_TIMES: Final = 10
MAX_CODE: Final = 32  # of a voucher, as the fact holds it


def pay(station: Station) -> Dialogue:
    """Take what the shopper gives until it is paid; a whole number that was typed before is cash (rule 4)."""
    typed = station.typed
    if typed and not _is_cash(station.counter, typed):
        return _not_entered(typed)
    return (yield from _pay(station, station.take_typed()))


def take_payment(station: Station) -> Dialogue:
    """Take what the shopper gives until it is paid, whatever else was typed."""
    return (yield from _pay(station))


def exact(station: Station) -> Dialogue:
    """Take exact cash with one key, unless something is to be said or asked first."""
    if station.typed:
        return _not_entered(station.typed)
    return (yield from _pay(station, EXACT))


def _pay(station: Station, first: str = "") -> Dialogue:
    counter = station.counter
    if refusal := _nothing_to_pay(counter):
        return refusal
    basket, problem = counter.basket.id, counter.desk.storage_problem()
    said = Notice(Mood.ERROR, problem) if problem else counter.paying.look_again()
    first = "" if said else first
    while True:
        if open_cards := counter.paying.unsettled():
            said, first = (yield from how_it_ended(station, open_cards[0], said)), ""
        else:
            yield from _allow(station)
            said, first = (yield from _take(station, said, first)), ""
        if counter.basket.id != basket:
            return said


def _nothing_to_pay(counter: Counter) -> Notice | None:
    if not counter.basket.lines:
        return Notice(Mood.ERROR, say("the basket is empty: scan something first"))
    if counter.bill.total_minor < 0:
        return Notice(Mood.ERROR, say("the empties are worth more than the goods: take some out, or add goods"))
    return None


def _is_cash(counter: Counter, typed: str) -> bool:
    """Return whether what stood in the entry line is cash: a whole number, as notes are, that no goods have."""
    return typed.isdecimal() and not counter.knows(typed)


def _not_entered(typed: str) -> Notice:
    return Notice(Mood.ERROR, say("{text} is typed and not in the basket: Enter sells it, Esc clears it", text=typed))


def _allow(station: Station) -> Asking[None]:
    """Ask for a manager where goods leave that the books lack: before money is taken, and once a basket."""
    counter = station.counter
    if not counter.approved_by and (beyond := counter.desk.beyond(counter.basket)):
        counter.approve((yield from approve(station, str(ApprovalNeeded(beyond)))))


def _take(station: Station, said: Notice | None, first: str) -> Asking[Notice]:
    """Ask once, and take what the answer means."""
    counter = station.counter
    chosen = yield from ask(_prompt(counter, said), lambda text: _parse(counter, text), typed=first)
    if not isinstance(chosen, str):
        return counter.paying.cash((yield from _sure(counter.paying.tender.left_in_cash_minor, chosen, counter)))
    how, _, amount = chosen.partition(" ")
    typed = amount or station.take_typed()
    match how:
        case "exact":
            return _exact(counter, typed)
        case "card":
            return (yield from _card(station, typed))
        case "voucher":
            return (yield from _voucher(counter))
        case "foreign":
            return (yield from _foreign(counter, typed))
        case _:
            return counter.paying.give_back()


def _sure(due: Money, cash: Money, counter: Counter) -> Asking[Money]:
    """Return what was received; much change for little goods is a number that was typed at the wrong moment."""
    if cash - due < MUCH_CHANGE or cash <= MANY_TIMES * due:
        return cash
    currency = counter.basket.currency
    change = Amount(Money(cash - due), currency, named=True)

    def same(text: str) -> Money:
        if parse_price(text, currency) != cash:
            raise Refused(say("that is another amount: type the first one again, or Esc"))
        return cash

    asked = Prompt(say("Type it again if it is money"), Takes.MONEY, title=say("CHANGE {amount}?", amount=change))
    return (yield from ask(asked, same))


def _parse(counter: Counter, text: str) -> Money | str:
    """Return an amount of cash, or an option's id, which may have an amount behind it."""
    how, _, amount = text.partition(" ")
    if not text:
        return EXACT
    if how in {one.id for one in _options(counter)} and (not amount or how in {CARD, FOREIGN}):
        return text
    return parse_price(text, counter.basket.currency)


def _exact(counter: Counter, typed: str) -> Notice:
    if typed:
        return Notice(Mood.ERROR, say("{text} was not taken: type what you are given, then Enter", text=typed))
    return counter.paying.exact()


def _card(station: Station, typed: str) -> Asking[Notice]:
    """Put an attempt on record, then ask how it ended; without an amount it is all that is left."""
    counter = station.counter
    amount = None
    if typed:
        prompt = Prompt(
            say("Amount by card"),
            Takes.MONEY,
            title=say("CARD"),
            figure=_named(counter, counter.paying.tender.left_minor),
        )
        amount = yield from ask(prompt, lambda text: parse_price(text, counter.basket.currency), typed=typed)
    begun = counter.paying.begin_card(amount)
    return (yield from how_it_ended(station, begun)) if isinstance(begun, AskCard) else begun


def _voucher(counter: Counter) -> Asking[Notice]:
    left = _named(counter, counter.paying.tender.left_minor)
    code = yield from ask(Prompt(say("Code of the voucher"), Takes.CODE, title=say("VOUCHER"), figure=left), _code)
    prompt = Prompt(
        say("What it is worth"),
        Takes.MONEY,
        title=say("VOUCHER {code}", code=code),
        empty=say("all that is left"),
        figure=left,
    )
    worth = yield from ask(prompt, lambda text: parse_price(text, left.currency) if text else left.minor)
    if worth > left.minor:
        yield Prompt(
            say("Write that on the voucher"),
            title=say("{rest} STAY ON VOUCHER {code}", rest=_named(counter, Money(worth - left.minor)), code=code),
            empty=say("it is written"),
        )
    return counter.paying.voucher(code, worth)


def _code(text: str) -> str:
    if not 1 <= len(text) <= MAX_CODE or not text.isprintable():
        raise TenderError(say("a voucher has a code of at most {most} characters: scan or type it", most=MAX_CODE))
    return text


def _foreign(counter: Counter, typed: str) -> Asking[Notice]:
    """Ask which currency, if there are several, and how much of it; change is given at home."""
    rate = yield from _rate(counter)
    due = max(counter.paying.tender.left_in_cash_minor, 0)
    needed = Amount(Money(-(-due * rate.per // rate.home_minor)), rate.currency, named=True)
    prompt = Prompt(
        say("{currency} received", currency=rate.currency),
        Takes.MONEY,
        title=say("FOREIGN CASH"),
        told=(_worth(counter, rate), say("{foreign} or more covers {home}", foreign=needed, home=_due(counter))),
        figure=needed,
    )
    received = yield from ask(prompt, lambda text: parse_price(text, rate.currency), typed=typed)
    return counter.paying.foreign(rate.currency, received)


def _rate(counter: Counter) -> Asking[ExchangeRate]:
    taken = counter.shop.exchange
    if len(taken) == 1:
        return taken[0]
    options = tuple(Option(one.currency, one.currency, _worth(counter, one)) for one in taken)
    chosen = yield Prompt(say("Which currency"), Takes.CHOICE, options, title=say("FOREIGN CASH"), figure=_due(counter))
    return next(one for one in taken if one.currency == chosen)


def _worth(counter: Counter, rate: ExchangeRate) -> Text:
    foreign = Amount(Money(rate.per), rate.currency, named=True)
    return say("{foreign} = {home}", foreign=foreign, home=_named(counter, rate.home_minor))


def _prompt(counter: Counter, said: Notice | None) -> Prompt:
    tender = counter.paying.tender
    error = said is not None and said.mood is Mood.ERROR
    return Prompt(
        say("Cash received"),
        Takes.MONEY,
        _options(counter),
        title=say("TO PAY {amount}", amount=_due(counter)),
        told=tuple(_told(counter)),
        refused=said.text if said and error else "",
        said=said.text if said and not error else "",
        empty=say("finish the sale") if tender.is_paid and tender.payments else say("exact cash"),
        figure=_due(counter),
    )


def _options(counter: Counter) -> tuple[Option, ...]:
    tender = counter.paying.tender
    payments, left = tender.payments, tender.left_minor
    options = [Option(EXACT, say("Finish the sale") if payments and not left else say("Exact cash"), key="pay")]
    if left:
        options += [
            Option(CARD, say("Card"), _shown(counter, left), CARD),
            Option(VOUCHER, say("Voucher"), key=VOUCHER),
        ]
    if left and counter.shop.exchange:
        options.append(Option(FOREIGN, say("Foreign cash"), key=FOREIGN))
    if back := tender.returnable:
        options.append(Option(GIVE_BACK, say("Give back"), _shown(counter, back.tendered_minor), GIVE_BACK))
    return tuple(options)


def _told(counter: Counter) -> Iterator[Text]:
    """Yield what was set aside, the taxes, then what was taken, then what differs from the figure."""
    bill, tender = counter.bill, counter.paying.tender
    if found := collected(counter.basket):
        yield say("set aside under {code}", code=found.code)
    for tax in bill.taxes:
        yield _tax(counter, tax)
    if bill.taxes or tender.payments:
        yield say("Total {amount}", amount=_named(counter, bill.total_minor))
    for payment in tender.payments:
        yield _payment(counter, payment)
    if tender.left_minor != tender.left_in_cash_minor:
        yield say("by card or voucher: {amount}", amount=_named(counter, tender.left_minor))


def _tax(counter: Counter, tax: TaxSum) -> Text:
    net, amount = _named(counter, tax.net_minor), _named(counter, tax.tax_minor)
    rate = counter.prices.rates.get(tax.code)
    if not rate and not tax.code:
        return say("without tax: {net}", net=net)
    name = rate.name if rate else say("no tax rate for code {code}", code=tax.code)
    if counter.bill.included:
        return say("{name}: {tax} is in it, net {net}", name=name, tax=amount, net=net)
    return say("{name}: {tax} on top of {net}", name=name, tax=amount, net=net)


def _payment(counter: Counter, payment: Payment) -> Text:
    amount = _named(counter, payment.tendered_minor)
    match payment.kind:
        case PaymentKind.CARD if payment.unsure:
            return say("taken: {amount} by card, not sure", amount=amount)
        case PaymentKind.CARD:
            return say("taken: {amount} by card", amount=amount)
        case PaymentKind.VOUCHER:
            return say("taken: {amount} by voucher {code}", amount=amount, code=payment.reference)
        case _ if payment.exchange is not None:
            one = payment.exchange
            foreign = Amount(one.tendered_minor, one.currency, named=True)
            return say("taken: {foreign} in cash, worth {amount}", foreign=foreign, amount=amount)
        case _:
            return say("taken: {amount} in cash", amount=amount)


def _due(counter: Counter) -> Amount:
    return _named(counter, counter.paying.tender.left_in_cash_minor)


def _named(counter: Counter, minor: Money) -> Amount:
    return Amount(minor, counter.basket.currency, named=True)


def _shown(counter: Counter, minor: Money) -> Text:
    return say("{amount}", amount=_named(counter, minor))
