"""The dialects that Cage speaks. Explicit: nothing is discovered."""

from typing import Any

from providers.protocols.base import Protocol
from providers.protocols.besoft import BeSoft
from providers.protocols.hotroad import HotRoad
from providers.protocols.jdb import Jdb
from providers.protocols.sud import Sud

PROTOCOLS: dict[str, type[Protocol[Any]]] = {
    "besoft": BeSoft,
    "hotroad": HotRoad,
    "jdb": Jdb,
    "sud": Sud,
}
