"""The cores over the real desk; the data folder is small and quick."""

import pytest
from till_terminal import stock_desk


@pytest.fixture
def desk(tmp_path):
    opened = stock_desk(tmp_path / "data")
    yield opened
    opened.close()
