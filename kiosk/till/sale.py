"""The sale screen: scan, type, quantity, choose, void, pay."""

from functools import partial

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.timer import Timer

from contract.values import Currency, Money
from kiosk.core.actions import ACTIONS, Action
from kiosk.core.dialogue import Talk
from kiosk.core.dialogues.adding import add_item
from kiosk.core.dialogues.reserving import collect_code
from kiosk.core.entry import EntryError, Kind, parse_entry
from kiosk.core.notices import Answer, Choose, Collect, Mood, Notice, Sold, Wanted
from kiosk.core.station import Station
from kiosk.core.words import Amount, Text, say, say_many
from kiosk.till.frame import Frame
from kiosk.till.hints import Hint
from kiosk.till.keymap import BACK, CLOSE, SEARCH
from kiosk.till.parts import Told
from kiosk.till.results import Results
from kiosk.till.strokes import Typed, times_before
from kiosk.till.talk import TalkScreen

SEARCH_AFTER_S = 0.05  # digits are searched for once a scanner would have finished; letters at once
MAX_SEARCHED = 64  # characters: the longest sku; whatever is longer is a label on its way
_FIRST = ("pay", "exact", SEARCH, "void", "hold", "recall", "discount", "price", "favourites", CLOSE)  # most wanted


class SaleScreen(Frame):
    """Where a till is nearly always."""

    PROMPT = say("Scan, code, name or price")

    def __init__(self, station: Station) -> None:
        """Begin with the basket that is open."""
        super().__init__(station)
        counter = station.counter
        self.results = Results(counter.basket.currency)
        self._searching = False
        self._timer: Timer | None = None
        self._link = ""
        self.does = {action.id: partial(self.begin, action) for action in ACTIONS}
        self.does |= {SEARCH: self.search, BACK: self.back}
        self.keys = {"up": lambda: self._move(-1), "down": lambda: self._move(1)}
        self.welcome(self._link)
        if counter.restored:
            told = say_many(
                "BASKET RESTORED: {n} line from before the till stopped. {last}",
                "BASKET RESTORED: {n} lines from before the till stopped. {last}",
                counter.restored,
                last=self._last(),
            )
            self.notice_row.notice = Notice(Mood.INFO, told)

    def middle(self) -> ComposeResult:
        """Yield the list of search results."""
        yield self.results

    def submit(self, typed: Typed) -> None:
        """Take a scan, or what was typed, or the chosen result."""
        chosen, text = self.results.chosen(), typed.text
        if typed.scan and not self.counter.knows(text):
            chosen, text = None, times_before(text.removesuffix(typed.scan)) + typed.scan
        self._clear_search()
        if not text.strip() and not chosen:
            return  # a scanner's second line end, or Enter twice: what is on the screen stays
        self.take_answer(self.counter.pick(chosen, text) if chosen else self.counter.enter(text), text)

    def take_answer(self, answer: Answer, text: str) -> None:
        """Show what came of an entry."""
        match answer:
            case None:
                self.basket_view.selected = None
                self.tell(None)
            case Notice():
                self.tell(answer)
            case Wanted():
                self.hold(Talk(add_item(self.station, answer)))
            case Collect(code):
                self.hold(Talk(collect_code(self.station, code)))
            case Choose(items):
                for char in text:
                    self.entry.type(char, self.till.stroke_s)
                self.results.show(items, at=0)

    def on_results_touched(self) -> None:
        """Take the item that was touched."""
        self.touch(self.enter)

    def edited(self) -> None:
        """Search as a person types; the choice made for other words is gone."""
        text = self.entry.text
        if not text:
            self.results.show(())
        elif self._is_number(text) and not self._searching:
            self.results.show(())
            self._find_later()
        else:
            self._find()

    def welcome(self, link: str) -> None:
        """Say in an empty basket what to do, what was sold last, and what is wrong with the link, in full."""
        self._link = link
        self.basket_view.welcome = (say("Scan or type to begin."), "", self._last(), "", link)

    def search(self) -> None:
        """Search also for digits and prices, until the next entry."""
        self._searching = True
        told = say("SEARCH: type the beginning of a name, a sku or a code; ↓ and Enter choose")
        self.tell(Notice(Mood.INFO, told))
        self.edited()

    def begin(self, action: Action) -> None:
        """Hold an action's dialogue about the selected line, or the last; one without a question is over at once."""
        self.station.selected = self.basket_view.index()
        self.station.typed = ahead = self.entry.by_person()
        talk = Talk(action.begin(self.station))
        if ahead and not self.station.take_typed():  # it was an answer
            self._clear_search()
            self.entry.clear()
        self.hold(talk)

    def hold(self, talk: Talk) -> None:
        """Hold a dialogue over this screen."""
        if talk.prompt is None:
            self.ended(talk.notice)
            return
        self._clear_search()
        self.entry.clear()
        self.till.push_screen(TalkScreen(talk, self))

    def ended(self, notice: Notice | None) -> None:
        """Go on after a dialogue; what stood before it, and was seen, goes."""
        self.basket_view.selected = None
        self.welcome(self._link)  # something may have been sold
        self.tell(notice)
        self.show()

    def hints(self) -> list[Hint]:
        """Offer what is needed most."""
        speech = self.till.speech
        keyed = [Hint(one.id, speech.say(one.label)) for one in ACTIONS if self.till.keymap.shown(one.id)]
        keyed += [Hint(SEARCH, speech.say(say("Search"))), Hint(CLOSE, speech.say(say("Close")))]
        return sorted(keyed, key=lambda one: _FIRST.index(one.action) if one.action in _FIRST else len(_FIRST))

    def back(self) -> None:
        """Undo the smallest thing: what is typed, the quantity, the selection, the notice."""
        if self.entry.text or self.results.items:
            self.entry.clear()
            self._clear_search()
        elif self.counter.times is not None:
            self.counter.times = None
        elif self.basket_view.selected is not None:
            self.basket_view.selected = None
        else:
            self.hush()

    def prompt(self) -> str:
        """Show the quantity that waits for its goods."""
        times = self.counter.times
        return self.PROMPT if times is None else say("{prompt}: {times} ×", prompt=self.PROMPT, times=str(times))

    def figure(self) -> Money:
        """Show the change until the next sale begins, else the total."""
        sold = self.counter.sold
        return sold.change_minor if sold and not self.counter.basket.lines else super().figure()

    def told(self) -> Told:
        """Mark the change, which is to be handed over, apart from a total."""
        change = self.counter.sold and not self.counter.basket.lines
        return replace(super().told(), style=self.till.looks.change) if change else super().told()

    def words(self) -> tuple[str, ...]:
        """Name the total, or the sale that was just made."""
        basket, sold = self.counter.basket, self.counter.sold
        if sold and not basket.lines:
            otherwise = say("Card, voucher {amount}", amount=Amount(sold.otherwise_minor, basket.currency))
            said: tuple[str, ...] = (
                say("CHANGE {change}", change=Amount(sold.change_minor, basket.currency, named=True)),
                *(() if sold.otherwise_minor else ("",)),
                _total(sold, basket.currency),
                *((otherwise,) if sold.otherwise_minor else ()),
                say("Cash {cash}", cash=Amount(sold.tendered_minor, basket.currency)),
                say("Receipt {receipt}", receipt=sold.receipt),
            )
        else:
            total = Amount(self.counter.bill.total_minor, basket.currency, named=True)
            count = say_many("{n} line", "{n} lines", len(basket.lines))
            said = (say("TOTAL {total}", total=total), "", count, *self._part_paid())
        return tuple(map(self.till.speech.say, said))

    def _part_paid(self) -> tuple[str, ...]:
        """Return what was taken for the basket already, which is easily forgotten, and what is left of it."""
        if not self.counter.basket.payments:
            return ()
        tender, currency = self.counter.paying.tender, self.counter.basket.currency
        paid = sum(one.amount_minor for one in tender.payments)
        return (
            say("Paid so far {amount}", amount=Amount(Money(paid), currency)),
            say("Left to pay {amount}", amount=Amount(tender.left_minor, currency)),
        )

    def _find_later(self) -> None:
        if self._timer is None:
            self._timer = self.set_timer(SEARCH_AFTER_S, self._find_if_done)

    def _find_if_done(self) -> None:
        self._timer = None
        if self.till.since_stroke_s() < SEARCH_AFTER_S:
            self._find_later()  # a scanner is still at it
        else:
            self._find()

    def _find(self) -> None:
        text = self.entry.text
        self.results.show(self.counter.search(text) if len(text) <= MAX_SEARCHED else ())

    def _clear_search(self) -> None:
        self._searching = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.results.show(())

    def _move(self, step: int) -> None:
        if self.results.items:
            self.results.move(step)
        else:
            self.basket_view.move(step)

    def _is_number(self, text: str) -> bool:
        try:
            return parse_entry(text).kind is not Kind.WORDS
        except EntryError:
            return True

    def _last(self) -> str:
        last = self.counter.last_sale
        if last is None:
            return ""
        return say("Last sale: {receipt}, {total}", receipt=last.receipt, total=Amount(last.total_minor, last.currency))


def _total(sold: Sold, currency: Currency) -> Text:
    """Return what was paid: where cash is rounded, what it was rounded to."""
    total, due = Amount(sold.total_minor, currency), sold.tendered_minor + sold.otherwise_minor - sold.change_minor
    if due == sold.total_minor:
        return say("Total {total}", total=total)
    return say("Total {total}, rounded to {due}", total=total, due=Amount(Money(due), currency))
