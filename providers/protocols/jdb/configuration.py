"""What can be configured of a provider that speaks JDB."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from providers.protocols import amounts, base
from providers.protocols.jdb import envelope
from providers.protocols.jdb.fields import Code


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one of JDB's currency codes means: `factor` units of `currency` (VN: 1000 VND)."""

    currency: base.Currency
    factor: Decimal = amounts.ONE


class JdbSettings(base.Settings, frozen=True, kw_only=True):
    """`key` and `iv` are 16 characters each; as lists they belong together by position."""

    currencies: dict[Code, base.Currency | Unit]
    key: base.Secret = ""
    iv: base.Secret = ""
    decimals: base.Decimals = 6
    balance_decimals: base.Decimals = 2
    # None: as the page of each action shows it.
    balance_as: Literal["string", "number"] | None = None
    # What a settlement or deposit hears whose bets are not known: neither is documented.
    unknown_bet: Literal["refuse", "pay"] = "refuse"
    # What an action 4 does to an action 8 that was booked; both answers are documented.
    cancel_bet_and_settle: Literal["stand", "reverse"] = "stand"
    # What a repeated action 8 or 9 hears that stands; not documented, both are in use.
    repeated_bet: Literal["0000", "9011"] = "0000"

    @property
    def units(self) -> dict[str, Unit]:
        return {
            code: unit if isinstance(unit, Unit) else Unit(currency=unit)
            for code, unit in self.currencies.items()
        }

    @property
    def pairs(self) -> tuple[tuple[bytes, bytes], ...]:
        """The keys, each with its iv."""
        keys, vectors = base.secrets(self.key), base.secrets(self.iv)
        if len(vectors) == 1:
            vectors *= len(keys)
        return tuple((key.encode(), iv.encode()) for key, iv in zip(keys, vectors, strict=False))


def problems(settings: JdbSettings) -> Iterator[base.Problem]:
    """What makes this configuration unsafe to start with."""
    keys, vectors = base.secrets(settings.key), base.secrets(settings.iv)
    if bool(keys) != bool(vectors) or not (keys or settings.insecure):
        yield base.Problem("providers.E006", "needs `key` and `iv` (or `insecure` and neither)")
    if any(len(secret.encode()) != envelope.BLOCK for secret in keys + vectors):
        yield base.Problem(
            "providers.E007", f"`key` and `iv` must have {envelope.BLOCK} characters"
        )
    if len(vectors) not in (1, len(keys)):
        yield base.Problem("providers.E007", "needs one `iv`, or as many as there are keys")
    for code, unit in settings.currencies.items():
        if isinstance(unit, Unit) and not amounts.is_factor(unit.factor):
            yield base.Problem("providers.E008", f"`factor` of {code} must be an amount above 0")
