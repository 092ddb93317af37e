"""The configured providers: PROVIDERS, one JSON object, read once and never discovered.

A provider's name is its identity in the ledger for ever. Its path is where it is reached: it may
be unguessable, rotates, and stands in no entry, export or metric.
"""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from django.conf import settings

from providers.protocols import PROTOCOLS, base
from providers.protocols.base import Problem, Protocol, Settings
from wallets.instructions import HOUSE

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One configured relation. `networks` is empty where any address may call."""

    name: str
    protocol: Protocol[Any]
    paths: tuple[str, ...]
    networks: tuple[Network, ...]
    retired: bool

    def allows(self, address: str) -> bool:
        """Whether a caller at `address` may speak for this provider."""
        if not self.networks:
            return True
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(caller in network for network in self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All providers, and what is wrong with their configuration (then nothing may start)."""

    by_name: Mapping[str, Provider]
    by_path: Mapping[str, Provider]
    problems: tuple[Problem, ...]


def current() -> Registry:
    """The registry of settings.PROVIDERS."""
    return parse(settings.PROVIDERS)


@lru_cache(maxsize=8)
def parse(text: str) -> Registry:
    """Read PROVIDERS. Doesn't raise: what is wrong is listed in `problems`, without secrets."""
    problems: list[Problem] = []
    providers: dict[str, Provider] = {}
    by_path: dict[str, Provider] = {}
    for name, configuration in _entries(text, problems):
        provider = _provider(name, configuration, problems)
        if provider is None:
            continue
        providers[name] = provider
        for path in provider.paths:
            if path in by_path:
                problems.append(
                    Problem(
                        "providers.E004",
                        f"{name}: shares a path with {by_path[path].name}",
                    )
                )
            by_path[path] = provider
    return Registry(by_name=providers, by_path=by_path, problems=tuple(problems))


def _entries(text: str, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        seen.update(name for name in names if names.count(name) > 1)
        return dict(items)

    try:
        entries = json.loads(text, parse_float=Decimal, object_pairs_hook=pairs)
    except ValueError as error:
        problems.append(Problem("providers.E001", f"PROVIDERS is not JSON: {type(error).__name__}"))
        return
    if not isinstance(entries, dict):
        problems.append(Problem("providers.E001", "PROVIDERS is not a JSON object"))
        return
    problems += [
        Problem("providers.E001", f"PROVIDERS says {name!r} twice") for name in sorted(seen)
    ]
    yield from entries.items()


def _provider(name: str, configuration: Any, problems: list[Problem]) -> Provider | None:
    if not NAME.fullmatch(name) or name == HOUSE:
        problems.append(Problem("providers.E002", f"{name!r} can't be a provider's name"))
        return None
    protocol = _protocol(name, configuration)
    if protocol is None:
        problems.append(
            Problem(
                "providers.E003",
                f"{name}: `protocol` is none of {', '.join(PROTOCOLS)}",
            )
        )
        return None
    try:
        stated = msgspec.convert(configuration, protocol.Settings)
        networks = tuple(ipaddress.ip_network(network) for network in stated.allowed_ips)
    except (msgspec.ValidationError, ValueError) as error:
        problems.append(Problem("providers.E004", f"{name}: {error}"))
        return None
    problems += [
        Problem(problem.id, f"{name}: {problem.text}")
        for problem in (*protocol.problems(stated), *base.zone_problems(stated))
    ]
    return Provider(
        name=name,
        protocol=protocol(provider=name, settings=stated),
        paths=_paths(name, stated),
        networks=networks,
        retired=stated.retired,
    )


def _protocol(name: str, configuration: Any) -> type[Protocol[Any]] | None:
    word = configuration.get("protocol", name) if isinstance(configuration, dict) else None
    return PROTOCOLS.get(word) if isinstance(word, str) else None


def _paths(name: str, stated: Settings) -> tuple[str, ...]:
    if not stated.path:
        return (name,)
    return (stated.path,) if isinstance(stated.path, str) else tuple(stated.path)
