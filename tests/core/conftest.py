"""The cores over the real desk; the data folder is small and quick."""

import pytest
from disks import small_disk
from till_terminal import stock_desk

__all__ = ["small_disk"]


@pytest.fixture
def desk(tmp_path):
    opened = stock_desk(tmp_path / "data")
    yield opened
    opened.close()
