"""The contract for readers in other languages: JSON Schema, AsyncAPI and samples, generated from the types.

``python -m contract.schema`` writes ``contract/published``; ``--check`` says which file is not what the types say.
Schemas cannot say everything: sums that must agree and digests are checked by the codec alone.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import msgspec

from contract import batch, lan, requests, samples
from contract.asyncapi import LAN, LINK, asyncapi
from contract.envelope import DOWN_SOURCE, UP_SOURCE, Envelope
from contract.registry import DOWN, UP, Registry

Json = dict[str, Any]
PUBLISHED: Final = Path(__file__).parent / "published"
CONTRACT_VERSION: Final = "1.0.0"  # of the documents; facts carry their own version in their type
_MESSAGES: Final = (batch.Head, batch.Ack, batch.Status, requests.Request, lan.Presence, lan.Mark, lan.Holds, lan.Ask)
_EPILOG: Final = "example: python -m contract.schema --check"


def json_schema() -> Json:
    """Return one JSON Schema document (2020-12); everything stands in its ``$defs``.

    A fact type's definition has the type's name and holds the envelope and the data together.
    """
    structs = [*UP.types.values(), *DOWN.types.values(), Envelope, *_MESSAGES]
    _, definitions = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "description" in definition:  # a docstring; Python 3.13 takes its indentation away, 3.11 does not
            definition["description"] = cleandoc(definition["description"])
    definitions |= _facts(UP, UP_SOURCE) | _facts(DOWN, DOWN_SOURCE)
    definitions |= {"UpFact": _any_of(UP), "DownFact": _any_of(DOWN)}
    definitions |= {"UpBatch": _lines("UpFact"), "DownBatch": _lines("DownFact")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Facts and messages",
        "description": "Patterns are ECMAScript with the `u` flag. Sums that must agree and digests are not said here.",
        "anyOf": [_ref(name) for name in ("UpFact", "DownFact", *(message.__name__ for message in _MESSAGES))],
        "$defs": dict(sorted(definitions.items())),
    }


def documents() -> dict[str, bytes]:
    """Return relative path -> contents of every published file."""
    facts = samples.up_facts() | samples.down_facts()
    messages = samples.link_messages() | samples.lan_messages()
    return {
        "schema.json": _pretty(json_schema()),
        "asyncapi.json": _pretty(asyncapi(LINK, CONTRACT_VERSION)),
        "asyncapi-lan.json": _pretty(asyncapi(LAN, CONTRACT_VERSION)),
        **{f"samples/{name}.json": raw + b"\n" for name, raw in facts.items()},
        "samples/batch.ndjson": messages.pop("batch") + b"\n",
        **{f"samples/{name}.json": raw + b"\n" for name, raw in messages.items()},
    }


def stale(folder: Path) -> list[str]:
    """Return what in ``folder`` is not as the types say, a line a file."""
    wanted = documents()
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return [
        *(f"{name} is missing" for name in wanted if name not in present),
        *(f"{name} is stale" for name in wanted if name in present and (folder / name).read_bytes() != wanted[name]),
        *(f"{name} is no longer of the contract: delete it" for name in sorted(present - wanted.keys())),
    ]


def publish(folder: Path) -> None:
    """Write every published file below ``folder``."""
    for name, contents in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)


def types_table() -> str:
    """Return the Markdown table of every fact type and its fields that ``docs/facts.md`` holds."""
    rows = [
        f"| `{name}` | {way} | {_fields(struct)} |"
        for way, registry in (("up", UP), ("down", DOWN))
        for name, struct in registry.types.items()
    ]
    return "\n".join(["| type | way | fields (*optional*) |", "|---|---|---|", *rows]) + "\n"


def main(arguments: Sequence[str] | None = None, folder: Path = PUBLISHED) -> int:
    """Write the published contract, or check it; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m contract.schema", description="Write the published contract.", epilog=_EPILOG
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming each file that is stale")
    parser.add_argument("--table", action="store_true", help="print the table of fact types for docs/facts.md")
    chosen = parser.parse_args(arguments)
    if chosen.table:
        sys.stdout.write(types_table())
    elif not chosen.check:
        publish(folder)
    elif faults := stale(folder):
        sys.stderr.writelines(f"{folder.name}/{fault}; run python -m contract.schema\n" for fault in faults)
        return 1
    return 0


def _facts(registry: Registry, source: str) -> Json:
    return {name: _fact(name, struct, source) for name, struct in registry.types.items()}


def _fact(name: str, struct: type[msgspec.Struct], source: str) -> Json:
    return {
        "title": name,
        "allOf": [_ref("Envelope")],
        "properties": {
            "type": {"const": name},
            "source": {"pattern": f"^{source}$(?!\\n)"},
            "data": _ref(struct.__name__),
        },
    }


def _any_of(registry: Registry) -> Json:
    return {"oneOf": [_ref(name) for name in registry.types]}


def _lines(fact: str) -> Json:
    """Describe a batch as the list of its lines; a receiver must also survive lines that are no fact at all."""
    return {
        "description": "The lines of a batch, each read as JSON: the head, then the facts.",
        "type": "array",
        "prefixItems": [_ref("Head")],
        "items": _ref(fact),
        "minItems": 2,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _fields(struct: type[msgspec.Struct]) -> str:
    fields = msgspec.structs.fields(struct)
    return ", ".join(f"`{field.name}`" if field.required else f"*`{field.name}`*" for field in fields)


def _pretty(document: Json) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()


if __name__ == "__main__":  # pragma: no cover - tests call main
    sys.exit(main())
