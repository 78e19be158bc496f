"""docs/facts.md knows every fact type, and docs/glossary.md every word that the contract is made of."""

import re

import pytest

from contract.down_rights import Remedy
from contract.registry import DOWN, UP
from contract.rights import Answer, Urgency
from contract.schema import types_table
from contract.values import Condition, Lane, Unit

TYPES = {**UP.types, **DOWN.types}
WORDS = [
    *("region", "site", "kiosk", "till", "epoch", "lane", "incarnation", "fact", "journal", "outbox", "stream", "log"),
    *("batch", "acknowledgement", "envelope", "chain", "digest", "seen", "stamp", "upcast", "quarantine", "fork"),
    *("sku", "GTIN", "quantity", "unit", "condition", "minor unit", "basket", "receipt", "sale", "refund", "payment"),
    *("right", "grant", "release", "recall", "limbo", "overdraft", "deficit", "account", "count", "adjustment"),
    *("available", "promisable", "free", "request", "move", "transfer", "passage", "report", "settlement", "waste"),
    *("mirror", "pool", "reserved", "goods in hand", "placed", "code", "answer", "remedy", "urgent request"),
    *("hold", "reservation", "promise", "shift", "pick", "pack", "handover", "wave", "courier", "exception"),
]


@pytest.fixture(scope="module")
def facts_page(repo_root):
    return (repo_root / "docs" / "facts.md").read_text("utf-8")


@pytest.fixture(scope="module")
def glossary(repo_root):
    return (repo_root / "docs" / "glossary.md").read_text("utf-8")


def test_the_table_of_types_is_current(facts_page):
    assert types_table() in facts_page, "paste what `python -m contract.schema --table` prints into docs/facts.md"


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_a_section_that_says_when_and_names_every_field(name, facts_page):
    section = re.search(rf"^### `{re.escape(name)}`\n(.+?)(?=^##|\Z)", facts_page, re.MULTILINE | re.DOTALL)
    assert section, f"docs/facts.md has no section for {name}"
    assert "**When:**" in section[1]
    missing = [field for field in TYPES[name].__struct_fields__ if f"`{field}`" not in section[1]]
    assert missing == []


def test_no_section_is_about_a_type_that_does_not_exist(facts_page):
    assert set(re.findall(r"^### `([^`]+)`", facts_page, re.MULTILINE)) == TYPES.keys()


def test_the_page_says_how_every_enumeration_is_spelt(facts_page):
    for value in [*Lane, *Unit, *Condition, *Urgency, *Answer, *Remedy]:
        assert f"`{value}`" in facts_page


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_in_the_glossary_once(word, glossary):
    assert len(re.findall(rf"^\*\*{re.escape(word)}\*\*", glossary, re.MULTILINE)) == 1


def test_the_glossary_is_in_order_within_each_part(glossary):
    for part in glossary.split("\n## ")[1:]:
        words = re.findall(r"^\*\*([^*]+)\*\*", part, re.MULTILINE)
        assert words
        assert len(words) == len(set(words))
