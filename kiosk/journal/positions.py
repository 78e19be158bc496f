"""How far a lane's epochs are, asked of its table of facts by whoever has the file open."""

import sqlite3
from typing import Final

# One look into the index an epoch; GROUP BY would walk all of it, 58 ms for 210,000 facts after every commit.
_ENDS: Final = """WITH RECURSIVE found(epoch) AS (SELECT min(epoch) FROM facts UNION ALL
SELECT (SELECT min(epoch) FROM facts WHERE epoch > found.epoch) FROM found WHERE found.epoch IS NOT NULL)
SELECT epoch, (SELECT max(seq) FROM facts WHERE facts.epoch = found.epoch) FROM found WHERE epoch IS NOT NULL"""


def ends(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the last position of each epoch, oldest first."""
    return dict(connection.execute(_ENDS))
