"""SUD: notifications on one URL, signed in their headers; points without a currency.

Document: "Single game settlement notification". A match pays all its players or none of them.
"""

import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Raw

from providers.protocols import amounts, base, wire
from providers.protocols.sud import fields
from wallets import money, refusals
from wallets.instructions import Instruction, Kind, Movement, Receipt


class Sud(base.Protocol[fields.SudSettings]):
    Settings = fields.SudSettings
    refusal_means = base.RefusalMeans.OWED
    booked = ("match",)
    queries = fields.QUERIES
    resends = base.Resends()  # Not documented for notifications.

    @classmethod
    def problems(cls, settings: fields.SudSettings) -> Iterator[base.Problem]:
        if not settings.insecure and not (settings.app_id and base.secrets(settings.app_secret)):
            yield base.Problem("providers.E006", "needs `app_id` and `app_secret` (or `insecure`)")
        if not amounts.is_factor(settings.factor):
            yield base.Problem("providers.E008", "`factor` must be an amount above 0")

    def unwrap(self, delivery: base.Delivery) -> bytes:
        """The body as it came, once signature and recipient are right.

        A resend may keep its old timestamp and nonce, so neither's age is looked at.
        """
        secrets = base.secrets(self.settings.app_secret)
        if secrets or not self.settings.insecure:
            self._verify(delivery, secrets)
        if not delivery.operation and self._is_for_another(delivery.body):
            raise base.Unauthentic("The notification is for another app_id.")
        return delivery.body

    def operation(self, delivery: base.Delivery, body: bytes) -> str:
        if not delivery.operation:
            return fields.EVENTS.get(
                fields.NOTIFICATION.read(body).notify_event, fields.OTHER_EVENT
            )
        if delivery.operation not in fields.CALLS:
            raise base.UnknownOperation("SUD has no such call.")
        return delivery.operation

    def decode(self, operation: str, body: bytes) -> base.Meaning:
        if operation == "match":
            return self._match(fields.MATCH_SETTLE.read(body).data)
        if operation in fields.QUERIES:
            uid = fields.SCORE.read(body).uid
            return base.Query(uid=uid, currency=self.settings.currency)
        if operation in fields.NOTED_CALLS:
            return base.Note(text=operation)
        if operation in fields.CALLS:
            raise base.NotOffered(f"SUD {operation} is not offered.")
        notification = fields.NOTIFICATION.read(body)
        return base.Note(
            reference=wire.memo(notification.notify_id),
            text=wire.printable(notification.notify_event),
        )

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        return base.json_reply({"ret_code": fields.SUCCESS, "ret_msg": "SUCCESS"})

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        # Whole points: what is left of a balance between two points isn't told.
        text = amounts.shown(balance, decimals=0, factor=self.settings.factor)
        data: dict[str, object] = {"score": Raw(text.encode())}
        if operation == "get_account":  # A profile, of which a wallet knows the player's id.
            data = {"nickname": query.uid, "avatar_url": "", **data, "vip_level": 0}
        return base.json_reply({"ret_code": fields.SUCCESS, "ret_msg": "SUCCESS", "data": data})

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        code = base.code_for(refusal, fields.CODES, fields.FAILED)
        return base.json_reply({"ret_code": code, "ret_msg": type(refusal).sentence})

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        return base.json_reply(
            {"ret_code": fields.NO_VERDICT, "ret_msg": "Not decided yet, send again."}
        )

    def _verify(self, delivery: base.Delivery, secrets: tuple[str, ...]) -> None:
        """Signature: HMAC-SHA1 of four lines, the last newline included, in lower-case hex."""
        headers = delivery.headers
        signed = b"".join(
            headers.get(name, "").encode("latin-1", errors="replace") + b"\n"
            for name in ("sud-appid", "sud-timestamp", "sud-nonce")
        )
        signed += delivery.body + b"\n"
        stated = headers.get("sud-signature", "").lower().encode(errors="replace")
        ours = [hmac.new(secret.encode(), signed, "sha1").hexdigest() for secret in secrets]
        # A list, so that every secret is compared whichever matches.
        matches = [hmac.compare_digest(stated, signature.encode()) for signature in ours]
        if not any(matches) or headers.get("sud-appid", "") != self.settings.app_id:
            raise base.Unauthentic("The signature or the app id in the headers is wrong.")

    def _is_for_another(self, body: bytes) -> bool:
        """False also where no app_id can be read: `operation` says that it is malformed."""
        try:
            return bool(self.settings.app_id) and (
                fields.ADDRESSED.read(body).app_id != self.settings.app_id
            )
        except base.Malformed:
            return False

    def _match(self, match: fields.Match) -> Instruction:
        players = [player for player in match.results if not player.is_ai]
        uids = {player.uid for player in players}
        if "" in uids or len(uids) != len(players):
            raise base.Malformed("A player of the match has no uid, or stands in it twice.")
        # Of robots only it has no movements, and is kept all the same: with players under the same
        # id it would be another match.
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("match", match.match_id),
            kind=Kind.SETTLEMENT,
            movements=tuple(self._movement(player) for player in players),
            reference=match.match_id,
            round_id=match.match_id,
            game=wire.memo(match.mg_id),
            details=_details(players),
            occurred_at=wire.at_epoch(wire.memo(match.battle_end_at)),
        )

    def _movement(self, player: fields.PlayerSettle) -> Movement:
        """`score` as it stands: gained or lost. Commission and what remains are information."""
        amount = amounts.in_currency(
            Decimal(player.score), factor=self.settings.factor, field="score"
        )
        return Movement(
            uid=player.uid,
            currency=self.settings.currency,
            debit=amount.copy_abs() if amount < 0 else money.ZERO,
            credit=amount if amount > 0 else money.ZERO,
        )


def _details(players: list[fields.PlayerSettle]) -> dict[str, str]:
    stated = {
        f"{name} {player.uid}": wire.memo(token)
        for player in players
        for name, token in (
            ("commission_score", player.commission_score),
            ("remain_score", player.remain_score),
        )
    }
    return {name: text for name, text in stated.items() if text}
