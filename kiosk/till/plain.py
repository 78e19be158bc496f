"""The till as lines: for screen readers, and for terminals that can do nothing else.

One line in is an entry or an answer, one line out is an event. Nothing is drawn twice, nothing moves, and colour tells
nothing: errors begin with ``!``. The counter, the actions and their dialogues are the ones of the screens.

Rules
-----
1.  ``?`` says what can be done here; ``/name`` or ``/3`` does it, with what may be typed before its key behind it:
    ``/pay 20``. An empty line says where you are.
2.  ``/back`` leaves a question, ``/close`` ends the till; what is in the basket is kept.
3.  A scan where goods are not asked for leaves the question and is sold, as on the screens.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from kiosk.core.actions import ACTIONS, BY_ID, Action
from kiosk.core.basket import Basket
from kiosk.core.choosing import NUMBERED, meant
from kiosk.core.dialogue import Dialogue, Option, Prompt, Takes, Talk
from kiosk.core.dialogues.adding import add_item
from kiosk.core.dialogues.dating import set_date
from kiosk.core.dialogues.reserving import collect_code
from kiosk.core.entry import is_scan
from kiosk.core.notices import Answer, Choose, Collect, Mood, Notice, Wanted
from kiosk.core.ports import DeskError
from kiosk.core.rows import amount_of, name_of, rows_under
from kiosk.core.station import Scanned, Station
from kiosk.core.words import Amount, say, say_many
from kiosk.till.speech import Speech
from kiosk.till.wording import item_price, link_words

COMMAND: Final = "/"
BACK, CLOSE, HELP = "/back", "/close", "?"
_SCANS_ANSWER: Final = frozenset({Takes.GOODS, Takes.CODE})


class Stir(Enum):
    """What comes that is no line."""

    DEVICE = "a device has something to say"
    END = "no more lines come"


class Ears(Protocol):
    """Where lines come from."""

    def next(self, *, hidden: bool = False) -> str | Stir:
        """Wait for the next line, not shown while it is typed if ``hidden``; or for what else stirs."""
        ...

    def wake(self) -> None:
        """Stir for a device; from any thread."""
        ...


class LineTill:
    """One till, by lines."""

    def __init__(self, station: Station, speech: Speech, ears: Ears, tell: Callable[[str], None]) -> None:
        """Listen to ``ears``; ``tell`` shows one line at a time."""
        self._station = station
        self._counter = station.counter
        self._speech = speech
        self._ears = ears
        self._tell_line = tell
        self._doubted: Prompt | None = None  # the question that somebody began to leave
        self._known = ("", "")  # the warning and the state of the link that were told last

    def run(self) -> str:
        """Sell until the till is closed or no more lines come; return which."""
        self._station.devices.listen(self._ears.wake)
        if self._counter.desk.clock.must_ask() and not self._hold(Talk(set_date(self._station))):
            return "closed at the counter"
        self._greet()
        while True:
            self._look_around()
            match self._ears.next():
                case Stir.END:
                    return "no more lines came"
                case Stir.DEVICE:
                    self._hear()
                case str(line):
                    if line.strip() == CLOSE or not self._take(line.strip()):
                        return "closed at the counter"

    def _take(self, line: str) -> bool:
        """Take one line where no question stands; False if the till is to close."""
        if line == BACK:
            self._counter.times = None
        if line in {"", BACK}:
            self._where()
        elif line == HELP:
            self._help()
        elif line.startswith(COMMAND):
            return self._do(*line.removeprefix(COMMAND).partition(" "))
        else:
            return self._entered(line)
        return True

    def _entered(self, line: str) -> bool:
        before = self._counter.basket
        goes_on = self._answered(self._counter.enter(line), line)
        self._say_changes(before)
        return goes_on

    def _answered(self, answer: Answer, line: str) -> bool:
        match answer:
            case Wanted():
                return self._hold(Talk(add_item(self._station, answer)))
            case Collect(code):
                return self._hold(Talk(collect_code(self._station, code)))
            case Choose():
                return self._hold(Talk(self._choose(answer, line)))
            case Notice():
                self._tell(answer)
            case None if self._counter.times is not None:
                self._say(say("{times} × what?", times=str(self._counter.times)))
        return True

    def _choose(self, found: Choose, line: str) -> Dialogue:
        """Ask which of several items is meant."""
        currency, speech = self._counter.basket.currency, self._speech
        options = tuple(Option(one.sku, one.name, item_price(one, currency, speech)) for one in found.items)
        chosen = yield Prompt(say("Which one"), Takes.CHOICE, options)
        answer = self._counter.pick(next(one for one in found.items if one.sku == chosen), line)
        if isinstance(answer, Wanted):
            return (yield from add_item(self._station, answer))
        return answer if isinstance(answer, Notice) else None

    def _do(self, name: str, _: str, typed: str) -> bool:
        """Begin an action by its name or number; False if the till is to close."""
        action = _named(name)
        if action is None:
            told = say("there is no {name}: {help} says what there is", name=COMMAND + name, help=HELP)
            self._tell(Notice(Mood.ERROR, told))
            return True
        station, before = self._station, self._counter.basket
        station.selected, station.typed = len(before.lines) - 1, typed.strip()
        talk = Talk(action.begin(station))
        if left := station.take_typed():
            self._tell(Notice(Mood.ERROR, say("{text} means nothing here, and was left out", text=left)))
        goes_on = self._hold(talk)
        self._say_changes(before)
        return goes_on

    def _hold(self, talk: Talk) -> bool:
        """Ask until the dialogue ends; False if the till is to close."""
        shown: Prompt | None = None
        while (asked := talk.prompt) is not None:
            if asked is not shown:
                self._ask(asked, again=shown is not None and asked.text == shown.text and bool(asked.refused))
                shown = asked
            heard = self._ears.next(hidden=asked.takes is Takes.PIN)
            if heard is Stir.END or (isinstance(heard, str) and heard.strip() == CLOSE):
                talk.leave()
                return False
            scanned = self._scanned() if heard is Stir.DEVICE else ""
            text = scanned or (heard.strip() if isinstance(heard, str) else "")
            if heard is Stir.DEVICE and not scanned:
                continue
            if not self._answer(talk, asked, text):
                break
        if talk.notice is not None:
            self._tell(talk.notice)
        return True

    def _answer(self, talk: Talk, asked: Prompt, text: str) -> bool:
        """Take one line as an answer; False if the question was left for a scan that was sold instead."""
        pin = asked.takes is Takes.PIN and not self._counter.knows(text)  # it may be as long as a barcode
        if asked.takes not in _SCANS_ANSWER and is_scan(text) and not pin:
            return self._scan_instead(talk, asked, text)
        if text == BACK:
            self._leave(talk, asked)
        elif text == HELP or (not text and asked.empty is None):
            self._ask(asked)
        elif text.startswith(COMMAND) and text.removeprefix(COMMAND).partition(" ")[0] in BY_ID:
            told = say("{text} does nothing here: answer first, or {back}", text=text, back=BACK)
            self._tell(Notice(Mood.ERROR, told))
        elif option := meant(asked.takes, self._said(asked), text):
            talk.answer(option.id)
        elif asked.takes is Takes.CHOICE and text:
            self._tell(Notice(Mood.ERROR, say("{text} is none of these: type a number of the list", text=text)))
        else:
            talk.answer(text)
        return True

    def _leave(self, talk: Talk, asked: Prompt) -> None:
        """Leave the question; where something would be lost by it, only when it is said twice."""
        if asked.doubt is not None and asked is not self._doubted:
            self._doubted = asked
            self._say(asked.doubt)
            return
        talk.leave()
        self._say(say("left"))

    def _scan_instead(self, talk: Talk, asked: Prompt, code: str) -> bool:
        if asked.holds_goods:
            told = say("that was a barcode: answer first ({asked}), or {back}", asked=asked.text, back=BACK)
        elif not self._counter.knows(code):
            told = say(
                "UNKNOWN CODE {code}: nothing was done with it; {back} goes back to the sale", code=code, back=BACK
            )
        else:
            talk.leave()
            self._entered(code)
            return False
        self._tell(Notice(Mood.ERROR, told))
        return True

    def _ask(self, asked: Prompt, *, again: bool = False) -> None:
        """Say the question with all that belongs to it; again only why the answer did not do."""
        if asked.refused:
            self._tell(Notice(Mood.ERROR, asked.refused))
        if asked.said:
            self._say(asked.said)
        if not again:
            for line in filter(None, (asked.title, *asked.told)):
                self._say(line)
            for number, option in enumerate(asked.options, 1):
                name, hint = option.label, option.hint
                if asked.takes in NUMBERED:
                    self._say(say("{n}. {name}  {hint}", n=number, name=name, hint=hint))
                else:  # a number is money or goods here: an option is chosen by its name
                    self._say(say("* {name}  {hint}", name=name, hint=hint))
        what = say("{ask}: {amount}", ask=asked.text, amount=asked.figure) if asked.figure else asked.text
        self._say(
            say("{ask} (Enter: {what}) ?", ask=what, what=asked.empty) if asked.empty else say("{ask} ?", ask=what)
        )

    def _said(self, asked: Prompt) -> tuple[Option, ...]:
        return tuple(Option(one.id, self._speech.say(one.label)) for one in asked.options)

    def _hear(self) -> None:
        """Take what devices have to say; a scan is sold."""
        if code := self._scanned():
            self._entered(code)

    def _scanned(self) -> str:
        """Return the code that a scanner read; what else devices say is told."""
        match self._station.devices.hear():
            case Scanned(code):
                return code
            case Notice() as notice:
                self._tell(notice)
        return ""

    def _greet(self) -> None:
        address = self._counter.desk.address
        self._say(
            say(
                "Till {kiosk} of {site}. {help} says what can be done.",
                kiosk=address.kiosk,
                site=address.site,
                help=HELP,
            )
        )
        if n := self._counter.restored:
            self._say(say_many("BASKET RESTORED: {n} line", "BASKET RESTORED: {n} lines", n))
        self._where()

    def _where(self) -> None:
        """Say the total, and what is waited for."""
        if self._counter.times is not None:
            self._say(say("{times} × what?", times=str(self._counter.times)))
        self._say_total()
        self._say(say("Scan, code, name or price"))

    def _help(self) -> None:
        for number, action in enumerate(ACTIONS, 1):
            self._say(say("{n}. {command}  {label}", n=number, command=COMMAND + action.id, label=action.label))
        self._say(say("{back} leaves a question, {close} closes the till", back=BACK, close=CLOSE))

    def _say_changes(self, before: Basket) -> None:
        """Say each line that is new or another now, and what all of them cost."""
        basket = self._counter.basket
        if basket is before:
            return
        known = list(before.lines)
        for line in basket.lines:
            if line in known:
                known.remove(line)  # two lines may be alike
                continue
            amount = Amount(amount_of(line), basket.currency)
            self._say(say("{qty} × {name}, {amount}", qty=line.quantity, name=name_of(line), amount=amount))
            for row in rows_under(line, basket.currency):
                self._say(row.text)
        self._say_total()

    def _say_total(self) -> None:
        basket = self._counter.basket
        total = Amount(self._counter.bill.total_minor, basket.currency, named=True)
        self._say(say_many("TOTAL {total}, {n} line", "TOTAL {total}, {n} lines", len(basket.lines), total=total))

    def _look_around(self) -> None:
        """Between entries: what somebody must know, once each time it changes; the clock; some tidying."""
        desk = self._counter.desk
        try:
            if settled := desk.clock.settle():
                desk.record([settled])
            if not self._counter.basket.lines:
                desk.idle()
        except DeskError as error:
            self._tell(Notice(Mood.ERROR, str(error)))
        warned = "; ".join(map(self._speech.say, filter(None, (desk.warning(), *self._station.devices.warnings()))))
        link = self._speech.say(link_words(desk.link()))
        if warned and warned != self._known[0]:
            self._tell(Notice(Mood.ERROR, warned))
        if link != self._known[1]:
            self._tell_line(link)
        self._known = (warned, link)

    def _tell(self, notice: Notice) -> None:
        text = self._speech.say(notice.text)
        if notice.mood is Mood.ERROR:
            self._station.errors.append(notice.text)
            text = f"! {text}"
        self._tell_line(text)

    def _say(self, text: str) -> None:
        self._tell_line(self._speech.say(text).strip())


def _named(name: str) -> Action | None:
    if name.isdecimal() and len(name) < 4 and 1 <= int(name) <= len(ACTIONS):  # noqa: PLR2004 - no list is that long
        return ACTIONS[int(name) - 1]
    begins = [one for one in ACTIONS if name and one.id.startswith(name)]
    return BY_ID.get(name) or (begins[0] if len(begins) == 1 else None)
