"""Statements of message templates: the operator's own, by region, language and name."""

from sqlalchemy import Connection, delete, select

from hub.store.rights_tables import templates
from hub.store.upsert import insert

Own = dict[tuple[str, str], str]


def of_region(connection: Connection, region: str) -> Own:
    """Return a region's own templates by language and name."""
    statement = select(templates).where(templates.c.region == region)
    return {(row.language, row.name): row.text for row in connection.execute(statement)}


def save(connection: Connection, region: str, language: str, name: str, text: str) -> None:
    """Set a template; it was checked."""
    statement = insert(connection, templates)
    statement = statement.on_conflict_do_update(
        index_elements=["region", "language", "name"], set_={"text": statement.excluded.text}
    )
    connection.execute(statement, [{"region": region, "language": language, "name": name, "text": text}])


def reset(connection: Connection, region: str, language: str, name: str) -> bool:
    """Go back to the built-in template; return whether there was an own one."""
    columns = templates.c
    statement = delete(templates).where(columns.region == region, columns.language == language, columns.name == name)
    return connection.execute(statement).rowcount == 1
