"""Statements of idempotency keys: a request that is repeated under its key has its effect once, and its answer again.

The key is claimed by the first statement of the transaction that does what is asked. Whoever comes meanwhile with the
same key waits for that transaction (on SQLite for the one writer) and then finds its answer.
"""

from msgspec import Struct
from sqlalchemy import Connection, delete, select, update

from hub.store.rights_tables import idempotency
from hub.store.upsert import insert_new

_NO_ANSWER = ""


class Answered(Struct, frozen=True):
    """What was answered under a key, and the digest of what was asked."""

    digest: str
    status: int
    answer: str


def claim(connection: Connection, region: str, key: str, digest: str, now: str) -> Answered | None:
    """Claim a key for this transaction; return what was answered if somebody had it before."""
    row = {"region": region, "key": key, "digest": digest, "status": 0, "answer": _NO_ANSWER, "at": now}
    if insert_new(connection, idempotency, [row]):
        return None
    columns = idempotency.c
    found = connection.execute(select(idempotency).where(columns.region == region, columns.key == key)).one()
    return Answered(found.digest, found.status, found.answer)


def settle(connection: Connection, region: str, key: str, status: int, answer: str) -> None:
    """Keep the answer under the key that this transaction claimed."""
    columns = idempotency.c
    statement = (
        update(idempotency).where(columns.region == region, columns.key == key).values(status=status, answer=answer)
    )
    connection.execute(statement)


def release(connection: Connection, region: str, key: str) -> None:
    """Let the key go that this transaction claimed: what was asked under it may be asked again."""
    columns = idempotency.c
    connection.execute(delete(idempotency).where(columns.region == region, columns.key == key))


def forget_before(connection: Connection, at: str) -> int:
    """Let keys go that are older than ``at``; return how many."""
    return connection.execute(delete(idempotency).where(idempotency.c.at < at)).rowcount
