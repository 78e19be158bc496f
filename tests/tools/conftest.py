from pathlib import Path
from shutil import copytree

import pytest
from kiosk_command import Kiosk

LIST = "sku,name,price,unit,gtin\nA,Apple,0.50,,4006381333931\nH,Ham,20,kg,\n"


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    """A kiosk's command line over a data folder that is not there yet."""
    return Kiosk(tmp_path / "shop")


@pytest.fixture(scope="session")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a kiosk with a small catalogue; each test that wants it has a copy of its own."""
    folder = tmp_path_factory.mktemp("listed")
    (folder / "list.csv").write_text(LIST)
    Kiosk(folder / "shop")("catalogue", "import", folder / "list.csv")
    return folder / "shop"


@pytest.fixture
def shop(kiosk: Kiosk, listed: Path) -> Kiosk:
    """A kiosk's command line over a folder with :data:`LIST` as its catalogue."""
    copytree(listed, kiosk.data)
    return kiosk
