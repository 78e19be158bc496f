"""The basket as a table: quantity, item, unit price, amount, and what makes it. Only what fits is drawn."""

from functools import lru_cache
from itertools import zip_longest

from textual.content import Content
from textual.events import Click
from textual.widget import Widget

from contract.values import Money
from kiosk.core.basket import Line
from kiosk.core.counter import Counter
from kiosk.core.rows import Row, amount_of, name_of, rows_behind, rows_under
from kiosk.core.words import Amount, say, say_many
from kiosk.till.parts import speech_of
from kiosk.till.wording import quantity, unit_price

_QTY, _PRICE, _AMOUNT = 11, 13, 13
_MARK = 2  # the sign of the selected line
_INDENT = "  "  # of what stands under a line


class BasketView(Widget):
    """The lines of the open basket; ``selected`` is the line that F8 takes out, the last one if None."""

    DEFAULT_CSS = "BasketView { height: 1fr; }"

    def __init__(self, counter: Counter) -> None:
        """Show the counter's basket."""
        super().__init__()
        self._counter = counter
        self.selected: int | None = None
        self.welcome: tuple[str, ...] = ()
        self._shown: tuple[object, ...] = ()
        self._lines_drawn: list[int] = []  # the line of each row below the head

    def show(self) -> None:
        """Draw what changed since it was drawn last."""
        wanted = (self._counter.basket, self.selected, self.welcome)
        if any(one is not other for one, other in zip_longest(wanted, self._shown)):
            self._shown = wanted
            self.refresh()

    def index(self) -> int:
        """Return the line that is selected; -1 in an empty basket."""
        last = len(self._counter.basket.lines) - 1
        return last if self.selected is None else min(self.selected, last)

    def move(self, step: int) -> None:
        """Select another line; past the last one is no selection again."""
        lines = len(self._counter.basket.lines)
        wanted = max(0, self.index() + step)
        self.selected = None if wanted >= lines - 1 else wanted

    def render(self) -> Content:
        """Draw the head and the rows around the selected line."""
        (width, height), said = self.size, speech_of(self).say
        names = (said(say("Qty")), said(say("Item")), said(say("Price")), said(say("Amount")))
        head = Content.styled(_columns(*names, width), "bold underline")
        if not self._counter.basket.lines:
            rest = [Content(f"  {said(text)}").truncate(width, ellipsis=True) for text in self.welcome]
            return Content("\n").join([head, "", *rest])
        return Content("\n").join([head, *self._window(max(1, height - 1), width)])

    def on_click(self, event: Click) -> None:
        """Select the line under the mouse or finger, or the line that a row belongs to."""
        last = len(self._counter.basket.lines) - 1
        if 0 < event.y <= len(self._lines_drawn) and (number := self._lines_drawn[event.y - 1]) <= last:
            self.selected = None if number == last else number
            self.show()

    def _window(self, room: int, width: int) -> list[Content]:
        """Return the rows that are seen: the end, or those around the selected line; how many lines are above."""
        rows = self._all()
        at = rows.index((self.index(), None))
        end = max(0, len(rows) - room)
        first = end if self.selected is None else min(end, max(0, at - room // 2))
        seen = rows[first : first + room]
        self._lines_drawn = [index for index, _ in seen]
        shown = [self._drawn(index, row, width) for index, row in seen]
        if first and len(shown) > 1:
            above = min(seen[0][0] + 1, len(self._counter.basket.lines))
            told = speech_of(self).say(say_many("… {n} line above", "… {n} lines above", above))
            shown[0] = Content.styled(f"    {told}", "italic")
        return shown

    def _all(self) -> list[tuple[int, Row | None]]:
        """Return each line by its index, each with the rows that belong to it."""
        basket, rows = self._counter.basket, list[tuple[int, Row | None]]()
        for index, line in enumerate(basket.lines):
            rows.append((index, None))
            rows += [(index, row) for row in rows_under(line, basket.currency)]
        behind = rows_behind(basket, self._counter.bill)
        return rows + [(len(basket.lines), row) for row in behind]

    def _drawn(self, index: int, row: Row | None, width: int) -> Content:
        lines = self._counter.basket.lines
        if row is None:
            return self._row(index, lines[index], width)
        text = speech_of(self).say(row.text)
        amount = "" if row.amount_minor is None else self._money(row.amount_minor)
        return Content(_columns("", text if index == len(lines) else _INDENT + text, "", amount, width))

    def _row(self, number: int, line: Line, width: int) -> Content:
        currency, speech = self._counter.basket.currency, speech_of(self)
        price = unit_price(line.price_minor, line.price_per, line.quantity.unit, currency, speech)
        amount, chosen = self._money(amount_of(line)), number == self.index()
        name, mark = speech.say(name_of(line)), ">" if chosen else " "
        text = _columns(quantity(line.quantity, speech), name, price, amount, width, mark=mark)
        return Content.styled(text, "bold" if chosen else "")

    def _money(self, minor: Money) -> str:
        return speech_of(self).money(Amount(minor, self._counter.basket.currency))


@lru_cache(maxsize=256)  # a screen's rows: a scan then costs one new row, not all of them
def _columns(qty: str, name: str, price: str, amount: str, width: int, *, mark: str = " ") -> str:
    wide = _AMOUNT if amount else 0  # a note may be as long as its row
    room = max(4, width - _MARK - _QTY - (_PRICE if price else 0) - wide - 3)
    fitted = Content(name).truncate(room, ellipsis=True, pad=True).plain
    return f"{mark:<{_MARK}}{qty:>{_QTY - 1}}  {fitted}{price:>{_PRICE if price else 0}}{amount:>{wide}} "
