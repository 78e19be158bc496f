"""Whether the next sale could be stored: asked before anybody takes money for it."""

from pathlib import Path
from shutil import disk_usage
from typing import Final

from kiosk.core.words import Text, say
from kiosk.journal.errors import JournalError
from kiosk.journal.journal import Journal

MIN_FREE_BYTES: Final = 32 * 1024 * 1024  # some 20,000 sales: time for a person to act before a sale could fail


def storage_problem(journal: Journal, data_dir: Path) -> Text | None:
    """Return why the next sale could not be stored, with what to do; None when it can."""
    try:
        free = disk_usage(data_dir).free
        journal.probe()
    except (JournalError, OSError) as error:
        return say("sales cannot be stored: {why}", why=str(error))
    if free < MIN_FREE_BYTES:
        mib = free // 2**20
        return say("the disk is nearly full ({mib} MiB left): free space before the next sale", mib=mib)
    return None
