from pathlib import Path

import pytest
from kiosk_command import Kiosk


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    """A kiosk's command line over a data folder that is not there yet."""
    return Kiosk(tmp_path / "shop")
