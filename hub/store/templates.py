"""Statements of message templates: the operator's own, by region, language and name."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from hub.store.rights_tables import templates
from hub.store.upsert import Question, insert

Own = dict[tuple[str, str], str]
_OF_REGION: Final = Question(
    select(templates.c.language, templates.c.name, templates.c.text).where(templates.c.region == bindparam("of_region"))
)


def of_region(connection: Connection, region: str) -> Own:
    """Return a region's own templates by language and name."""
    rows = _OF_REGION.ask(connection, {"of_region": region})
    return {(language, name): text for language, name, text in rows}


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
