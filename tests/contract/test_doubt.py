"""When a counted amount is more likely a slip of the hand."""

import pytest

from contract.doubt import is_doubtful
from contract.values import Unit


@pytest.mark.parametrize(
    ("counted", "expected", "doubtful"),
    [
        (500_000, 0, True),
        (101, 0, True),
        (100, 0, False),
        (0, 101, True),
        (0, 100, False),
        (1000, 100, False),
        (1001, 100, True),
        (50, 500, False),
        (49, 500, True),
        (111, 11, False),
        (101, -40, True),
        (60, -60, False),
        (7, 7, False),
    ],
)
def test_what_is_off_by_many_and_by_many_times_is_doubtful(counted: int, expected: int, doubtful: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_doubtful(counted, expected, Unit.PIECE) is doubtful
    assert is_doubtful(counted * 1000, expected * 1000, Unit.GRAM) is doubtful


def test_a_kilogram_counts_as_a_piece() -> None:
    assert not is_doubtful(100_000, 0, Unit.GRAM)
    assert is_doubtful(100_001, 0, Unit.MILLILITRE)
