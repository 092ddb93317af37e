"""The providers from the other side: what `simulate`, the demo and the tests send."""

from providers.simulators.base import Simulator
from providers.simulators.besoft import BeSoft
from providers.simulators.hotroad import HotRoad
from providers.simulators.jdb import Jdb
from providers.simulators.sud import Sud

# By the protocol's name. Explicit: nothing is discovered.
SIMULATORS: dict[str, type[Simulator]] = {
    "besoft": BeSoft,
    "hotroad": HotRoad,
    "jdb": Jdb,
    "sud": Sud,
}
