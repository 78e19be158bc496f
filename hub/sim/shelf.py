"""The shelf: the goods themselves, which no policy's books ever see. The score comes from here alone."""


class Shelf:
    """So many units, and what became of each shopper."""

    def __init__(self, units: int) -> None:
        """Put ``units`` there."""
        self.left = units
        self.accepted = 0
        self.oversold = 0
        self.refused = 0
        self.refused_while_stock = 0

    def accept(self) -> None:
        """Note that somebody was promised a unit: it is taken, or there is none and it was oversold."""
        self.accepted += 1
        if self.left:
            self.left -= 1
        else:
            self.oversold += 1

    def refuse(self) -> None:
        """Note that somebody was sent away, with goods on the shelf or without."""
        self.refused += 1
        self.refused_while_stock += self.left > 0
