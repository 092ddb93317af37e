"""Who reads a pack: the house and its auditors, or one player, who sees nobody else in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from providers import registry
from providers.models import Callback
from providers.protocols import base
from reconciliation.models import Line
from reconciliation.office.packs import redacting
from reconciliation.office.packs.collecting import Material
from reconciliation.office.packs.redacting import Redactor, Unreadable
from wallets.instructions import Instruction
from wallets.models import Entry, Transaction
from wallets.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """`uid` is the player whom it is for; "" for the whole pack."""

    uid: str
    redactor: Redactor

    @property
    def is_whole(self) -> bool:
        return not self.uid

    def text(self, value: str) -> str:
        """Somebody's text, as this reader may see it."""
        return value if self.is_whole else self.redactor.text(value)

    def entries(self, transaction: Transaction) -> list[Entry]:
        found = list(transaction.entries.all())
        return found if self.is_whole else [e for e in found if e.wallet.player.uid == self.uid]

    def is_shared(self, transaction: Transaction) -> bool:
        """Whether it states sums that are others' too."""
        return not self.is_whole and len(transaction.entries.all()) > len(self.entries(transaction))

    def body(self, raw: bytes, callback: Callback | None = None) -> tuple[bytes | None, str]:
        """What may be shown of a JSON body, and what was done to it: "" where it is as it was,
        None where nothing of it may be. `callback` is the delivery that it came with."""
        if self.is_whole:
            return raw, ""
        if callback is not None and not _is_read(callback):
            return None, redacting.UNREAD
        try:
            shown, changed = self.redactor.body(raw)
        except Unreadable:
            return None, redacting.UNREAD
        return shown, "Redacted: what concerns other players was left out." if changed else ""


def of(material: Material, uid: str) -> tuple[Material, Edition]:
    """What `uid` may see of it, and how; "" for all of it."""
    prefix = _prefix(material.provider)
    own = frozenset({uid, f"{prefix}{uid}"}) if uid else frozenset()
    named = players(material) | _written_names(material) if uid else set()
    others = {one for one in named if one} - own
    aliases = {f"{prefix}{one}" for one in others}
    edition = Edition(uid=uid, redactor=Redactor(own=own, others=frozenset(others | aliases) - own))
    return (material if not uid else _narrowed(material, edition)), edition


def players(material: Material) -> set[str]:
    """Everybody whose money the pack speaks of."""
    found = {case.player for case in material.cases}
    found |= {row.player for row in material.history}
    found |= {line.uid for lines in material.rows.values() for line in lines}
    for transaction in material.transactions:
        found |= {entry.wallet.player.uid for entry in transaction.entries.all()}
    for adjustment in material.adjustments:
        found |= {str(move.get("uid", "")) for move in adjustment.moves}
    for callback in material.callbacks:
        found |= _asked(callback)
    return found - {""}


def _narrowed(material: Material, edition: Edition) -> Material:
    """Without what is about others only, and without what staff say among themselves."""
    uid = edition.uid
    transactions = [one for one in material.transactions if edition.entries(one)]
    ids = {one.transaction_id for one in transactions}
    return replace(
        material,
        cases=[one for one in material.cases if one.player in ("", uid)],
        callbacks=[one for one in material.callbacks if _concerns(one, ids, edition)],
        transactions=transactions,
        lines=[line for line in material.lines if line.uid == uid],
        adjustments=[
            one for one in material.adjustments if any(move.get("uid") == uid for move in one.moves)
        ],
        comments=[],
        attachments=[],
        history=[],
    )


def _concerns(callback: Callback, ids: set[str], edition: Edition) -> bool:
    """Whether a delivery is about the player: the books' own, or one that names them."""
    asked = _asked(callback)
    if asked:
        return edition.uid in asked
    named = redacting.names_in(unwrapped(callback))
    return bool(named & edition.redactor.own) or (not named and callback.transaction_id in ids)


def unwrapped(callback: Callback) -> bytes:
    """The plain body."""
    return bytes(callback.body if callback.unwrapped is None else callback.unwrapped)


def originals(lines: Sequence[Line]) -> str:
    """The cells of the row that these movements are, as JSON."""
    return next((line.original for line in lines if line.part == 1), "")


def _written_names(material: Material) -> set[str]:
    """Whoever is named anywhere in what others wrote, in the books or not."""
    bodies: Iterator[bytes] = (
        raw
        for callback in material.callbacks
        for raw in (unwrapped(callback), bytes(callback.reply))
    )
    cells = (originals(lines).encode() for lines in material.rows.values())
    return {name for raw in (*bodies, *cells) for name in redacting.names_in(raw)}


def _asked(callback: Callback) -> set[str]:
    """Whose money a delivery would move."""
    return {
        movement.uid
        for one in _decoded(callback)
        if isinstance(one, Instruction)
        for movement in one.movements
    }


def _is_read(callback: Callback) -> bool:
    """Whether its protocol understands it; else nobody knows whom it concerns."""
    return bool(_decoded(callback))


def _decoded(callback: Callback) -> tuple[Any, ...]:
    provider = registry.current().by_name.get(callback.provider)
    if provider is None:
        return ()
    try:
        meaning = provider.protocol.decode(callback.operation, unwrapped(callback))
    except Refusal:
        return ()
    except Exception:
        # A fault of ours, and it was logged when the delivery came.
        return ()
    return meaning if isinstance(meaning, tuple) else (meaning,)


def _prefix(provider: str) -> str:
    """What stands before a uid where this provider writes one."""
    configured = registry.current().by_name.get(provider)
    settings: base.Settings | None = configured.protocol.settings if configured else None
    return str(getattr(settings, "uid_prefix", "") or "")
