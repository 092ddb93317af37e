"""What transactions say of each other, as a story asks for it."""

from collections.abc import Iterable

from wallets.models import Reference


def cancels(references: Iterable[Reference]) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for one in references:
        if one.effect == Reference.Effect.CANCELS:
            given = found.get(one.transaction_id, frozenset())
            found[one.transaction_id] = given | {one.target}
    return found


def effects(references: Iterable[Reference]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in references:
        found[one.target] = found.get(one.target, frozenset()) | {one.effect}
    return found
