"""The language of the counter: sentences, money, quantities and moments as its people write them."""

from kiosk.core.words import Amount, Text, in_english


class Speech:
    """One language."""

    def say(self, text: str) -> str:
        """Return a sentence in this language; what is no :class:`~kiosk.core.words.Text` is left as it is."""
        return (
            text.said(lambda one, many, n: many if many and n != 1 else one, in_english)
            if isinstance(text, Text)
            else text
        )

    def money(self, amount: Amount) -> str:
        """Return an amount of money."""
        return in_english(amount)


def _as_it_is(one: str, many: str, n: int) -> str:
    return many if many and n != 1 else one
