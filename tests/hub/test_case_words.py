"""Cases as short lines: nothing of JSON, nothing too wide, the sentence first and what to do last."""

from hub.commands.case_words import lines_of
from hub.core.read_models import ExceptionView

AT = "2026-03-07T09:30:15.000000Z"


def case(detail: dict[str, object], resolved_at: str | None = None) -> ExceptionView:
    return ExceptionView(17, "delivery_twice", "demo/market/k1 1@4", None, detail, AT, "operator", resolved_at)


def test_a_case_is_its_subject_what_happened_and_what_to_do() -> None:
    detail = {
        "goods": [{"sku": "tea", "amount": 24}, {"sku": "cup", "amount": 2}],
        "more": 0,
        "advice": "",
        "do": "count them",
        "what": "came twice",
    }
    assert list(lines_of(case(detail))) == [
        "17  2026-03-07 09:30  delivery_twice  demo/market/k1 1@4",
        "    came twice; goods sku tea amount 24, sku cup amount 2; more 0",
        "    to do: count them",
    ]


def test_what_is_resolved_says_when_and_what_says_nothing_has_one_line() -> None:
    assert list(lines_of(case({}, AT))) == [
        "17  2026-03-07 09:30  delivery_twice  demo/market/k1 1@4  resolved 2026-03-07 09:30"
    ]


def test_no_line_is_wider_than_a_window_and_a_long_list_is_cut() -> None:
    lines = list(lines_of(case({"what": "word " * 60, "goods": [f"sku-{n}" for n in range(500)]})))
    assert max(map(len, lines)) <= 100
    assert len(lines) < 9
    assert lines[-1].endswith("...")
