"""The published vectors of GS1's own syntax engine, all 3,721: each is met as expected, or left out by name and number.

``^`` means FNC1. What a till meets: scan data of common symbologies, element strings, typed labels with brackets,
links, what may stand together, and the checks of single values wherever a till reads them.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from contract.gtin import check_digit, is_valid
from kiosk.core.labels.checks import UNCHECKED, has_charset, passes
from kiosk.core.labels.elements import (
    FNC1,
    Element,
    LabelError,
    check_together,
    make_element,
    read_bracketed,
    read_elements,
    render,
)
from kiosk.core.labels.identifiers import every, find
from kiosk.core.labels.label import Label, LabelKind
from kiosk.core.labels.link import read_link, unescape
from kiosk.core.labels.reading import read_label

NO_GOODS = (LabelKind.FAULTY, LabelKind.WRONG_CHECK_DIGIT, LabelKind.OTHER)
CHARSETS = {"csetnumeric": "N", "cset82": "X", "cset39": "Y", "cset64": "Z"}

LEFT_OUT = {
    "lists of packages: about parcels": 276,
    "North American coupons: no till of ours takes them": 272,
    "company prefixes: a list that changes weekly, and sells nothing": 5,
    "a date format that no AI has": 45,
    "data of the engine's own test program, which the file does not hold": 4,
    "what the engine refuses to draw; nobody can scan it": 13,
    "writing of links": 5,
    "identifiers that GS1 has not given out, let through by a switch": 3,
    "names in place of digits in a link, withdrawn by GS1, by a switch": 2,
    "links to a GTIN without its zeros, refused by a switch; ours are restored": 3,
}


@pytest.fixture(scope="module")
def vectors(real_data):
    lines = (real_data / "2_catalogue" / "gs1_vectors_give.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_vector_is_met_or_left_out_by_name(vectors):
    left = Counter(reason for vector in vectors if (reason := why_left_out(vector)))
    assert dict(left) == LEFT_OUT
    met = [vector for vector in vectors if not why_left_out(vector)]
    assert len(met) == 3721 - sum(LEFT_OUT.values()) == 3093
    assert {name_of(vector) for vector in met if not name_of(vector).startswith("lint_")} == set(MEETINGS)


def test_all_others_give_what_they_expect(vectors):
    wrong = []
    for vector in vectors:
        if not why_left_out(vector):
            meet = MEETINGS.get(name_of(vector), meet_check)
            if not meet(*vector["args"], passing=vector["macro"].endswith("PASS")):
                wrong.append((name_of(vector), vector["args"]))
    assert wrong == []


@pytest.mark.parametrize(
    ("check", "written"),
    [
        ("csum", "01{}10A"),
        ("yymmd0", "010952012345678817{}"),
        ("iso4217", "010952012345678831030001953932{}109"),
        ("cset82", f"010952012345678810{{}}{FNC1}21S"),
        ("csetnumeric", "010952012345678830{}"),
    ],
)
def test_checks_hold_where_a_till_reads_the_value(vectors, check, written):
    seen: Counter[LabelKind] = Counter()
    for vector in vectors:
        if name_of(vector) == f"lint_{check}" and has_size(check, text := vector["args"][1]):
            label = read_label(f"]C1{written.format(text)}")
            assert (label.kind is LabelKind.ELEMENTS) is vector["macro"].endswith("PASS"), (text, label)
            seen[label.kind] += 1
    assert len(seen) > 1 or check == "csum"


def test_the_table_of_identifiers_says_what_the_dictionary_says(real_data):
    lines = (real_data / "2_catalogue" / "gs1-syntax-dictionary.txt").read_text("utf-8").splitlines()
    rows = [row for line in lines if (row := line.partition("#")[0].split())]
    told = {ai: list(words) for names, *words in rows for ai in spread(names)}
    assert {one.ai: spelt(one.ai, told[one.ai]) for one in every()} == told


# ---------------------------------------------------------------------------------------------------------- meetings


def meet_elements(succeeds, data: str, *, passing: bool) -> bool:
    """Scan data after the symbology identifier; a label that lacks what its values need is no goods all the same."""
    found = attempt(read_fnc1, data)
    if succeeds:
        return found is not None and render(found) == data.rstrip("^")
    return found is None and read_label(f"]C1{data[1:].replace('^', FNC1)}").kind in NO_GOODS


def meet_bracketed(succeeds, text: str, expected: str, *, passing: bool) -> bool:
    found = attempt(read_bracketed, text)
    if succeeds:
        return found is not None and render(found) == expected == render(read_fnc1(expected))
    return found is None and read_label(text).kind in NO_GOODS


def meet_together(succeeds, rule: str, text: str, *, passing: bool) -> bool:
    def read(typed: str) -> tuple[Element, ...]:
        found = read_bracketed(typed)
        check_together(found)
        return found

    label = read_label(text)
    return (attempt(read, text) is not None) is succeeds and (label.kind is LabelKind.ELEMENTS) is succeeds


def meet_link(succeeds, text: str, expected: str, *, passing: bool) -> bool:
    found, label = attempt(read_link, text), read_label(text)
    if succeeds:
        return found is not None and render(found) == expected and label.elements in {found, ()}
    return found is None and label.kind in NO_GOODS


def meet_scan(succeeds, scanned: str, symbology: str, expected: str, *, passing: bool) -> bool:
    label = read_label(scanned)
    if not succeeds:
        return label.kind in NO_GOODS
    return says(label, expected)


def meet_drawn(symbology: str, data: str, scanned: str, *, passing: bool) -> bool:
    return says(read_label(scanned), data)


def meet_drawn_link(succeeds, stem: str, text: str, link: str, *, passing: bool) -> bool:
    return set(read_link(link)) == set(read_bracketed(text)) and read_label(link).kind in {
        LabelKind.LINK,
        LabelKind.FAULTY,  # a link that lacks what one of its values needs
    }


def meet_unescape(text: str, in_path: str, in_query: str, *, passing: bool) -> bool:
    in_bytes = [expected.encode("utf-8", "surrogateescape").decode("latin-1") for expected in (in_path, in_query)]
    return [unescape(text), unescape(text, query=True)] == in_bytes


def meet_check(check: str, text: str, *_: str, passing: bool) -> bool:
    name = check.removeprefix("gs1_lint_")
    return (has_charset(CHARSETS[name], text) if name in CHARSETS else passes(name, text)) is passing


MEETINGS: dict[str, Callable[..., bool]] = {
    "ai_processAIdata": meet_elements,
    "ai_parseAIdata": meet_bracketed,
    "ai_validateAIs": meet_together,
    "dl_parseDLuri": meet_link,
    "dl_URIunescape": meet_unescape,
    "dl_generateDLuri": meet_drawn_link,
    "scandata_processScanData": meet_scan,
    "scandata_generateScanData": meet_drawn,
}


def attempt(read: Callable[[str], tuple[Element, ...]], text: str) -> tuple[Element, ...] | None:
    try:
        return read(text)
    except LabelError:
        return None


def read_fnc1(data: str) -> tuple[Element, ...]:
    if not data.startswith("^"):
        raise LabelError("FNC1 does not come first")
    return read_elements(data[1:].replace("^", FNC1))


def says(label: Label, expected: str) -> bool:
    """Whether a label is what the engine calls ``expected``: element strings, a barcode's digits, or plain text."""
    primary, composite, more = expected.partition("|^")
    if expected.startswith("^"):
        elements = read_fnc1(primary) + (read_fnc1(f"^{more}") if composite else ())
        return told(label) == elements
    if primary.isdigit():
        digits = primary if is_valid(primary) else f"{primary}{check_digit(primary)}"  # the engine adds it if told to
        return told(label) == (make_element("01", digits.zfill(14)), *(read_fnc1(f"^{more}") if composite else ()))
    return re.sub(r"^(\\*\^)", r"\\\1", label.text) == expected  # the engine escapes a ^ that is no FNC1


def told(label: Label) -> tuple[Element, ...]:
    """The elements of a label, the GTIN of a plain barcode first."""
    if label.kind is LabelKind.GTIN and label.gtin is not None:
        return (Element("01", label.gtin), *label.elements)
    return label.elements


# ---------------------------------------------------------------------------------------------------------- left out


def name_of(vector) -> str:
    return str(vector["function"]).removeprefix("test_")


def why_left_out(vector) -> str | None:
    name, args = name_of(vector), vector["args"]
    reason = next((why for why, names in OUT_BY_NAME.items() if name in names), None)
    return reason or why_left_out_of_engine(name, args, vector["encoder_settings_before"])


def why_left_out_of_engine(name: str, args: list, settings: list[str]) -> str | None:
    on = {word.partition("(")[0]: word.endswith("(true)") for word in settings}
    if args[1] in {"inbuf", "buf"}:
        return "data of the engine's own test program, which the file does not hold"
    if (name == "scandata_generateScanData" and args[2] is None) or (name == "dl_generateDLuri" and not args[0]):
        return "what the engine refuses to draw; nobody can scan it"
    if on.get("setPermitUnknownAIs") and args[0] is True and re.search(r"\(89\)|[?&]89=", str(args)):
        return "identifiers that GS1 has not given out, let through by a switch"
    if name == "dl_parseDLuri" and args[0] and "/gtin/" in args[1]:
        return "names in place of digits in a link, withdrawn by GS1, by a switch"
    if name == "dl_parseDLuri" and not args[0] and on.get("setPermitZeroSuppressedGTINinDLuris") is False:
        short = re.search(r"01[/=]([0-9]{8}|[0-9]{12,13})$", args[1])
        return "links to a GTIN without its zeros, refused by a switch; ours are restored" if short else None
    return None


OUT_BY_NAME = {
    "lists of packages: about parcels": ("lint_packagetype",),
    "North American coupons: no till of ours takes them": ("lint_couponcode", "lint_couponposoffer"),
    "company prefixes: a list that changes weekly, and sells nothing": ("lint_gcppos1", "lint_gcppos2"),
    "a date format that no AI has": ("lint_yyyymmd0",),
    "writing of links": ("dl_URIescape",),
}


def test_what_is_left_out_of_the_checks_is_what_the_code_leaves_out():
    names = {name.removeprefix("lint_") for names in OUT_BY_NAME.values() for name in names if name.startswith("lint_")}
    assert names - {"yyyymmd0"} == UNCHECKED
    assert not any("yyyymmd0" in part.checks for one in every() for part in one.parts)


def has_size(check: str, text: str) -> bool:
    """Whether a text has the size of the value that the check is tried in."""
    sizes = {"csum": (14,), "yymmd0": (6,), "iso4217": (3,), "cset82": range(1, 21), "csetnumeric": range(1, 9)}
    return len(text) in sizes[check] and FNC1 not in text


# ---------------------------------------------------------------------------------------------------- the dictionary


def spread(names: str) -> Iterator[str]:
    first, _, last = names.partition("-")
    yield from (str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1))


def spelt(ai: str, as_in: list[str]) -> list[str]:
    """What our table has of ``ai``, in the dictionary's words and order."""
    one = find(ai)
    assert one is not None
    marks = "*" * one.fixed + "?" * one.in_query
    parts = [
        f"{'[' * part.optional}{part.charset}{'..' * (part.shortest < part.longest)}{part.longest}{']' * part.optional}"
        + "".join(f",{check}" for check in part.checks)
        for part in one.parts
    ]
    needs = [f"req={','.join('+'.join(group) for group in groups)}" for groups in one.needs]
    excludes = [f"ex={','.join(one.excludes)}"] if one.excludes else []
    paths = "|".join(",".join(path) for path in one.paths or ())
    key = [] if one.paths is None else [f"dlpkey={paths}" if paths else "dlpkey"]
    words = [*([marks] if marks else []), *parts, *needs, *excludes, *key]
    return sorted(words, key=lambda word: as_in.index(word) if word in as_in else -1)
