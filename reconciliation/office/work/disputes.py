"""What a dispute can be about."""

from collections.abc import Iterator, Mapping

from providers import registry


def currencies() -> list[str]:
    """Those that the configured providers play in."""
    return sorted(
        {
            one
            for provider in registry.current().by_name.values()
            for one in _of(provider.protocol.settings)
        }
    )


def _of(settings: object) -> Iterator[str]:
    """Of one provider: a single one, or one for each of its own words for it."""
    if alone := getattr(settings, "currency", ""):
        yield str(alone)
    several = getattr(settings, "currencies", None)
    for one in several.values() if isinstance(several, Mapping) else ():
        yield str(getattr(one, "currency", one))
