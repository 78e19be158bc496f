"""The screen of every dialogue: shows what it asks, gives it what a person answers, and gives way at its end."""

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from textual.app import ComposeResult

from kiosk.core.choosing import NUMBERED, meant
from kiosk.core.dialogue import Option, Prompt, Takes, Talk
from kiosk.core.entry import has_wrong_check_digit, is_scan
from kiosk.core.notices import Mood, Notice
from kiosk.core.words import Amount, Text, say
from kiosk.till.frame import Frame
from kiosk.till.hints import Hint
from kiosk.till.keymap import BACK
from kiosk.till.options import OptionList
from kiosk.till.parts import Told
from kiosk.till.strokes import Typed

if TYPE_CHECKING:
    from kiosk.till.sale import SaleScreen
    from kiosk.till.speech import Speech

_SHOWN_PIN: Final = "*"
_FEW: Final = 9  # options: with more, as in the menu, their keys stand beside them only


class TalkScreen(Frame):
    """Holds one dialogue over the sale. A scan goes back to the sale, unless goods are asked for or held."""

    def __init__(self, talk: Talk, sale: "SaleScreen") -> None:
        """Hold ``talk``, which has a question."""
        super().__init__(sale.station)
        self.talk = talk
        self._sale = sale
        self._doubted = ""
        self._leaving = False
        self.options = OptionList()
        self.keys = {
            "up": lambda: self.options.move(-self.options.columns),
            "down": lambda: self.options.move(self.options.columns),
            "left": lambda: self.options.move(-1),
            "right": lambda: self.options.move(1),
        }
        self._offer(sale.till.speech)  # keys may come before it is mounted

    @property
    def asked(self) -> Prompt:
        """Return the question that stands."""
        assert self.talk.prompt is not None  # noqa: S101 - the screen gives way when there is none
        return self.talk.prompt

    def on_mount(self) -> None:
        """Say what is wrong from the beginning, once the bell can be heard."""
        if self.talk.prompt is not None and self.notice_row.notice is None:
            self._tell()
        super().on_mount()

    def middle(self) -> ComposeResult:
        """Yield what is told and what there is to choose from."""
        yield self.options

    def submit(self, typed: Typed) -> None:
        """Take a scan, a choice or what was typed."""
        asked, text = self.asked, typed.text.strip()
        if code := self._stray(typed):
            self._scanned(code)
        elif not text and (chosen := self.options.chosen()):
            self.answer(chosen.id)
        elif not text:
            if not self.has_unseen_error():  # a second Enter of a scanner answers nothing
                self._take_nothing()
        elif asked.takes is Takes.MONEY and typed.by_machine and text.isdigit() and text != self._doubted:
            self._doubted = text
            self._refuse(say("{text} came as fast as a scan: type it again if it is money, or Esc", text=text))
        elif option := self._meant(text):
            self.answer(option.id)
        elif asked.takes is Takes.CHOICE:
            self._refuse(say("{text} is none of these: type a number of the list, or ↓ and Enter", text=text))
        else:
            self.answer(self._without_rest(typed))

    def show(self) -> None:
        """Bring every row up to date, while there is a question."""
        if self.talk.prompt is not None:
            super().show()

    def answer(self, text: str) -> None:
        """Give the dialogue its answer; at its end go back to the sale."""
        before, self._leaving = self.asked, False
        self.talk.answer(text)
        if self.talk.prompt is None:
            self.end(self.talk.notice)
            return
        if self.talk.prompt is not before and not self.asked.refused:
            self._doubted = ""
            self.options.at = None  # what was chosen is answered: the next Enter is another
            self.hush()
        self._offer(self.till.speech)
        self._tell()
        self.show()

    def back(self) -> None:
        """Undo what is typed, else leave the dialogue."""
        if self.entry.text:
            self.entry.clear()
        elif self.asked.doubt is not None and not self._leaving:
            self._leaving = True
            self.tell(Notice(Mood.INFO, self.asked.doubt))
        else:
            self.talk.leave()
            self.end(self.talk.notice)

    def end(self, notice: Notice | None) -> None:
        """Go back to the sale and say what came of it."""
        self.till.pop_screen()
        self._sale.ended(notice)

    def on_option_list_chosen(self, event: OptionList.Chosen) -> None:
        """Take what was clicked or touched."""
        self.answer(event.option.id)

    def edited(self) -> None:
        """Mark the option that is meant by what is typed so far."""
        meant = self._meant(self.entry.text.strip())
        self.options.at = self.options.options.index(meant) if meant else None
        self.options.refresh()

    def prompt(self) -> str:
        """Return what is asked."""
        return self.till.speech.say(self.asked.text)

    def entered(self) -> str:
        """Return what the entry line shows of what is typed: of a PIN only how long it is."""
        return _SHOWN_PIN * len(self.entry.text) if self.asked.takes is Takes.PIN else self.entry.text

    def told(self) -> Told:
        """Show the dialogue's figure, else the total."""
        if figure := self.asked.figure:
            bare = self.till.speech.money(replace(figure, named=False))  # large figures have no letters
            return replace(super().told(), amount=bare)
        return super().told()

    def hints(self) -> list[Hint]:
        """Offer what Enter does, the options that have keys, and the way back."""
        options = self.options.options
        keyed = [Hint(one.key, one.label) for one in options if one.key] if len(options) <= _FEW else []
        return [*keyed, Hint(BACK, self.till.speech.say(say("Back")))]

    def words(self) -> tuple[str, ...]:
        """Name what the figure is, the total beside it, and what Enter alone means."""
        speech, asked = self.till.speech, self.asked
        enter = speech.say(say("Enter: {what}", what=asked.empty)) if asked.empty is not None else ""
        total = Amount(self.counter.bill.total_minor, self.counter.basket.currency, named=True)
        behind = "" if asked.figure else speech.say(say("TOTAL {total}", total=total))
        told = speech.say(asked.title) if asked.figure or not self.options.display else ""
        return tuple(filter(None, (told, behind, enter)))

    def _offer(self, speech: "Speech") -> None:
        asked = self.asked
        caps = {one.key: speech.say(self.till.keymap.shown(one.key)) for one in asked.options}
        widest = max(map(len, caps.values()), default=0)
        options = tuple(self._said(one, caps[one.key], widest) for one in asked.options)
        told = tuple(map(speech.say, asked.told))
        self.options.display = bool(told or options)
        self.basket_view.display = not self.options.display
        self.options.show(speech.say(asked.title), told, options, numbered=asked.takes in NUMBERED, grid=asked.grid)
        keyed = [(key, one) for one in options for key in (one.key, one.id) if key in self.till.keymap.keys]
        self.does = {BACK: self.back} | {key: partial(self._by_key, one) for key, one in reversed(keyed)}

    def _tell(self) -> None:
        """Say what came of the answer before."""
        if self.asked.refused:
            self.tell(Notice(Mood.ERROR, self.asked.refused))
        elif self.asked.said:
            self.tell(Notice(Mood.INFO, self.asked.said))

    def _stray(self, typed: Typed) -> str:
        """Return the code of a scan that is no answer to what is asked; empty if it is one, or no scan."""
        asked, text = self.asked, typed.text.strip()
        if asked.takes is Takes.PIN and not typed.by_machine:
            return ""  # a PIN may be as long as a barcode
        code = self.goods(typed) or (text if is_scan(text) else "")
        answers = asked.takes is Takes.GOODS or (asked.takes is Takes.CODE and not self.counter.knows(code))
        return "" if answers else code

    def _without_rest(self, typed: Typed) -> str:
        """Return what was typed; a scan comes before what was being typed, unless that is its quantity."""
        text = typed.text.strip()
        if self.asked.takes not in {Takes.GOODS, Takes.CODE} or not typed.scan:
            return text
        return text if text.removesuffix(typed.scan).endswith("*") else typed.scan

    def _by_key(self, option: Option) -> None:
        self.station.typed = self.entry.by_person()
        self.entry.clear()
        self.answer(option.id)
        self.station.typed = ""

    def _scanned(self, code: str) -> None:
        if self.asked.holds_goods:
            self._refuse(say("that was a barcode: answer first ({asked}), or Esc", asked=self.asked.text))
            return
        if not self.counter.knows(code):
            self._refuse(self._unknown(code))
            return
        self.talk.leave()
        self.till.pop_screen()
        self._sale.submit(Typed(code))
        self._sale.show()

    def _unknown(self, code: str) -> Text:
        if self.asked.takes is Takes.PIN:
            return say("that was no person's typing: type the PIN, or Esc")
        wrong, money = has_wrong_check_digit(code), self.asked.takes is Takes.MONEY
        if wrong and money:
            return say("WRONG CHECK DIGIT {code}. No money was taken: scan again, or Esc", code=code)
        if wrong:
            return say("WRONG CHECK DIGIT {code}: nothing was done with it. Scan again, or Esc", code=code)
        if money:
            return say("UNKNOWN CODE {code}. No money was taken: Esc goes back to the sale", code=code)
        return say("UNKNOWN CODE {code}: nothing was done with it; Esc goes back to the sale", code=code)

    def _take_nothing(self) -> None:
        """Answer with Enter alone, where that is an answer."""
        if self.asked.empty is not None:
            self.answer("")
        else:
            self.tell(Notice(Mood.INFO, say("an answer is needed: type it, or ↓ and Enter; Esc goes back")))

    def _refuse(self, why: str) -> None:
        self.tell(Notice(Mood.ERROR, why))

    def _meant(self, text: str) -> Option | None:
        return meant(self.asked.takes, self.options.options, text)

    def _said(self, option: Option, cap: str, widest: int) -> Option:
        """Return an option in the counter's language, with the key that chooses it: hints stand in one column."""
        hint = self.till.speech.say(option.hint)
        hint = "  ".join((hint, f"{cap:<{widest}}" if hint else cap)) if widest else hint
        return replace(option, label=self.till.speech.say(option.label), hint=hint)
