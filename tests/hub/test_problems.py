"""Refusals in words: whatever msgspec says of a request, a person reads what is expected of which field."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta, Struct

from contract.facts import StockLine
from contract.registry import malformed
from contract.values import GtinField, InstantField, RegionIdField
from hub.api.problems import in_words


class Asked(Struct, forbid_unknown_fields=True):
    lines: Annotated[list[StockLine], Meta(min_length=1, max_length=2)]
    region: RegionIdField | None = None
    gtin: GtinField | None = None
    until: InstantField | None = None
    paid: bool = False
    limit: Annotated[int, Meta(ge=1, le=10)] = 1
    near: Annotated[str, Meta(max_length=4)] = ""


TEA = '{"sku":"tea","quantity":{"amount":1}}'


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ('"limit":0', "limit", "a whole number of at least 1 is expected"),
        ('"limit":11', "limit", "a whole number of at most 10 is expected"),
        ('"limit":"x"', "limit", "a whole number is expected, not text"),
        ('"limit":null', "limit", "a whole number is expected, not nothing"),
        ('"near":"12345"', "near", "text of at most 4 characters is expected"),
        ('"paid":1', "paid", "true or false is expected, not a whole number"),
        ('"region":"Bad Site"', "region", "a name of a-z, 0-9 and inner dashes, at most 32 long, is expected"),
        ('"region":{}', "region", "text is expected, not an object"),
        ('"gtin":"1"', "gtin", "text of another form is expected"),
        ('"until":"soon"', "until", "Invalid RFC3339 encoded datetime"),
        ('"skus":1', "skus", "there is no such field"),
        ('"lines":[]', "lines", "a list of at least 1 entries is expected"),
        (f'"lines":[{TEA},{TEA},{TEA}]', "lines", "a list of at most 2 entries is expected"),
        (
            f'"lines":[{TEA.replace("tea", " tea")}]',
            "lines[0].sku",
            "1 to 64 printable characters without a space at either end are expected",
        ),
        ('"lines":[{"sku":"tea"}]', "lines[0].quantity", "it is missing"),
        (
            '"lines":[{"sku":"tea","quantity":{"amount":1,"unit":"kg"}}]',
            "lines[0].quantity.unit",
            "Invalid enum value 'kg'",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(more: str, field: str, words: str) -> None:
    raw = f'{{"lines":[{TEA}],{more}}}'
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(raw, type=Asked)
    found = malformed(caught.value, "$")
    assert in_words(found.what, found.where.removeprefix("$").removeprefix(".") or "body") == (words, field)
