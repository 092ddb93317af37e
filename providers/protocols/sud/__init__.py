"""SUD: notifications on one URL, calls with one each, all signed; points without a currency.

Two money models: `update_score` straight from the wallet, and poker tables, where a buy-in is
taken before and `match.settle` or `user.settle` pays. What one delivery asks for is booked for all
its players or for none of them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from msgspec import Raw

from providers.protocols import amounts, base, reports, wire
from providers.protocols.meanings import Meaning, meaning
from providers.protocols.reports import Expected, Row
from providers.protocols.sud import (
    buy_ins,
    fields,
    matches,
    meanings,
    policies,
    report,
    scores,
    signature,
)
from providers.protocols.sud.points import Points
from wallets import refusals
from wallets.instructions import Instruction, Kind, Receipt


class Sud(base.Protocol[fields.SudSettings]):
    Settings = fields.SudSettings
    refusal_means = base.RefusalMeans.OWED
    booked = ("match", "user_settle", "update_score", "order", "buy_in")
    queries = fields.QUERIES
    rounds = (policies.SCORES, policies.BUY_INS)
    report_fields = report.FIELDS
    bookable = report.BOOKABLE
    of_several = frozenset({"match"})
    # Not documented for notifications, nor for update_score.
    resends: Mapping[str, base.Resends] = {}
    secret_headers = frozenset({"sud-signature"})

    def __init__(self, *, provider: str, settings: fields.SudSettings) -> None:
        super().__init__(provider=provider, settings=settings)
        self._points = Points(provider=provider, currency=settings.currency, factor=settings.factor)
        # Each of the two notifications says what the other says: never both may pay.
        self.not_booked = ("match",) if settings.pays == "user.settle" else ("user_settle",)
        if not settings.takes_buy_ins:
            self.not_booked += ("buy_in",)
        self._paying: Mapping[str, Callable[[bytes], Instruction | tuple[Instruction, ...]]] = {
            "match": self._match,
            "user_settle": self._user_settles,
            "order": self._order,
            "order_batch": self._order_batch,
        }
        self._asked: Mapping[str, Callable[[bytes], tuple[Instruction, ...]]] = {
            "match": lambda body: (self._match(body),),
            "update_score": lambda body: (scores.update(self._points, body),),
            "user_settle": self._user_settles,
            "buy_in": self._buy_in,
            "order": self._buy_in,
        }

    @classmethod
    def problems(cls, settings: fields.SudSettings) -> Iterator[base.Problem]:
        if not settings.insecure and not (settings.app_id and base.secrets(settings.app_secret)):
            yield base.Problem("providers.E006", "needs `app_id` and `app_secret` (or `insecure`)")
        if not amounts.is_factor(settings.factor):
            yield base.Problem("providers.E008", "`factor` must be an amount above 0")

    def unwrap(self, delivery: base.Delivery) -> bytes:
        """The body as it came, once signature and recipient are right."""
        secrets = base.secrets(self.settings.app_secret)
        if secrets or not self.settings.insecure:
            signature.verify(delivery, app_id=self.settings.app_id, secrets=secrets)
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
        if operation == "update_score":
            return scores.update(self._points, body)
        if operation in fields.QUERIES:
            uid = fields.SCORE.read(body).uid
            return base.Query(uid=uid, currency=self.settings.currency)
        if operation in fields.NOTED_CALLS:
            return base.Note(text=operation)
        if operation in fields.CALLS:
            raise base.NotOffered(f"SUD {operation} is not offered.")
        return self._notified(operation, body)

    def buy_in(self, *, uid: str, score: int, order_id: str) -> Instruction:
        """Taken before `create_order`; `order_id` is its out_order_id."""
        if not self.settings.takes_buy_ins:
            raise base.NotOffered(
                "Only `pays` user.settle with `credits` remain_score gives a buy-in back."
            )
        stated = {"uid": uid, "score": score, "out_order_id": order_id}
        body = json.dumps(stated, ensure_ascii=False).encode(errors="surrogatepass")
        (taken,) = self._buy_in(body)
        return taken

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        if operation != "update_score":
            return base.json_reply({"ret_code": fields.SUCCESS, "ret_msg": "SUCCESS"})
        balance = base.balance(receipts)
        data = {} if balance is None else {"score": Raw(self._points.shown(balance))}
        if receipts[-1].posted:
            return base.json_reply({"ret_code": fields.SUCCESS, "ret_msg": "success", "data": data})
        return _special(fields.DUPLICATE, fields.DUPLICATE_TEXT, data)

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        data: dict[str, object] = {"score": Raw(self._points.shown(balance))}
        if operation == "get_account":  # A profile, of which a wallet knows the player's id.
            data = {"nickname": query.uid, "avatar_url": "", **data, "vip_level": 0}
        return base.json_reply({"ret_code": fields.SUCCESS, "ret_msg": "SUCCESS", "data": data})

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        if operation == "update_score" and type(refusal) in fields.SCORE_CODES:
            return _special(*fields.SCORE_CODES[type(refusal)], {})
        code = base.code_for(refusal, fields.CODES, fields.FAILED)
        return _failure(operation, code, type(refusal).sentence)

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        return _failure(operation, fields.NO_VERDICT, "Not decided yet, send again.")

    def meaning_of(self, operation: str, body: bytes, status: int) -> Meaning:
        return meaning(body, status, field=meanings.FIELD, codes=meanings.codes(operation))

    # -- Statements ----------------------------------------------------------------------------

    def handles(self, operation: str) -> bool:
        is_of_buy_ins = operation in ("buy_in", "order")
        return super().handles(operation) and (self.settings.takes_buy_ins or not is_of_buy_ins)

    @property
    def records_bets(self) -> bool:
        # A match or a bare result takes what was lost itself, and update_score both. What remains
        # of a buy-in is all that is known where the buy-in was taken elsewhere (our option).
        return not (self.settings.takes_buy_ins and self.settings.unknown_bet == "pay")

    def needs_bets(self, operation: str) -> bool:
        return operation == "user_settle" and self.settings.takes_buy_ins

    def expected(self, row: Row) -> tuple[Expected, ...]:
        operation = report.operation(row)
        if report.is_robots(row, operation):
            return ()
        body = report.delivery(row, operation, credits=self.settings.credits)
        at = row.at("ended_at")
        asked = self._asked[operation](body)
        found = tuple(one for each in asked for one in reports.of(each, occurred_at=at))
        if operation != "order":
            return found
        # A failed order gives back exactly what its buy-in took, under an id of its own.
        (taken,) = found
        return (replace(taken, operation=operation, debit=taken.credit, credit=taken.debit),)

    def kind_of(self, expected: Expected) -> Kind | None:
        if expected.operation == "update_score" and expected.debit:
            return Kind.BET
        return super().kind_of(expected)

    # -- Their parts ---------------------------------------------------------------------------

    def _is_for_another(self, body: bytes) -> bool:
        """False also where no app_id can be read: `operation` says that it is malformed."""
        try:
            return bool(self.settings.app_id) and (
                fields.ADDRESSED.read(body).app_id != self.settings.app_id
            )
        except base.Malformed:
            return False

    # -- What each notification means ----------------------------------------------------------

    def _notified(self, operation: str, body: bytes) -> base.Meaning:
        notification = fields.NOTIFICATION.read(body)
        why = self._why_noted(operation)
        if operation in self._paying and not why:
            instructions = self._paying[operation](body)
            if instructions:
                return instructions
            why = fields.NOTHING_IN[operation]
        event = notification.notify_event
        return base.Note(
            reference=wire.memo(notification.notify_id),
            text=wire.printable(f"{event}: {why}" if why else event, longest=128),
        )

    def _why_noted(self, operation: str) -> str:
        """Why a notification of money moves none under these settings, "" where it does."""
        if operation in self.not_booked:
            return f"{self.settings.pays} pays"
        if operation in fields.OF_BUY_INS and not self.settings.takes_buy_ins:
            return "no buy-ins are taken here"
        return ""

    def _match(self, body: bytes) -> Instruction:
        return matches.match(self._points, fields.MATCH_SETTLE.read(body).data)

    def _user_settles(self, body: bytes) -> tuple[Instruction, ...]:
        return matches.user_settles(
            self._points,
            fields.USER_SETTLE.read(body).data,
            credits=self.settings.credits,
            needs_bets=self.settings.takes_buy_ins and self.settings.unknown_bet == "refuse",
        )

    def _buy_in(self, body: bytes) -> tuple[Instruction]:
        return (buy_ins.take(self._points, fields.BUY_IN.read(body)),)

    def _order(self, body: bytes) -> tuple[Instruction, ...]:
        order = fields.ORDER_CHANGED.read(body).data
        return self._given_back(body, [order], game=fields.GAME.read(bytes(order)).mg_id)

    def _order_batch(self, body: bytes) -> tuple[Instruction, ...]:
        batch = fields.ORDER_BATCH_CHANGED.read(body).data
        return self._given_back(body, batch.orders, game=batch.mg_id)

    def _given_back(self, body: bytes, orders: list[Raw], *, game: Raw) -> tuple[Instruction, ...]:
        at = fields.NOTIFICATION.read(body).notify_time
        return tuple(
            buy_ins.give_back(self._points, order, game=wire.memo(game), at=at)
            for order in buy_ins.failed(orders)
        )


def _special(code: int, text: str, data: Mapping[str, object]) -> base.Reply:
    """A code of update_score's own, in both places where SUD may look for it."""
    return base.json_reply(
        {"ret_code": code, "ret_msg": text, "sdk_error_code": code, "data": data}
    )


def _failure(operation: str, code: int, text: str) -> base.Reply:
    failure: dict[str, object] = {"ret_code": code, "ret_msg": text}
    if operation == "update_score":  # Its page has `data` in every reply.
        failure["data"] = {}
    return base.json_reply(failure)
