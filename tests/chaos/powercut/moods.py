"""What a power cut keeps of what was not synced: chance, with the nasty cases as frequent as any. Pure.

Changes are numbered in the order in which they were made. A choice says, for every place (a sector), how many of the
changes that touched it came through: a place holds one of the versions that it had, never a later without an earlier.
"""

import random
from collections.abc import Mapping, Sequence
from enum import Enum, auto


class Mood(Enum):
    """How a cut chooses: what caches that keep the last, queues that reorder and pages that tear leave behind."""

    NONE = auto()
    ALL = auto()
    LAST = auto()  # only what the last change touched
    NOT_FIRST = auto()  # all but what only the first change touched
    ONE_LOST = auto()  # all but one place
    ONE_KEPT = auto()
    IN_ORDER = auto()  # all changes up to one, none after it
    TORN = auto()  # the same, and the next change in part of its places
    HALF = auto()  # each place new or old
    ANY = auto()  # each place at any of its versions


_MOODS = tuple(Mood)


def pick_mood(rng: random.Random) -> Mood:
    """Return any mood, each as often."""
    return rng.choice(_MOODS)


def pick_versions(
    rng: random.Random, mood: Mood, touching: Mapping[int, Sequence[int]], changes: int
) -> dict[int, int]:
    """Return for each place how many of its changes came through; ``touching`` numbers them, below ``changes``."""
    match mood:
        case Mood.NONE:
            return dict.fromkeys(touching, 0)
        case Mood.ALL:
            return {place: len(made) for place, made in touching.items()}
        case Mood.LAST:
            return {place: len(made) if made[-1] == changes - 1 else 0 for place, made in touching.items()}
        case Mood.NOT_FIRST:
            return {place: 0 if made[-1] == 0 else len(made) for place, made in touching.items()}
        case Mood.ONE_LOST | Mood.ONE_KEPT:
            odd = rng.choice(list(touching)) if touching else None
            lost = mood is Mood.ONE_LOST
            return {place: len(made) if (place == odd) != lost else 0 for place, made in touching.items()}
        case Mood.IN_ORDER | Mood.TORN:
            return _up_to(rng, touching, rng.randint(0, changes), torn=mood is Mood.TORN)
        case Mood.HALF:
            return {place: len(made) * rng.getrandbits(1) for place, made in touching.items()}
        case Mood.ANY:
            return {place: rng.randint(0, len(made)) for place, made in touching.items()}


def pick_length(rng: random.Random, mood: Mood, lengths: Sequence[int]) -> int:
    """Return a length between the shortest and the longest of ``lengths``, which begin with the durable one."""
    if mood is Mood.NONE:
        return lengths[0]
    if mood is Mood.ALL:
        return lengths[-1]
    between = rng.randint(min(lengths), max(lengths))
    return rng.choice((lengths[-1], lengths[-1], rng.choice(lengths), between))


def pick_kept(rng: random.Random, mood: Mood, changes: int) -> list[bool]:
    """Return for each of ``changes`` that stand for themselves (names) whether it came through."""
    kept = pick_versions(rng, mood, {number: [number] for number in range(changes)}, changes)
    return [bool(kept[number]) for number in range(changes)]


def _up_to(rng: random.Random, touching: Mapping[int, Sequence[int]], end: int, *, torn: bool) -> dict[int, int]:
    kept = {}
    for place, made in touching.items():
        before = sum(number < end for number in made)
        came_too = torn and end in made and rng.getrandbits(1)
        kept[place] = before + bool(came_too)
    return kept
