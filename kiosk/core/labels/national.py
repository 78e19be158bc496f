"""What GS1 organisations published for barcodes of weighed goods in their countries, as templates. Pure.

Sources, as biip cites them: GS1 Germany (GTIN in der Anwendung; SAN-4), GS1 UK (variable measure items), GS1 Denmark
(GTIN-13 pris, vægt), GS1 Sweden (variable weight numbers), GS1 Finland, GS1 Latvia (for the Baltic states). Norway
published none: goods that were tried follow Sweden's.
"""

from collections.abc import Mapping
from typing import Final

_NORDIC_WEIGHT: Final = ("23IIIIIIWWWWC", "24IIIIIIWWWWC *10", "25IIIIIIWWWWC *100")
_NORDIC_PRICE: Final = ("20IIIIIIPPPPC", "21IIIIIIPPPPC *10", "22IIIIIIPPPPC *100")
_GERMANY: Final = (
    *("22IIIIVPPPPPC", "23IIIIVPPPPPC", "25IIIIVQQQQQC", "26IIIIVQQQQQC", "28IIIIVWWWWWC", "29IIIIVWWWWWC"),
)
_DENMARK: Final = (
    *("21IIIIPPPPPPC", "22IIIIPPPPPPC", "23IIIIPPPPPPC", "24IIIIPPPPPPC"),
    *("26IIIIWWWWWWC", "27IIIIIWWWWWC", "28IIIIWWWWWWC"),
)
NATIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "DE": _GERMANY,
    "DK": _DENMARK,
    "EE": _NORDIC_WEIGHT,
    "FI": _NORDIC_WEIGHT,
    "GB": ("20IIIIIVPPPPC",),
    "LT": _NORDIC_WEIGHT,
    "LV": _NORDIC_WEIGHT,
    "NO": (*_NORDIC_PRICE, *_NORDIC_WEIGHT),
    "SE": (*_NORDIC_PRICE, *_NORDIC_WEIGHT),
}
