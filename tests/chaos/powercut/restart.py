"""Puts a disk as a cut left it into a folder, and starts the kiosk on it, as the till does."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.facts import KioskStarted
from kiosk.bootstrap import open_desk
from kiosk.core.counter import Counter, Mood
from powercut.ops import Tree


def put(tree: Tree, root: Path) -> None:
    """Make ``root`` hold the tree, and nothing else."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for path, content in tree.items():  # folders come before what is in them
        if content is None:
            (root / path).mkdir(mode=0o700)
        else:
            (root / path).write_bytes(content)


RELEASE: Final = "0"  # what a till says of itself when it starts; here it is asked for in every cut, and takes long


@contextmanager
def started(data: Path) -> Iterator[Counter]:
    """Start the kiosk on a data folder, and end it in order.

    Raises: JournalError if it does not start.
    """
    desk = open_desk(data)
    try:
        desk.record([KioskStarted(version=RELEASE, epoch=desk.journal.epoch)])
        yield Counter(desk)
    finally:
        desk.close()


def sell_one_more(counter: Counter) -> bool:
    """Sell what is in the basket and one thing more, which needs no catalogue; return whether it was sold."""
    counter.enter("2.50")
    return counter.sell(counter.basket.total_minor).mood is Mood.SOLD
