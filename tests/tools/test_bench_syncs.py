"""The count of data syncs a sale, on traces as strace writes them."""

import pytest

from bench.figure import Figure
from bench.syncs import count

BEGIN = '7 access("/bench/sale-begins", F_OK) = -1 ENOENT (No such file or directory)'
END = '7 faccessat2(AT_FDCWD, "/bench/sale-ends", F_OK, 0) = -1 ENOENT (No such file or directory)'
SYNC = "7 fdatasync(5) = 0"


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ([BEGIN, SYNC, END], [1]),
        ([SYNC, BEGIN, END, SYNC], [0]),
        ([BEGIN, "8 fsync(3 <unfinished ...>", SYNC, "8 <... fsync resumed>) = 0", END], [2]),
        ([BEGIN, SYNC, END, SYNC, BEGIN, "7 msync(0x7f, 4096, MS_SYNC) = 0", SYNC, END], [1, 2]),
        ([BEGIN, '7 access("/fsync", F_OK) = 0', END], [0]),
        ([], []),
    ],
)
def test_only_syncs_within_a_sale_count(lines, counts):
    assert count("\n".join(lines)) == counts


def test_a_sale_without_a_sync_misses_the_target_as_one_with_two_does():
    assert not Figure("mean", 0.995, "syncs", 1.0, "at least").ok
    assert not Figure("max", 2, "syncs", 1.0).ok
