"""The basket as a table: quantity, item, unit price, amount. Only the rows that fit are drawn."""

from functools import lru_cache
from itertools import zip_longest

from textual.content import Content
from textual.widget import Widget

from contract.money import format_minor
from kiosk.core.basket import Line
from kiosk.core.counter import Counter
from kiosk.till.wording import quantity, unit_price

_QTY, _PRICE, _AMOUNT = 11, 13, 13
_MARK = 2  # the sign of the selected line


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
        width, height = self.size
        head = Content.styled(_columns("Qty", "Item", "Price", "Amount", width), "bold underline")
        lines = self._counter.basket.lines
        if not lines:
            rest = [Content(f"  {text}").truncate(width, ellipsis=True) for text in self.welcome]
            return Content("\n").join([head, "", *rest])
        rows, at = max(1, height - 1), self.index()
        first = (
            min(max(0, len(lines) - rows), max(0, at - rows // 2)) if self.selected is not None else len(lines) - rows
        )
        first = max(0, first)
        shown = [self._row(number, line, width) for number, line in enumerate(lines[first : first + rows], first)]
        if first and len(shown) > 1:
            shown[0] = Content.styled(f"    … {first + 1} lines above", "italic")
        return Content("\n").join([head, *shown])

    def _row(self, number: int, line: Line, width: int) -> Content:
        currency = self._counter.basket.currency
        price = unit_price(line.price_minor, line.price_per, line.quantity.unit, currency)
        amount = format_minor(line.amount_minor, currency)
        chosen = number == self.index()
        text = _columns(quantity(line.quantity), line.name, price, amount, width, mark=">" if chosen else " ")
        return Content.styled(text, "bold" if chosen else "")


@lru_cache(maxsize=256)  # a screen's rows: a scan then costs one new row, not all of them
def _columns(qty: str, name: str, price: str, amount: str, width: int, *, mark: str = " ") -> str:
    room = max(4, width - _MARK - _QTY - _PRICE - _AMOUNT - 3)
    fitted = Content(name).truncate(room, ellipsis=True, pad=True).plain
    return f"{mark:<{_MARK}}{qty:>{_QTY - 1}}  {fitted}{price:>{_PRICE}}{amount:>{_AMOUNT}} "
