"""What a scanner sent, or a person typed, as one label. Pure, and never raises for any text.

Rules
-----
1.  A symbology identifier in front (``]C1``, ``]E0``) says what follows and is believed; without one, a separator
    (FNC1), brackets, ``https://`` or the digits themselves say it.
2.  A plain barcode is a GTIN, stripped zeros restored. A shop's own templates come before that.
3.  A number whose check digit is wrong has its own answer and is never goods.
4.  Digits that nothing announces are element strings only if they are whole and hold a key with its check digit. A
    ``^`` is a separator in them: keyboards have none, so scanners that play one are set to send this.
5.  Codes of our own look like words and skus. Whoever sells looks for a sku of the very same text first.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from contract.codes import CHARACTERS, LENGTH, is_mistyped, normalize
from contract.errors import Malformed
from contract.gtin import GTIN_LENGTHS, is_valid, restore_gtin
from contract.values import Gtin, Receipt, ReceiptField
from kiosk.core.labels.elements import (
    FNC1,
    Element,
    LabelError,
    WrongCheckDigit,
    check_together,
    read_bracketed,
    read_elements,
)
from kiosk.core.labels.label import Label, LabelKind
from kiosk.core.labels.link import has_key, is_address, read_link
from kiosk.core.labels.meaning import with_meaning
from kiosk.core.labels.templates import Template, read_in_store
from kiosk.core.words import say

MAX_LABEL: Final = 4296  # characters of the largest QR code
SHORTEST_ELEMENTS: Final = 16  # (01) and a GTIN; shorter digits are a barcode

_SPACES: Final = " \t\r\n"  # and not str.strip()'s own, to which the separator is a space as well
# ISO/IEC 15424: symbols whose data is element strings, barcodes of a known size, and those that hold any text.
_GS1: Final = ("]C1", "]e0", "]d2", "]Q3", "]J1")
_SIZES: Final[Mapping[str, int]] = {"]E0": 13, "]E4": 8}
_PLAIN: Final = ("]A0", "]A1", "]C0", "]I0", "]I1", "]d1", "]Q0", "]Q1", "]Q2", "]J0", "]z0", "]L0")
_COMPOSITE: Final = "|]e0"  # begins the second message of a barcode with a composite symbol above it

_DIGITS: Final = re.compile(r"[0-9]+")
_BRACKET: Final = re.compile(r"\([0-9]{2,4}\)")
_RECEIPT: Final = re.compile(get_args(ReceiptField)[1].pattern)
_KEYS: Final = ("00", "01", "02")
_GTIN: Final = "01"
_TYPED_FNC1: Final = "^"


def read_label(text: str, templates: Sequence[Template] = ()) -> Label:
    """Return what ``text`` is; never raises. ``templates`` are the shop's own, as ``parse_templates`` returned them."""
    cleaned = text.strip(_SPACES)
    if len(cleaned) > MAX_LABEL:
        return Label(LabelKind.OTHER, cleaned, why=say("longer than any barcode"))
    symbology, data = cleaned[:3], cleaned[3:]
    if symbology in _SIZES:
        return _read_sized(data, _SIZES[symbology], templates)
    if symbology in _GS1:
        return _read_announced(data)
    if symbology in _PLAIN:
        return _read_text(data, templates)
    if FNC1 in cleaned:
        return _read_announced(cleaned.removeprefix(FNC1))
    return _read_text(cleaned, templates)


def _read_sized(data: str, size: int, templates: Sequence[Template]) -> Label:
    """Return a barcode of ``size`` digits, and what a composite symbol above it adds."""
    digits, composite, more = data.partition(_COMPOSITE)
    if len(digits) != size or not _is_digits(digits):
        return Label(LabelKind.FAULTY, data, why=say("the scanner announced {n} digits", n=size))
    label = _read_digits(digits, templates)
    if not composite or label.gtin is None:
        return label
    try:
        added = read_elements(more)
        check_together([Element(_GTIN, label.gtin), *added])
    except LabelError as error:
        return _refused(data, error)
    return with_meaning(label, added)


def _read_announced(data: str) -> Label:
    try:
        return _understood(LabelKind.ELEMENTS, data, read_elements(data))
    except LabelError as error:
        return _refused(data, error)


def _read_text(text: str, templates: Sequence[Template]) -> Label:
    try:
        if _BRACKET.match(text):
            return _understood(LabelKind.ELEMENTS, text, read_bracketed(text))
        if is_address(text) and has_key(text):
            return _understood(LabelKind.LINK, text, read_link(text))
    except LabelError as error:
        return _refused(text, error)
    return _read_digits(text, templates) if _is_digits(text) else _read_own(text) or _read_unannounced(text)


def _read_digits(digits: str, templates: Sequence[Template]) -> Label:
    gtin = _restore(digits)
    if gtin is not None:
        try:
            return read_in_store(gtin, templates, digits) or Label(LabelKind.GTIN, digits, gtin)
        except WrongCheckDigit as error:
            return _refused(digits, error)
    if len(digits) in GTIN_LENGTHS:
        return Label(LabelKind.WRONG_CHECK_DIGIT, digits, why=say("the last digit does not fit the others"))
    return _read_unannounced(digits)


def _read_unannounced(text: str) -> Label:
    """Return element strings that neither a symbology identifier nor a separator gave away (rule 4)."""
    unknown = Label(LabelKind.OTHER, text)
    data = text.replace(_TYPED_FNC1, FNC1).removeprefix(FNC1)
    if not _is_digits(data[:SHORTEST_ELEMENTS]) or len(data) < SHORTEST_ELEMENTS:
        return unknown
    if data.startswith(_GTIN) and not is_valid(data[len(_GTIN) : SHORTEST_ELEMENTS]):
        return Label(LabelKind.WRONG_CHECK_DIGIT, text, why=say("the GTIN's last digit does not fit the others"))
    try:
        label = _understood(LabelKind.ELEMENTS, text, read_elements(data))
    except LabelError:
        return unknown
    return label if any(element.ai in _KEYS for element in label.elements) else unknown


def _read_own(text: str) -> Label | None:
    if _RECEIPT.search(text):
        return Label(LabelKind.RECEIPT, text, receipt=Receipt(text))
    code = normalize(text)
    bare = code.replace("-", "")
    if len(bare) == LENGTH and set(bare) <= set(CHARACTERS) and not is_mistyped(code):
        return Label(LabelKind.RESERVATION, text, code=code)
    return None


def _understood(kind: LabelKind, text: str, elements: Sequence[Element]) -> Label:
    check_together(elements)
    return with_meaning(Label(kind, text), elements)


def _refused(text: str, error: LabelError) -> Label:
    wrong = isinstance(error, WrongCheckDigit)
    return Label(LabelKind.WRONG_CHECK_DIGIT if wrong else LabelKind.FAULTY, text, why=str(error))


def _restore(digits: str) -> Gtin | None:
    try:
        return restore_gtin(digits)
    except Malformed:
        return None


def _is_digits(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None
