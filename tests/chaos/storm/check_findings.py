"""What a judge found, by what it means."""

from collections import Counter
from typing import Final

MAX_FINDINGS: Final = 50  # for a person to read; the counts go on beyond it


class Findings:
    """Counts of what was lost and what is there too often, and sentences for people."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self.lost_count = 0
        self.doubled_count = 0
        self.chain_ok = True
        self.of_rights: Counter[str] = Counter()  # units, or promises, by what is wrong with them
        self._said: list[str] = []
        self._noted: list[str] = []

    def lost(self, said: str) -> None:
        """Note that something is missing, or is less or other than it was."""
        self.lost_count += 1
        self._said.append(f"lost: {said}")

    def doubled(self, said: str) -> None:
        """Note that something is there twice, or is more than it was."""
        self.doubled_count += 1
        self._said.append(f"doubled: {said}")

    def broken(self, said: str) -> None:
        """Note that a chain, a sequence or the bytes it is made of do not hold."""
        self.chain_ok = False
        self._said.append(f"chain: {said}")

    def rights(self, what: str, by: int, said: str) -> None:
        """Note that rights do not hold: ``i2``, ``oversold``, ``overdrafts`` or ``promises``, and by how much."""
        self.of_rights[what] += by
        self._said.append(f"{what}: {said}")

    def note(self, said: str) -> None:
        """List what a person would want to see, and what is no fault in itself."""
        self._noted.append(f"note: {said}")

    def differs(self, said: str, *, here: int, there: int) -> None:
        """Note that a sum is ``here``, where it should be what it is ``there``."""
        sentence = f"{said} is {here}, should be {there}"
        if here < there:
            self.lost(sentence)
        elif here > there:
            self.doubled(sentence)

    def said(self) -> list[str]:
        """Return the first sentences, faults before notes."""
        return [*self._said, *self._noted][:MAX_FINDINGS]
