"""Which nemesis strikes when: chosen by seed, spread over the run, every kind at least once if there is room. Pure."""

import random
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

KILLS_A_DISTURBANCE: Final = 15  # in 60 kills, four of each pause, cut, spoilt wire, full disk and clock jump
MOST_STRIKES: Final = 12  # of a nemesis that never bites: with the two or four it has anyway, something is wrong then
_FIRST: Final = 0.02  # of the run: something was sold
_LAST: Final = 0.93  # of the run: something is sold after the last strike began


class Strike(NamedTuple):
    """One strike: due when this part of all facts is recorded; ``salt`` seeds its own choices."""

    due: float
    name: str
    salt: int


def once_more(name: str, *, strikes: int, bites: int, to_come: Sequence[str], salt: int) -> list[Strike]:
    """Return one more strike, due at once, of a nemesis that never bit and has no other to come.

    Whether a nemesis finds anything to hurt is chance; a run that is to prove something leaves none of them out.
    """
    return [] if bites or name in to_come or strikes >= MOST_STRIKES else [Strike(0.0, name, salt)]


def draw(kills: int, seed: int, *, killers: Mapping[str, int], others: Sequence[str]) -> list[Strike]:
    """Return the strikes of a run in the order they are due: ``kills`` of the killers, by weight, and the others."""
    rng = random.Random(seed)
    names = list(killers)
    rng.shuffle(names)
    names = names[:kills] + rng.choices(list(killers), list(killers.values()), k=max(0, kills - len(killers)))
    names += list(others) * max(1, kills // KILLS_A_DISTURBANCE)
    rng.shuffle(names)
    due = sorted(rng.uniform(_FIRST, _LAST) for _ in names)
    return [Strike(at, name, rng.getrandbits(32)) for at, name in zip(due, names, strict=True)]
