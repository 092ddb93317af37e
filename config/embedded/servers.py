"""The servers Cage needs, started where nobody exported a URL for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from config.embedded import postgres, processes, sockets, valkey
from config.embedded.home import Home, given
from config.embedded.processes import Child, Signals


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs, and the variables that lead there; both empty if everything was exported."""

    children: list[Child] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def add(self, child: Child, variables: dict[str, str]) -> None:
        self.children.append(child)
        self.variables.update(variables)


@contextmanager
def running(home: Home, signals: Signals, *, durable: bool = True) -> Iterator[Servers]:
    """Run the missing servers for a while.

    The lock of `home` must be held. When this returns, however it does, they are gone.
    """
    servers = Servers()
    try:
        if not given("DATABASE_URL"):
            servers.add(*postgres.start(home, signals, durable=durable))
        if not given("REDIS_URL"):
            servers.add(*valkey.start(home, signals))
        yield servers
    finally:
        processes.stop(servers.children, signals, patience=20)
        sockets.remove_short_folder(home)
